"""grading/emit: other forms of a native result, on the standard output or into a file.

    emit gradescope|classroom|classroom-output|junit|csv|html RESULT.json [-o FILE]
    emit scores|overview RESULT.json...        of a class
    emit workflow LAB                          .github/workflows/classroom.yml
"""
import argparse
import json
import sys
from pathlib import Path

from . import result as results
from .emit import classroom, gradescope, html, junit, overview, table

ONE = {"gradescope": gradescope.make, "classroom": classroom.make, "classroom-output": classroom.output_line,
       "junit": junit.make, "csv": table.make, "html": html.make}
MANY = {"scores": table.scores, "overview": overview.make}


def make(form, words):
    if form == "workflow":
        return classroom.workflow(words[0])
    loaded = [results.load(word) for word in words]
    return MANY[form](loaded) if form in MANY else "".join(ONE[form](r) for r in loaded[:1])


def main():
    parser = argparse.ArgumentParser(prog="emit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("form", choices=[*ONE, *MANY, "workflow"])
    parser.add_argument("what", nargs="+", metavar="RESULT.json")
    parser.add_argument("-o", "--out")
    args = parser.parse_args()
    if args.form not in MANY and len(args.what) > 1:
        parser.error(f"{args.form} is made of one result")
    try:
        text = make(args.form, args.what)
    except (OSError, json.JSONDecodeError, ValueError) as err:
        print(f"emit: {err}", file=sys.stderr)
        return 2
    if args.out:
        Path(args.out).parent.mkdir(parents=True, exist_ok=True)
        Path(args.out).write_text(text)
    else:
        sys.stdout.write(text)
    return 0
