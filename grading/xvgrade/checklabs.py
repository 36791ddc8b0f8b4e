"""make check-labs: grades the grader. For every lab, with a fixed seed:

    reference      full score, and the costs that lab.toml says it has
    starter        the score that lab.toml promises; README.md names it as a student sees it, without hidden tests
    mutants/NAME   the reference with one fault: loses the points that mutant.toml names, and of the
                   other tests no more than one (those under `may` apart)
    cheats/NAME    the starter with a trick: gains nothing

An overlay that no longer fits the reference is a breach like any other, and says which text is gone.
--quick runs for each mutant only the tests that it must fail, for each cheat those that its `tests` names
(what it attacks), without it all that the starter fails.
"""
import argparse
import concurrent.futures
import re
import shutil
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from . import edits, sandbox, submission, tree
from . import lab as labs
from .build import Base
from .console import score_line
from .errors import Broken, GradeError, LabError
from .grade import grade

SEED = 1
MAX_UNRELATED = 1
COST_DRIFT = 0.15  # between what lab.toml says and what the reference takes


@dataclass
class Variant:
    """One thing to grade. judge(result) gives None, or what is wrong with it."""
    name: str
    source: object
    judge: object
    words: list = field(default_factory=list)


def meta(folder, file, keys):
    path = folder / file
    try:
        data = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as err:
        raise LabError(f"{path}: {err}") from None
    for key in data:
        if key not in keys:
            raise LabError(f"{path}: unknown word {key!r}; known are {', '.join(keys)}")
    if "what" not in data:
        raise LabError(f"{path}: what is missing: one line that says what is wrong with this kernel")
    return data


def submit_files(lab, files):
    return {n: files[n] for n in tree.matching(files, lab.submit)}


def lost(result):
    return [t["id"] for t in result["tests"] if t["status"] != "pass"]


def words_of(result):
    return "; ".join(f"{t['id']}: {t['status']}: {t['message'].splitlines()[0] if t['message'] else ''}"
                     for t in result["tests"] if t["status"] != "pass") or result["message"]


def judge_score(wanted):
    def judge(result):
        if result["score"] == wanted:
            return None
        return f"scores {result['score']}, not {wanted:g} ({words_of(result) or 'all pass'})"
    return judge


def judge_starter(lab):
    """README.md must name the two lines that `make grade` prints in a handout: for the starter, and for all points."""
    whole, readme = judge_score(lab.starter_score), lab.folder / "README.md"

    def judge(result):
        rows = [t for t in result["tests"] if t["visibility"] == "visible"]
        most = sum(t["max"] for t in rows)
        wanted = [score_line({"score": score, "max": most}) for score in (sum(t["points"] for t in rows), most)]
        stated = re.findall(r"Score: [^`\s]+", readme.read_text()) if readme.is_file() else "nothing"
        return whole(result) or (None if stated == wanted else f"README.md says {stated}, a student sees {wanted}")
    return judge


def judge_reference(lab):
    """Costs in lab.toml are limits for students, also where there is no reference: they must stay true."""
    whole = judge_score(lab.points)

    def judge(result):
        for test in result["tests"]:
            for name, took in test["costs"].items():
                said = lab.costs[name]
                if abs(took - said) > COST_DRIFT * said + 1:
                    return f"{test['id']}: {name} takes {took}, and lab.toml says {said}"
        return whole(result)
    return judge


def judge_mutant(data):
    def judge(result):
        failed = lost(result)
        if result["score"] is None:
            return words_of(result)
        if not result["build"]["ok"]:
            return "does not build:\n" + result["build"]["log"]
        survived = [t for t in data["fails"] if t not in failed]
        if survived:
            return f"survives {', '.join(survived)}"
        others = [t for t in failed if t not in data["fails"] + data.get("may", [])]
        if len(others) > MAX_UNRELATED:
            return f"fails {len(others)} tests that have nothing to do with it: {', '.join(others)}"
        return None
    return judge


def judge_cheat(lab, data, failing):
    """Passes none of the tests that the starter fails. `word`: how at least one test must have ended.
    A trick that the compiler stops says so (builds = false): else it would prove nothing when it rots."""
    refused, builds = data.get("refused", False), data.get("builds", True)

    def judge(result):
        limit = lab.starter_score
        if len(result["tests"]) not in (0, len(lab.tests)):
            limit = sum(t["max"] for t in result["tests"] if t["id"] not in failing)
        if refused and result["status"] != "broken":
            return "is graded, though it should be refused"
        if result["score"] is None:
            return f"leaves the grader without a verdict: {words_of(result)}"
        if result["build"]["ok"] != builds and not refused:
            return "builds, though builds = false" if builds is False else "does not build:\n" + result["build"]["log"]
        gained = [t["id"] for t in result["tests"] if t["status"] == "pass" and t["id"] in failing]
        if gained or result["score"] > limit:
            return f"gains points: {result['score']:g} instead of {limit:g}; passes {', '.join(gained) or 'more'}"
        ends = [t["status"] for t in result["tests"]]
        if "word" in data and data["word"] not in ends:
            return f"no test ends with {data['word']}, but {', '.join(sorted(set(ends)))}"
        return None
    return judge


def variants(lab, files, folder, failing=()):
    """All that is to be graded for a lab; the folder is for submissions that lie on disk. What cannot be
    made is in the list too, with the error as its source. failing: tests that the starter fails, once known."""
    def add(name, make):
        try:
            found.append(Variant(name, *make()))
        except LabError as err:
            found.append(Variant(name, err, None))

    found = []
    starter = edits.overlay(lab.folder / "starter", files)
    add("reference", lambda: (submission.Submission(submit_files(lab, files), "reference"), judge_reference(lab)))
    add("starter", lambda: (submission.Submission(submit_files(lab, starter), "starter"), judge_starter(lab)))
    for path in subfolders(lab.folder / "mutants"):
        add(f"mutants/{path.name}", lambda path=path: mutant(lab, files, path))
    for path in subfolders(lab.folder / "cheats"):
        add(f"cheats/{path.name}", lambda path=path: cheat(lab, starter, path, folder / path.name, failing))
    return found


def mutant(lab, files, path):
    data = meta(path, "mutant.toml", ("what", "fails", "may"))
    known = {t.id for t in lab.tests}
    for test in data.get("fails", []) + data.get("may", []):
        if test not in known:
            raise LabError(f"{path}/mutant.toml: there is no test {test}")
    if not data.get("fails"):
        raise LabError(f"{path}/mutant.toml: fails is missing: the tests that must catch it")
    changed = submit_files(lab, edits.overlay(path, files))
    return submission.Submission(changed, "mutant"), judge_mutant(data), data["fails"]


def cheat(lab, starter, path, folder, failing):
    data = meta(path, "cheat.toml", ("what", "refused", "builds", "word", "tests"))
    return (write_out(lab, edits.overlay(path, starter), starter, folder), judge_cheat(lab, data, failing),
            data.get("tests", []))


def subfolders(path):
    return sorted(p for p in path.iterdir() if p.is_dir()) if path.is_dir() else []


def write_out(lab, files, starter, folder):
    """A cheat is handed in as a directory, with all that it brings besides the allowed files."""
    for name, data in files.items():
        if name in submit_files(lab, files) or starter.get(name) != data:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return folder


def chosen(everything, only):
    """Those to run, in order. The starter comes with the cheats, and before them: it says what there is to gain."""
    todo = [v for v in everything if v.name == only] or [v for v in everything if not only or only in v.name]
    cheats = any(v.name.startswith("cheats/") for v in todo)
    return sorted((v for v in everything if v in todo or cheats and v.name == "starter"),
                  key=lambda v: (v.name != "starter", v.name != "reference", v.name.startswith("cheats/")))


def check_lab(base, lab, args, say):
    """Number of breaches."""
    folder = sandbox.private_folder("xvg-check-")
    bad = 0

    failing = []  # tests that the starter does not pass: only there has a cheat something to gain
    running = {}  # variant's name: its future

    def words_for(variant):
        if variant.name.startswith("cheats/"):
            failing[:] = lost(running["starter"].result()[1])
        if not args.quick:
            return []
        return variant.words or (failing if variant.name.startswith("cheats/") else [])

    def work(variant):
        words = words_for(variant)
        if isinstance(variant.source, LabError):
            return str(variant.source), {"score": None, "tests": [], "message": ""}, 0.0
        started = time.monotonic()
        result = grade(base, lab, variant.source, args.seed, words, 1, None, variant.name, repeat=False)
        return variant.judge(result), result, time.monotonic() - started

    try:
        todo = chosen(variants(lab, base.files, folder, failing), args.only)
        with concurrent.futures.ThreadPoolExecutor(max_workers=args.jobs) as pool:
            for variant in todo:
                running[variant.name] = pool.submit(work, variant)
            for variant in todo:
                problem, result, took = running[variant.name].result()
                bad += problem is not None
                score = "none" if result["score"] is None else f"{result['score']:g}"
                say(f"{'FAIL' if problem else 'ok':5} {lab.id}/{variant.name:32} {score:>5} points  {took:5.1f} s"
                    + (f"\n      {problem}" if problem else ""))
                if args.verbose:
                    say(f"      {words_of(result)}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return bad


def main():
    parser = argparse.ArgumentParser(prog="check-labs", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labs", nargs="*")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", help="the variant of this name, or those whose name has this in it")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--repeat", type=int, default=1, help="runs, each with the next seed")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    bad = 0

    def say(text):
        print(text, flush=True)

    try:
        base = Base().prepare(say)
        for _ in range(args.repeat):
            for name in args.labs or labs.names(tree.ROOT):
                try:
                    bad += check_lab(base, labs.find(tree.ROOT, name), args, say)
                except (LabError, Broken) as err:
                    bad += 1
                    say(f"FAIL  {name}: {err}")
            args.seed += 1
    except GradeError as err:
        print(f"check-labs: {err}", file=sys.stderr)
        return 3
    say(f"check-labs: {bad} breaches")
    return 1 if bad else 0
