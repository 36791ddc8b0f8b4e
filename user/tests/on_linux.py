#!/usr/bin/env python3
"""Runs a riscv64 program on this Linux, by QEMU's user mode: on_linux.py build/user/bin/usertests mm

The tests are about Linux's interface, so Linux has the last word on them. The program gets root's
rights in namespaces of its own, where it may mount file systems and where programs that it executes
run by QEMU too (binfmt_misc). Needs root, Linux 6.7 or later and qemu-riscv64.
"""
import ctypes
import os
import shutil
import sys

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
BINFMT = "/proc/sys/fs/binfmt_misc"
# 64-bit little-endian ELF executables for RISC-V
MAGIC = rb"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xf3\x00"
MASK = rb"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"

libc = ctypes.CDLL(None, use_errno=True)


def must(result, what):
    if result != 0:
        sys.exit(f"on_linux.py: {what}: {os.strerror(ctypes.get_errno())}")


def child(unshared, mapped):
    must(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare")
    os.write(unshared, b"x")
    os.read(mapped, 1)
    os.setgid(0)
    os.setuid(0)
    must(libc.mount(b"binfmt_misc", BINFMT.encode(), b"binfmt_misc", 0, None), "binfmt_misc")
    qemu = shutil.which("qemu-riscv64") or sys.exit("on_linux.py: no qemu-riscv64")
    with open(f"{BINFMT}/register", "wb") as f:
        f.write(b":riscv64:M::" + MAGIC + b":" + MASK + b":" + qemu.encode() + b":FP")
    os.execvp(sys.argv[1], sys.argv[1:])


def main():
    unshared, mapped = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        child(unshared[1], mapped[0])
    os.read(unshared[0], 1)
    for name in ("uid_map", "gid_map"):
        with open(f"/proc/{pid}/{name}", "w") as f:
            f.write("0 0 65536")
    os.write(mapped[1], b"x")
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    sys.exit(status if status >= 0 else 128 - status)


main()
