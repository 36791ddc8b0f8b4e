#!/usr/bin/env python3
"""Says which tools and versions are here, which are too old, and the command that mends it.

Run by `make doctor`; exits 1 when something that building or running needs is missing.
"""
import re
import shutil
import subprocess
import sys

# name, candidates, option that prints the version, lowest version, needed, Debian package
TOOLS = [
    ("QEMU", ["qemu-system-riscv64"], "--version", (7, 2), True, "qemu-system-misc opensbi"),
    ("RISC-V GCC", ["riscv64-unknown-elf-gcc", "riscv64-elf-gcc", "riscv64-linux-gnu-gcc"],
     "--version", (12,), True, "gcc-riscv64-unknown-elf"),
    ("host GCC", ["gcc", "cc"], "--version", (9,), True, "gcc libc6-dev"),
    ("GNU make", ["make", "gmake"], "--version", (4, 2), True, "make"),
    ("Python", ["python3"], "--version", (3, 9), True, "python3"),
    ("e2fsck", ["e2fsck", "/sbin/e2fsck", "/usr/sbin/e2fsck"], "-V", (1, 44), True, "e2fsprogs"),
    ("GDB", ["gdb-multiarch", "riscv64-unknown-elf-gdb", "riscv64-elf-gdb", "gdb"], "--version",
     (10,), False, "gdb-multiarch"),
    ("RISC-V glibc GCC", ["riscv64-linux-gnu-gcc"], "--version", (10,), False,
     "gcc-riscv64-linux-gnu libc6-dev-riscv64-cross"),
    ("Clang", ["clang"], "--version", (14,), False, "clang lld"),
    ("clang-format", ["clang-format"], "--version", (14,), False, "clang-format"),
    ("bubblewrap", ["bwrap"], "--version", (0, 5), False, "bubblewrap"),
    ("git", ["git"], "--version", (2, 30), False, "git"),
    ("cppcheck", ["cppcheck"], "--version", (2,), False, "cppcheck"),
]


def version_of(path, option):
    """The first dotted number that the tool prints about itself, as a tuple; None if it cannot run."""
    try:
        done = subprocess.run([path, option], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    # GCC names its distribution in brackets first: take the last number of the first line there.
    line = re.sub(r"\(.*?\)", "", (done.stdout + done.stderr).strip().split("\n")[0])
    found = re.search(r"(\d+(?:\.\d+)+)", line) or re.search(r"\b(\d+)\b", line)
    return tuple(int(n) for n in found.group(1).split(".")) if found else None


def examine(name, candidates, option, lowest, needed, package):
    """Prints one line; returns True when the tool serves."""
    path = next((p for p in map(shutil.which, candidates) if p), None)
    version = version_of(path, option) if path else None
    shown = ".".join(map(str, version)) if version else "-"
    if version and version >= lowest:
        print(f"ok       {name:18} {shown:10} {path}")
        return True
    state = "too old" if version else ("missing" if needed else "optional")
    want = ".".join(map(str, lowest))
    print(f"{state:8} {name:18} {shown:10} needs {want} or newer: apt-get install {package}")
    return False


def main():
    bad = [tool[0] for tool in TOOLS if not examine(*tool) and tool[4]]
    if bad:
        print(f"doctor: {', '.join(bad)}: run `make setup`")
        return 1
    print("doctor: all that building and running needs is here")
    return 0


if __name__ == "__main__":
    sys.exit(main())
