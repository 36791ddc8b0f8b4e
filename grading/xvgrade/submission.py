"""Takes what somebody handed in, and of it only the files that the lab allows.

    directory (also a git work tree)             opened file by file, links refused at every step
    .tar .tar.gz .tar.xz .tar.zst .zip           read by unpack.py in the sandbox, never unpacked to the disk
    git bundle, bare repository                  the same; nothing is checked out
    x.c                                          a file alone, when the lab wants a file of that name

Nothing else of a submission is looked at: no Makefile, no script, no .gdbinit. What no honest
submission has is refused with the reason, before any of its contents is used.
"""
import base64
import hashlib
import json
import os
import shutil
import stat
import sys
from pathlib import Path

from . import sandbox, unpack
from .errors import Broken, Infra

MAX_ARCHIVE = 64 << 20
MAX_LISTED = 20_000  # files of a directory
READ_SECONDS = 60
UNPACK = Path(unpack.__file__)


class Submission:
    """files: {path in the tree: bytes}; notes: remarks for the student."""

    def __init__(self, files, kind, notes=()):
        self.files, self.kind, self.notes = files, kind, list(notes)

    @property
    def digest(self):
        h = hashlib.sha256()
        for name in sorted(self.files):
            h.update(f"{name}\0{len(self.files[name])}\0".encode() + self.files[name])
        return h.hexdigest()


def is_bare(path):
    return (path / "HEAD").is_file() and (path / "objects").is_dir()


def read(path, patterns):
    """The Submission at a path, whatever kind it is."""
    path = Path(path)
    if path.is_symlink() or not path.exists():
        raise Broken(f"there is no such submission: {unpack.shown(path.name)}")
    bare = is_bare(path)
    try:
        if path.is_dir() and not bare:
            files, kind, notes = read_directory(path, patterns)
        elif not bare and path.name in unpack.flat(patterns):
            files, kind, notes = {unpack.flat(patterns)[path.name]: read_below(path.parent, path.name)}, "file", []
        else:
            files, kind, notes = read_apart(path, patterns)
        unpack.check_files(files, patterns)
    except unpack.Refused as err:
        raise Broken(str(err)) from None
    return Submission(files, kind, notes)


# ---- archives and repositories: in the sandbox


def python():
    """(command, folders it needs): a Python that the sandboxed user can start too."""
    system = Path("/usr/bin/python3")
    return (str(system), []) if system.exists() else (sys.executable, [sys.base_prefix])


def read_apart(path, patterns):
    """unpack.py on a copy, with nothing else in reach."""
    folder = sandbox.private_folder("xvg-in-")
    try:
        name = folder / ("in.git" if path.is_dir() else "in")
        copy_repository(path, name) if path.is_dir() else copy_archive(path, name)
        shutil.copy(UNPACK, folder)
        sandbox.give(folder)
        command, seen = python()
        status, said = sandbox.run([command, "-I", "-B", str(folder / UNPACK.name), str(name), *patterns],
                                   READ_SECONDS, folder, output_limit=2 * unpack.MAX_TOTAL, read=seen, write=[folder],
                                   cpu_seconds=READ_SECONDS, memory=1 << 30, file_size=unpack.MAX_UNPACKED)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return answer(status, said)


def answer(status, said):
    """What unpack.py printed. When it was ended from outside, the archive is to blame; when it could not
    begin, the host is."""
    try:
        found = json.loads(said) if status == 0 else None
    except ValueError:
        found = None
    if found is None:
        if status is None or status > 128 or status < 0:
            raise Broken("the archive takes too much time or memory to read")
        raise Infra(f"unpack.py fails: {said.decode(errors='replace').strip()[-600:]}")
    if "broken" in found:
        raise Broken(found["broken"])
    return {n: base64.b64decode(d) for n, d in found["files"].items()}, found["kind"], found["notes"]


def copy_archive(path, to):
    if not path.is_file() or path.stat().st_size > MAX_ARCHIVE:
        raise Broken(f"no regular file, or larger than {MAX_ARCHIVE >> 20} MiB: {unpack.shown(path.name)}")
    shutil.copyfile(path, to)


def copy_repository(path, to):
    """Its regular files: without links, and without the lists of other repositories' objects."""
    total = 0
    for name in list_directory(path):
        total += os.lstat(path / name).st_size
        if total > MAX_ARCHIVE:
            raise Broken(f"the repository is larger than {MAX_ARCHIVE >> 20} MiB")
        if name.startswith("objects/info/") and name.endswith("alternates"):
            raise Broken("the repository borrows the objects of another one (objects/info/alternates)")
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).write_bytes(read_below(path, name, MAX_ARCHIVE))
    for name in ("objects", "refs"):
        (to / name).mkdir(exist_ok=True)


# ---- directories


def list_directory(path):
    """Names of all files. Links to folders are not followed; links to files are in the list, and refused
    when they are wanted."""
    found = []
    for folder, dirs, files in os.walk(path):
        below = os.path.relpath(folder, path)
        dirs[:] = [d for d in dirs if d != ".git" and (below, d) != (".", "build")]
        found += files if below == "." else [f"{below}/{name}" for name in files]
        if len(found) > MAX_LISTED:
            raise Broken(f"the directory has more than {MAX_LISTED} files")
    return found


def read_directory(path, patterns):
    names = list_directory(path)
    where, notes = unpack.place(names, patterns)
    files = {tree: read_below(path, name) for tree, name in where.items()}
    unpack.check_present(files, patterns, names)
    return files, "directory", notes


def read_below(base, name, limit=unpack.MAX_FILE):
    """Every component is opened without following links, so nothing outside can be named."""
    parts = name.split("/")
    fd = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
            os.close(fd)
            fd = inner
        file = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=fd)
    except OSError as err:
        raise Broken(f"{unpack.shown(name)} cannot be read, or is a link: {err.strerror}") from None
    finally:
        os.close(fd)
    with open(file, "rb") as f:
        if not stat.S_ISREG(os.fstat(f.fileno()).st_mode):
            raise Broken(f"{unpack.shown(name)} is no regular file")
        return unpack.kept(f, name, limit)
