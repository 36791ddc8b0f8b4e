#!/usr/bin/env python3
"""A class of synthetic students, with what each must get: for the batch.

    make_class.py make DIR [--lab buddy] [--count 50]    DIR/roster.csv, submissions, DIR/expected.json
    make_class.py check DIR OUT                          compares a batch's results with what was expected

A third are the reference in every form that can be handed in, a third mutants and starters, the rest do
not build, cheat, or are hostile archives.
"""
import argparse
import csv
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grading"))
from xvgrade import checklabs, lab as labs, tree  # noqa: E402

# ---- forms of good submissions: each writes {name: bytes} somewhere below `to`


def directory(files, to):
    for name, data in files.items():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).write_bytes(data)
    return to


def tar(mode, end, top=""):
    def write(files, to):
        with tarfile.open(f"{to}{end}", mode) as t:
            for name, data in files.items():
                info = tarfile.TarInfo(top + name)
                info.size = len(data)
                t.addfile(info, io.BytesIO(data))
        return Path(f"{to}{end}")
    return write


def zipped(files, to):
    with zipfile.ZipFile(f"{to}.zip", "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in files.items():
            z.writestr("handin/" + name, data)
    return Path(f"{to}.zip")


def repository(files, to):
    with tempfile.TemporaryDirectory() as work:
        directory(files, Path(work))
        for words in (["init", "-q", "-b", "main"], ["add", "-A"],
                      ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x"],
                      ["clone", "-q", "--bare", ".", str(to)]):
            subprocess.run(["git", "-C", work, *words], check=True, capture_output=True)
    return to


def bundle(files, to):
    repository(files, Path(f"{to}.git"))
    subprocess.run(["git", "-C", f"{to}.git", "bundle", "create", "-q", f"{to}.bundle", "HEAD", "main"], check=True)
    return Path(f"{to}.bundle")


FORMS = (directory, tar("w:gz", ".tar.gz"), zipped, bundle, tar("w:xz", ".tar.xz", "handin/"), repository, tar("w", ".tar"))

# ---- submissions that cannot be graded


def with_member(**fields):
    def write(files, to):
        path = tar("w:gz", ".tar.gz")(files, to)
        with tarfile.open(path, "w:gz") as t:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                t.addfile(info, io.BytesIO(data))
            info = tarfile.TarInfo("x")
            for key, value in fields.items():
                setattr(info, key, value)
            t.addfile(info)
        return path
    return write


def many(files, to):
    return tar("w:gz", ".tar.gz")({**files, **{f"f{i}": b"" for i in range(10_000)}}, to)


def bomb(files, to):
    with zipfile.ZipFile(f"{to}.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(next(iter(files)), b"\n" * (300 << 20))
    return Path(f"{to}.zip")


def linked(files, to):
    directory(files, to)
    path = to / next(iter(files))
    path.unlink()
    os.symlink("/etc/passwd", path)
    return to


def other_files(files, to):
    return directory({"README": b"mine\n"}, to)


def nothing(files, to):
    return None


def gone(files, to):
    return to / "nowhere"


def cut(files, to):
    path = tar("w:gz", ".tar.gz")(files, to)
    path.write_bytes(path.read_bytes()[:700])
    return path


HOSTILE = (with_member(type=tarfile.SYMTYPE, linkname="/etc/passwd"), with_member(name="../../escape"),
           with_member(type=tarfile.CHRTYPE), many, bomb, linked, other_files, nothing, gone, cut)

# ---- files that do not compile, or make trouble for the compiler

NO_BUILDS = (b"int x = ;\n", b"#error no\n", b"", b'#include __FILE__\n#include __FILE__\n', b"_Static_assert(0, \"\\033[2J\");\n",
             b'asm(".rept 100000000\\n.quad 0\\n.endr");\n', b'#include "/dev/zero"\n', b"<script>alert(1)</script>\n")


def make(folder, lab_id, count):
    lab = labs.find(ROOT, lab_id)
    files = tree.pristine(ROOT)
    reference = checklabs.submit_files(lab, files)
    stage = folder / "stage"
    variants = {v.name: v for v in checklabs.variants(lab, files, stage)}
    kinds = [("good", n) for n in range(count)]
    found = {"good": [("reference", None)], "starter": [("starter", None)],
             "mutant": [(n, None) for n in variants if n.startswith("mutants/")],
             "cheat": [(n, None) for n in variants if n.startswith("cheats/")],
             "no_build": [(None, text) for text in NO_BUILDS], "hostile": [(None, write) for write in HOSTILE]}
    order = ("good", "mutant", "hostile", "good", "cheat", "mutant", "no_build", "good", "hostile", "starter")
    used, rows, expected = {}, [], {}
    (folder / "handed").mkdir(parents=True)
    for i, _ in enumerate(kinds):
        kind = order[i % len(order)]
        at = used[kind] = used.get(kind, -1) + 1
        name, extra = found[kind][at % len(found[kind])]
        student, to = f"s{i:03}-{kind}", folder / "handed" / f"s{i:03}"
        path, want = hand_in(lab, kind, variants.get(name), extra, reference, to, FORMS[at % len(FORMS)])
        rows.append((student, os.path.relpath(path, folder) if path else "", lab_id))
        expected[student] = {"kind": kind, "variant": name, **want}
    with open(folder / "roster.csv", "w", newline="") as f:
        csv.writer(f).writerows([("id", "path", "lab"), *rows])
    (folder / "expected.json").write_text(json.dumps(expected, indent=1))


def hand_in(lab, kind, variant, extra, reference, to, form):
    """(path, what must come of it)"""
    if kind == "hostile":
        return extra(reference, to), {"status": "broken", "score": 0}
    if kind == "no_build":
        return form({**reference, next(iter(reference)): extra}, to), {"status": "graded", "score": 0}
    if kind == "cheat":
        return variant.source, {"status": "graded", "at_most": lab.starter_score}
    path = form(variant.source.files, to)
    if kind == "mutant":
        return path, {"status": "graded", "below": lab.points}
    return path, {"status": "graded", **({"full": True} if kind == "good" else {"score": lab.starter_score})}


def wrong(want, got, whole, judge):
    """None, or what is wrong. Scores of a part of the tests (whole is False) are known of some kinds only."""
    if got is None:
        return "no result"
    if got["status"] != want["status"]:
        return f"is {got['status']} ({got['message']}), not {want['status']}"
    score = got["score"]
    if want.get("full") and score != got["max"]:
        return f"has {score}, not all"
    if "score" in want and score != want["score"] and (whole or not want["score"]):
        return f"has {score}, not {want['score']}"
    if "at_most" in want and score > want["at_most"]:
        return f"has {score}, more than {want['at_most']}"
    return judge(got) if judge and whole else None


def check(folder, out):
    """Number of results that are not as they must be."""
    expected, bad = json.loads((folder / "expected.json").read_text()), 0
    lab_id = json.loads((out / "batch.json").read_text())["lab"]
    lab = labs.find(ROOT, lab_id)
    with tempfile.TemporaryDirectory() as stage:
        judges = {v.name: v.judge for v in checklabs.variants(lab, tree.pristine(ROOT), Path(stage))}
    for student, want in expected.items():
        path = out / "results" / f"{student}.json"
        got = json.loads(path.read_text()) if path.is_file() else None
        whole = got and len(got["tests"]) in (0, len(lab.tests))
        problem = wrong(want, got, whole, judges.get(want["variant"]) if want["kind"] == "mutant" else None)
        if problem:
            bad += 1
            print(f"{student} ({want['variant']}): {problem}")
    done = [line.split()[3] for line in (out / "log").read_text().splitlines() if line.split()[2] == "done"
            and line.split()[4] != "infra"]
    for student in sorted(set(done)):
        if done.count(student) != 1:
            bad += 1
            print(f"{student} was graded {done.count(student)} times")
    print(f"{len(expected)} students, {bad} wrong")
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "check"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--lab", default="buddy")
    parser.add_argument("--count", type=int, default=50)
    args = parser.parse_args()
    if args.what == "make":
        make(args.folder, args.lab, args.count)
        return 0
    return 1 if check(args.folder, args.out) else 0


if __name__ == "__main__":
    sys.exit(main())
