"""Other forms of a result are pure functions of it: golden/ has results by hand, and what becomes of them.

    python3 grading/tests/test_emit.py --write    writes the golden files anew; read the difference before a commit
"""
import base64
import csv
import html.parser
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from xvgrade import forms, result  # noqa: E402
from xvgrade.emit import classroom, html as page, overview, picture  # noqa: E402

GOLDEN = Path(__file__).resolve().parent / "golden"
RESULTS = ("graded", "infra", "broken", "unbuilt", "full")
ENDS = {"gradescope": "gradescope.json", "classroom": "classroom.json", "junit": "junit.xml", "csv": "csv", "html": "html"}


def made():
    """{file name: text} of everything that golden/ has."""
    loaded = [result.load(GOLDEN / f"{name}.json") for name in RESULTS]
    files = {f"{name}.{end}": forms.ONE[form](r) for name, r in zip(RESULTS, loaded) for form, end in ENDS.items()}
    files["class.csv"] = forms.MANY["scores"](loaded)
    files["class.html"] = overview.make(loaded, lambda name: f"pages/{name.strip(chr(61))}.html")
    files["classroom.yml"] = classroom.workflow("cow")
    return files


class Strict(html.parser.HTMLParser):
    """Fails at elements that our pages never have, at handlers, and at what is opened and not closed."""
    KNOWN = set("""html head meta title style body h1 h2 h3 p dl dt dd pre code table tr td th a br section figure
        figcaption svg path rect text div span i""".split())
    EMPTY = {"meta", "br"}

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.feed(text)
        self.close()
        if self.open:
            raise ValueError(f"not closed: {self.open}")

    def handle_starttag(self, tag, attrs):
        if tag not in self.KNOWN:
            raise ValueError(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or (name in ("href", "src") and not re.match(r"#|[\w.-]+/[\w.@+-]+\.html$", value)):
                raise ValueError(f"{name}={value}")
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            raise ValueError(f"</{tag}>")


class Golden(unittest.TestCase):
    maxDiff = None

    def test_golden(self):
        for name, text in made().items():
            with self.subTest(name):
                self.assertEqual(text, (GOLDEN / name).read_text())

    def test_no_controls(self):
        """No escape, no bell, no direction mark goes through, whatever the form."""
        for name, text in made().items():
            self.assertNotRegex(text, r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", name)
            self.assertNotIn("\\u001b", text, name)
            self.assertNotIn("\\u202e", text, name)

    def test_no_zero_without_verdict(self):
        r = result.load(GOLDEN / "infra.json")
        self.assertNotIn("score", forms.ONE["gradescope"](r))
        step = json.loads(forms.ONE["classroom"](r))
        self.assertEqual((step["status"], step["tests"]), ("error", []))
        rows = list(csv.DictReader(io.StringIO(forms.MANY["scores"]([r]))))
        self.assertEqual((rows[0]["score"], rows[0]["cow.shared"], rows[0]["status"]), ("", "", "infra"))
        suite = ET.fromstring(forms.ONE["junit"](r))[0]
        self.assertEqual((suite.get("failures"), suite.get("errors")), ("0", "1"))

    def test_sums(self):
        for name in RESULTS:
            r = result.load(GOLDEN / f"{name}.json")
            g, c = json.loads(forms.ONE["gradescope"](r)), json.loads(forms.ONE["classroom"](r))
            if r["status"] == "graded":
                self.assertEqual(sum(t["score"] for t in g["tests"]), r["score"])
                self.assertEqual(sum(t["score"] for t in c["tests"]), r["score"])
                self.assertEqual(c["max_score"], sum(t["max_score"] for t in g["tests"]))

    def test_classroom_output(self):
        r = result.load(GOLDEN / "graded.json")
        key, _, value = classroom.output_line(r).rstrip("\n").partition("=")
        self.assertEqual((key, json.loads(base64.b64decode(value))), ("result", json.loads(classroom.make(r))))

    def test_no_formulas(self):
        rows = list(csv.reader(io.StringIO((GOLDEN / "class.csv").read_text())))
        self.assertFalse([c for row in rows for c in row if c[:1] and c[0] in "=+-@"])
        self.assertEqual(rows[3][0], "'=carol")


class Pages(unittest.TestCase):
    def test_elements(self):
        for name in [f"{n}.html" for n in RESULTS] + ["class.html"]:
            Strict((GOLDEN / name).read_text())

    def test_strict_is_strict(self):
        for text in ("<script>x</script>", "<p onclick=x></p>", "<a href='javascript:x'></a>", "<p>", "<p></a>"):
            with self.assertRaises((ValueError, IndexError)):
                Strict(text)

    def test_nonsense_pictures(self):
        """A kernel whose tables are nonsense costs the picture and not the page."""
        r = result.load(GOLDEN / "graded.json")
        for pictures in ({"tables": [[9, -5, -1, "x", "y"]]}, {"tables": [1]}, {"frames": {"runs": [["f99", "x"]]}},
                         {"frames": {"base": 1, "runs": [["<", 5], ["f77", 3]]}}):
            r["tests"][1]["pictures"] = pictures
            Strict(page.make(r))

    def test_cells(self):
        """Cells of several frames cover the whole, and no run is counted twice."""
        for per in (1, 2, 3, 7, 100):
            runs = [["f0", 5], ["u", 1], ["r", 94], ["a", 3]]
            self.assertEqual(sum(n for _, n in picture.cells(runs, per)), -(-103 // per))

    def test_in_a_browser(self):
        chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        if not chromium:
            self.skipTest("no Chromium here: the strict parser has read the pages")
        with tempfile.TemporaryDirectory() as folder:
            for name in ("graded.html", "class.html"):
                shot = Path(folder, name + ".png")
                flags = ["--headless", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={folder}/profile",
                         *(["--no-sandbox"] if os.geteuid() == 0 else [])]
                done = subprocess.run([chromium, *flags, "--dump-dom", (GOLDEN / name).as_uri()], capture_output=True,
                                      text=True, timeout=120)
                title = re.search(r"<title>(.*?)</title>", done.stdout)
                self.assertIsNotNone(title, done.stderr[-2000:])
                self.assertIn("opy on write" if name == "class.html" else "cow: alice", title[1])
                self.assertNotIn("<script", done.stdout)
                subprocess.run([chromium, *flags, f"--screenshot={shot}", "--window-size=1100,1600",
                                (GOLDEN / name).as_uri()], capture_output=True, timeout=120)
                self.assertEqual(shot.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
                self.assertGreater(shot.stat().st_size, 20_000)


if __name__ == "__main__":
    if "--write" in sys.argv:
        for name, text in made().items():
            (GOLDEN / name).write_text(text)
    else:
        unittest.main()
