#!/usr/bin/env python3
"""Tests of the xv commands: by hand, and from `make test` (gdb.commands).

    test.py [--build build] [-v]

Walks that need no machine run on a few bytes made here. Then QEMU boots a program with GDB at its stub,
stopped in user mode, in the middle of a page fault and at exit; each command's output is compared with what
must be in it. -v shows all of it. QEMU is ended by its process in every case.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from types import SimpleNamespace

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import access  # noqa: E402
import qemu  # noqa: E402
import walk  # noqa: E402

GDB_SECONDS = 100

# What GDB does, and regular expressions that must all be found in the output of that step.
STEPS = [
    ("xv", [r"^xv ps ", r"^xv pt <address> \[pid\] ", r"^xv user \[program\] "]),
    ("help xv pt", [r"walk of the page tables"]),
    ("xv ps", [r"TID"]),  # before the kernel's first instruction: all is zero, nothing hangs
    # user mode
    ("xv user ls", [r"^symbols of .*/user/sym/ls$"]),
    ("tbreak main if $xv_in(\"ls\")", []),
    ("continue", [r"user/bin/ls\.c:\d+"]),
    ("print $priv", [r"= 0$"]),
    ("xv ps", [r"^ +TID +PID +PPID +STATE", r"^ +1 +1 +0 +interruptible .* init$",
               r"^\* +\d+ +\d+ +\d+ +running \(user\) .* ls$", r"^ +0 +- +- .* writeback$"]),
    ("print $xv_current()", [r"\(struct thread \*\) 0xffffffc0"]),
    ("xv vmas", [r"^process \d+ \(ls\): mm 0xffffffc0", r"^0x10000-0x\w+ +r--p +0x0 .* /bin/ls$",
                 r"r-xp .* /bin/ls$", r"^0x3ffff\w+-0x3ffffff000 +rw-p .* \[stack\]$"]),
    ("xv vmas 1", [r"^process 1 \(init\)", r" /bin/init$"]),
    ("xv pt main", [r"level 2 +\[ +0\].*table ->", r"level 1.*table ->", r"level 0.* VR-XU-A.*leaf, 4 KiB"]),
    ("xv pt 0x3000000000", [r"level 2 +\[192\].*empty"]),
    ("xv pt kernel_main", [r"of the kernel", r"level 0.* VR-X-GAD  leaf"]),
    ("xv page main", [r"page cache; flags .*UPTODATE", r"refcount [1-9]"]),
    ("xv page 0x80200", [r"physical 0x80200000,", r"reserved; flags 0x1 RESERVED"]),
    ("xv page kernel_main", [r"^frame 0x802\w\w:", r"RESERVED"]),
    ("xv slab", [r"^kmalloc-64 +\d+ +\d+ +64 +64 +1 +\d", r"^vm_area_struct ", r"^thread +[3-9] "]),
    ("xv slab process", [r"^0xffffffc0\w+$"]),
    ("xv buddy", [r"^DMA32 +\d+ .* \d+/\d+/\d+$"]),
    ("xv locks", [r"^no locks are held$"]),
    ("xv bt", [r"thread 1 \(init\), interruptible", r"process_wait at kernel/proc/wait\.c:\d+",
               r"trap_vector at kernel/riscv/trapvec\.S:\d+", r"writer_main", r"sched_idle"]),
    # a page fault, with mm read-locked, and with the page-table lock
    ("tbreak fault_anon if f->access == FAULT_WRITE", []),
    ("continue", [r"fault_anon"]),
    ("xv locks", [r"^\d+ \(ls\) +holds +mm +RANK_MM +0xffffffc0\w+ .* vm_fault at kernel/vm/fault\.c"]),
    ("print $xv_current()->held.count", [r"= 1$"]),
    ("xv pt f->addr", [r"level 0.*empty|level 1.*empty"]),
    ("set $addr = f->addr", []),
    ("tbreak pt_find_alloc", []),
    ("tbreak spin_unlock if l == &$xv_current()->mm->ptl", []),
    ("continue", []),
    ("xv locks", [r"^cpu 0 +holds +ptl +RANK_PAGETABLE .* fault_anon at", r"^\d+ \(ls\) +holds +mm "]),
    ("delete", []),
    ("finish", []),
    ("xv pt $addr", [r"level 0.* VRW-U-AD  leaf, 4 KiB"]),
    ("xv page $addr", [r"anonymous; flags .*ANON UPTODATE", r"refcount 1, mapcount 1"]),
    ("xv bt", [r"thread \d+ \(ls\), running on hart 0", r"vm_fault at kernel/vm/fault\.c"]),
    ("tbreak process_exit_group", []),
    ("continue", [r"process_exit_group"]),
    ("xv user", [r"^symbols of .*/user/sym/ls$"]),
]

# Errors are words, never a Python traceback.
ERRORS = [
    ("xv pt", r"usage: xv pt <address>"), ("xv pt 0x8000000000", r"non-canonical"), ("xv vmas 4711", r"no process"),
    ("xv slab nothing", r"no slab cache nothing"), ("xv page 0x4000000000", r"neither a frame"), ("xv user nothing", r"no symbols"),
    ("xv nothing", r"[Uu]ndefined|no command"), ("xv bt 4711", r"no thread 4711"),
]


def fake_walks():
    """walk.py on memory that is a dictionary: two tables and a leaf, no GDB anywhere."""
    words = {0x1000: 0x2000 >> 12 << 10 | 1, 0x2008: 0x3000 >> 12 << 10 | 1,
             0x3010: 0x87654 << 10 | 0xd7, 0x3018: 5 << 10 | 0x200}

    def phys_read(pa, n):
        return b"".join(words.get(pa + i, 0).to_bytes(8, "little") for i in range(0, n, 8))

    k = access.Kernel(SimpleNamespace(phys_read=phys_read, load_base=0x80000000))
    va = 1 << 21 | 2 << 12
    steps = list(walk.pt_walk(k, 0x1000, va))
    assert [s[:3] for s in steps] == [(2, 0x1000, 0), (1, 0x2008, 1), (0, 0x3010, 2)], steps
    assert walk.pte_flags(steps[2][3]) == "VRW-U-AD" and walk.pte_paddr(steps[2][3]) == 0x87654000
    assert k.translate(va + 5, 0x1000) == 0x87654005
    assert walk.pte_kind(words[0x3018], 0) == "swap slot 5"
    assert walk.pte_kind(3 << 54 | 0x3000 >> 12 << 10 | 0x100, 1) == "lent table"
    assert walk.resident(k, 0x1000, 0, 1 << 38) == 1 and walk.resident(k, 0x1000, va + 4096, 1 << 38) == 0
    try:
        k.translate(va + 8192, 0x1000)
        raise AssertionError("a hole was translated")
    except access.AccessError:
        pass


def script(kernel, socket, steps):
    lines = ["set confirm off", "set pagination off", "set width 0", "set architecture riscv:rv64",
             f"file {kernel}", f"source {HERE}/xv39.py", f"target remote {socket}"]
    for i, (command, _) in enumerate(steps):
        lines += [f"echo \\n@@{i}\\n", command]
    lines += ["echo \\n@@end\\n"]
    for i, (command, _) in enumerate(ERRORS):  # a failing command would end the script
        lines += ["python", "try:", f"    gdb.execute({command!r})", "except gdb.error as e:",
                  f"    print('\\n@@error{i} ' + str(e))", "end"]
    return "\n".join(lines + ["kill", ""])


def wait_for(path, proc):
    end = time.monotonic() + 20
    while not os.path.exists(path):
        if proc.poll() is not None or time.monotonic() > end:
            raise AssertionError("QEMU does not listen")
        time.sleep(0.05)


def run_gdb(gdb, build, steps):
    """All of GDB's output for the steps on a freshly booted machine."""
    with tempfile.TemporaryDirectory(prefix="xv39-gdb-") as folder:
        socket = f"{folder}/s"
        m = qemu.Machine(kernel=f"{build}/kernel.elf", image=f"{build}/root.img", snapshot=True, cpus=1,
                         append=qemu.command_append("ls /bin", "gdb-start"))
        m.extra = ["-S", "-chardev", f"socket,path={socket},server=on,wait=off,id=gdb0", "-gdb", "chardev:gdb0"]
        with open(f"{folder}/commands", "w") as f:
            f.write(script(f"{build}/kernel.elf", socket, steps))
        proc = subprocess.Popen(m.argv(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        try:
            wait_for(socket, proc)
            done = subprocess.run([gdb, "-nx", "-q", "-batch", "-x", f"{folder}/commands"], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=GDB_SECONDS,
                                  stdin=subprocess.DEVNULL)
            return done.stdout
        finally:
            proc.kill()
            proc.wait()


def check(text, steps):
    """Words for every expectation that is not met."""
    parts = {m[1]: m[2] for m in re.finditer(r"^@@(\w+)\n(.*?)(?=^@@|\Z)", text, re.M | re.S)}
    problems = []
    for i, (command, expected) in enumerate(steps):
        part = parts.get(str(i))
        if part is None:
            return problems + [f"GDB did not get to `{command}`:\n{text[-1500:]}"]
        problems += [f"`{command}` lacks /{e}/:\n{part}" for e in expected if not re.search(e, part, re.M)]
    for i, (command, expected) in enumerate(ERRORS):
        found = re.search(rf"^@@error{i} (.*)$", text, re.M)
        if not found or not re.search(expected, found[1]):
            problems.append(f"`{command}` should say /{expected}/, says: {found[1] if found else 'nothing'}")
    return problems + (["a Python traceback:\n" + text] if "Traceback" in text else [])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    gdb = shutil.which("gdb-multiarch") or shutil.which("riscv64-unknown-elf-gdb")
    if not gdb:
        sys.exit("gdb-multiarch is missing: make setup")
    fake_walks()
    text = run_gdb(gdb, os.path.abspath(args.build), STEPS)
    if args.verbose:
        print(text)
    problems = check(text, STEPS)
    print("\n".join(problems) if problems else f"gdb: {len(STEPS) + len(ERRORS)} commands, all right")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
