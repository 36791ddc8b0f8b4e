"""Verdicts: whose fault an end was, and what a repetition says. Machines are played here; the cheats of the
labs are the real ones."""
import contextlib
import struct
import sys
import time
import types
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from xvgrade import elf, machine, result, run, source  # noqa: E402
from xvgrade.errors import Failure, Infra, LabError, Suspect  # noqa: E402
from xvgrade.guest import Guest  # noqa: E402
from xvgrade.lab import Test  # noqa: E402
from xvgrade.rsp import Gone, Stuck  # noqa: E402

TEST = Test("x.a", "title", 10, "tests/x.py", hint="try")


def built(**more):
    return types.SimpleNamespace(ok=True, kernel="k", image="i", elf=None, wall=90, **more)


class Rows(unittest.TestCase):
    """run_test() with runs that end as they are told."""

    def row(self, *ends, repeat=True, **kwargs):
        ends = iter(ends)

        def once(*args):
            end = next(ends)
            if isinstance(end, Exception) and not isinstance(end, Failure):
                raise end
            return (end.kind if end else "pass"), end, {"wall_s": 0.1}

        with mock.patch.object(run, "run_once", once):
            row = run.run_test(None, kwargs.get("built", built()), types.SimpleNamespace(id="x"), TEST, 7, repeat)
        self.assertIsNone(next(ends, None), "not all runs were made")
        return row

    def test_pass(self):
        row = self.row(None)
        self.assertEqual((row["status"], row["points"], row["message"]), ("pass", 10, ""))

    def test_same_again(self):
        for kind in ("fail", "panic", "hang", "loop", "halt", "time", "flood"):
            row = self.row(Failure(kind, "words", 1, 2), Failure(kind, "others"))
            self.assertEqual((row["status"], row["points"], row["message"], row["hint"]), (kind, 0, "words", "try"))

    def test_flaky(self):
        for again in (None, Failure("panic", "p")):
            row = self.row(Failure("fail", "words"), again)
            self.assertEqual((row["status"], row["points"]), ("flaky", 0))
            self.assertIn("the same seed then gave: " + (again.kind if again else "pass"), row["message"])

    def test_no_repeat(self):
        self.assertEqual(self.row(Failure("fail", "words"), repeat=False)["status"], "fail")

    def test_not_built(self):
        bad = built()
        bad.ok = False
        row = self.row(built=bad)
        self.assertEqual((row["status"], row["points"]), ("build", 0))

    def test_no_verdict(self):
        """Of the host, and of a judge that is wrong: both in the first run and in the second."""
        for ends in ((Infra("no QEMU"),), (NameError("typo"),), (Failure("fail", "w"), Infra("no QEMU"))):
            self.assertEqual(self.row(*ends)["status"], "infra")
        r = {"tests": [self.row(None), self.row(Infra("x"))], "max": 20, "status": "graded", "message": ""}
        self.assertIsNone(result.finish(r)["score"])

    def test_wrong_lab(self):
        with self.assertRaises(LabError):
            self.row(LabError("no such function"))


class Once(unittest.TestCase):
    """run_once() with a machine that is none, and judges that raise."""

    def once(self, end, ended=None, rate=1.0, guest=None):
        fake = mock.MagicMock()
        fake.__enter__.return_value = fake
        fake.console.return_value = b"words\n"
        fake.ended.return_value = ended
        fake.guest_ns.return_value = 5_000_000

        def judge(g):
            raise end

        control = mock.Mock(side_effect=rate) if isinstance(rate, Exception) else mock.Mock(return_value=rate)
        self.built = built()
        lab = types.SimpleNamespace(function=lambda test: judge)
        with contextlib.ExitStack() as stack:
            for name, value in (("Machine", lambda *a, **k: fake), ("control", control), ("Guest", mock.MagicMock())):
                stack.enter_context(mock.patch.object(run, name, value))
            stack.enter_context(mock.patch.object(run.explain, "add_state"))
            return run.run_once(None, self.built, lab, TEST, 1)

    def test_words(self):
        self.assertEqual(self.once(Failure("loop", "w"))[0], "loop")
        self.assertEqual(self.once(Stuck())[0], "hang")
        self.assertEqual(self.once(Gone(), ended=Failure("halt", "w"))[0], "halt")

    def test_nonsense_of_the_guest(self):
        for err in (source.AccessError("x"), KeyError(5), IndexError(), ValueError(), OverflowError(), ZeroDivisionError(),
                    RecursionError(), MemoryError(), struct.error(), UnicodeDecodeError("utf-8", b"x", 0, 1, "x")):
            status, failure, _ = self.once(err)
            self.assertEqual(status, "fail")
            self.assertIn("cannot be read", failure.message)

    def test_faults_of_the_judge(self):
        for err in (NameError("x"), AttributeError("x"), TypeError("x")):
            with self.assertRaises(type(err)):
                self.once(err)

    def test_odd_end(self):
        """A status that a kernel can choose: its fault when the pristine kernel runs here, else the host's."""
        odd = Suspect(Failure("halt", "status 7"))
        self.assertEqual(self.once(Gone(), ended=odd)[0], "halt")
        with self.assertRaises(Infra):
            self.once(Gone(), ended=odd, rate=Infra("nothing runs"))
        with self.assertRaises(Infra):
            self.once(Gone(), ended=Infra("QEMU closed its socket but does not end"))

    def test_crawl(self):
        """Out of the host's time: its fault when the pristine kernel is many times as fast."""
        slow = Suspect(Failure("time", "slow"), rate=0.001)
        self.assertEqual(self.once(slow, rate=0.1)[0], "time")
        self.assertLess(self.built.wall, 90)
        with self.assertRaisesRegex(Infra, "host is too slow"):
            self.once(slow, rate=0.01)
        self.assertEqual(self.built.wall, 90)


class Reading(unittest.TestCase):
    def test_lists_have_an_end(self):
        memory = bytearray(4096)
        memory[:8] = (0).to_bytes(8, "little")
        found = source.Source(mock.MagicMock(), None, memory, 0x80000000)
        with mock.patch.object(source, "READ_SECONDS", 0.05), self.assertRaisesRegex(source.AccessError, "no end"):
            began = time.monotonic()
            while time.monotonic() - began < 20:
                found.phys_read(0x80000000, 8)

    def test_outside(self):
        found = source.Source(mock.MagicMock(), None, bytearray(4096), 0x80000000)
        for pa in (0, 0x7fffffff, 0x80000ff9, 1 << 60, -1):
            with self.assertRaises(source.AccessError):
                found.phys_read(pa, 8)


class Witness(unittest.TestCase):
    """Guest.in_program(): is it the test program that stands there, or a picture of it?"""
    PAGES = [(0x11000, b"one" * 1000), (0x12000, b"two" * 100)]

    def seen(self, memory, priv=0, pc=0x11004):
        g = mock.MagicMock()
        g.program.text_pages.return_value = self.PAGES
        g.rsp.register.side_effect = lambda name, hart: {"priv": priv, "pc": pc}[name]
        g.read.side_effect = lambda va, n, root: memory.get(va)
        return Guest.in_program(g, 1)

    def test_program(self):
        whole = dict(self.PAGES)
        self.assertTrue(self.seen(whole))
        self.assertTrue(self.seen({0x11000: whole[0x11000]}))  # the other page has not been touched yet
        self.assertFalse(self.seen(whole, priv=1))
        self.assertFalse(self.seen({0x12000: whole[0x12000]}))
        self.assertFalse(self.seen(whole, pc=0x40000))
        self.assertFalse(self.seen({**whole, 0x11000: b"onf" * 1000}))
        self.assertFalse(self.seen({**whole, 0x12000: b"twp" * 100}))  # a page that it will run later

    def test_text_pages(self):
        e = object.__new__(elf.Elf)
        e.pages = None
        e.segments = lambda: iter([(0x11ff0, 0, bytes(range(48)), 48, 5), (0x20000, 0, b"data", 4, 6)])
        self.assertEqual(e.text_pages(), [(0x11ff0, bytes(range(16))), (0x12000, bytes(range(16, 48)))])

    def test_code_in_memory(self):
        """check_code(): a byte of the kernel's code that is not what was linked."""
        for at, wrong in ((0, False), (5, True), (150, True), (250, False)):  # code, constants, data
            g = mock.MagicMock()
            g.source.ram_base, memory = 0x80000000, bytearray(b"x" * 300)
            g.elf.segments.return_value = [(1 << 38, 0x80000000, b"x" * 100, 100, 5), (0, 0x80000064, b"x" * 100, 100, 4), (0, 0x800000c8, b"x" * 100, 100, 6)]
            memory[at] = ord("z") if wrong or at else ord("x")
            g.machine.ram = memory
            Guest.check_code(g)
            self.assertEqual(g.fail.called, wrong)


class Watching(unittest.TestCase):
    """Look: one hart, seen at moments of guest time."""

    def looks(self, rows, cpus=1):
        look, m = machine.Look(), mock.MagicMock()
        m.rsp.threads.return_value, m.limit, m.cpus = [1], 5_000_000_000, cpus
        m.late.side_effect = lambda waiting: Failure({True: "hang", False: "loop"}[waiting], "late")
        m.switches.return_value, m.kernel_word.return_value = 0, 0
        m.function_at.side_effect = lambda pc: types.SimpleNamespace(name=f"f{pc}")
        for at, registers in rows:
            m.guest_ns.return_value = at * 1_000_000
            m.rsp.register.side_effect = lambda name, n: registers.get(name, 0)
            look.take(m)

    def test_loop(self):
        here = {"priv": 1, "pc": 5, "tp": 9}
        with self.assertRaisesRegex(Failure, "endless loop in f5"):
            self.looks([(0, here), (100, here), (200, here)])
        with self.assertRaisesRegex(Failure, "in the kernel"):
            on = [{**here, "pc": pc, "sstatus": 2} for pc in range(7)]
            self.looks([(100 * i, r) for i, r in enumerate(on)])

    def test_firmware_does_not_hide_it(self):
        here, there = {"priv": 1, "pc": 5, "tp": 9}, {"priv": 3, "pc": 7, "tp": 1}
        with self.assertRaisesRegex(Failure, "endless loop"):
            self.looks([(0, here), (60, there), (120, here), (180, here)])
        self.looks([(0, here), (60, there), (120, there), (180, there), (240, there)])  # that is no proof
        several = [(100 * i, (here, there)[i % 2]) for i in range(17)]
        self.looks(several[:15], cpus=2)  # it may wait for another hart
        with self.assertRaisesRegex(Failure, "endless loop"):
            self.looks(several, cpus=2)

    def test_no_loop(self):
        kernel, user = {"priv": 1, "pc": 5, "tp": 9}, {"priv": 0, "pc": 8, "tp": 1}
        self.looks([(100 * i, r) for i, r in enumerate([kernel, user] * 10)])

    def test_limit(self):
        with self.assertRaises(Failure) as caught:
            self.looks([(6000, {"priv": 0, "pc": 1})])
        self.assertEqual(caught.exception.kind, "loop")


if __name__ == "__main__":
    unittest.main()
