"""The native result: one JSON object for one submission, from which every other form is made.

    schema "xvgrade/1"
    lab {id, title}   submission {id, kind, sha256, notes}   suite sha256
    env {sandbox, qemu, gcc, python}
    status   graded | broken (cannot be graded: message says why, score 0) | infra (no score)
    build {ok, log}   tests [rows of run.py]   score, max   wall_s   key (of batch.py)
"""
import hashlib
import json
import os
import platform
import shutil
import subprocess

from . import sandbox

SCHEMA = "xvgrade/1"
STATUS = ("pass", "fail", "panic", "hang", "loop", "halt", "time", "flood", "flaky", "infra", "build")


def version(tool):
    try:
        done = subprocess.run([tool, "--version"], capture_output=True, text=True, timeout=20)
        return done.stdout.split("\n")[0]
    except (OSError, subprocess.TimeoutExpired):
        return "missing"


def environment():
    gcc = next((t for t in ("riscv64-unknown-elf-gcc", "riscv64-elf-gcc", "riscv64-linux-gnu-gcc") if shutil.which(t)),
               "gcc")
    return {"sandbox": sandbox.level(), "qemu": version("qemu-system-riscv64"), "gcc": version(gcc),
            "python": platform.python_version()}


def suite_digest(lab):
    """Of the lab's files that decide: two results can be compared when theirs are the same."""
    h = hashlib.sha256()
    files = [p for part in ("tests", "hidden") for p in sorted((lab.folder / part).rglob("*"))]
    for path in [lab.folder / "lab.toml", *files]:
        if path.is_file() and path.suffix != ".pyc":
            h.update(path.name.encode() + b"\0" + path.read_bytes())
    return h.hexdigest()


def new(lab, name):
    return {"schema": SCHEMA, "lab": {"id": lab.id, "title": lab.title},
            "submission": {"id": name, "kind": None, "sha256": None, "notes": []},
            "suite": suite_digest(lab), "env": environment(), "status": "graded", "message": "",
            "build": {"ok": False, "log": ""}, "tests": [], "score": 0, "max": lab.points, "wall_s": 0}


def finish(result):
    """Sums up. One test without a verdict leaves the whole without a score."""
    result["max"] = sum(t["max"] for t in result["tests"]) or result["max"]
    result["score"] = sum(t["points"] for t in result["tests"])
    if any(t["status"] == "infra" for t in result["tests"]):
        result["status"], result["score"] = "infra", None
        result["message"] = "the host or the grader failed: run it again"
    return result


def broken(result, message):
    result.update(status="broken", message=message, score=0)
    return result


def infra(result, message):
    result.update(status="infra", message=message, score=None)
    return result


def write(result, path):
    """All or nothing: a reader never sees half a file."""
    partial = f"{path}.{os.getpid()}.partial"
    with open(partial, "w") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
    os.replace(partial, path)


def load(path):
    """A native result from a file; ValueError when it is something else."""
    with open(path) as f:
        data = json.load(f)
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ValueError(f"{path} is no result of this grader ({SCHEMA})")
    return data


def exit_status(result):
    """0 full score, 1 graded with losses, 3 no verdict."""
    if result["status"] == "infra":
        return 3
    return 0 if result["status"] == "graded" and result["score"] == result["max"] else 1
