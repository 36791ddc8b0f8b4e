"""Submissions of every kind, and hostile ones: each is refused with words, and nothing outside is read."""
import gzip
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from xvgrade import sandbox, submission  # noqa: E402
from xvgrade.errors import Broken, Infra  # noqa: E402

NAME, TEXT = "kernel/mm/buddy.c", b"int x;\n"
ALLOWED = [NAME]


def member(name, data=TEXT, **fields):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


class Submissions(unittest.TestCase):
    def setUp(self):
        self.temp = tempfile.TemporaryDirectory()
        self.dir = Path(self.temp.name)

    def tearDown(self):
        self.temp.cleanup()

    def tar(self, *members, mode="w:gz"):
        path = self.dir / "s.tar.gz"
        with tarfile.open(path, mode) as tar:
            for info, data in members:
                tar.addfile(info, io.BytesIO(data))
        return path

    def zip(self, rows):
        path = self.dir / "s.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
            for info, data in rows:
                z.writestr(info, data)
        return path

    def tree(self, where="d"):
        path = self.dir / where / NAME
        path.parent.mkdir(parents=True)
        path.write_bytes(TEXT)
        return self.dir / where

    def good(self, path, kind):
        got = submission.read(path, ALLOWED)
        self.assertEqual((got.files, got.kind), ({NAME: TEXT}, kind))

    def refused(self, path, words):
        with self.assertRaisesRegex(Broken, words):
            submission.read(path, ALLOWED)

    def test_kinds(self):
        folder = self.tree()
        (folder / "Makefile").write_text("all:\n")
        self.good(folder, "directory")
        self.good(self.tar(member(NAME), member("Makefile")), "tar")
        self.good(self.tar(member("alice/" + NAME)), "tar")
        self.good(self.zip([("top/" + NAME, TEXT)]), "zip")

    def test_compressed(self):
        for mode in ("w:gz", "w:xz", "w:bz2", "w:"):
            self.good(self.tar(member(NAME), mode=mode), "tar")
        path = self.tar(member(NAME), mode="w:")
        subprocess.run(["zstd", "-q", str(path), "-o", str(self.dir / "s.tar.zst")], check=True)
        self.good(self.dir / "s.tar.zst", "tar")

    def test_bare_files(self):
        """What a web form makes of a file that is dropped on it."""
        for where in ("flat", "flat/one"):
            (self.dir / where).mkdir()
            (self.dir / where / "buddy.c").write_bytes(TEXT)
            self.good(self.dir / where, "directory")
            self.assertIn("buddy.c' was taken as " + NAME, " ".join(submission.read(self.dir / "flat", ALLOWED).notes))
            self.good(self.tar(member("handin/buddy.c")), "tar")
            self.good(self.dir / where / "buddy.c", "file")
            (self.dir / where / "buddy.c").unlink()

    # ---- git

    def git(self, folder, *words, text=None):
        who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
        done = subprocess.run(["git", *who, "-C", str(folder), *words], check=True, capture_output=True,
                              input=text.encode() if text else None)
        return done.stdout.decode().strip()

    def repository(self, rows=None, where="r"):
        """A bare repository whose HEAD has rows of `git mktree`, or a folder with the file."""
        folder = self.tree(where + "-work")
        self.git(folder, "init", "-q")
        self.git(folder, "add", "-A")
        if rows is None:
            tree = self.git(folder, "write-tree")
        else:
            blob = self.git(folder, "hash-object", "-w", "--stdin", text="/etc/passwd")
            tree = self.git(folder, "mktree", "--missing", text=rows.replace("BLOB", blob))
            for part in reversed(NAME.split("/")[:-1]):
                tree = self.git(folder, "mktree", text=f"040000 tree {tree}\t{part}\n")
        commit = self.git(folder, "commit-tree", "-m", "x", tree)
        self.git(folder, "update-ref", "refs/heads/main", commit)
        self.git(folder, "clone", "-q", "--bare", ".", f"../{where}")
        return self.dir / where

    def test_git(self):
        path = self.repository()
        self.good(path, "repository")
        self.git(path, "bundle", "create", "-q", "../s.bundle", "HEAD", "main")
        self.good(self.dir / "s.bundle", "bundle")
        self.dir.chmod(0o700)
        self.good(self.dir / "s.bundle", "bundle")  # the sandboxed user need not reach the place

    def test_git_runs_nothing(self):
        """Hooks, filters and commands of a repository's config are its author's."""
        path, mark = self.repository(), self.dir / "ran"
        hook = f"#!/bin/sh\ntouch {mark}\n"
        for name in ("post-checkout", "pre-upload-pack", "post-upload-pack"):
            (path / "hooks").mkdir(exist_ok=True)
            (path / "hooks" / name).write_text(hook)
            (path / "hooks" / name).chmod(0o755)
        with open(path / "config", "a") as f:
            f.write(f'[core]\n fsmonitor = "touch {mark}"\n pager = "touch {mark}"\n sshCommand = "touch {mark}"\n'
                    f'[uploadpack]\n packObjectsHook = "touch {mark}"\n[alias]\n cat-file = "!touch {mark}"\n'
                    f'[filter "x"]\n smudge = "touch {mark}"\n[include]\n path = /etc/shadow\n')
        (path / "info").mkdir(exist_ok=True)
        (path / "info/attributes").write_text("* filter=x\n")
        self.dir.chmod(0o777)
        try:
            submission.read(path, ALLOWED)
        except Broken:
            pass
        self.assertFalse(mark.exists())

    def test_git_links(self):
        self.refused(self.repository("120000 blob BLOB\tbuddy.c\n"), "link or a submodule")
        self.refused(self.repository(f"160000 commit {'1' * 40}\tbuddy.c\n", "sub"), "link or a submodule")
        self.refused(self.repository(f"100644 blob {'1' * 40}\tbuddy.c\n", "gone"), "cannot be read|git cannot")

    def test_git_borrows(self):
        path = self.repository()
        (path / "objects/info/alternates").write_text("/somebody/else/objects\n")
        self.refused(path, "borrows")

    def test_git_many(self):
        self.refused(self.repository("".join(f"100644 blob BLOB\tf{i}\n" for i in range(10_000))), "more than 5000 files")

    def test_git_bomb(self):
        """Ten names of one tree of ten names of one tree ...: more files than atoms, in some hundred bytes."""
        folder = self.tree("bomb")
        self.git(folder, "init", "-q", "--bare", "b")
        row = f"100644 blob {self.git(folder / 'b', 'hash-object', '-w', '--stdin', text='x')}"
        for _ in range(12):
            tree = self.git(folder / "b", "mktree", text="".join(f"{row}\tf{i}\n" for i in range(10)))
            row = f"040000 tree {tree}"
        self.git(folder / "b", "update-ref", "refs/heads/main", self.git(folder / "b", "commit-tree", "-m", "x", tree))
        self.refused(folder / "b", "more than 5000 files")

    # ---- hostile archives

    def test_twice(self):
        self.refused(self.tar(member(NAME), member(NAME)), "twice")
        self.refused(self.tar(member(NAME), member("./" + NAME)), "twice")
        with self.assertWarns(UserWarning):
            path = self.zip([(NAME, TEXT), (NAME, b"other\n")])
        self.refused(path, "twice")

    def test_letters(self):
        self.refused(self.tar(member(NAME), member("kernel/mm/Buddy.c")), "two spellings")
        self.refused(self.zip([(NAME, TEXT), (NAME.upper(), TEXT)]), "two spellings")
        self.refused(self.tar(member("kernel/mm/BUDDY.C")), "there is 'kernel/mm/BUDDY.C'")

    def test_long_names(self):
        self.refused(self.tar(member(NAME), member("x" * 5000)), "name of more than 400")
        self.refused(self.tar(member(NAME), member("a/" * 300 + "x")), "name of more than 400")
        self.refused(self.zip([(NAME, TEXT), ("x" * 5000, TEXT)]), "name of more than 400")

    def test_names_of_other_systems(self):
        self.refused(self.tar(member(NAME), member("C:\\kernel\\x.c")), "backslash")

    def test_names_do_not_speak_to_terminals(self):
        path = self.tar(member(NAME, b"", type=tarfile.SYMTYPE, linkname="x"),
                        member("\033[2J\033]0;owned\007", b"", type=tarfile.SYMTYPE, linkname="x"))
        self.refused(path, "link: 'kernel")
        path = self.tar(member("\033[2J", b"", type=tarfile.SYMTYPE, linkname="x"))
        with self.assertRaises(Broken) as caught:
            submission.read(path, ALLOWED)
        self.assertNotIn("\033", str(caught.exception))

    def test_nested(self):
        self.refused(self.tar(member("inner.tar.gz", self.tar(member(NAME)).read_bytes())), "another archive")

    def test_header_bomb(self):
        """A header of 2 GiB in 2 MiB: the reader would keep it in memory."""
        header = tarfile.TarInfo("x")
        header.type, header.size = tarfile.XHDTYPE, 2 << 30
        path = self.dir / "s.tar.gz"
        with gzip.open(path, "wb", 1) as f:
            f.write(header.tobuf(tarfile.USTAR_FORMAT))
            for _ in range(2048):
                f.write(bytes(1 << 20))
        self.refused(path, "too much|neither")

    def test_slow_header(self):
        """Lines that Python's reader of old tar headers takes a quadratic time for, or that it refuses."""
        data = b"1" * 200_000 + b" " + b"=" * 200_000
        path = self.tar(member("x", data, type=tarfile.XHDTYPE), member(NAME), mode="w:")
        try:
            submission.read(path, ALLOWED)
        except Broken:
            pass

    def test_answer(self):
        """Whose fault it is when the reader gives no answer."""
        for status in (None, 137, -9):
            with self.assertRaises(Broken):
                submission.answer(status, b"")
        for status in (1, 127):
            with self.assertRaises(Infra):
                submission.answer(status, b"no such program")

    def test_missing_file(self):
        self.refused(self.tar(member("other.c")), "kernel/mm/buddy.c is missing")

    def test_names_outside(self):
        for name in ("../" + NAME, "/" + NAME, "a/../../" + NAME):
            self.refused(self.tar(member(NAME), member(name)), "outside")
            self.refused(self.zip([(NAME, TEXT), (name, TEXT)]), "outside")

    def test_links_and_devices(self):
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            self.refused(self.tar(member(NAME, b"", type=kind, linkname="/etc/passwd")), "link")
        for kind in (tarfile.CHRTYPE, tarfile.FIFOTYPE):
            self.refused(self.tar(member(NAME, b"", type=kind)), "device")
        info = zipfile.ZipInfo(NAME)
        info.external_attr = 0o120777 << 16
        self.refused(self.zip([(info, b"/etc/passwd")]), "link")

    def test_links_in_directories(self):
        folder = self.tree()
        (folder / NAME).unlink()
        os.symlink("/etc/passwd", folder / NAME)
        self.refused(folder, "link")
        (folder / NAME).unlink()
        (folder / "kernel/mm").rmdir()
        os.symlink("/etc", folder / "kernel/mm")
        self.refused(folder, "missing|link")

    def test_fifo_in_directory(self):
        folder = self.tree()
        (folder / NAME).unlink()
        os.mkfifo(folder / NAME)
        self.refused(folder, "no regular file|cannot be read")

    def test_too_many(self):
        self.refused(self.tar(*[member(f"f{i}", b"") for i in range(10_000)]), "more than 5000 files")
        self.refused(self.zip([(f"f{i}", b"") for i in range(10_000)]), "more than 5000 files")

    def test_bombs(self):
        self.refused(self.zip([(NAME, b"\n" * (300 << 20))]), "more than 256 MiB")
        self.refused(self.zip([(NAME, b"\n" * (3 << 20))]), "larger than 1 MiB")
        self.refused(self.tar(member(NAME, b"\n" * (3 << 20))), "larger than 1 MiB")

    def test_damaged(self):
        path = self.dir / "s.tar.gz"
        for data in (b"", b"PK\x03\x04 no zip", b"\x1f\x8b\x08 no gzip", b"# v2 git bundle\nnonsense\n\n"):
            path.write_bytes(data)
            self.refused(path, "neither|damaged|git cannot read")

    def test_truncated(self):
        path = self.tar(member(NAME, os.urandom(100_000).hex().encode()))
        path.write_bytes(path.read_bytes()[:2000])
        self.refused(path, "neither")

    def test_binary(self):
        self.refused(self.tar(member(NAME, b"\x7fELF\0")), "no text file")

    def test_two_folders(self):
        self.refused(self.tar(member("a/" + NAME), member("b/" + NAME)), "several folders")


class Sandbox(unittest.TestCase):
    def run_shell(self, text, **kwargs):
        with tempfile.TemporaryDirectory() as folder:
            sandbox.give(folder)
            return sandbox.run(["sh", "-c", text], kwargs.pop("timeout", 20), folder, **kwargs)

    def test_nothing_in_sight(self):
        """What a compiler can be told to read: .incbin and #include take any path."""
        if sandbox.level() != "bwrap":
            self.skipTest("only bubblewrap hides files")
        here = Path(__file__).resolve()
        places = f"{here} {here.parents[2] / 'labs'} /root /home /etc/passwd /etc/shadow /var /sys"
        status, said = self.run_shell(f"for p in {places}; do test -e $p && echo sees $p; done; ls -d /proc/[0-9]* | wc -l;"
                                      " tr '\\0' '\\n' </proc/self/environ; cat /proc/net/dev; grep -o 'processes *[0-9]*' /proc/self/limits; touch /usr/x")
        text = said.decode()
        self.assertNotIn("sees", text)
        lines = text.split("\n")
        self.assertLess(int(lines[0]), 8)
        names = {line.partition("=")[0] for line in lines if "=" in line}
        self.assertLessEqual(names, {"PATH", "HOME", "LC_ALL", "PWD", "OLDPWD", "SHLVL", "_"})
        self.assertEqual([line.split(":")[0].strip() for line in lines if ":" in line and "lo" in line.split(":")[0]], ["lo"])
        self.assertNotIn("eth", text)
        self.assertRegex(text, r"processes +400\b")
        self.assertIn("Read-only", text)

    def test_output_has_an_end(self):
        status, said = self.run_shell("while :; do echo more and more; done", output_limit=100_000)
        self.assertIsNone(status)
        self.assertLess(len(said), 200_000)
        self.assertIn(b"ended: more than 97 KiB of output", said)

    def test_time_has_an_end(self):
        for text in ("sleep 30", "exec >/dev/null 2>&1; sleep 30"):
            started = time.monotonic()
            status, said = self.run_shell(text, timeout=1)
            self.assertIsNone(status)
            self.assertIn(b"ended: more than 1 s", said)
            self.assertLess(time.monotonic() - started, 10)

    def test_bytes_come_as_they_are(self):
        self.assertEqual(self.run_shell("printf 'a\\377b'; exit 3"), (3, b"a\377b"))


if __name__ == "__main__":
    unittest.main()
