"""One test: a machine, a judge, a verdict.

    status   points   meaning
    pass     all      the judge found nothing wrong
    fail     0        ... something; panic, hang, loop, halt, time, flood: why it ended early
    flaky    0        failed, and the same seed gave another result: staff look at it
    infra    none     the host or the grader failed. No points are lost: the result has no score
    build    0        the submission does not compile

A failing test is repeated with the same seed. Machine, random numbers and clock are the same then, so a
difference is something that the kernel reads from outside (disk completion, for example).
"""
import struct
import time
import traceback

from . import explain
from .errors import Failure, GradeError, Infra, LabError, Suspect
from .guest import Guest
from .machine import WALL_SECONDS, WORDS, Machine
from .rsp import Gone, Stuck
from .source import AccessError

AFTER_CRAWL_SECONDS = 12  # once a submission was found to crawl
CRAWL = 20  # so much slower than the pristine kernel is no accident
CONTROL_SECONDS = 1
APPEND = "root=/dev/vda rw quiet init=/bin/{program}"
BROKEN = (AccessError, LookupError, ValueError, ArithmeticError, RecursionError, MemoryError, struct.error)


def run_once(base, built, lab, test, seed, at_failure=None):
    """(status, failure or None, figures). at_failure(guest) sees the machine before it is gone."""
    judge = lab.function(test)
    started = time.monotonic()
    figures = {"guest_ms": None, "console": [], "pictures": {}, "costs": {}}
    machine = Machine(built.kernel, built.image, APPEND.format(program=test.program or "park"), cpus=test.cpus,
                      mem=test.mem, seed=seed, wall=built.wall, swap=test.swap)
    with machine:
        guest = None
        try:
            guest = Guest(machine, base, built.elf, test, seed)
            judge(guest)
            guest.check_code()
            failure = None
        except Failure as err:
            failure = err
        except (Gone, Suspect) as err:
            failure = machine.ended() if isinstance(err, Gone) else err
            if isinstance(failure, Infra):
                failure = judged(base, built, failure)
        except Stuck:
            failure = Failure("hang", f"{WORDS['hang']}; it rests in the middle of a call")
        except BROKEN as err:
            failure = unreadable(err)
        if failure and guest and not failure.facts:
            explain.add_state(guest, failure)
        if failure and guest and at_failure:
            at_failure(guest, failure)
        figures["costs"] = guest.costs if guest else {}
        figures["console"] = explain.clean_console(machine.console()[-16384:])[-explain.CONSOLE_LINES:]
        figures["guest_ms"] = guest_ms(machine)
        if guest and failure:
            figures["pictures"] = {k: v for k, v in guest.pictures.items() if v}
    figures["wall_s"] = round(time.monotonic() - started, 2)
    return (failure.kind if failure else "pass"), failure, figures


def judged(base, built, suspect):
    """The suspect's Failure, when the pristine kernel runs well here and now; otherwise it is the host's fault."""
    if not isinstance(suspect, Suspect):
        raise suspect
    rate = control(base)
    if suspect.rate is not None:
        if suspect.rate * CRAWL > rate:
            raise Infra(f"{suspect.failure.message}; this host is too slow")
        built.wall = AFTER_CRAWL_SECONDS
    return suspect.failure


def control(base):
    """Guest seconds for a second of the host's, of a pristine kernel whose program asks for its parent's number.
    Infra when even that does not work."""
    try:
        with Machine(base.kernel, base.image, APPEND.format(program="park"), wall=WALL_SECONDS) as machine:
            seen = []
            for _ in range(2):  # the first part boots
                machine.rsp.resume()
                time.sleep(CONTROL_SECONDS)
                machine.stop()
                seen.append(machine.guest_ns())
            return (seen[1] - seen[0]) / 1e9 / CONTROL_SECONDS
    except (Gone, GradeError) as err:
        raise Infra(f"the pristine kernel does not run here either: {err or 'QEMU ended'}") from None


def unreadable(err):
    """The judge met data that no working kernel has. The place in the judge goes with it."""
    frames = traceback.extract_tb(err.__traceback__)
    place = next((f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in reversed(frames) if "/labs/" in f.filename), "")
    return Failure("fail", f"the kernel's structures cannot be read: {err} (judge {place})")


def guest_ms(machine):
    try:
        return round(machine.guest_ns() / 1e6, 3)
    except (GradeError, Gone):
        return None


def run_test(base, built, lab, test, seed, repeat=True):
    """The test's row of the native result."""
    row = {"id": test.id, "title": test.title, "max": test.points, "points": 0, "visibility": test.visibility,
           "tags": test.tags, "seed": seed, "status": "infra", "message": "", "expected": None, "found": None,
           "hint": "", "facts": [], "console": [], "pictures": {}, "costs": {}, "guest_ms": None, "wall_s": None,
           "command": f"make grade LAB={lab.id} T={test.id} SEED={seed}",
           "gdb": f"make grade-gdb LAB={lab.id} T={test.id} SEED={seed}"}
    if not built.ok:
        return {**row, "status": "build", "message": "the kernel does not build"}
    try:
        status, failure, figures = run_once(base, built, lab, test, seed)
        if failure and repeat:
            again = run_once(base, built, lab, test, seed)[0]
            if again != status:
                failure.message += f" (the same seed then gave: {again})"
                status = "flaky"
    except LabError:
        raise
    except Infra as err:
        return {**row, "message": str(err)}
    except Exception:  # the grader's own fault: it must not cost points, and must be seen
        return {**row, "message": "the grader failed:\n" + traceback.format_exc(limit=-6)}
    row.update(figures, status=status, points=test.points if status == "pass" else 0)
    if failure:
        row.update(message=failure.message, expected=failure.expected, found=failure.found, hint=test.hint,
                   facts=[[title, list(lines)] for title, lines in failure.facts])
    return row
