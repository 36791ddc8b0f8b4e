"""make handout and make new-lab: what students get, and what a lab begins as.

A handout is the tree with the starter in place, as a git repository whose first commit is tagged "handout":
grading there builds from that commit and takes only the lab's files from the work tree (tree.py).
It holds of labs/ only this lab, without starter/, mutants/, cheats/ and hidden tests.
"""
import argparse
import re
import subprocess
import sys
import tarfile
from pathlib import Path

from . import autograder, edits, submission, tree
from . import lab as labs
from .errors import GradeError, LabError

LEFT_OUT = ("starter", "mutants", "cheats")


def project_files(root):
    """{path: bytes} of all that the project has: tracked, or new and not ignored."""
    listing = tree.git(root, "ls-files", "-co", "--exclude-standard", "-z")
    if listing is None:
        raise LabError("a handout is made from a git checkout")
    names = [n for n in listing.decode().split("\0") if n]
    return {n: (root / n).read_bytes() for n in names if (root / n).is_file()}


def visible_toml(text):
    """lab.toml without the hidden tests, and without the score that counts them: a [[test]] block ends where
    the next begins."""
    head, *blocks = re.split(r"(?m)^(?=\[\[test\]\])", text)
    head = re.sub(r"(?m)^starter_score.*\n", "", head)
    return head + "".join(b for b in blocks if not re.search(r'(?m)^visibility\s*=\s*"hidden"', b))


def kept(name, lab, staff=False):
    """Does a file of the project belong to the handout of this lab? staff: hidden tests too."""
    if not name.startswith("labs/"):
        return True
    parts = name.split("/")
    if len(parts) > 2 and parts[1] == lab.id:
        return parts[2] not in LEFT_OUT and (staff or "hidden" not in parts)
    return len(parts) == 2


def handout_files(root, lab):
    files = {n: d for n, d in project_files(root).items() if kept(n, lab)}
    starter = edits.overlay(lab.folder / "starter", files)
    own = f"labs/{lab.id}/lab.toml"
    starter[own] = visible_toml(starter[own].decode()).encode()
    starter[tree.MARK] = f"{lab.id}\n".encode()
    for test in lab.tests:
        shown = f"labs/{lab.id}/{test.file}" in starter
        if test.visibility == "visible" and not shown:
            raise LabError(f"{test.id} is visible, but {test.file} is among the hidden files")
    return starter


def write(root, lab, out):
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise LabError(f"{out} exists and is not empty")
    for name, data in handout_files(root, lab).items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        if (root / name).is_file():
            path.chmod((root / name).stat().st_mode & 0o777)
    who = ["-c", "user.name=course", "-c", "user.email=course@invalid", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"],
                  [*who, "commit", "-q", "-m", f"{lab.id}: {lab.title}"], ["tag", "handout"]):
        done = subprocess.run(["git", "-C", str(out), *words], capture_output=True, text=True)
        if done.returncode != 0:
            raise LabError(f"git {words[-1]} fails: {done.stderr.strip()}")
    return out


def hand_in(root, lab, out):
    """An archive of just the files that the lab takes, read back as staff will read it."""
    names = tree.matching((p.relative_to(root).as_posix() for p in (root / "kernel").rglob("*")), lab.submit)
    names += tree.matching((p.relative_to(root).as_posix() for p in (root / "user").rglob("*")), lab.submit)
    with tarfile.open(out, "w:gz") as tar:
        for name in sorted(names):
            tar.add(root / name, name, recursive=False)
    return submission.read(Path(out), lab.submit)


# ---- a new lab

SKELETON = {
    "lab.toml": '''id = "@"
title = "One line that says what it is about"
submit = ["kernel/mm/failalloc.c"]
starter_score = 40
programs = ["park"]

[[test]]
id = "@.boot"
title = "The machine boots"
points = 40
file = "tests/@.py"

[[test]]
id = "@.counts"
title = "Every n-th request fails"
points = 60
file = "tests/@.py"
hint = "Count the requests; the n-th is a multiple of failalloc_every."
''',
    "README.md": '''# @

What the student learns; the files; the steps; hints; the expected output; questions; challenges.
This skeleton is a small lab about `failalloc.c`: replace it by yours (docs/writing-a-lab.md).

## Steps

1. Read `kernel/mm/failalloc.c`. It never says that a request must fail.
2. Make every n-th request fail, where n is `failalloc_every`.
3. `make grade LAB=@` prints `Score: 40/100` for the starter, `Score: 100/100` when all is right.
''',
    "tests/@.py": '''"""Judges of the lab @: functions of a Guest (grading/xvgrade/guest.py), one for each test."""


def boot(g):
    g.park()


def counts(g):
    g.park()
    every = g.rng.randint(3, 9)
    g.call("failalloc_set", every)
    answers = [g.call("failalloc_hit", 0) & 1 for _ in range(4 * every)]
    at = [i for i, answer in enumerate(answers) if answer]
    g.equal(f"with failalloc={every}, how many of {len(answers)} requests fail", len(at), 4)
    g.check(all(b - a == every for a, b in zip(at, at[1:])), "the failures are not evenly spaced",
            f"every {every} requests", at)
''',
    "starter/kernel/mm/failalloc.c.edit": '''<<<< function failalloc_hit
// TODO: every failalloc_every-th request must fail.
bool failalloc_hit(gfp_t gfp) { return false; }
>>>>
''',
    "mutants/always/mutant.toml": '''what = "every request fails"
fails = ["@.counts"]
''',
    "mutants/always/kernel/mm/failalloc.c.edit": '''<<<< function failalloc_hit
bool failalloc_hit(gfp_t gfp) { return !(gfp & GFP_NOFAIL_TEST); }
>>>>
''',
    "cheats/prints/cheat.toml": 'what = "prints what it should do"\n',
    "cheats/prints/kernel/mm/failalloc.c.edit": '''<<<< function failalloc_hit
#include "klog/printk.h"
bool failalloc_hit(gfp_t gfp) {
    printk(LOG_EMERG, "== Test @.counts: OK\\n");
    return false;
}
>>>>
''',
}


def new_lab(root, name):
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise LabError(f"NAME={name}: small letters, digits and _, a letter first")
    folder = root / "labs" / name
    if folder.exists():
        raise LabError(f"labs/{name} exists")
    for path, text in SKELETON.items():
        target = folder / path.replace("@", name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace("@", name))
    return folder


def main():
    parser = argparse.ArgumentParser(prog="handout", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("handout", "hand-in", "new-lab", "gradescope-zip"))
    parser.add_argument("lab")
    parser.add_argument("out", nargs="?")
    args = parser.parse_args()
    try:
        if args.what == "new-lab":
            folder = new_lab(tree.ROOT, args.lab)
            print(f"{folder.relative_to(tree.ROOT)}: a lab that passes `make check-labs LAB={args.lab}`; now change it")
        elif args.what == "hand-in":
            out = args.out or f"build/{args.lab}.tar.gz"
            Path(out).parent.mkdir(parents=True, exist_ok=True)
            handed = hand_in(tree.ROOT, labs.find(tree.ROOT, args.lab), out)
            print(f"{out}: {', '.join(handed.files)}; hand in this file")
        elif args.what == "gradescope-zip":
            out = args.out or f"{args.lab}-gradescope.zip"
            lab = labs.find(tree.ROOT, args.lab)
            files = {n: d for n, d in project_files(tree.ROOT).items() if kept(n, lab, staff=True)}
            print(f"{autograder.write(files, lab, out)}: upload it as the autograder of the assignment")
        elif not args.out:
            raise LabError("OUT=dir is missing")
        else:
            write(tree.ROOT, labs.find(tree.ROOT, args.lab), args.out)
            print(f"{args.out}: the handout of {args.lab}; there: make setup grade LAB={args.lab}")
    except GradeError as err:
        print(f"{args.what}: {err}", file=sys.stderr)
        return 2
    return 0
