"""Tests of the labs and their grader, as a student and as staff use them; runtests.py has the rows.

Each function gets a private folder, and returns None or words that say what went wrong.
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
import zipfile
from pathlib import Path

from commandtests import fresh_env

CLASS = 12


def said(command, cwd=None, env=None, timeout=900):
    """None, or the end of what it said when it failed, after what it said of failures before that."""
    done = subprocess.run(command, cwd=cwd, env=env or fresh_env(), capture_output=True, text=True, timeout=timeout)
    if done.returncode == 0:
        return None
    lines = (done.stdout + done.stderr).strip().split("\n")
    early = [i for i, line in enumerate(lines[:-60]) if "FAIL" in "".join(lines[max(i - 1, 0):i + 1])]
    return "\n".join([lines[i] for i in early] + lines[-60:])


def python(*words, timeout=900):
    return said([sys.executable, "-B", *words], timeout=timeout)


def lend_base(place):
    """The pristine build of this tree, for the grader of a copy: make there compiles what its files differ in (what
    a file needs and the copy lacks is missed as ever), and not 300 files once more."""
    problem = python("grading/grade", "buddy", "--prepare")
    if problem is None:
        shutil.copytree("build/grade/base", f"{place}/build/grade/base", symlinks=True)
    return problem


def units(folder):
    return python("-m", "unittest", "discover", "-s", "grading/tests")


def handout(folder):
    """A fresh handout scores what the starter must, with the reference's file all."""
    out = f"{folder}/handout"
    problem = python("grading/handout", "handout", "buddy", out) or lend_base(out)
    if problem:
        return problem
    for want in ("Score: 25/100", "Score: 100/100"):
        done = subprocess.run(["make", "grade"], cwd=out, capture_output=True, text=True, timeout=600, env=fresh_env())
        if done.stdout.strip().split("\n")[-1] != want:
            return f"not {want}\n{done.stdout[-3000:]}{done.stderr[-1000:]}"
        shutil.copy("kernel/mm/buddy.c", f"{out}/kernel/mm/buddy.c")
    return classroom_step(folder, out)


def classroom_step(folder, handout):
    """The step "Grade" of the GitHub workflow, as the runner would run it in this handout."""
    text = subprocess.run([sys.executable, "-B", "grading/emit", "workflow", "buddy"], capture_output=True, text=True).stdout
    step = text.partition("        run: |\n")[2].partition("      - name:")[0]
    env = {**fresh_env(), "HOME": folder, "GITHUB_OUTPUT": f"{folder}/output"}
    problem = said(["sh", "-ec", textwrap.dedent(step)], handout, env)
    if problem:
        return problem
    key, _, value = Path(folder, "output").read_text().strip().partition("=")
    result = json.loads(base64.b64decode(value))
    if key != "result" or result["status"] != "pass" or sum(t["score"] for t in result["tests"]) != result["max_score"]:
        return f"the workflow's step gives {key}={result}"
    return None


def labs(folder):
    """References, starters, mutants and cheats of all labs; of mutants only the tests that must catch them."""
    return python("grading/check-labs", "--quick", timeout=1200)


# ---- staff


def count_of(path, word):
    return Path(path).read_text().count(word) if os.path.exists(path) else 0


def batch(folder):
    """A class whose batch is killed in the middle and started again: none lost, none twice, all as expected."""
    room, out = f"{folder}/class", f"{folder}/out"
    problem = python("grading/tests/make_class.py", "make", room, "--count", str(CLASS))
    if problem:
        return problem
    command = [sys.executable, "-B", "grading/grade-batch", f"{room}/roster.csv", "-j", "2", "-t", "boot", "-t", "zero",
               "-o", out]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while first.poll() is None and count_of(f"{out}/log", " done ") < CLASS // 3:
        time.sleep(0.1)
    first.kill()
    if first.wait() >= 0:
        return f"the batch ended with {first.returncode} before it could be killed"
    second = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if second.returncode != 0 or f"of {CLASS} were graded before" not in second.stdout:
        return f"status {second.returncode}\n{second.stdout[-2000:]}{second.stderr[-2000:]}"
    return python("grading/tests/make_class.py", "check", room, out)


def unzip(archive, to):
    with zipfile.ZipFile(archive) as z:
        for info in z.infolist():
            os.chmod(z.extract(info, to), info.external_attr >> 16 & 0o777)


def gradescope(folder):
    """The archive in a made-up /autograder, where only root may read it: a file from the web form, then a link."""
    place = Path(folder, "autograder")
    (place / "submission").mkdir(parents=True)
    problem = python("grading/handout", "gradescope-zip", "buddy", f"{folder}/b.zip")
    if problem:
        return problem
    unzip(f"{folder}/b.zip", place / "source")
    problem = lend_base(place / "source")
    if problem:
        return problem
    shutil.copy(place / "source/run_autograder", place)
    os.chmod(folder, 0o755)
    env = {**fresh_env(), **({"XV_SANDBOX": "uid"} if os.geteuid() == 0 else {})}
    problem = said(["sh", "source/setup.sh"], place, env)
    if problem:
        return problem
    handed, scores = place / "submission/buddy.c", []
    for hand_in in (lambda: shutil.copy("kernel/mm/buddy.c", handed),
                    lambda: (handed.unlink(), os.symlink("../source/kernel/mm/buddy.c", handed))):
        hand_in()
        problem = said(["./run_autograder"], place, env)
        if problem:
            return problem
        result = json.loads((place / "results/results.json").read_text())
        scores.append((result["score"], len(result["tests"]), "link" in result["output"]))
    if scores[0][0] != 100 or scores[0][1] < 8 or scores[1] != (0, 0, True):
        return f"not 100 points in all tests, then 0 for a link: {scores}"
    return None
