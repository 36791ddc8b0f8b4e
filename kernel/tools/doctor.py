#!/usr/bin/env python3
"""Says which tools and versions are here, which are too old, and the command that mends it.

    doctor.py                        everything, one line each (make doctor)
    doctor.py --for build --cc GCC   only what building with that compiler lacks: silent when all is here
    doctor.py --for run              the same for booting

Exits 1 when something that building or running needs is missing or too old.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys

# name, candidates, option that prints the version, lowest version, what needs it, Debian package
TOOLS = [
    ("QEMU", ["qemu-system-riscv64"], "--version", (7, 2), "run", "qemu-system-misc opensbi"),
    ("RISC-V GCC", ["riscv64-unknown-elf-gcc", "riscv64-elf-gcc", "riscv64-linux-gnu-gcc"],
     "--version", (12,), "build", "gcc-riscv64-unknown-elf"),
    ("host GCC", ["gcc", "cc"], "--version", (9,), "build", "gcc libc6-dev"),
    ("GNU make", ["make", "gmake"], "--version", (4, 2), "build", "make"),
    ("Python", ["python3"], "--version", (3, 9), "build", "python3"),
    ("e2fsck", ["e2fsck", "/sbin/e2fsck", "/usr/sbin/e2fsck"], "-V", (1, 44), "test", "e2fsprogs"),
    ("GDB", ["gdb-multiarch", "riscv64-unknown-elf-gdb", "riscv64-elf-gdb", "gdb"], "--version",
     (10,), None, "gdb-multiarch"),
    ("RISC-V glibc GCC", ["riscv64-linux-gnu-gcc"], "--version", (10,), None,
     "gcc-riscv64-linux-gnu libc6-dev-riscv64-cross"),
    ("Clang", ["clang"], "--version", (14,), None, "clang lld llvm"),
    ("clang-format", ["clang-format"], "--version", (14,), None, "clang-format"),
    ("zstd", ["zstd"], "--version", (1,), None, "zstd"),
    ("bubblewrap", ["bwrap"], "--version", (0, 5), None, "bubblewrap"),
    ("git", ["git"], "--version", (2, 30), None, "git"),
    ("cppcheck", ["cppcheck"], "--version", (2,), None, "cppcheck"),
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


def examine(tool, quiet):
    """Prints one line, unless all is well and nobody asked; returns True when the tool serves."""
    name, candidates, option, lowest, needed, package = tool
    path = next((p for p in map(shutil.which, candidates) if p), None)
    version = version_of(path, option) if path else None
    shown = ".".join(map(str, version)) if version else "-"
    if version and version >= lowest:
        if not quiet:
            print(f"ok       {name:18} {shown:10} {path}")
        return True
    state = "too old" if version else ("missing" if needed else "optional")
    want = ".".join(map(str, lowest))
    print(f"{state:8} {name:18} {shown:10} needs {want} or newer: apt-get install {package}")
    return False


def compiler(path):
    """The row of the table for the compiler that make uses."""
    base = os.path.basename(path)
    row = next((t for t in TOOLS if base in t[1]), None)
    name, lowest, package = (row[0], row[3], row[5]) if row else (base, (12,), "gcc-" + base[:-4])
    return (name, [path], "--version", (12,) if base.endswith("gcc") else lowest, "build", package)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--for", dest="purpose", choices=["build", "run"])
    parser.add_argument("--cc", help="the compiler of the kernel")
    args = parser.parse_args()
    tools = [t for t in TOOLS if args.purpose in (None, t[4])]
    if args.cc:
        tools = [compiler(args.cc)] + [t for t in tools if t[0] != "RISC-V GCC"]
    bad = [t[0] for t in tools if not examine(t, args.purpose) and t[4]]
    if bad:
        print(f"doctor: {', '.join(bad)}: run `make setup`")
        return 1
    if not args.purpose:
        print("doctor: all that building and running needs is here")
    return 0


if __name__ == "__main__":
    sys.exit(main())
