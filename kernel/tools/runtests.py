#!/usr/bin/env python3
"""Every test of xv39, one line each; the last line is `N passed, N failed` (status 1 if any failed).

    runtests.py [-l] [-k] [-v] [filter...]     filters are parts of test names

A test is a function that returns None, or words that say what went wrong. Tests that boot print, when
they fail, the end of the console and the command that repeats them. Disk images are copies in a private
folder; after each boot that could write, e2fsck must find nothing to mend.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import boottests
import commandtests
import gradingtests
import qemu

BUILD = "build"
PASSED = r"^[1-9]\d* passed, 0 failed"
TESTS = []
# They start first, so that all workers end together, and none with half a minute of its own.
LONG = ("grading.", "user.", "build.llvm", "swap.stress", "kasan.user")


def test(name, **kwargs):
    """Registers a test; kwargs go to the function, so that one function serves several rows."""
    def register(fn):
        TESTS.append((name, fn, kwargs))
        return fn
    return register


def add(name, fn, **kwargs):
    TESTS.append((name, fn, kwargs))


def e2fsck():
    return shutil.which("e2fsck") or "/sbin/e2fsck"


def check_image(image):
    """None, or e2fsck's words. The journal is not replayed: nothing may be left to mend."""
    with open(image, "rb") as f:
        f.seek(1024 + 58)  # s_state of the super block
        state = int.from_bytes(f.read(2), "little")
    if state != 1:
        return f"the file system's state is {state}: not marked clean at power-off"
    done = subprocess.run([e2fsck(), "-fn", image], capture_output=True, text=True, timeout=300)
    return None if done.returncode == 0 else "e2fsck: " + done.stdout[-800:]


def tail(text, lines=25):
    """The last lines, after those before them that tell of a failure."""
    every = text.strip().split("\n")
    failed = [line for line in every[:-lines] if line.startswith("FAIL")]
    return "\n".join("    | " + line for line in failed + every[-lines:])


class Scratch:
    """A private folder for one test, removed at its end."""
    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="xv39-test-")
        return self

    def __exit__(self, *unused):
        shutil.rmtree(self.path, ignore_errors=True)

    def image(self, source=None):
        """A sparse copy of the root image (or another)."""
        copy = os.path.join(self.path, "root.img")
        subprocess.run(["cp", "--sparse=always", source or f"{BUILD}/root.img", copy], check=True)
        return copy


def make(*words):
    return subprocess.run(["make", "-s", *words], capture_output=True, text=True, timeout=900,
                          env=commandtests.fresh_env())


CHECKED = threading.Lock()


def kernel(checked):
    """The kernel to boot. The one with all checkers is built when it is first asked for, in a folder of its own."""
    if not checked:
        return f"{BUILD}/kernel.elf"
    with CHECKED:
        folder = f"{BUILD}/checked"
        done = make(f"{folder}/kernel.elf", f"BUILD={folder}", "KASAN=1", "UBSAN=1", "DEBUG=1")
        if done.returncode:
            raise RuntimeError("make KASAN=1 UBSAN=1 DEBUG=1 failed\n" + tail(done.stdout + done.stderr))
    return f"{folder}/kernel.elf"


def guest(command, expect=None, want_status=0, timeout=240, image=None, fsck=True, base=None, checked=False,
          kernel_elf=None, **machine):
    """Boots, runs a shell command line, compares status and output (a regular expression over it)."""
    with Scratch() as scratch:
        disk = scratch.image(image)
        m = qemu.Machine(kernel=kernel_elf or kernel(checked), image=disk, **machine)
        m.append = qemu.command_append(command, "test-start", base or "root=/dev/vda rw quiet")
        status, text = qemu.boot(m, timeout)
        problem = None
        if status == qemu.HUNG_STATUS:
            problem = f"no end within {timeout} s"
        elif status != want_status:
            problem = f"status {status}, expected {want_status}"
        elif expect is not None and not re.search(expect, text, re.M):
            problem = f"output lacks /{expect}/"
        elif fsck:
            problem = check_image(disk)
        if problem:
            repeat = (f"kernel/tools/run.py --kernel {m.kernel} --cpus {m.cpus} --mem {m.mem} --cpu {m.cpu} "
                      f"{'--icount ' if m.icount else ''}'{command}'")
            return f"{problem}\n{tail(text)}\n    repeat: {repeat}"
    return None


def boot_only(append, want_status, expect=None, timeout=120, checked=False, **machine):
    """Boots without init: in-kernel tests and panics."""
    m = qemu.Machine(kernel=kernel(checked), append=append, **machine)
    status, text = qemu.boot(m, timeout)
    if status != want_status:
        return f"status {status}, expected {want_status}\n{tail(text, 80)}"
    if expect and not re.search(expect, text, re.M):
        return f"output lacks /{expect}/\n{tail(text, 40)}"
    return None


# ---- host ------------------------------------------------------------------------------------------


@test("host")
def host_tests():
    done = make("host-test", f"BUILD={BUILD}")
    if "ok " not in done.stdout:
        return "no host test ran"
    return None if done.returncode == 0 else tail(done.stdout + done.stderr)


@test("mkfs.reproducible")
def mkfs_reproducible():
    with Scratch() as s:
        images = []
        for name in ("a", "b"):
            image = f"{s.path}/{name}.img"
            subprocess.run([f"{BUILD}/mkfs/mkfs", "-s", "32M", "-l", "mkfs/root.list", "-o", image,
                            "mkfs/root", f"{BUILD}/stage"], check=True)
            images.append(open(image, "rb").read())
            time.sleep(1.1)
        if images[0] != images[1]:
            return "two images of the same input differ"
        return check_image(f"{s.path}/a.img")


# ---- labs and grader ------------------------------------------------------------------------------


def grading(check):
    with Scratch() as s:
        return check(s.path)


for check in (gradingtests.units, gradingtests.handout, gradingtests.batch, gradingtests.gradescope, gradingtests.labs):
    add(f"grading.{check.__name__}", grading, check=check)


# ---- in the kernel ------------------------------------------------------------------------------------


def selftest(**machine):
    """The second disk is for the test that writes: it wants the word in the first sector."""
    with Scratch() as s:
        disk = f"{s.path}/scratch.img"
        with open(disk, "wb") as f:
            f.write(b"xv39-scratch")
            f.truncate(16 << 20)
        extra = ["-drive", f"file={disk},if=none,format=raw,id=x1", "-device", "virtio-blk-device,drive=x1"]
        return boot_only("root=/dev/vda rw selftest", 0, r"selftest: [1-9]\d* passed, 0 failed", image=s.image(),
                         extra=extra, **machine)


for n in (1, 2, 4):
    add(f"selftest.cpus{n}", selftest, cpus=n)
add("selftest.mem16", selftest, cpus=1, mem="16M")
add("selftest.mem8g", selftest, cpus=2, mem="8G")
add("selftest.sbi_timer", selftest, cpus=2, cpu="rv64,sstc=off")
add("selftest.legacy_virtio", selftest, cpus=2, legacy=True)

# ---- user programs --------------------------------------------------------------------------------------


# A test hangs when it has not ended after -t seconds; a loaded machine is slow.
def usertests(command="usertests -t 120", timeout=900, **machine):
    return guest(command, PASSED, timeout=timeout, **machine)


for n in (1, 2, 4):
    add(f"user.cpus{n}", usertests, cpus=n)
add("user.mem16", usertests, cpus=1, mem="16M")
add("user.cpus4_mem16", usertests, cpus=4, mem="16M")
add("user.swapshared", guest, command="usertests swapshared", expect=r"ok swapshared.pressure\n(.*\n)*7 passed, 0 failed", mem="32M", cpus=2)
# Large pages wherever they fit.
ALWAYS = "echo always >/sys/kernel/mm/transparent_hugepage/enabled && usertests "
add("user.huge_always", usertests, cpus=2, command=ALWAYS +
    "malloc mmap. mm. mprotect cow lend. fault stack remap lock advise swap shm books exec process_vm")
add("user.huge_mem32", usertests, command="usertests mm.huge", cpus=2, mem="32M")
add("user.lend", guest, command="usertests lend.", expect=r"ok lend.reclaimed\n(.*\n)*12 passed, 0 failed", mem="32M", cpus=4)
# What lives from ticks and alarms, and the races, which want preemption.
add("user.sbi_timer", usertests, cpus=2, cpu="rv64,sstc=off",
    command="usertests -t 120 sleep signal calendar clone. fault. rlimit. cow. mm.books race oom.")
add("shell", guest, command="cd /tests/sh && ./run /bin/sh", expect=PASSED, cpus=2)

# ---- the commands people type ------------------------------------------------------------------------------

add("run.arithmetic", guest, command="echo $((6*7)) > /x; cat /x", expect=r"^42$", cpus=2)
add("run.status", guest, command="exit 3", want_status=3, cpus=2)
add("run.killed", guest, command="kill -9 $$", want_status=137)
add("run.small", guest, command="echo $((6*7)) > /x; cat /x", expect=r"^42$", cpus=4, mem="16M")
add("run.sbi_timer", guest, command="echo $((6*7)) > /x; cat /x", expect=r"^42$", cpu="rv64,sstc=off")
add("run.big", guest, command="free -m", expect=r"^Mem: +8", mem="8G", cpus=2)
# Twice through more than memory: what was read leaves the cache, and its frames come back.
add("run.cache", guest, command="cat /dev/vda /dev/vda | wc -c; grep InTransit /proc/meminfo", mem="24M", cpus=2,
    expect=r"^134217728\nInTransit: +0 kB")
add("run.help", guest, command="ls --help", want_status=2, expect=r"invalid option -- '-'\noptions: .*-l")
add("run.harts16", guest, command="cat /proc/cpuinfo | grep -c ^processor", expect="^16$", cpus=16)
# The host lends the memory that is touched: about a GiB, most of it the array of struct page.
add("run.mem64g", guest, command="free -m; memhog -q 100m", expect=r"^Mem: +64", mem="64G", cpus=2)
add("run.quotes", guest, command="""echo "a  b" 'c"d' %41 '%' \\\\ > /q; cat /q""", expect=r'^a  b c"d %41 % \\$')
add("run.persists", guest, command="echo hello > /f; sync; mkdir /d; mv /f /d/g; cat /d/g", expect="^hello$")

# ---- memory, seen and managed by tools ---------------------------------------------------------------------

add("tools.mtrace", guest, command="MALLOC_TRACE=/tmp/t leak -n 4 -s 200; mtrace /tmp/t; echo; mtrace -s /bin/leak /tmp/t",
    expect=r"(?s)Memory not freed:.*0xc8  at user/bin/leak\.c:\d+\n.*\n       2        400  user/bin/leak\.c:\d+\n",
    want_status=1)
add("tools.mtrace_none", guest, expect=r"^No memory leaks\.$",
    command=r"printf '= Start\n@ /bin/leak:[0x1] + 0x10 0x8\n@ /bin/leak:[0x2] - 0x10\n= End\n' >/tmp/t; mtrace /tmp/t")
# docs/experiments.md: 100 KiB from the heap, 1 MiB in an area of its own.
add("tools.mallocwatch", guest, command="mallocwatch", expect=r"malloc\(102400\)\n.*\nbefore +(\w+) .*\nmalloc +(?!\1 )(\w+) .*\n"
    r"(?:.*\n){3}.*\[heap\]\n(?:.*\n){4}before +(\w+) +(\d+) .*\nmalloc +\3 +(?!\4 )\d+ .*\nfirst write +\3 .*\n"
    r"all written +\3 +\d+ +1[12]\d\d .*\n(?:.*\n){2}free +\3 +\4 ")
# What was read is in the cache, so the disk is asked once, until drop_caches.
add("tools.drop_caches", guest, expect=r"^in 65\d\d\d\nin 0\nin 65\d\d\d$", command="""
in() { a=$(grep pgpgin /proc/vmstat | cut -d' ' -f2); cat /dev/vda >/dev/null
       b=$(grep pgpgin /proc/vmstat | cut -d' ' -f2); echo in $((b-a)); }
in; in; sync; echo 3 >/proc/sys/vm/drop_caches; in""")
add("tools.smem", guest, command="sleep 9 & memhog -qw 8m & sleep 1; smem -t -r -P memhog; smem -m | tail -1; kill $! %1",
    expect=r"\n +\d+ root +memhog -qw 8m +0 +82\d\d +8\d\d\d +8\d\d\d\n")
add("tools.oom_report", guest, mem="32M", command="memhog -q -s 1m 64m; dmesg",
    expect=r"(?s)memhog invoked oom-killer: .*\bMem-Info:\n.*Total swap = 0kB\n.*\bTasks state \(memory values in pages\):\n"
           r".*Out of memory: Killed process \d+ \(memhog\) total-vm:\d+kB, anon-rss:\d+kB, file-rss:\d+kB")
add("tools.oom_allocating", guest, mem="32M", want_status=137, command="memhog -qw 20m & sleep 1; "
    "echo 1 >/proc/sys/vm/oom_kill_allocating_task; memhog -q 12m", expect=r"kill_allocating_task\): Killed process \d+ \(memhog\)")
# Jobs of one minute run side by side, so their lines are sorted before they are compared.
add("tools.crond", guest, expect=r"(?s)\nnoon\ntick\n.*ct:4: not understood: 1-0.*start \(root\) echo tick",
    command="date -s '2026-01-01 11:59:57'; cd /tmp; printf '* * * * * echo tick >>/tmp/l\\n0 12 * 1 thu root echo noon "
            ">>/tmp/l\\n5 * * * * echo never >>/tmp/l\\n1-0 * * * * x\\n' >ct; crond -c /tmp/ct; sleep 5; sort l; cat /var/log/cron")
add("tools.crontab", guest, command="crond -t", expect=r"\n0,5,10.*,55 \* \* \* \* root sh /etc/monitor.sh")
add("tools.monitor", guest, command="sh /etc/monitor.sh && DISK_LIMIT=1 MEM_LIMIT=0 sh /etc/monitor.sh", want_status=2,
    expect=r"(?s)memory \d+% swap 0% / \d+%\n.*WARNING: memory \d+% used, limit 0%\n.*WARNING: disk / \d+% used, limit 1%")


def block_size(size):
    with Scratch() as s:
        image = f"{s.path}/b.img"
        subprocess.run([f"{BUILD}/mkfs/mkfs", "-b", str(size), "-s", "32M", "-l", "mkfs/root.list", "-o", image,
                        "mkfs/root", f"{BUILD}/stage"], check=True)
        return guest("usertests fs", PASSED, image=image, cpus=2)


for size in (1024, 2048, 4096):
    add(f"ext2.block{size}", block_size, size=size)


def typed(check):
    with Scratch() as s:
        return check(BUILD, s.path)


for check in (commandtests.run, commandtests.tools, commandtests.terminal):
    add(f"command.{check.__name__}", typed, check=check)
add("boot.firmware", typed, check=boottests.firmware)


@test("build.llvm")
def build_llvm():
    """clang's warnings are errors too, and what it makes passes the tests."""
    folder = f"{BUILD}/llvm"
    done = make("all", f"BUILD={folder}", "LLVM=1")
    if done.returncode:
        return tail(done.stdout + done.stderr)
    return usertests(kernel_elf=f"{folder}/kernel.elf", image=f"{folder}/root.img", cpus=2, mem="80M")


# ---- programs and images from elsewhere ----------------------------------------------------------------------


def glibc_build(folder):
    gcc = shutil.which("riscv64-linux-gnu-gcc")
    if not gcc:
        return None
    program = f"{folder}/glibc-test"
    subprocess.run([gcc, "-static", "-O2", "-o", program, "user/tests/elsewhere/glibc.c", "-lm"], check=True)
    return program


@test("elsewhere.glibc_init")
def glibc_as_init():
    """mke2fs -d: an image with nothing of ours but one static program, named by init=."""
    with Scratch() as s:
        root = f"{s.path}/root"
        os.makedirs(f"{root}/dev")
        program = glibc_build(s.path)
        if not program:
            return "riscv64-linux-gnu-gcc is missing: make setup"
        shutil.copy(program, f"{root}/hello")
        image = f"{s.path}/e.img"
        mke2fs = shutil.which("mke2fs") or "/sbin/mke2fs"
        subprocess.run([mke2fs, "-q", "-t", "ext2", "-d", root, image, "32M"], check=True)
        m = qemu.Machine(kernel=f"{BUILD}/kernel.elf", image=image,
                         append="root=/dev/vda rw init=/hello quiet -- all poweroff")
        status, text = qemu.boot(m, 120)
        if status != 0 or "glibc: all right" not in text:
            return f"status {status}\n{tail(text)}"
        return check_image(image)


@test("elsewhere.glibc")
def glibc_in_root():
    with Scratch() as s:
        program = glibc_build(s.path)
        if not program:
            return "riscv64-linux-gnu-gcc is missing: make setup"
        add_dir = f"{s.path}/add/bin"
        os.makedirs(add_dir)
        shutil.copy(program, add_dir)
        image = f"{s.path}/g.img"
        subprocess.run([f"{BUILD}/mkfs/mkfs", "-l", "mkfs/root.list", "-o", image, "mkfs/root",
                        f"{BUILD}/stage", f"{s.path}/add"], check=True)
        return guest("glibc-test all", "glibc: all right", image=image, cpus=2)


@test("elsewhere.unknown_feature")
def unknown_feature():
    """An image with a feature that we do not know is refused by its name."""
    with Scratch() as s:
        image = f"{s.path}/e4.img"
        mke2fs = shutil.which("mke2fs") or "/sbin/mke2fs"
        subprocess.run([mke2fs, "-q", "-t", "ext4", image, "16M"], check=True)
        return boot_only("root=/dev/vda rw", qemu.PANIC_STATUS, r"feature extents", image=image)


# ---- damaged file systems ------------------------------------------------------------------------------------


def small_image(folder, *edits):
    """1 KiB blocks, many names, sparse files with every level of indirect blocks; then debugfs commands."""
    root, image = f"{folder}/tree", f"{folder}/good.img"
    os.makedirs(f"{root}/a/b/c/d")
    os.makedirs(f"{root}/many")
    for i in range(60):
        with open(f"{root}/many/file_with_a_longer_name_{i}", "w") as f:
            f.write("x")
    for i, blocks in enumerate([(0, 5, 11), (13, 200), (273, 1041, 25868), (0, 65811, 262413)]):
        with open(f"{root}/sparse{i}", "wb") as f:
            for block in blocks:
                f.seek(block * 1024)
                f.write(b"z")
    os.symlink("../a/b", f"{root}/a/short")
    os.symlink("y" * 200, f"{root}/long")
    uuid = "00000000-0000-0000-0000-000000000039"
    subprocess.run([shutil.which("mke2fs") or "/sbin/mke2fs", "-q", "-t", "ext2", "-b", "1024", "-g", "1024",
                    "-N", "256", "-U", uuid, "-E", f"hash_seed={uuid}", "-d", root, image, "2M"], check=True)
    for edit in edits:
        subprocess.run([shutil.which("debugfs") or "/sbin/debugfs", "-w", "-R", edit, image], check=True,
                       capture_output=True)
    return image


def disks(*images):
    """As /dev/vdb, /dev/vdc; what is written is dropped."""
    args = []
    for i, image in enumerate(images):
        args += ["-drive", f"file={image},if=none,format=raw,id=d{i},snapshot=on",
                 "-device", f"virtio-blk-device,drive=d{i}"]
    return args


def damaged(edit, command, expect):
    with Scratch() as s:
        return guest("mkdir /m && mount -t ext2 /dev/vdb /m && " + command, expect, cpus=2,
                     extra=disks(small_image(s.path, edit)))


add("damage.inode_in_use", damaged, edit="freei many/file_with_a_longer_name_0",
    command="! touch /m/many/a && touch /m/many/a && echo next; cat /m/many/*_0 && umount /m",
    expect=r"is in use, but not marked so(.*\n)*next\nx")
add("damage.second_name", damaged, edit="ln a/b a/b/c/loop",
    command="! ls /m/a/b/c/loop/c && ls /m/a/b/c && umount /m && echo done", expect=r"second name(.*\n)*done")


@test("damage.random")
def random_damage():
    with Scratch() as s:
        good = small_image(s.path)
        return guest("stress -d /dev/vdb -d /dev/vdc -s 39 -t 10 image", "stress image: ok", cpus=2,
                     extra=disks(good, good))


add("failalloc", guest, command="stress -s 1 -n 260 -t 60 fail", expect="stress fail: ok", cpus=2)


# ---- swap devices ------------------------------------------------------------------------------------------


def swapping(command, expect, bad=(), size=8 << 20, rules=(), options="", **machine):
    """A swap area as /dev/vdb. rules: (iotype, page or None) that QEMU's blkdebug driver makes fail."""
    with Scratch() as s:
        image = f"{s.path}/swap.img"
        qemu.make_swap(image, size, bad)
        disk = f"driver=raw,file.driver=blkdebug,file.image.driver=file,file.image.filename={image}"
        for i, (iotype, page) in enumerate(rules):
            rule = f"file.inject-error.{i}"
            disk += f",{rule}.event=none,{rule}.iotype={iotype},{rule}.errno=5,{rule}.once=off"
            if page is not None:
                disk += f",{rule}.sector={page * 8}"
        return guest(command, expect, disks=[disk + options], **machine)


SWAPPER = "swapon /dev/vdb && usertests --as swapper 300; swapoff /dev/vdb && cat /proc/swaps && echo end"
NOTHING_LOST = r"out 300, good 300, lost 0\nFilename.*\nend"

add("swap.device", swapping, command=SWAPPER, expect=NOTHING_LOST, cpus=2)
add("swap.slow", swapping, command=SWAPPER, expect=NOTHING_LOST, options=",throttling.iops-total=60", cpus=2)
add("swap.bad_pages", swapping, command=SWAPPER, cpus=2,
    expect=NOTHING_LOST, bad=(1, 7, 64, 65, 300), rules=[(io, page) for io in ("read", "write") for page in (1, 7, 64, 65)])
# A page that cannot be read is lost, and only that; its process gets SIGBUS.
add("swap.read_error", swapping, command=SWAPPER, expect=r"out 300, good 298, lost 2\nFilename.*\nend", cpus=2,
    rules=[("read", 70), ("read", 77)])
add("swap.swapoff_error", swapping, cpus=2, rules=[("read", 70)],
    command="swapon /dev/vdb && usertests --as swapper 300 /dev/vdb; cat /proc/swaps; swapoff /dev/vdb && echo end",
    expect=r"out 300, swapoff: Input/output error, good 299, lost 1\nFilename.*\n/dev/vdb.*\nend")
# What cannot be written stays in memory.
add("swap.write_error", swapping, command=SWAPPER, expect=NOTHING_LOST, rules=[("write", None)], cpus=2)
add("swap.write_errors", swapping, command=SWAPPER, expect=NOTHING_LOST, rules=[("write", 9), ("write", 100)], cpus=4)
# Four times as much as memory: built and verified, while the shell goes on answering.
DATASET = ("swapon /dev/vdb; usertests --as dataset 128{} & n=0; while kill -0 $! 2>/dev/null; do ls /bin >/dev/null && "
           "n=$((n+1)); sleep 0.1; done; wait $!; echo status $?, answered $n; grep oom_kill /proc/vmstat; "
           "swapoff /dev/vdb && cat /proc/swaps")
for name, word in (("sequential", ""), ("random", " random")):
    add(f"swap.dataset_{name}", swapping, command=DATASET.format(word), mem="32M", cpus=2, size=160 << 20, timeout=400,
        expect=r"128 MiB built and verified, 0 words wrong\nstatus 0, answered \d\d+\noom_kill 0\nFilename.*\n\Z")
# Memory and swap together are too small: somebody ends, and the report says that there was swap.
add("swap.full_oom", swapping, mem="32M", cpus=2, want_status=0, size=8 << 20,
    command="swapon /dev/vdb; memhog -q -s 1m 64m; dmesg; swapoff /dev/vdb && cat /proc/swaps",
    expect=r"(?s)Free swap  = \d{1,3}kB\n.*Total swap = 8188kB\n.*Killed process \d+ \(memhog\).*\nFilename[^\n]*\n\Z")
# The same with a disk of 200 requests a second, and memory refused now and then.
add("swap.slow_pressure", swapping, mem="24M", cpus=2, size=64 << 20, options=",throttling.iops-total=200", timeout=300,
    command="swapon /dev/vdb; usertests --as dataset 26; swapoff /dev/vdb && cat /proc/swaps",
    expect=r"26 MiB built and verified, 0 words wrong\nFilename.*\n\Z")
add("swap.failalloc", swapping, mem="32M", cpus=2, size=64 << 20, timeout=300,
    command="swapon /dev/vdb; stress -s 1 -n 33 -t 15 fail; swapoff /dev/vdb && cat /proc/swaps",
    expect=r"stress fail: ok\nFilename.*\n\Z")
# The same for shared memory: what was read in vain can be read again, and goes with its file.
FILE_SWAPPER = SWAPPER.replace("swapper", "file_swapper")
add("swap.file_read_error", swapping, command=FILE_SWAPPER, rules=[("read", 70), ("read", 77)], cpus=2,
    expect=r"out 300, good 298, lost 2, left 0\nFilename.*\nend")
add("swap.file_write_error", swapping, command=FILE_SWAPPER, rules=[("write", None)], cpus=2,
    expect=r"good 300, lost 0, left \d+\nFilename.*\nend")


def swap_stress(**machine):
    """More than memory holds, moved, forked and compared; one area goes off and on all the time."""
    with Scratch() as s:
        areas = [f"{s.path}/swap{i}.img" for i in range(2)]
        qemu.make_swap(areas[0], 48 << 20)
        qemu.make_swap(areas[1], 16 << 20)
        return guest("stress -t 6 -d /dev/vdb -d /dev/vdc swap", "^stress swap: ok", disks=areas, mem="32M",
                     timeout=600, **machine)


for n in (1, 2, 4):
    add(f"swap.stress.cpus{n}", swap_stress, cpus=n)
add("swap.header_error", swapping, command="swapon /dev/vdb; echo $?", expect="^1$", rules=[("read", 0)])


@test("swap.mkswap")
def mkswap_of_the_host():
    """An area made by the distribution's mkswap, and ours as the distribution reads it."""
    tool = shutil.which("mkswap") or "/sbin/mkswap"
    if not os.path.exists(tool):
        return "mkswap is missing: make setup"
    with Scratch() as s:
        image = f"{s.path}/swap.img"
        with open(image, "wb") as f:
            f.truncate(16 << 20)
        subprocess.run([tool, "-q", image], check=True, capture_output=True)
        uuid = "00112233-4455-6677-8899-aabbccddeeff"
        problem = guest(f"{SWAPPER} && mkswap -L our_label -U {uuid} /dev/vdb", NOTHING_LOST, disks=[image])
        if problem:
            return problem
        with open(image, "rb") as f:
            head = f.read(4096)
        ours = (head[-10:] == b"SWAPSPACE2" and head[1036:1052].hex() == uuid.replace("-", "") and
                head[1052:1068].rstrip(b"\0") == b"our_label" and head[1024:1032].hex() == "01000000ff0f0000")
        return None if ours else f"header {head[1024:1080].hex()}"


# ---- checked builds (docs/checkers.md) -----------------------------------------------------------------------

add("kasan.selftest", selftest, cpus=2, checked=True, timeout=300)
# Slower by four; in less memory there are fewer processes (fork.two_thousand), and it is full sooner.
add("kasan.user", usertests, command="usertests -t 480", timeout=900, cpus=2, mem="96M", checked=True)

# crash=KIND: parts of the report, in this order (kernel/test/crime.c)
ALLOCATED = r"allocated on cpu \d+ at [\d.]+ s by\n.* kmalloc\n.* "
CRIMES = {
    "slab_right": (r"KASAN: out of bounds: write of 1 byte at \S+ by crime_slab_right$", r"#0 .* crime_slab_right\+",
                   r"cache kmalloc-32,", r"object, 24 bytes .* 0 bytes past its end", ALLOCATED + "crime_slab_right$"),
    "slab_left": (r"KASAN: out of bounds: read of 1 byte .* by crime_slab_left$", r"cache kmalloc-64,",
                  r"object, 64 bytes .* 1 bytes before it"),
    "slab_unasked": (r"KASAN: out of bounds: read of 1 byte .* by crime_slab_unasked$",
                     r"object, 20 bytes .* 0 bytes past its end"),
    "large_right": (r"KASAN: out of bounds: write of 1 byte .* by crime_large_right$",
                    r"block of pages, 5000 bytes .* 0 bytes past its end"),
    "vmalloc_right": (r"KASAN: out of bounds: read of 1 byte .* by crime_vmalloc_right$", "the vmalloc area"),
    "use_after_free": (r"KASAN: use after free: read of 4 bytes .* by crime_use_after_free$", r"cache kmalloc-128,",
                       r"object, 128 bytes .* 4 bytes inside it", ALLOCATED + "crime_use_after_free$",
                       r"freed on cpu \d+ at [\d.]+ s by\n.* crime_use_after_free$"),
    "page_after_free": (r"KASAN: use after free: write of 8 bytes .* by crime_page_after_free$", r"page \S+ is free"),
    "double_free": (r"KASAN: double free of .* by crime_double_free$", ALLOCATED + "crime_double_free$",
                    r"freed on cpu .*\n.* crime_double_free$"),
    "global": (r"KASAN: out of bounds of a global: read of 1 byte .* by crime_global$",
               r"global crime_table of kernel/test/crime.c", r"crime_table, 20 bytes .* 0 bytes past its end"),
    "stack": (r"KASAN: out of bounds on the stack: write of 1 byte .* by crime_stack$", r"in the frame of crime_stack$",
              r" after\S*, 12 bytes .* 0 bytes past its end"),
    "stack_return": (r"KASAN: use of a variable whose function has returned: read of 1 byte .* by crime_stack_return$",),
    "memcpy": (r"KASAN: out of bounds of a global: read of 21 bytes .* by crime_memcpy$", r"first 20 bytes are right"),
    "string": (r"KASAN: out of bounds: read of 1 byte .* by strlen$", r"#1 .* crime_string\+", r"object, 8 bytes"),
    "dead_stack": (r"KASAN: use of a stack whose thread is gone: read of 1 byte .* by crime_dead_stack$",),
    "shift": (r"UBSAN: kernel/test/crime.c:\d+:\d+: shift: 1 by 32 in the 32-bit type 'int'$", r"crime_shift\+"),
    "add": (r"UBSAN: kernel/test/crime.c:\d+:\d+: overflow: 2147483647 \+ 1 does not fit type 'int'$",),
    "divide": (r"UBSAN: kernel/test/crime.c:\d+:\d+: division by zero: 8 / 0 in type 'int'$",),
    "bounds": (r"UBSAN: kernel/test/crime.c:\d+:\d+: bounds: index 8 is out of the array of type '.*\[4\]'",),
    "null_member": (r"UBSAN: .*crime.c:\d+:\d+: null: member access in type 'struct page' through a null pointer$",),
    "misaligned": (r"UBSAN: .*crime.c:\d+:\d+: alignment: load of type .* at \S+1, not a multiple of 4$",),
    "bool": (r"UBSAN: kernel/test/crime.c:\d+:\d+: invalid value: 8 is not of type '(_Bool|volatile bool)'$",),
    "unreachable": (r"UBSAN: kernel/test/crime.c:\d+:\d+: a place was reached that was said to be unreachable$",),
}
for kind, words in CRIMES.items():
    add(f"kasan.crime.{kind}", boot_only, append=f"crash={kind}", want_status=qemu.PANIC_STATUS,
        expect=r"[\s\S]*".join(words), checked=True)

# ---- the debugger ------------------------------------------------------------------------------------------------


@test("gdb.commands")
def gdb_commands():
    """The xv commands of GDB (kernel/tools/gdb)."""
    done = subprocess.run([sys.executable, "kernel/tools/gdb/test.py", "--build", BUILD], capture_output=True,
                          text=True, timeout=300)
    return None if done.returncode == 0 else tail(done.stdout + done.stderr, 60)


# ---- the end of things -----------------------------------------------------------------------------------------

# Two sockets have a PLIC each, and the disk's may be the one that we do not drive: said, not waited for.
add("boot.two_plics", guest, command="echo up", want_status=qemu.PANIC_STATUS, fsck=False, cpus=4, mem="256M",
    timeout=60, base="root=/dev/vda rw", expect=r"interrupt controller that has no driver", extra=[
        "-object", "memory-backend-ram,size=128M,id=m0", "-object", "memory-backend-ram,size=128M,id=m1",
        "-numa", "node,memdev=m0,cpus=0-1", "-numa", "node,memdev=m1,cpus=2-3"])
# A symbolised backtrace of every hart.
add("panic.no_root", boot_only, append="root=/dev/nothing", want_status=qemu.PANIC_STATUS, cpus=4,
    expect=r"(?s)/dev/nothing" + 4 * r".*hart \d, [^\n]*\n[^\n]* #0 0x[0-9a-f]{16} \w+\+0x\w+\n.* #1 0x")


def run_one(row):
    name, fn, kwargs = row
    started = time.monotonic()
    try:
        problem = fn(**kwargs)
    except Exception as e:  # a broken test is a failed test, with its words
        problem = f"{type(e).__name__}: {e}"
    return name, problem, time.monotonic() - started


def main():
    global BUILD
    parser = argparse.ArgumentParser()
    parser.add_argument("-l", "--list", action="store_true")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--build", default="build")
    parser.add_argument("filters", nargs="*")
    args = parser.parse_args()
    BUILD = args.build
    rows = [t for t in TESTS if not args.filters or any(f in t[0] for f in args.filters)]
    if args.list:
        print("\n".join(t[0] for t in rows))
        return 0
    rows.sort(key=lambda t: not t[0].startswith(LONG))
    failed = 0
    with ThreadPoolExecutor(args.jobs) as pool:
        for name, problem, seconds in pool.map(run_one, rows):
            print(f"{'FAIL' if problem else 'ok  '} {name} ({seconds:.1f} s)", flush=True)
            if problem:
                failed += 1
                print("    " + problem)
    print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
