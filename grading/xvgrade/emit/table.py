"""CSV: one submission's tests, or a class's scores. A score that is not there is an empty field, not 0."""
import csv
import io

from ..console import number
from . import clean, first_failing

FORMULA = "=+-@"


def cell(text):
    """A text that no spreadsheet takes for a formula."""
    text = clean(text).replace("\n", " ")
    return "'" + text if text[:1] and text[0] in FORMULA else text


def points(value):
    return "" if value is None else number(value)


def write(rows):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def make(result):
    """A line for each test."""
    return write([("test", "points", "max", "status", "message")] + [
        (t["id"], "" if t["status"] == "infra" else points(t["points"]), points(t["max"]), t["status"],
         cell(t["message"])) for t in result["tests"]])


def scores(results):
    """A line for each student, with a column for each test that any of them has."""
    tests = list(dict.fromkeys(t["id"] for r in results for t in r["tests"]))
    rows = [("id", "score", "max", "status", "first failing test", "message", "seed", "sha256", *tests)]
    for r in results:
        got = {t["id"]: t for t in r["tests"]}
        rows.append((cell(r["submission"]["id"]), points(r["score"]), points(r["max"]), r["status"], first_failing(r),
                     cell(r["message"]), r["tests"][0]["seed"] if r["tests"] else "", r["submission"]["sha256"] or "",
                     *("" if t not in got or got[t]["status"] == "infra" else points(got[t]["points"]) for t in tests)))
    return write(rows)
