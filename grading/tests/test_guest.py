"""What judges hold in their hands, without a machine: counts and costs (Guest), orders and answers (Puppets). Here a
list of addresses stands for the kernel that runs, and a few lines for guest/puppet.c and a scheduler."""
import sys
import types
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from xvgrade import guest, puppet  # noqa: E402
from xvgrade.errors import Failure, LabError  # noqa: E402
from xvgrade.lab import Test  # noqa: E402

PLACES = {"f": 0x100, "g": 0x200, "end": 0x40}


class Stub:
    """Registers of one hart, and breakpoints. way: the addresses that the kernel comes by."""

    def __init__(self, way=()):
        self.way, self.breaks, self.stops = list(way), set(), 0
        self.x, self.steps = [0] * 33, 0

    def breakpoint(self, va, on=True):
        (self.breaks.add if on else self.breaks.discard)(va)

    def run(self):
        while self.way:
            self.x[32] = self.way.pop(0)
            if self.x[32] in self.breaks:
                self.stops += 1
                return 1
        raise Failure("hang", "nothing stops it")

    def step(self, hart):
        self.steps -= 1
        self.x[32] = self.x[1] if self.steps == 0 else self.x[32] + 4

    def register(self, name, hart=1):
        return {"pc": self.x[32], "sp": self.x[2], "a0": self.x[10], "priv": 1}[name]

    def general(self, hart=1):
        return list(self.x)

    def set_general(self, values, hart=1):
        self.x = list(values)


def made(way=()):
    g = object.__new__(guest.Guest)
    g.rsp = Stub(way)
    g.machine = types.SimpleNamespace(run=g.rsp.run, guest_ns=lambda: 0)
    g.k, g.test = mock.MagicMock(), Test("x.a", "t", 1, "f", costs={"way": 100})
    g.elf = types.SimpleNamespace(find=lambda name: types.SimpleNamespace(value=PLACES[name]) if name in PLACES else None)
    g.events, g.costs, g.traps, g.tallies, g.watched = [], {}, {}, {}, {}
    g.hart, g.pc, g.stops = 1, 0, 0
    return g


class Quiet(unittest.TestCase):
    """A failure's words about the machine need a machine."""

    def setUp(self):
        patch = mock.patch.object(guest.explain, "add_state")
        patch.start()
        self.addCleanup(patch.stop)


class Counts(Quiet):
    F, G, END = PLACES["f"], PLACES["g"], PLACES["end"]

    def test_tally(self):
        g = made([self.F, self.G, self.F, self.END, self.F, self.END])
        calls, more = g.tally("f", "g"), g.tally("f")
        g.run_to([self.END])
        self.assertEqual((calls, more), ({"f": 2, "g": 1}, {"f": 2}))
        g.untally()
        g.run_to([self.END])
        self.assertEqual(calls["f"], 2)
        self.assertFalse(g.rsp.breaks)

    def test_watch(self):
        g = made([self.F, self.F, self.END])
        g.rsp.x[10:13] = [7, 8, 9]
        rows = g.watch("f")
        g.run_to([self.END])
        self.assertEqual(rows, [(7, 8, 9)] * 2)

    def test_no_such_function(self):
        with self.assertRaisesRegex(Failure, "no function or variable h"):
            made().tally("h")

    def test_count(self):
        for steps in (1, 77, 200):
            g = made()
            g.pc = g.rsp.x[32] = self.END
            g.rsp.steps, g.rsp.x[2], before = steps, 0x8000, list(g.rsp.x)
            before[2] = 0x8000
            self.assertEqual(g.count("f", 5, most=200)[1], steps)
            self.assertEqual(g.rsp.x, before)  # the thread goes on as if nothing had been

    def test_count_too_dear(self):
        for most, kind in ((200, "fail"), (guest.COUNT_LIMIT, "loop")):
            g = made()
            g.pc, g.rsp.steps = self.END, most + 1
            with self.assertRaisesRegex(Failure, f"more than {most} instructions") as caught:
                g.count("f", most=most)
            self.assertEqual(caught.exception.kind, kind)

    def test_cost(self):
        g = made()
        g.cost("way", 150)
        self.assertEqual(g.costs, {"way": 150})
        with self.assertRaisesRegex(Failure, "too dear: way"):
            g.cost("way", 151)
        with self.assertRaisesRegex(Failure, "too dear: way"):
            g.cost("way", 106, factor=1.05)
        self.assertEqual(g.dearest("way"), 150)
        for ask in (lambda: g.cost("other", 1), lambda: g.dearest("other")):
            with self.assertRaises(LabError):
                ask()


class Played:
    """A Guest whose processes are lists of registers; run_to() runs the next one until it is at the mark."""
    NEVER = 0xbad

    def __init__(self):
        self.test, self.program, self.hart, self.notes = Test("x.a", "t", 1, "f"), mock.MagicMock(), 1, []
        self.queue, self.pids, self.memory, self.rsp = [[0] * 33], 1, {}, self
        self.note, self.in_program = self.notes.append, None

    def mark(self):
        self.queue[0][puppet.SP] = 0x8000

    def root(self):
        return 0x1000

    def general(self, hart):
        return list(self.queue[0])

    def set_general(self, values, hart):
        self.queue[0] = list(values)

    def set_register(self, name, value, hart):
        self.queue[0][{"s11": puppet.S11}[name]] = value

    def fail(self, message, expected=None, found=None, va=None, kind="fail"):
        raise Failure(kind, message)

    def check(self, truth, message, *rest, **more):
        if not truth:
            self.fail(message)

    def equal(self, what, found, expected):
        self.check(found == expected, f"{what} is wrong")

    def run_to(self, addresses, accept):
        x = self.queue[0]
        op, a0 = x[puppet.T0], puppet.A0
        if op == puppet.SYSCALL:
            self.syscall(x)
        elif op in (puppet.LOAD, puppet.STORE) and x[a0 + 1] < 4096:
            x[a0], x[a0 + 1] = 0, puppet.SIGSEGV
        elif op == puppet.LOAD:
            x[a0], x[a0 + 1] = self.memory.get(x[a0 + 1], 0), 0
        elif op == puppet.STORE:
            self.memory[x[a0 + 1]] = x[a0 + 2]
            x[a0], x[a0 + 1] = 0, 0
        while self.queue[0][17] == self.NEVER:  # it sleeps
            self.queue.append(self.queue.pop(0))

    def syscall(self, x):
        number, result = x[17], 0
        if number == puppet.SYSCALLS["clone"]:
            self.pids = result = self.pids + 1
            child = list(x)
            child[puppet.A0] = child[puppet.A0 + 1] = 0
            self.queue.append(child)
        elif number == puppet.SYSCALLS["wait4"]:
            result = x[puppet.A0]
        elif number == puppet.SYSCALLS["exit_group"]:
            self.queue.pop(0)
        elif number == 9999:
            result = -22 & guest.MASK
        if number in (puppet.SYSCALLS["sched_yield"], puppet.SYSCALLS["wait4"], self.NEVER):
            self.queue.append(self.queue.pop(0))
        x[puppet.A0], x[puppet.A0 + 1] = result, 0


class Orders(unittest.TestCase):
    def setUp(self):
        self.g = Played()
        self.p = puppet.Puppets(self.g)
        self.a = self.p.first

    def test_values(self):
        self.assertEqual(self.a.load(0x5000), 0)
        self.a.store(0x5000, (1 << 64) - 2)
        self.assertEqual(self.a.load(0x5000), (1 << 64) - 2)
        self.assertEqual((self.a.syscall("getpid"), self.a.syscall(9999)), (0, -22))
        with self.assertRaisesRegex(Failure, "9999.* failed"):
            self.a.must(9999)

    def test_signals(self):
        self.assertEqual((self.a.signal_of("store", 16, 1), self.a.signal_of("load", 0x5000)), (puppet.SIGSEGV, 0))
        with self.assertRaisesRegex(Failure, "load of 0x10 .* ended with signal 11"):
            self.a.load(16)

    def test_fork(self):
        """Orders go to whom they are for, whoever stands at the mark."""
        b = self.a.fork()
        c = b.fork()
        self.assertEqual([x.pid for x in (self.a, b, c)], [1, 2, 3])
        self.assertEqual(len({x.number for x in (self.a, b, c)}), 3)
        for actor, value in ((c, 3), (self.a, 1), (b, 2)):
            actor.store(0x5000 + 8 * actor.pid, value)
        self.assertEqual([b.load(0x5008 + 8 * i) for i in range(3)], [1, 2, 3])
        self.a.end(b)
        self.a.wait(c)  # what killed it is not the judge's business
        self.assertEqual(list(self.p.actors.values()), [self.a])

    def test_on_its_way(self):
        b = self.a.fork()
        b.start("getpid")
        with self.assertRaisesRegex(ValueError, "has an order"):
            b.start("getpid")
        self.a.store(0x5000, 1)
        self.assertEqual(b.finish(), 0)

    def test_never_back(self):
        b = self.a.fork()
        b.start(Played.NEVER)
        self.a.store(0x5000, 1)
        with self.assertRaisesRegex(Failure, "process 2 does not come back") as caught:
            b.finish()
        self.assertEqual(caught.exception.kind, "hang")

    def test_stranger(self):
        self.g.queue.append([0] * 33)
        with self.assertRaisesRegex(Failure, "nobody gave it"):
            self.a.syscall("sched_yield")


if __name__ == "__main__":
    unittest.main()
