"""Reads an archive or a git repository that a stranger made. Runs as a program of its own, in the sandbox:
memory, time and what it can reach are bounded there, and a parser that is led astray hurts nobody.

    python3 -I unpack.py FILE PATTERN...    prints {"files": {name: base64}, "kind", "notes"} or {"broken": words}

Nothing is ever written under a name that an archive gives, and of its contents only files that the lab
allows are kept. The whole is refused for what no honest archive has: links, devices, names that lead
outside, one name twice (or in two spellings), too many or too large members.
"""
import base64
import contextlib
import fnmatch
import json
import lzma
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import PurePosixPath

MAX_MEMBERS = 5000
MAX_FILE = 1 << 20
MAX_TOTAL = 16 << 20  # of what is kept
MAX_UNPACKED = 256 << 20  # of what an archive claims
MAX_NAME = 400
ZSTD, GZIP, XZ, BZIP2 = b"\x28\xb5\x2f\xfd", b"\x1f\x8b", b"\xfd7zXZ", b"BZh"
BUNDLES = (b"# v2 git bundle", b"# v3 git bundle")


class Refused(Exception):
    """Why, in words for the student."""


def shown(name):
    """A stranger's name in a message: short, and without escapes."""
    return ascii(name if len(name) <= 80 else name[:77] + "...")


# ---- names


def check_name(name):
    """A member's name as a clean relative path."""
    if len(name) > MAX_NAME:
        raise Refused(f"the archive has a name of more than {MAX_NAME} characters")
    if "\\" in name:
        raise Refused(f"the archive has a name with a backslash: {shown(name)}")
    if name.startswith("/") or "\0" in name or ".." in name.split("/"):
        raise Refused(f"the archive names a file outside of itself: {shown(name)}")
    return "/".join(part for part in name.split("/") if part not in ("", "."))


class Names:
    """Counts members, and refuses a name that is there already, also in other letters."""

    def __init__(self):
        self.members = self.total = 0
        self.seen = {}

    def count(self, size):
        self.members, self.total = self.members + 1, self.total + size
        if self.members > MAX_MEMBERS:
            raise Refused(f"the archive has more than {MAX_MEMBERS} files")
        if self.total > MAX_UNPACKED:
            raise Refused(f"the archive unpacks to more than {MAX_UNPACKED >> 20} MiB")

    def file(self, name):
        other = self.seen.get(name.casefold())
        if other == name:
            raise Refused(f"the archive has a file twice: {shown(name)}")
        if other is not None:
            raise Refused(f"the archive has a file in two spellings: {shown(other)}, {shown(name)}")
        self.seen[name.casefold()] = name


def allowed(name, patterns):
    return not name.rpartition("/")[2].startswith(".") and any(fnmatch.fnmatchcase(name, p) for p in patterns)


def below_top(name):
    return name.split("/", 1)[1] if "/" in name else ""


def flat(patterns):
    """{file name: path in the tree} of the patterns that name one file."""
    return {p.rpartition("/")[2]: p for p in patterns if not set("*?[") & set(p)}


def candidate(name, patterns):
    """Could place() want it?"""
    return (allowed(name, patterns) or allowed(below_top(name), patterns)
            or (name.count("/") < 2 and name.rpartition("/")[2] in flat(patterns)))


def place(names, patterns):
    """({path in the tree: member}, notes). Files lie where the tree has them (kernel/mm/x.c), or so below
    one folder (handin/kernel/mm/x.c), or bare (x.c, handin/x.c), as a web form makes of them."""
    direct = {n: n for n in names if allowed(n, patterns)}
    if direct:
        return direct, []
    tops = {n.split("/")[0] for n in names if allowed(below_top(n), patterns)}
    if len(tops) > 1:
        raise Refused("the files lie in several folders: " + ", ".join(map(shown, sorted(tops)[:4])))
    if tops:
        return {below_top(n): n for n in names if n.split("/")[0] in tops and allowed(below_top(n), patterns)}, []
    bare, paths = {}, flat(patterns)
    for n in names:
        path = paths.get(n.rpartition("/")[2])
        if path and n.count("/") < 2:
            if path in bare:
                raise Refused(f"the files lie in several folders: {shown(bare[path])}, {shown(n)}")
            bare[path] = n
    return bare, [f"{shown(n)} was taken as {path}" for path, n in sorted(bare.items())]


def missing(pattern, names):
    """Words for a file that is not there, with what there is instead."""
    words = f"{pattern} is missing in the submission"
    wanted = pattern.rpartition("/")[2].casefold()
    near = [n for n in names if n.rpartition("/")[2].casefold() == wanted]
    inner = [n for n in names if re.search(r"\.(tar|tgz|zip|gz|xz|zst|bz2|7z|rar|bundle)$", n)]
    if near:
        return f"{words}; there is {shown(near[0])} (place and letters must be the same)"
    if inner and len(names) < 10:
        return f"{words}; there is another archive in it, {shown(inner[0])}: hand in that one"
    return words


# ---- kinds


def kept(stream, name, limit=MAX_FILE):
    """What a header says about a size is not believed."""
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise Refused(f"{shown(name)} is larger than {limit >> 20} MiB")
    return data


def check_present(files, patterns, names):
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(n, pattern) for n in files):
            raise Refused(missing(pattern, names))


def check_files(files, patterns):
    """Sizes and kind of what was taken."""
    if sum(map(len, files.values())) > MAX_TOTAL:
        raise Refused(f"more than {MAX_TOTAL >> 20} MiB of files")
    check_present(files, patterns, files)
    for name, data in files.items():
        if b"\0" in data:
            raise Refused(f"{shown(name)} is no text file")


def need(tool):
    """The host's fault and not the student's."""
    if not shutil.which(tool):
        sys.exit(f"{tool} is not installed: make setup")


@contextlib.contextmanager
def opened_tar(path, head):
    """Read as a stream, once and forward: nothing is unpacked to be skipped."""
    if not head.startswith(ZSTD):
        with tarfile.open(path, "r|*") as tar:
            yield tar
        return
    need("zstd")
    with open(path, "rb") as f:
        proc = subprocess.Popen(["zstd", "-dcq", "--memory=128MiB"], stdin=f, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL)
    try:
        with tarfile.open(fileobj=proc.stdout, mode="r|") as tar:
            yield tar
    finally:
        proc.kill()
        proc.wait()


def read_tar(path, head, patterns):
    names, data = Names(), {}
    with opened_tar(path, head) as tar:
        for member in tar:
            names.count(member.size)
            name = check_name(member.name)
            if member.issym() or member.islnk():
                raise Refused(f"the archive has a link: {shown(name)}")
            if not member.isfile() and not member.isdir():
                raise Refused(f"the archive has a device or another special file: {shown(name)}")
            if member.isfile():
                names.file(name)
                data[name] = kept(tar.extractfile(member), name) if candidate(name, patterns) else None
            tar.members = []  # a list that nobody reads
    where, notes = place(data, patterns)
    return {tree: data[n] for tree, n in where.items()}, notes, list(data)


def read_zip(path, patterns):
    names, infos = Names(), {}
    with zipfile.ZipFile(path) as z:
        for info in z.infolist():
            names.count(info.file_size)
            name, mode = check_name(info.filename), info.external_attr >> 16
            if stat.S_ISLNK(mode):
                raise Refused(f"the archive has a link: {shown(name)}")
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise Refused(f"the archive has a device or another special file: {shown(name)}")
            if info.flag_bits & 1:
                raise Refused("the archive is encrypted")
            if not info.is_dir():
                names.file(name)
                infos[name] = info
        where, notes = place(infos, patterns)
        return {tree: kept(z.open(infos[n]), n) for tree, n in where.items()}, notes, list(infos)


GIT = ["git", "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"]


def git(words, limit):
    """At most `limit` bytes of what git says; None when it fails."""
    proc = subprocess.Popen([*GIT, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    data = proc.stdout.read(limit + 1)
    if len(data) > limit:
        proc.kill()
    proc.stdout.close()
    if proc.wait() != 0 and len(data) <= limit:
        return None
    return data


def read_git(path, patterns):
    """HEAD of a bundle or bare repository: trees and blobs are read, nothing is checked out, so that no
    filter, hook or submodule of its author has a part in it."""
    need("git")
    if git(["clone", "-q", "--bare", "--no-local", str(path), "repo"], 1000) is None:
        raise Refused("git cannot read the submission (a bundle needs HEAD: git bundle create x.bundle HEAD)")
    listing = git(["--git-dir=repo", "ls-tree", "-r", "-z", "--full-tree", "HEAD"], MAX_MEMBERS * (MAX_NAME + 60))
    if listing is None:
        raise Refused("the repository has no commit at HEAD")
    names, modes = Names(), {}
    for row in filter(None, listing.decode(errors="replace").split("\0")):
        head, _, name = row.partition("\t")
        names.count(0)
        name = check_name(name)
        names.file(name)
        modes[name] = head.split()
    where, notes = place(modes, patterns)
    files = {}
    for tree, name in where.items():
        if modes[name][0] not in ("100644", "100755"):
            raise Refused(f"{tree} is a link or a submodule in the repository")
        data = git(["--git-dir=repo", "cat-file", "blob", modes[name][2]], MAX_FILE)
        if data is None or len(data) > MAX_FILE:
            raise Refused(f"{tree} cannot be read from the repository, or is larger than {MAX_FILE >> 20} MiB")
        files[tree] = data
    return files, notes, list(modes)


def read(path, patterns):
    """({path in the tree: bytes}, kind, notes)"""
    if PurePosixPath(path).suffix == ".git":
        (files, notes, names), kind = read_git(path, patterns), "repository"
    else:
        with open(path, "rb") as f:
            head = f.read(16)
        if head.startswith(BUNDLES):
            (files, notes, names), kind = read_git(path, patterns), "bundle"
        elif zipfile.is_zipfile(path):
            (files, notes, names), kind = read_zip(path, patterns), "zip"
        else:
            (files, notes, names), kind = read_tar(path, head, patterns), "tar"
    check_present(files, patterns, names)
    check_files(files, patterns)
    return files, kind, notes


def main(path, patterns):
    try:
        files, kind, notes = read(path, patterns)
        said = {"files": {n: base64.b64encode(d).decode() for n, d in files.items()}, "kind": kind, "notes": notes}
    except Refused as err:
        said = {"broken": str(err)}
    except (MemoryError, RecursionError):
        said = {"broken": "the archive takes too much memory to read"}
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError,
            OSError, ValueError) as err:
        said = {"broken": f"neither a directory nor a readable tar, zip or git bundle ({ascii(str(err))[1:-1][:200]})"}
    print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
