#!/usr/bin/env python3
"""Runs the micro-benchmarks in the guest and prints instructions per operation beside the goals.

    bench.py [--kernel K] [--image I] [--mem SIZE] [name...]

One hart under `-icount shift=0`: 1 ns of guest time is 1 instruction, so figures repeat exactly.
Exits 1 when a figure is above its goal. The Linux column is 6.12 tinyconfig plus virtio and ext4 built
for speed, the xv6 column MIT's, both measured the same way.
"""
import argparse
import dataclasses
import re
import sys
import tempfile

import qemu
from commandtests import Console

# name: (words, goal, lean Linux 6.12, xv6)
ROWS = {
    "null": ("null system call (getpid)", 200, 221, 1130),
    "pipe_rt": ("pipe round trip, two processes", 7000, 8246, 95912),
    "pipe_copy": ("pipe copy, per KiB (4 KiB writes)", 1200, 1370, 664572),
    "fork_tiny": ("fork + exit + wait, tiny program", 40000, 53860, 1250940),
    "exec_tiny": ("fork + execve + exit + wait", 100000, 125143, 3048766),
    "fork_16m": ("fork + exit + wait, 16 MiB resident", 60000, 1325620, 189091280),
    "fork_touch_16m": ("the same, child writes to all 16 MiB", 8000000, 15469150, None),
    "fork_1g": ("fork + exit + wait, 1 GiB resident, MEM=4G", 120000, None, None),
    "touch_mmap": ("first touch of an anonymous page, mmap", 1600, 2285, 24949),
    "touch_brk": ("first touch of an anonymous page, brk", 1600, 2285, 24949),
    "touch_huge": ("the same with 2 MiB pages on, per 4 KiB", 700, None, None),
    "free_huge": ("freeing it, munmap, per 4 KiB", None, None, None),
    "free_mmap": ("freeing it, munmap", 500, 603, 12605),
    "free_brk": ("freeing it, brk", 500, 603, 12605),
    "brk_64m": ("brk up by 64 MiB, untouched", 1500, 2700, 409423600),
    "brk_64m_down": ("brk down again", None, None, None),
    "mmap_1m": ("mmap + munmap of 1 MiB, untouched", 4000, 7667, None),
    "map_file": ("mapped cached file, per page in order", 140, 140, None),
    "boot": ("first instruction to prompt, MEM=128M", 20000000, None, None),
    "boot_8g": ("the same, MEM=8G", 40000000, None, None),
    "fault_10_vmas": ("fault among 10 VMAs", None, None, None),
    "fault_10000_vmas": ("fault among 10,000 VMAs", None, None, None),
    "reclaim": ("reclaim of clean cache, per page", 600, None, None),
    "reclaim_8g": ("the same, 8 GiB of it", 600, None, None),
    "swap_random": ("swap out and in, per page: 32M, 1:4, random", None, None, None),
    "swap_floor": ("its floor: two copies and one request", None, None, None),
}


def fmt(n):
    return f"{n:,}" if n is not None else "-"


def machine(args, mem, append):
    return qemu.Machine(kernel=args.kernel, image=args.image, cpus=1, mem=mem, icount=True, snapshot=True,
                        append=append)


def run_guest(args, command, mem, **changes):
    """What `bench` reports there: {name: figure}."""
    m = dataclasses.replace(machine(args, mem, qemu.command_append(command, "bench-start")), **changes)
    status, text = qemu.boot(m, timeout=600)
    if status:
        sys.stdout.write(text)
        sys.exit(f"bench: the guest ended with status {status}")
    return {m[1]: int(m[2]) for m in re.finditer(r"^(\w+)\t(\d+)$", text, re.M)}


def swap_figures(args):
    """While the guest waits for the disk its clock goes as ours does (icount's sleep=on, the default). It
    would leap from timer to timer, and the timers' work would count."""
    with tempfile.TemporaryDirectory() as folder:
        disk = f"{folder}/swap.img"
        qemu.make_swap(disk, 192 << 20)
        return run_guest(args, "bench swap", "32M", disks=[disk], icount=False, extra=["-icount", "shift=0"])


def boot_figure(args, mem):
    """The kernel's own line: instructions from its first one until the shell waits behind its prompt, idle
    time left out, all messages shown."""
    with Console(machine(args, mem, "root=/dev/vda rw loglevel=debug").argv()) as guest:
        guest.expect("\n$ ")
        guest.expect("tty: first waits after ")
        return int(guest.expect(" ns, ")) - int(guest.expect(" idle"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", default="build/kernel.elf")
    parser.add_argument("--image", default="build/root.img")
    parser.add_argument("--mem", default="128M")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()

    figures = run_guest(args, " ".join(["bench", *args.names]), args.mem)
    if not args.names or "fork_1g" in args.names:
        figures |= run_guest(args, "bench fork_1g", "4G")
    if not args.names:
        figures["boot"] = boot_figure(args, "128M")
        figures["boot_8g"] = boot_figure(args, "8G")
        figures["reclaim_8g"] = run_guest(args, "bench reclaim", "9G")["reclaim"]
    if not args.names or "swap" in args.names:
        figures |= swap_figures(args)
    print(f"{'guest instructions for each':44}{'xv39':>12}{'goal':>12}{'Linux 6.12':>12}{'xv6':>14}")
    over = []
    for name, value in figures.items():
        words, goal, linux, xv6 = ROWS.get(name, (name, None, None, None))
        late = goal is not None and value > goal
        over += [words] if late else []
        print(f"{words:44}{fmt(value):>12}{fmt(goal):>12}{fmt(linux):>12}{fmt(xv6):>14}"
              f"{'  over the goal' if late else ''}")
    if figures.get("fault_10000_vmas", 0) > 2 * figures.get("fault_10_vmas", 1 << 62):
        over.append("fault among 10,000 VMAs (more than twice that among 10)")
    if over:
        print(f"bench: above the goal: {'; '.join(over)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
