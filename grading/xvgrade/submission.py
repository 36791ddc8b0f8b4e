"""Reads what somebody handed in, and takes only the files that the lab allows.

    directory (also a git work tree)   opened file by file, links refused at every step
    .tar .tar.gz .tgz .tar.xz .zip     read, never unpacked: nothing is written under a name it gives
    git bundle, bare repository        read by git, in the sandbox

Nothing else of a submission is looked at: no Makefile, no script, no .gdbinit. A hostile archive is
refused with the reason, before any of its contents is used.
"""
import fnmatch
import hashlib
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path

from . import sandbox
from .errors import Broken

MAX_MEMBERS = 5000
MAX_FILE = 1 << 20
MAX_TOTAL = 16 << 20   # of what is kept
MAX_UNPACKED = 256 << 20  # of what an archive claims
MAX_ARCHIVE = 64 << 20


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


def allowed(name, patterns):
    return any(fnmatch.fnmatchcase(name, p) for p in patterns)


def read(path, patterns):
    """The Submission at a path, whatever kind it is."""
    path = Path(path)
    if path.is_symlink() or not path.exists():
        raise Broken(f"{path.name}: there is no such submission")
    if path.is_dir():
        bare = (path / "HEAD").is_file() and (path / "objects").is_dir()
        names, kind = (read_git(path, patterns), "repository") if bare else (read_directory(path, patterns), "directory")
    else:
        if path.stat().st_size > MAX_ARCHIVE:
            raise Broken(f"the archive is larger than {MAX_ARCHIVE >> 20} MiB")
        names, kind = read_file(path, patterns)
    if sum(map(len, names.values())) > MAX_TOTAL:
        raise Broken(f"more than {MAX_TOTAL >> 20} MiB of files")
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(n, pattern) for n in names):
            raise Broken(f"{pattern} is missing in the submission")
    for name, data in names.items():
        if b"\0" in data:
            raise Broken(f"{name} is no text file")
    return Submission(names, kind)


def read_file(path, patterns):
    with open(path, "rb") as f:
        head = f.read(16)
    if head.startswith(b"# v2 git bundle") or head.startswith(b"# v3 git bundle"):
        return read_git(path, patterns), "bundle"
    if zipfile.is_zipfile(path):
        return read_zip(path, patterns), "zip"
    try:
        with tarfile.open(path) as tar:
            return read_tar(tar, patterns), "tar"
    except (tarfile.TarError, EOFError, OSError, zlib.error) as err:
        raise Broken(f"{path.name} is neither a directory nor a readable tar, zip or git bundle ({err})") from None


def check_name(name):
    """A member's name as a clean relative path."""
    if name.startswith("/") or "\\" in name or "\0" in name or ".." in name.split("/"):
        raise Broken(f"the archive names a file outside of itself: {name[:80]!r}")
    if len(name) > 400:
        raise Broken("the archive has a name of more than 400 characters")
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def strip_top(names, patterns):
    """{name in the tree: member}: members may lie below one folder (`handin/kernel/mm/x.c`)."""
    direct = {n: n for n in names if allowed(n, patterns)}
    if direct:
        return direct
    tops = {n.split("/")[0] for n in names if "/" in n and allowed(n.split("/", 1)[1], patterns)}
    if len(tops) > 1:
        raise Broken(f"the files lie in several folders: {', '.join(sorted(tops)[:4])}")
    return {n.split("/", 1)[1]: n for n in names
            if "/" in n and n.split("/")[0] in tops and allowed(n.split("/", 1)[1], patterns)}


def check_counts(members, total):
    if members > MAX_MEMBERS:
        raise Broken(f"the archive has more than {MAX_MEMBERS} files")
    if total > MAX_UNPACKED:
        raise Broken(f"the archive unpacks to more than {MAX_UNPACKED >> 20} MiB")


def read_tar(tar, patterns):
    members, total, names = 0, 0, {}
    for member in tar:
        members, total = members + 1, total + member.size
        check_counts(members, total)
        name = check_name(member.name)
        if member.issym() or member.islnk():
            raise Broken(f"the archive has a link: {name[:80]}")
        if not member.isfile() and not member.isdir():
            raise Broken(f"the archive has a device or another special file: {name[:80]}")
        if member.isfile():
            names[name] = member
    kept = strip_top(names, patterns)
    return {tree: limited(tar.extractfile(names[n]), tree) for tree, n in kept.items()}


def read_zip(path, patterns):
    try:
        with zipfile.ZipFile(path) as z:
            infos = z.infolist()
            check_counts(len(infos), sum(i.file_size for i in infos))
            names = {}
            for info in infos:
                name, mode = check_name(info.filename), info.external_attr >> 16
                if stat.S_ISLNK(mode):
                    raise Broken(f"the archive has a link: {name[:80]}")
                if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise Broken(f"the archive has a special file: {name[:80]}")
                if info.flag_bits & 1:
                    raise Broken("the archive is encrypted")
                if not info.is_dir():
                    names[name] = info
            return {tree: limited(z.open(names[n]), tree) for tree, n in strip_top(names, patterns).items()}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as err:
        raise Broken(f"the zip archive is damaged: {err}") from None


def limited(stream, name):
    """What the header says about a size is not believed."""
    with stream:
        data = stream.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise Broken(f"{name} is larger than {MAX_FILE >> 20} MiB")
    return data


def read_directory(path, patterns):
    """Every component is opened without following links, so nothing outside can be named."""
    names, seen = {}, 0
    tops = [""] if has_any(path, patterns) else [d for d in sorted(os.listdir(path)) if not d.startswith(".")]
    for top in tops:
        base = path / top
        if base.is_symlink() or not base.is_dir():
            continue
        for pattern in patterns:
            start = pattern.split("*")[0].rpartition("/")[0] if "*" in pattern else None
            found = [pattern] if start is None else list_below(base, start)
            for name in found:
                seen += 1
                check_counts(seen, 0)
                if fnmatch.fnmatchcase(name, pattern) and os.path.lexists(base / name):
                    names[name] = read_below(base, name)
        if names:
            return names
    return names


def has_any(path, patterns):
    return any(os.path.lexists(path / p.split("*")[0]) for p in patterns)


def list_below(base, start):
    for folder, dirs, files in os.walk(base / start):
        dirs[:] = [d for d in dirs if not os.path.islink(os.path.join(folder, d))]
        for file in files:
            yield os.path.relpath(os.path.join(folder, file), base)


def read_below(base, name):
    parts = name.split("/")
    fd = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
            os.close(fd)
            fd = inner
        file = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=fd)
    except OSError as err:
        raise Broken(f"{name} cannot be read, or is a link: {err.strerror}") from None
    finally:
        os.close(fd)
    with open(file, "rb") as f:
        if not stat.S_ISREG(os.fstat(f.fileno()).st_mode):
            raise Broken(f"{name} is no regular file")
        return limited(f, name)


def read_git(path, patterns):
    """HEAD of a bundle or bare repository. git runs in the sandbox: a repository's config is its author's."""
    folder = sandbox.private_folder("xvg-git-")
    try:
        if path.is_dir():
            path = path.resolve()
        else:
            data = path.read_bytes()
            (folder / "in.bundle").write_bytes(data)
        sandbox.give(folder)
        source = str(path) if path.is_dir() else str(folder / "in.bundle")
        git = ["git", "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null"]
        more = {"read": [path] if path.is_dir() else [], "write": [folder]}
        status, said = sandbox.run(git + ["clone", "-q", "--bare", "--no-local", "--depth=1", source, "repo"]
                                   if path.is_dir() else git + ["clone", "-q", "--bare", source, "repo"],
                                   60, folder, file_size=MAX_UNPACKED, **more)
        if status != 0:
            raise Broken(f"git cannot read the submission: {said.strip()[-200:]}")
        git += ["--git-dir=repo"]
        status, listing = sandbox.run(git + ["ls-tree", "-r", "-z", "--full-tree", "HEAD"], 60, folder, **more)
        if status != 0:
            raise Broken("the repository has no commit at HEAD")
        modes = {}
        for row in filter(None, listing.split("\0")):
            head, _, name = row.partition("\t")
            modes[check_name(name)] = head.split()
        check_counts(len(modes), 0)
        files = {}
        for tree, name in strip_top(modes, patterns).items():
            if modes[name][0] not in ("100644", "100755"):
                raise Broken(f"{tree} is a link or a submodule in the repository")
            status, text = sandbox.run(git + ["cat-file", "blob", modes[name][2]], 60, folder, **more)
            if status != 0 or len(text) > MAX_FILE:
                raise Broken(f"{tree} cannot be read from the repository, or is larger than 1 MiB")
            files[tree] = text.encode()
        return files
    finally:
        shutil.rmtree(folder, ignore_errors=True)
