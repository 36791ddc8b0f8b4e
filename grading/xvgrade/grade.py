"""make grade: grades one submission for one lab, and prints the result as it comes."""
import argparse
import concurrent.futures
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

from . import lab as labs
from . import result as results
from . import sandbox, submission, tree
from .build import Base, Built, find_gdb
from .console import Printer
from .emit import html
from .errors import Broken, GradeError, Infra
from .run import run_once, run_test


TURN_SECONDS = 0.0005  # Python's thread switch: a judge that computes must not hold up another's talk with its guest


def new_seed():
    """Small enough to type, drawn anew for each run."""
    return secrets.randbelow(1_000_000)


def grade(base, lab, source, seed, words=(), jobs=1, printer=None, name="", repeat=True, partial=None):
    """The native result. source: a path, or a Submission. partial(result) is called after every test."""
    sys.setswitchinterval(TURN_SECONDS)
    started = time.monotonic()
    result = results.new(lab, name)
    built = None
    try:
        handed = source if isinstance(source, submission.Submission) else submission.read(source, lab.submit)
        result["submission"].update(kind=handed.kind, sha256=handed.digest, notes=handed.notes)
        if printer:
            printer.progress("building")
        built = Built(base, lab, handed)
        result["build"] = {"ok": built.ok, "log": built.log}
        tests = lab.chosen(words)
        run_all(base, built, lab, tests, seed, jobs, printer, result, repeat, partial)
        results.finish(result)
    except Broken as err:
        results.broken(result, str(err))
    except Infra as err:
        results.infra(result, str(err))
    finally:
        if built:
            built.close()
    result["wall_s"] = round(time.monotonic() - started, 2)
    return result


def run_all(base, built, lab, tests, seed, jobs, printer, result, repeat, partial):
    """Tests in the lab's order in the result, whatever finishes first."""
    for test in tests:
        lab.function(test)  # a lab that is wrong says so before anything runs
    with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        waiting = [pool.submit(run_test, base, built, lab, t, seed, repeat) for t in tests]
        try:
            for i, future in enumerate(waiting):
                if printer:
                    printer.progress(f"{i + 1} of {len(tests)}: {tests[i].id} ...")
                row = future.result()
                result["tests"].append(row)
                if printer:
                    printer.test(row)
                if partial:
                    partial(result)
        except BaseException:
            for future in waiting:
                future.cancel()
            raise


def debug(base, lab, source, words, seed, printer):
    """Runs tests until one fails, and opens GDB on the machine as it stands there."""
    handed = submission.read(source, lab.submit)
    built = Built(base, lab, handed)
    try:
        sources = built.keep_sources(handed)
        if not built.ok:
            printer.section("the compiler says", built.log.split("\n"))
            return 1
        for test in lab.chosen(words):
            status, _, _ = run_once(base, built, lab, test, seed, lambda g, failure: open_gdb(g, failure, printer, sources))
            if status != "pass":
                return 1
            printer.line(f"{test.id} passes with seed {seed}")
    finally:
        built.close()
    return 0


def open_gdb(guest, failure, printer, sources):
    """GDB takes our place at the stub; the machine stays stopped in between."""
    printer.line(f"{guest.test.id}: {failure.message}")
    guest.rsp.close()
    tools = tree.ROOT / "kernel/tools/gdb"
    command = [find_gdb(), "-nx", "-q", str(guest.machine.kernel), "-ex", "set confirm off",
               "-ex", f"source {tools}/xv39.py", "-ex", f"add-symbol-file {guest.program.path}",
               "-ex", f"directory {sources}:{guest.base.tree}", "-ex", f"target remote {guest.machine.folder}/gdb",
               "-ex", "xv ps"]
    subprocess.run(command, cwd=tree.ROOT)


def arguments():
    parser = argparse.ArgumentParser(prog="grade", description=__doc__)
    parser.add_argument("lab")
    parser.add_argument("-s", "--submission", help="directory, tar, zip, git bundle or bare repository")
    parser.add_argument("-t", "--test", action="append", default=[], help="only tests whose name has this in it")
    parser.add_argument("--seed", type=int, help="of the random challenges (default: drawn anew)")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("-o", "--json", help="writes the native result")
    parser.add_argument("--html", help="writes a report page")
    parser.add_argument("--gdb", action="store_true", help="opens GDB where the first test fails")
    parser.add_argument("--prepare", action="store_true", help="only builds the pristine kernel")
    parser.add_argument("--list", action="store_true", help="lists the tests")
    return parser.parse_args()


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # ends quietly in `make grade | head`
    args = arguments()
    try:
        lab = labs.find(tree.ROOT, args.lab)
        if args.list:
            for t in lab.tests:
                print(f"{t.points:5g}  {t.id:24} {t.title}")
            return 0
        if not lab.chosen(args.test):
            print(f"no test of {lab.id} has {' or '.join(args.test)} in its name", file=sys.stderr)
            return 2
        printer = Printer(args.verbose)
        if sandbox.level() == "plain":
            printer.line(sandbox.WARNING)
        base = Base().prepare(printer.progress)
        if args.prepare:
            return 0
        seed = new_seed() if args.seed is None else args.seed
        if args.gdb:
            return debug(base, lab, args.submission or tree.ROOT, args.test, seed, printer)
        result = grade(base, lab, args.submission or tree.ROOT, seed, args.test, args.jobs, printer,
                       Path(args.submission).name if args.submission else "this tree")
    except GradeError as err:
        print(f"grade: {err}", file=sys.stderr)
        return 3 if isinstance(err, Infra) else 2
    printer.end(result)
    if args.json:
        results.write(result, args.json)
    if args.html:
        Path(args.html).write_text(html.make(result))
    return results.exit_status(result)
