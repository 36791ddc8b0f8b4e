"""Tests of what people type: the commands of make, and the shell's terminal.

Each function gets the build folder and a private folder, and returns None or words that say what went
wrong; runtests.py has the rows. Nothing here changes the build folder's image.
"""
import os
import re
import selectors
import shutil
import subprocess
import time

PROMPT = "\n$ "


def fresh_env():
    """The environment for a make of our own: without the outer make's variables, whose T= chooses among our
    rows and whose MAKELEVEL makes an inner make talk of its folder."""
    outer = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "T", "CMD", "APPEND")
    return {k: v for k, v in os.environ.items() if k not in outer}


def make(build, *words, path=None, timeout=200):
    """(status, output) of a make of its own: not one that knows the outer make's variables."""
    env = fresh_env()
    if path is not None:
        env["PATH"] = path
    done = subprocess.run([shutil.which("make"), "-s", f"BUILD={build}", *words], env=env, timeout=timeout,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode(errors="replace")


def copy_image(build, folder):
    copy = f"{folder}/root.img"
    subprocess.run(["cp", "--sparse=always", f"{build}/root.img", copy], check=True)
    return copy


def run(build, folder):
    """make run: the command as it was typed, and its status."""
    root = "ROOT=" + copy_image(build, folder)
    for words, status, output in (
            (["CMD=echo $((6*7)) > /x; cat /x"], 0, "42\n"),
            (["CMD=x='a  b'; for i in 1 2\ndo echo \"$x$i\"; done # $(none)"], 0, "a  b1\na  b2\n"),
            (["CMD=cat /proc/cmdline | grep -c 'word=\"a b\" quiet'", 'APPEND=word="a b" quiet'], 0, "1\n"),
            (["CMD=exit 3"], 2, "Error 3"),
            (["CMD=sleep 60", "TIMEOUT=4"], 2, "run: no end within 4 s"),
            (["CMD= "], 2, "run: no command: make run CMD='...'\n"),
            (["CMD=true", f"ROOT={folder}/none.img"], 2, f"{folder}/none.img: no such image")):
        got, text = make(build, "run", root, *words)
        if got != status or output not in text or (status == 0 and text != output):
            return f"make run {words}: status {got}, expected {status} and {output!r}\n{text[-1500:]}"
    return None


def tools(build, folder):
    """A tool that is missing or too old is named, with the command that installs it."""
    def path_with(name, *without):
        """A folder with the tools of this machine, some left out."""
        at = f"{folder}/{name}"
        os.mkdir(at)
        for tool in ("sh awk cat cmp cp echo find grep mkdir printf python3 rm sed touch uname ls ln dirname "
                     "riscv64-unknown-elf-gcc riscv64-linux-gnu-gcc qemu-system-riscv64 gcc cc").split():
            if tool not in without and shutil.which(tool):
                os.symlink(shutil.which(tool), f"{at}/{tool}")
        return at

    def old(at, tool, words):
        with open(f"{at}/{tool}", "w") as f:
            f.write(f"#!/bin/sh\necho '{words}'\n")
        os.chmod(f"{at}/{tool}", 0o755)
        return at

    crosses = ("riscv64-unknown-elf-gcc", "riscv64-linux-gnu-gcc")
    new = f"{folder}/build"
    for target, path, expect in (
            ("all", path_with("none", *crosses), "make setup (apt-get install gcc-riscv64-unknown-elf)"),
            ("all", path_with("python", "python3"), "apt-get install python3"),
            ("all", old(path_with("gcc", *crosses), crosses[0], "riscv64-unknown-elf-gcc (x) 8.3.0"),
             "too old  RISC-V GCC         8.3.0      needs 12 or newer: apt-get install gcc-riscv64-unknown-elf"),
            (f"{new}/.tools", path_with("qemu", "qemu-system-riscv64"), "apt-get install qemu-system-misc opensbi"),
            (f"{new}/.tools", old(path_with("old", "qemu-system-riscv64"), "qemu-system-riscv64",
                                  "QEMU emulator version 6.0.1"), "too old  QEMU               6.0.1"),
            ("doctor", path_with("fsck"), "e2fsck")):
        status, text = make(new, target, path=path)
        if status == 0 or expect not in text:
            return f"make {target} with {os.listdir(path)}: status {status}, expected {expect!r}\n{text[-1500:]}"
    return None


class Console:
    """A guest's terminal: what a person at the keyboard sees and types."""

    def __init__(self, argv):
        self.proc = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.proc.stdout, selectors.EVENT_READ)
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()
        self.proc.stdin.close()
        self.proc.stdout.close()

    def expect(self, words, timeout=120):
        """Waits until `words` are there; returns what came before and forgets both."""
        end = time.monotonic() + timeout
        while words not in self.text:
            if not self.selector.select(timeout=max(0, end - time.monotonic())):
                raise TimeoutError(f"no {words!r} in {self.text[-600:]!r}")
            data = os.read(self.proc.stdout.fileno(), 65536)
            if not data:
                raise EOFError(f"QEMU ended before {words!r}: {self.text[-600:]!r}")
            # Without the escape sequences of the shell's line editor.
            self.text += re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", data.decode(errors="replace")).replace("\r", "")
        before, self.text = self.text.split(words, 1)
        return before

    def send(self, keys):
        self.proc.stdin.write(keys.encode())
        self.proc.stdin.flush()


# What is typed at the prompt (^X is Ctrl-X), and a line that must then stand alone, before the next prompt.
TYPED = (
    ("echo one two\x17three\r", "one three"),               # ^W takes the word
    ("echo nonsense\x15echo line\r", "line"),               # ^U takes the line
    ("ec\x7f\x7fecho ab\x7fc\r", "ac"),                     # backspace
    ("echo lat\x1b[D\x1b[D\x1b[De \x05er\r", "e later"),    # arrows and ^E
    ("\x10\r", "e later"),                                  # ^P: the line before
    ("\x1b[A\x1b[A\r", "ac"),                         # arrow up: older ones
    ("ls /bin/ech\t\r", "/bin/echo"),                       # tab completes
    ("sleep 99 & jobs\r", "[1]+ Running              sleep 99"),
    ("kill %1; wait; echo $?\r", "0"),
    ("for i in 1 2\rdo if [ $i = 2 ]; then echo two; fi\rdone\r", "two"),
    ("echo 'a  $b' \"c  $((6*7))\" \\\\ /etc/host*\r", "a  $b c  42 \\ /etc/hostname"),
)


def terminal(build, folder):
    """make qemu: the prompt, line editing of shell and terminal, history, ^C, ^D, ^Z, power-off."""
    make_qemu = [shutil.which("make"), "-s", f"BUILD={build}", "qemu", "ROOT=" + copy_image(build, folder)]
    with Console(["env", "-i", f"PATH={os.environ['PATH']}", "HOME=/", *make_qemu]) as guest:
        guest.expect(PROMPT)
        for keys, line in TYPED:
            guest.send(keys)
            try:
                guest.expect(f"\n{line}\n")
            except (TimeoutError, EOFError) as e:
                return f"typed {keys!r}: {e}"
            guest.expect("$ ")
        guest.send("echo go; cat; echo end $?\r")           # the terminal's own editing, not the shell's
        guest.expect("\ngo\n")
        guest.send("this\x15other words\x17line\x7fs\r")
        guest.expect("\nother lins\n")
        guest.send("\x04")
        guest.expect("end 0\n")
        guest.send("sh -c 'echo go; exec sleep 1000'; echo not here\r")
        guest.expect("\ngo\n")
        guest.send("\x03")
        guest.expect("$ ")
        guest.send("echo status $?\r")
        if "not here\n" in guest.expect("\nstatus 130\n"):
            return "^C did not end the line"
        guest.send("sh -c 'echo go; exec sleep 1000'\r")
        guest.expect("\ngo\n")
        guest.send("\x1a")
        guest.expect("Stopped")
        guest.send("kill %1; poweroff\r")
        guest.expect("poweroff")
        if guest.proc.wait(timeout=60):
            return f"make qemu ended with status {guest.proc.returncode}"
    return None
