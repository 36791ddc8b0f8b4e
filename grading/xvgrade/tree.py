"""The pristine tree: which files a kernel is built from, whoever's kernel it is.

    a project tree        its own files (tracked, or new and not ignored): reference = pristine
    a handout             the commit that `make handout` made (tag "handout"), not the work tree: so a
                          student sees the score that staff will see, whatever else was changed

base/ is a mirror of it, kept between runs: only what changed is written, so make rebuilds only that.
Beside the tree's files it has the labs' user programs, as user/bin/NAME.c.
"""
import fnmatch
import io
import os
import subprocess
import tarfile
from pathlib import Path

from . import lab as labs
from .errors import Infra, LabError

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("kernel/", "user/", "mkfs/", "Makefile")
MARK = ".handout"


def is_handout(root):
    return (Path(root) / MARK).is_file()


def git(root, *args):
    done = subprocess.run(["git", "-C", str(root), *args], capture_output=True, timeout=120)
    return done.stdout if done.returncode == 0 else None


def pristine(root=ROOT):
    """{path: bytes} of all that a build needs."""
    root = Path(root)
    if is_handout(root):
        archive = git(root, "archive", "--format=tar", "handout")
        if archive is not None:
            with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                return {m.name: tar.extractfile(m).read() for m in tar if m.isfile() and wanted(m.name)}
    top = git(root, "rev-parse", "--show-toplevel")
    if top is not None and Path(top.decode().strip()).resolve() == root.resolve():
        listing = git(root, "ls-files", "-co", "--exclude-standard", "-z").decode()
        names = [n for n in listing.split("\0") if n]
    else:
        names = [str(p.relative_to(root)) for part in PARTS for p in
                 ([root / part] if not part.endswith("/") else (root / part).rglob("*"))]
    return {n: (root / n).read_bytes() for n in names if wanted(n) and (root / n).is_file()}


def wanted(name):
    return name.startswith(PARTS) and "__pycache__" not in name and not name.startswith("kernel/test/host/")


def programs(root=ROOT):
    """{user/bin/NAME.c: bytes}, and lab.h, for every program that a lab names."""
    root, found = Path(root), {}
    for name in labs.names(root):
        lab = labs.find(root, name)
        for program in lab.programs:
            places = [lab.folder / f"tests/{program}.c", root / f"grading/guest/{program}.c"]
            path = next((p for p in places if p.is_file()), None)
            if path is None:
                raise LabError(f"lab {name}: there is no program {program}.c in its tests/")
            if found.setdefault(f"user/bin/{program}.c", path) != path:
                raise LabError(f"lab {name}: another lab has a program {program} too")
    files = {name: path.read_bytes() for name, path in found.items()}
    files["user/lib/include/lab.h"] = (root / "grading/guest/lab.h").read_bytes()
    return files


def mirror(files, folder):
    """Makes folder hold exactly these files (build/ apart). Returns the number of changes."""
    folder, changes = Path(folder), 0
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        name = str(path.relative_to(folder))
        if not name.startswith("build/") and name not in files:
            path.unlink()
            changes += 1
    for name, data in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            changes += 1
        if data[:2] == b"#!":
            path.chmod(0o755)
    return changes


def matching(names, patterns):
    return [n for n in names if any(fnmatch.fnmatchcase(n, p) for p in patterns)]


def free_space(path):
    s = os.statvfs(path)
    if s.f_bavail * s.f_frsize < 300 << 20:
        raise Infra(f"less than 300 MiB free at {path}")
