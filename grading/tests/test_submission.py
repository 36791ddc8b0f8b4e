"""Submissions of every kind, and hostile ones: each is refused with words, and nothing outside is read."""
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from xvgrade import submission  # noqa: E402
from xvgrade.errors import Broken  # noqa: E402

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

    def test_git(self):
        folder = self.tree()
        for words in (["init", "-q", "-b", "main"], ["add", "-A"],
                      ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x"],
                      ["bundle", "create", "-q", "../s.bundle", "HEAD", "main"], ["clone", "-q", "--bare", ".", "../r.git"]):
            subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)
        self.dir.chmod(0o755)
        self.good(self.dir / "s.bundle", "bundle")
        self.good(self.dir / "r.git", "repository")

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


if __name__ == "__main__":
    unittest.main()
