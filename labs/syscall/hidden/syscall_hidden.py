"""Judges of the system call lab that are in no handout."""
from pathlib import Path

from xvgrade.lab import load_module

lab = load_module("xvlab_syscall_syscall", Path(__file__).resolve().parents[1] / "tests/syscall.py")


def random(g):
    """Three processes, sessions that begin and end, reads of any length: a model says what must come."""
    t = lab.Traced(g)
    actors, session = [t.a], {}
    lists = []  # of sessions: [mask, events not read, next seq]
    for step in range(70):
        actor = g.rng.choice(actors)
        what = g.rng.random()
        if what < 0.08:
            numbers = g.rng.sample(sorted(lab.HARMLESS.values()), 5)
            t.put(t.mask(numbers))
            for other in actors:  # the mask lies in the memory of the one that asks
                g.write(t.at, t.mask(numbers), other.root) if g.read(t.at, 1, other.root) else None
            t.trace(numbers, actor)
            lists.append([set(numbers), [], 0])
            session[actor] = lists[-1]
        elif what < 0.12 and len(actors) < 3:
            child = actor.fork()
            session[child] = session.get(actor)
            actors.append(child)
        elif what < 0.3 and session.get(actor):
            own = session[actor]
            n = g.rng.randint(1, 9)
            own[1] = own[1][-lab.EVENTS:]
            rows, want = t.read(n, actor), own[1][:n]
            own[1] = own[1][n:]
            g.equal("events that systrace_read() gives", len(rows), len(want))
            for (seq, result, args, tid, nr), (wanted, call) in zip(rows, want):
                g.check((seq, nr, args, result, tid) == (wanted, *call), "an event of a session", (wanted, *call),
                        (seq, nr, args, result, tid))
        else:
            call = t.call(actor)
            own = session.get(actor)
            if own and call[0] in own[0]:
                own[1].append((own[2], call))
                own[2] += 1


def sizes(g):
    """Copies that end exactly at the end of memory are good, and one byte more is not."""
    t = lab.Traced(g)
    end = t.at + 20 * lab.PAGE
    t.a.must("munmap", end, lab.PAGE)
    for nr, size, args in ((160, 390, ()), (179, 112, ()), (278, 300, (300, 0)), (153, 32, ())):
        g.check(t.a.syscall(nr, end - size, *args) >= 0, f"call {nr} whose {size} bytes end where memory ends", "no error", "an error")
        got = t.a.syscall(nr, end - size + 1, *args)
        g.check(got == -lab.EFAULT or nr == 278 and 0 < got < size, f"call {nr} whose last byte is not mapped", "-EFAULT", got)
    t.put(b"\0" * 64, end - 64)
    g.equal("systrace() of a mask that ends where memory ends", t.a.syscall(lab.SYSTRACE, end - 64, 8), 0)
    g.equal("systrace() of a mask of which a byte is missing", t.a.syscall(lab.SYSTRACE, end - 63, 8), -lab.EFAULT)
