#!/usr/bin/env python3
"""Boots xv39, runs one command line with sh, prints its output, and exits with its status.

    run.py [--cpus N] [--mem SIZE] [--image FILE] [--disk FILE] [--append WORDS] [--timeout SECONDS] COMMAND

What firmware and kernel print before the command starts is shown only when it never starts.
"""
import argparse
import os
import secrets
import sys

import qemu


class Output:
    """Passes on what comes after the line with the mark, with the terminal's \\r\\n made \\n."""

    def __init__(self, mark):
        self.mark = mark.encode()
        self.before = b""
        self.started = False
        self.pending = b""

    def __call__(self, data):
        if not self.started:
            self.before += data
            found = self.before.find(self.mark)
            line_end = self.before.find(b"\n", found)
            if found < 0 or line_end < 0:
                return
            self.started = True
            data = self.before[line_end + 1:]
        data = self.pending + data
        self.pending = b"\r" if data.endswith(b"\r") else b""
        text = data[:len(data) - len(self.pending)].replace(b"\r\n", b"\n")
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", default="build/kernel.elf")
    parser.add_argument("--image", default="build/root.img")
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--mem", default="128M")
    parser.add_argument("--cpu", default="rv64")
    parser.add_argument("--append", default="", help="more words for the kernel")
    parser.add_argument("--timeout", type=float, default=600, help="seconds of wall time")
    parser.add_argument("--icount", action="store_true", help="fixed instruction clock")
    parser.add_argument("--disk", action="append", default=[], help="one more disk: /dev/vdb, ...")
    parser.add_argument("command")
    args = parser.parse_args()
    if not args.command.strip():
        parser.exit(2, "run: no command: make run CMD='...'\n")

    if args.icount and args.cpus > 1:  # one that spins in the firmware for another would keep QEMU's turn
        parser.exit(2, "run: --icount is for one hart\n")

    mark = "start-" + secrets.token_hex(8)
    base = f"root=/dev/vda rw quiet {args.append}".strip()
    if args.image and not os.access(args.image, os.R_OK | os.W_OK):
        parser.exit(2, f"run: {args.image}: no such image, or not to be written\n")
    machine = qemu.Machine(kernel=args.kernel, image=args.image, cpus=args.cpus, mem=args.mem,
                           cpu=args.cpu, icount=args.icount, disks=args.disk,
                           append=qemu.command_append(args.command, mark, base))
    out = Output(mark)
    status, text = qemu.boot(machine, args.timeout, out)
    if not out.started:
        sys.stdout.write(text)
        print("run: the command never started", file=sys.stderr)
        return status or 1
    if status == qemu.HUNG_STATUS:
        print(f"run: no end within {args.timeout:.0f} s, stopped (TIMEOUT=... allows more)",
              file=sys.stderr)
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, BrokenPipeError) as end:  # nobody reads on; QEMU has been ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(130 if isinstance(end, KeyboardInterrupt) else 141)
