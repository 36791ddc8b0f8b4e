"""From files to kernels.

    Base    the pristine tree, built by us without any student's code: its objects, the root image with the
            labs' programs, and layout.json. One for all labs, in build/grade/base.
    Built   one submission: objects of Base, less those that the lab's files make, plus the submission's
            files, linked in the sandbox. A few seconds instead of a whole build.

What a submission's build can see: the tools, kernel sources without the reference of the lab's files, and
objects without theirs. The linker keeps what nothing calls (KEEP=1): judges may. No tests, no image, no other submission. No student's program runs on the host:
the only things that run are the compiler and the linker, on files with allow-listed names.
"""
import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from . import sandbox, tree
from .elf import Elf
from .errors import Broken, Infra
from .machine import WALL_SECONDS
from .source import GDB_TOOLS, Layout

TAGS = ("pt_cursor page zone pcp thread process mm vma file trapframe slab_cache slab_cpu magazine mutex rwsem rwsem_waiter "
        "inode mapping bio slots enum:page_flag enum:thread_state enum:lockrank enum:mm_stat")
IMAGE_SIZE = "24M"
BUILD_SECONDS = 240
LOG_LINES = 60


def make_environment():
    """Ours without what an outer make hands down: its T= or V= are not for this build."""
    drop = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "LAB", "T", "V", "CMD", "BUILD", "KASAN",
            "UBSAN", "DEBUG", "LLVM")
    return {k: v for k, v in os.environ.items() if k not in drop}


def find_gdb():
    found = next(filter(None, map(shutil.which, ("gdb-multiarch", "riscv64-unknown-elf-gdb", "riscv64-elf-gdb"))), None)
    if not found:
        raise Infra("no GDB for RISC-V: make setup (apt-get install gdb-multiarch)")
    return found


class Base:
    def __init__(self, root=tree.ROOT):
        self.root = Path(root)
        self.home = self.root / "build/grade"
        self.tree = self.home / "base"
        self.kernel = self.tree / "build/kernel.elf"
        self.image = self.tree / "build/root.img"
        self.layout_file = self.home / "layout.json"
        self.layout = None
        self.elfs = {}

    def prepare(self, say=lambda text: None):
        """Builds what is not up to date. Several graders may come at once: one builds, others wait."""
        self.tree.mkdir(parents=True, exist_ok=True)
        tree.free_space(self.home)
        sandbox.sweep()
        with open(self.home / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.files = tree.pristine(self.root)
            changes = tree.mirror({**self.files, **tree.programs(self.root)}, self.tree)
            if changes or not self.image.is_file():
                say("building the pristine kernel and the tests' programs")
            self.make()
            self.export_layout()
        self.layout = Layout(self.layout_file)
        return self

    def make(self):
        done = subprocess.run(["make", "-s", "-j2", "KEEP=1", f"ROOTFS_SIZE={IMAGE_SIZE}", "all"], cwd=self.tree,
                              capture_output=True, text=True, env=make_environment(), timeout=1200)
        if done.returncode != 0:
            raise Infra("the pristine tree does not build:\n" + (done.stdout + done.stderr)[-2000:])

    def export_layout(self):
        """By GDB, when the kernel is newer than what is there."""
        mark = self.home / "layout.sum"
        digest = hashlib.sha256(self.kernel.read_bytes() + TAGS.encode()).hexdigest()
        if self.layout_file.is_file() and mark.is_file() and mark.read_text() == digest:
            return
        here = Path(__file__).resolve().parent
        env = {**os.environ, "XV_TOOLS": str(GDB_TOOLS), "XV_GRADING": str(here.parent), "XV_TAGS": TAGS,
               "XV_LAYOUT": str(self.layout_file)}
        self.layout_file.unlink(missing_ok=True)
        done = subprocess.run([find_gdb(), "-nx", "-batch", "-x", str(here / "layout_gdb.py"), str(self.kernel)],
                              capture_output=True, text=True, env=env, timeout=120)
        if not self.layout_file.is_file():
            raise Infra("GDB does not tell the kernel's types:\n" + (done.stdout + done.stderr)[-1000:])
        mark.write_text(digest)

    @functools.cached_property
    def elf(self):
        return Elf(self.kernel)

    def program(self, name):
        """The Elf, with symbols, of a pristine user program."""
        if name not in self.elfs:
            self.elfs[name] = Elf(self.tree / f"build/user/sym/{name}")
        return self.elfs[name]


class Built:
    """ok says whether there is a kernel; log is the compiler's words. Call close()."""

    def __init__(self, base, lab, submission):
        self.base, self.lab = base, lab
        self.wall = WALL_SECONDS  # for each test; less when it was found to make the emulator crawl
        self.folder = sandbox.private_folder("xvg-build-")
        self.kernel = self.folder / "kernel.elf"
        self.image = base.image
        self.ok, self.log, self.elf = False, "", None
        try:
            self.copy_tree(submission)
            self.lay_over(submission)
            self.compile(submission)
        except BaseException:
            self.close()
            raise

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def userland(self):
        """Does the lab take files of user/?"""
        return any(p.startswith("user/") for p in self.lab.submit)

    def changed(self, submission):
        """The lab's files that are not byte for byte the pristine ones. For the others base has what the
        compiler would make again: they stay, with their objects and dates, and make leaves them alone."""
        names = set(tree.matching(self.base.files, self.lab.submit)) | set(submission.files)
        return sorted(n for n in names if submission.files.get(n) != self.base.files.get(n))

    def copy_tree(self, submission):
        self.work = self.folder / "tree"
        stamps = [f"build/{p.name}" for p in (self.base.tree / "build").glob(".*") if p.is_file()]
        parts = ["kernel", "Makefile", "build/kernel", *stamps]
        if self.userland:
            parts += ["user", "build/user"]
        for part in parts:
            to = self.work / part
            to.parent.mkdir(parents=True, exist_ok=True)
            done = subprocess.run(["cp", "-a", str(self.base.tree / part), str(to)], capture_output=True, text=True)
            if done.returncode != 0:
                raise Infra(f"the pristine build cannot be copied: {done.stderr.strip()}")
        hidden = list(tree.programs(self.base.root)) if self.userland else []
        for name in [n for n in self.changed(submission) if n in self.base.files] + hidden:
            (self.work / name).unlink(missing_ok=True)
            self.forget_objects(name)
        for made in ("kernel/kernel0.elf", "kernel/symbols1.S", "kernel/symbols1.S.o"):
            (self.work / "build" / made).unlink(missing_ok=True)

    def forget_objects(self, name):
        """No object of a file that the submission replaces may be there: it could be linked by name."""
        made = self.work / f"build/{name}.o"
        if name.startswith("kernel/") and name.endswith((".c", ".S")) and not made.is_file():
            raise Infra(f"the build keeps the object of {name} elsewhere than at {made.name}: the grader must know where")
        made.unlink(missing_ok=True)
        if name.startswith("user/"):
            (self.work / f"build/user/obj/{name[5:]}.o").unlink(missing_ok=True)
            for kind in ("sym", "bin"):
                (self.work / f"build/user/{kind}/{Path(name).stem}").unlink(missing_ok=True)

    def lay_over(self, submission):
        for name in self.changed(submission):
            if name not in submission.files:
                continue
            data, path = submission.files[name], self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        sandbox.give(self.folder)

    def keep_sources(self, submission):
        """A folder with the submission's files, for a debugger."""
        folder = self.folder / "sources"
        for name, data in submission.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder

    def compile(self, submission):
        goals = ["build/kernel.elf"]
        if self.userland:
            goals.append("user")
        status, log = sandbox.run(["make", "-s", "-j2", "MAKEFLAGS=-j2 -s", "KEEP=1", *goals], BUILD_SECONDS, self.work,
                                  memory=2 << 30, file_size=64 << 20, cpu_seconds=BUILD_SECONDS)
        self.log = "\n".join(clean(log.decode(errors="replace")).strip().split("\n")[-LOG_LINES:])
        made = self.work / "build/kernel.elf"
        if status != 0 or made.is_symlink() or not made.is_file():
            return
        shutil.copyfile(made, self.kernel)
        if self.userland:
            self.make_image(submission)
        shutil.rmtree(self.work, ignore_errors=True)
        self.elf = Elf(self.kernel)
        doubles = self.elf.ambiguous(self.base.elf, {Path(n).name for n in submission.files})
        if doubles:
            raise Broken(f"the submission defines {doubles[0]} a second time: it belongs to another file")
        self.ok = True

    def make_image(self, submission):
        """The second step, outside: the pristine image's files, with the submission's programs in place."""
        stage = self.folder / "stage"
        subprocess.run(["cp", "-a", str(self.base.tree / "build/stage"), str(stage)], check=True)
        for name in submission.files:
            program = self.work / f"build/user/bin/{Path(name).stem}"
            if name.startswith("user/bin/") and program.is_file() and not program.is_symlink():
                shutil.copy(program, stage / "bin")
        self.image = self.folder / "root.img"
        done = subprocess.run([str(self.base.tree / "build/mkfs/mkfs"), "-s", IMAGE_SIZE, "-l", "mkfs/root.list",
                               "-o", str(self.image), "mkfs/root", str(stage)], cwd=self.base.tree,
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise Infra(f"mkfs fails: {done.stderr[-400:]}")


def clean(text):
    """Without control characters: a compiler repeats what the source says."""
    return "".join(c if c in "\n\t" or 32 <= ord(c) < 127 or ord(c) > 159 else "?" for c in text)
