"""Overlay edits, lab.toml, the protocol's escapes, program text: each error must name what is wrong."""
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from xvgrade import checklabs, edits, handout, lab, rsp  # noqa: E402
from xvgrade.errors import LabError  # noqa: E402

SOURCE = """// Above.
static int one(int a) {
    return a;
}

// Says two.
// It does.
long two(void) { return 2; }
int three(int b,
          int c) {
    if (b) {
        return two();
    }
    return c;
}
"""


class Edits(unittest.TestCase):
    def test_function_with_its_comment(self):
        out = edits.apply_edit(SOURCE, "remark\n<<<< function two\nlong two(void) { return 3; }\n>>>>\n", "e")
        self.assertNotIn("Says two", out)
        self.assertIn("}\n\nlong two(void) { return 3; }\nint three", out)

    def test_function_over_lines(self):
        out = edits.apply_edit(SOURCE, "<<<< function three\nint three;\n>>>>", "e")
        self.assertTrue(out.endswith("int three;\n"))
        self.assertIn("Says two", out)

    def test_call_is_no_definition(self):
        with self.assertRaisesRegex(LabError, "defines four\\(\\) 0 times"):
            edits.apply_edit(SOURCE + "int x = four(1);\n", "<<<< function four\nx\n>>>>", "e")

    def test_text_once(self):
        out = edits.apply_edit(SOURCE, "<<<<\n    return a;\n====\n    return -a;\n>>>>", "e")
        self.assertIn("return -a;", out)

    def test_text_gone_or_twice(self):
        for old, count in (("return zz;", 0), ("return", 4)):
            with self.assertRaisesRegex(LabError, f"'{old}' occurs {count} times"):
                edits.apply_edit(SOURCE, f"<<<<\n{old}\n====\nx\n>>>>", "e")

    def test_unfinished(self):
        for text in ("<<<<\na\n====\nb\n", "no change", "====\n"):
            with self.assertRaises(LabError):
                edits.apply_edit(SOURCE, text, "e")

    def test_overlay(self):
        with tempfile.TemporaryDirectory() as d:
            Path(d, "k").mkdir()
            Path(d, "k/new.c").write_text("new\n")
            Path(d, "k/a.c.edit").write_text("<<<<\nold\n====\nfresh\n>>>>\n")
            Path(d, "mutant.toml").write_text("what = 'x'\n")
            self.assertEqual(edits.overlay(d, {"k/a.c": b"an old one"}),
                             {"k/a.c": b"an fresh one", "k/new.c": b"new\n"})
            with self.assertRaisesRegex(LabError, "no k/a.c any more"):
                edits.overlay(d, {})


class Labs(unittest.TestCase):
    GOOD = 'id = "x"\ntitle = "t"\nsubmit = ["kernel/a.c"]\n[[test]]\nid = "x.a"\ntitle = "t"\npoints = 5\nfile = "tests/x.py"\n'

    def load(self, text):
        with tempfile.TemporaryDirectory() as d:
            folder = Path(d, "x")
            folder.mkdir()
            (folder / "lab.toml").write_text(text)
            return lab.load(folder)

    def test_good(self):
        self.assertEqual(self.load(self.GOOD).points, 5)

    def test_errors_name_the_fault(self):
        for old, new, words in (("points = 5", "", "points is missing"), ("points = 5", "point = 5", "unknown word 'point'"),
                                ('"x.a"', '"y.a"', "must be x."), ('"kernel/a.c"', '"../a.c"', "no path inside"),
                                ("points = 5", 'points = "5"', "wrong type"), ('id = "x"', 'id = "z"', "folder is x"),
                                ("points = 5", "points = 5\nmem = \"big\"", "mem = 'big'"), ("[[test]]", "[[test", "lab.toml")):
            with self.assertRaisesRegex(LabError, words):
                self.load(self.GOOD.replace(old, new, 1))

    def test_hidden_tests_leave_no_trace(self):
        text = "starter_score = 7\n" + self.GOOD + '\n[[test]]\nid = "x.secret"\nvisibility = "hidden"\n\n[[test]]\nid = "x.last"\n'
        shown = handout.visible_toml(text)
        self.assertNotIn("secret", shown)
        self.assertNotIn("score", shown)
        self.assertIn("x.last", shown)
        self.assertIn("x.a", shown)

    def test_readme_names_what_students_see(self):
        rows = [{"visibility": v, "points": got, "max": 5, "id": v, "status": "pass", "message": ""}
                for v, got in (("visible", 5), ("visible", 0), ("hidden", 5))]
        with tempfile.TemporaryDirectory() as d:
            judge = checklabs.judge_starter(lab.Lab("x", "t", Path(d), [], [], 10))
            for text, fits in (("`Score: 5/10`, then `Score: 10/10`.", True), ("`Score: 10/15`, then `Score: 15/15`.", False),
                               ("`Score: 5/10`.", False), ("", False)):
                Path(d, "README.md").write_text(text)
                self.assertEqual(judge({"score": 10, "tests": rows, "message": ""}) is None, fits, text)
            self.assertIn("not 10", judge({"score": 5, "tests": rows, "message": ""}))


class Protocol(unittest.TestCase):
    def test_escapes(self):
        self.assertEqual(rsp.unescape(b"a}\x03b}]"), b"a#b}")


if __name__ == "__main__":
    unittest.main()
