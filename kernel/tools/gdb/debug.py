#!/usr/bin/env python3
"""Runs GDB on .gdbinit, and for `make debug` QEMU beside it in the same terminal.

    debug.py --gdb GDB                                  another terminal has QEMU (make qemu-gdb)
    debug.py --gdb GDB --socket S -- QEMU ARGUMENTS     QEMU, too; it ends when GDB does

The guest's console in one terminal: QEMU writes to it directly, and what is typed while the guest runs goes
to the guest through a pipe (console.py, inside GDB, reads the keys). Ctrl-C stops the guest. For that GDB is
alone in the foreground, and QEMU in a session of its own: no key of the terminal can hit it, make, or us.
QEMU's life hangs on ours: we end it, or the system does if we are killed.
"""
import argparse
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time

PR_SET_PDEATHSIG = 1
TTY = 0


def die_with_parent():
    """Linux only; elsewhere QEMU also ends when GDB closes the connection by quitting."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    except (OSError, AttributeError):
        pass


def start_qemu(argv, socket, keys):
    """QEMU, listening on the socket. keys: what it reads as its console's input."""
    if os.path.exists(socket):
        os.unlink(socket)
    qemu = subprocess.Popen(argv, stdin=keys, start_new_session=True, preexec_fn=die_with_parent)
    while not os.path.exists(socket):
        if qemu.poll() is not None:
            sys.exit("debug: QEMU did not start")
        time.sleep(0.05)
    return qemu


def foreground(group):
    """Gives the terminal to a process group."""
    if os.isatty(TTY):
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(TTY, group)
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)


def own_group():
    os.setpgid(0, 0)
    foreground(os.getpid())


def run_gdb(argv, environment):
    """Until it ends; a stop by Ctrl-Z stops us as well. Its exit status."""
    gdb = subprocess.Popen(argv, env=environment, preexec_fn=own_group)
    try:
        while True:
            _, status = os.waitpid(gdb.pid, os.WUNTRACED)
            foreground(os.getpgrp())
            if not os.WIFSTOPPED(status):
                gdb.returncode = os.waitstatus_to_exitcode(status)
                return gdb.returncode
            os.killpg(0, signal.SIGTSTP)
            foreground(gdb.pid)
            os.killpg(gdb.pid, signal.SIGCONT)
    finally:
        if gdb.returncode is None:
            gdb.kill()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gdb", required=True)
    parser.add_argument("--socket")
    parser.add_argument("qemu", nargs="*")
    args = parser.parse_args()
    for end in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(end, lambda *_: sys.exit(1))
    gdb = [args.gdb, "-q", "-iex", "set auto-load local-gdbinit off", "-x", ".gdbinit"]
    if not args.qemu:
        return run_gdb(gdb, os.environ)
    qemu = None
    with tempfile.TemporaryDirectory(prefix="xv39-debug-") as folder:
        fifo = os.path.join(folder, "keys")
        os.mkfifo(fifo, 0o600)
        keys = os.open(fifo, os.O_RDWR)
        try:
            qemu = start_qemu(args.qemu, args.socket, keys)
            print("`continue` starts the guest and gives it the keyboard; Ctrl-C stops it. `xv` lists our commands.")
            return run_gdb(gdb, {**os.environ, "XV39_KEYS": fifo})
        finally:
            if qemu and qemu.poll() is None:
                qemu.kill()  # SIGTERM would do, with a line of QEMU's about it
                qemu.wait()


if __name__ == "__main__":
    sys.exit(main())
