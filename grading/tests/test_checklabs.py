"""The grader's own judges: when check-labs says that a reference, a mutant or a cheat is not what it should be; and
which of a submission's files are built anew."""
import sys
import types
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from xvgrade import build, checklabs  # noqa: E402
from xvgrade.lab import Lab, Test  # noqa: E402

TESTS = [Test(f"x.{name}", "t", points, "tests/x.py", costs={"way": 100})
         for name, points in (("a", 20), ("b", 30), ("c", 30), ("d", 20))]
LAB = Lab("x", "t", Path("labs/x"), ["kernel/mm/*.c"], TESTS, starter_score=20)


def result(passed, tests="abcd", costs=(), **more):
    rows = [{"id": t.id, "max": t.points, "status": "pass" if t.id[2:] in passed else "fail", "message": "words",
             "costs": dict(costs)} for t in TESTS if t.id[2:] in tests]
    score = sum(r["max"] for r in rows if r["status"] == "pass")
    return {"status": "graded", "message": "", "score": score, "tests": rows, "build": {"ok": True, "log": "gcc"}, **more}


UNBUILT = {"build": {"ok": False, "log": "gcc says no"}}
INFRA = {"score": None, "message": "no QEMU"}


class Reference(unittest.TestCase):
    judge = staticmethod(checklabs.judge_reference(LAB))

    def test_score(self):
        self.assertIsNone(self.judge(result("abcd")))
        self.assertRegex(self.judge(result("abd")), "scores 70, not 100 .*x.c: fail: words")
        self.assertRegex(self.judge(result("abcd", **INFRA)), "scores None")

    def test_costs(self):
        for took, fits in ((100, True), (116, True), (84, True), (117, False), (83, False)):
            said = self.judge(result("abcd", costs={"way": took}))
            self.assertEqual(said is None, fits, said)


class Mutants(unittest.TestCase):
    judge = staticmethod(checklabs.judge_mutant({"fails": ["x.a", "x.b"], "may": ["x.c"]}))

    def test_caught(self):
        for passed in ("cd", "d", "c", ""):  # alone; with one that may fail; with one that has nothing to do with it
            self.assertIsNone(self.judge(result(passed)), passed)

    def test_survives(self):
        self.assertEqual(self.judge(result("acd")), "survives x.a")
        self.assertEqual(self.judge(result("abcd")), "survives x.a, x.b")
        self.assertEqual(self.judge(result("", "b")), "survives x.a")  # a test that was not run has caught nothing

    def test_fails_all(self):
        judge = checklabs.judge_mutant({"fails": ["x.a"]})
        self.assertRegex(judge(result("c")), "fails 2 tests that have nothing to do with it: x.b, x.d")

    def test_no_verdict(self):
        self.assertRegex(self.judge(result("cd", **UNBUILT)), "does not build:\ngcc says no")
        self.assertEqual(self.judge(result("", tests="", **INFRA)), "no QEMU")


class Cheats(unittest.TestCase):
    FAILING = ["x.b", "x.c", "x.d"]

    def judge(self, found, **data):
        return checklabs.judge_cheat(LAB, data, self.FAILING)(found)

    def test_gains_nothing(self):
        self.assertIsNone(self.judge(result("a")))
        self.assertIsNone(self.judge(result("")))
        self.assertIsNone(self.judge(result("a", "ab")))

    def test_gains(self):
        self.assertRegex(self.judge(result("ab")), "gains points: 50 instead of 20")
        self.assertRegex(self.judge(result("bc", "bc")), "gains points: 60 instead of 0; passes x.b, x.c")
        self.assertRegex(self.judge(result("ab", "ab")), "gains points: 50 instead of 20")

    def test_other_points_do_not_make_up(self):
        """A test that the starter passes is no allowance for one that it fails."""
        self.assertRegex(self.judge(result("d")), "gains points: .*x.d")
        self.assertRegex(self.judge(result("d", "ad")), "gains points: .*x.d")

    def test_builds(self):
        self.assertRegex(self.judge(result("", **UNBUILT)), "does not build:\ngcc")
        self.assertIsNone(self.judge(result("", **UNBUILT), builds=False))
        self.assertRegex(self.judge(result(""), builds=False), "builds, though")

    def test_refused(self):
        broken = result("", "", status="broken")
        self.assertIsNone(self.judge(broken, refused=True))
        self.assertRegex(self.judge(result(""), refused=True), "should be refused")

    def test_word(self):
        self.assertIsNone(self.judge(result(""), word="fail"))
        self.assertRegex(self.judge(result("a"), word="halt"), "no test ends with halt, but fail, pass")

    def test_no_verdict(self):
        self.assertRegex(self.judge(result("", **INFRA)), "without a verdict")


class Changed(unittest.TestCase):
    """Built.changed(): a file of the reference may only stay, with its object, when it was handed in as it is."""
    BASE = {"kernel/mm/a.c": b"a", "kernel/mm/b.c": b"b", "kernel/vm/v.c": b"v", "Makefile": b"m"}

    def changed(self, files):
        fake = types.SimpleNamespace(base=types.SimpleNamespace(files=self.BASE), lab=LAB)
        return build.Built.changed(fake, types.SimpleNamespace(files=files))

    def test_same(self):
        self.assertEqual(self.changed({"kernel/mm/a.c": b"a", "kernel/mm/b.c": b"b"}), [])

    def test_other_missing_new(self):
        self.assertEqual(self.changed({"kernel/mm/a.c": b"a "}), ["kernel/mm/a.c", "kernel/mm/b.c"])
        self.assertEqual(self.changed({}), ["kernel/mm/a.c", "kernel/mm/b.c"])
        self.assertEqual(self.changed({"kernel/mm/a.c": b"a", "kernel/mm/b.c": b"b", "kernel/mm/n.c": b""}),
                         ["kernel/mm/n.c"])


if __name__ == "__main__":
    unittest.main()
