"""One QEMU for one test: started, watched and ended here.

    private folder (mode 0700)          QEMU, in the sandbox
      ram        <-- mapped, shared --> the guest's memory: read and written without stopping
      gdb        <-- unix socket    --> debug stub (rsp.py)
      console    <-- plain file     --  serial port: never a socket, which would disturb the clock
      disk.img                      --  a copy for this test
      swap.img                      --  a swap area, if the test wants one

Time is the guest's own: -icount shift=0 makes one instruction one nanosecond, on any host, and with
sleep=off an idle guest jumps to its next timer. Limits are in that time; wall time is a backstop.

The pulse. When a hart stops at a breakpoint, QEMU believes for a moment that all harts idle, and with
sleep=off moves the clock on to the next timer: for ever, if the guest has set none. A network filter
without a network has a timer of its own every PULSE_US, which the guest cannot see: so a stop moves the
clock by at most that, always to a multiple of it, and always in the same way.

The nudge. With this clock QEMU runs one hart at a time and changes to the next when that one waits or is
stopped. A hart that spins in the firmware until another has flushed its TLB would keep its turn until a
timer happens to end it: so several harts are stopped every NUDGE_SECONDS, which hands the turn on.
Tests on several harts may not count on the very same order in every run.

While the guest runs it is looked at a few times a second (its clock stands still meanwhile):
  every hart waits and no thread has run for HANG_NS  -> "hang"
  clock beyond the limit     -> "time", or "hang" when every hart waits, "loop" when one never rests
  interrupts off and one function for LOOP_NS, or one thread in the kernel for STAY_NS
                             -> "loop", long before the limit
"""
import mmap
import os
import shutil
import struct
import subprocess
import time

from . import sandbox
from .errors import Failure, Infra, Suspect
from .rsp import Client, Gone

RAM_BASE = 0x80000000
LOOK_SECONDS = 0.2
NUDGE_SECONDS = 0.005
WALL_SECONDS = 90
CRAWL_SECONDS, CRAWL_RATE = 10, 0.004  # without a stop; then less guest time than this for a second is too little
PULSE_US = 200
LOOP_NS = 150_000_000  # in one function, interrupts off
STAY_NS = 500_000_000  # one thread in the kernel, which is not preempted
CONSOLE_LIMIT = 256 << 10
HANG_NS = 1_000_000_000
ASLEEP_LOOKS = 15
SMP_PATIENCE = 10
SSTATUS_SIE = 2
PRIV_MACHINE = 3
WFI = 0x10500073
WORDS = {"panic": "the kernel panics", "hang": "the machine hangs: every hart waits, nothing wakes one",
         "loop": "endless loop", "halt": "the machine went off by itself", "time": "out of time",
         "flood": "endless output"}


def megabytes(text):
    """"64M" or "1G" in bytes."""
    return int(text[:-1]) << {"M": 20, "G": 30}[text[-1]]


def write_swap_area(path, size):
    """What mkswap writes: version 1, the last page, no bad pages; the magic ends the first page."""
    head = bytes(1024) + struct.pack("<III", 1, size // 4096 - 1, 0)
    with open(path, "wb") as f:
        f.write(head.ljust(4086, b"\0") + b"SWAPSPACE2")
        f.truncate(size)


class Machine:
    def __init__(self, kernel, image, append, cpus=1, mem="64M", seed=1, wall=WALL_SECONDS, swap=""):
        self.folder = sandbox.private_folder("xvg-")
        self.kernel, self.cpus, self.mem, self.seed = kernel, cpus, mem, seed
        self.append, self.wall, self.wall_start = append, wall, time.monotonic()
        self.proc = self.rsp = self.ram = None
        self.disk = None
        self.swap = self.folder / "swap.img" if swap else None
        self.swap_size = megabytes(swap) if swap else 0
        self.limit = None  # of the guest's clock, in nanoseconds
        try:
            self.prepare(image)
            self.start()
        except BaseException:
            self.close()
            raise

    def prepare(self, image):
        size = megabytes(self.mem)
        with open(self.folder / "ram", "wb") as f:
            f.truncate(size)
        if image:
            self.disk = self.folder / "disk.img"
            subprocess.run(["cp", "--sparse=always", str(image), str(self.disk)], check=True)
        if self.swap:
            write_swap_area(self.swap, self.swap_size)
        (self.folder / "console").touch()
        shutil.copy(self.kernel, self.folder / "kernel.elf")
        sandbox.give(self.folder)
        with open(self.folder / "ram", "r+b") as f:
            self.ram = mmap.mmap(f.fileno(), size)

    def argv(self):
        qemu = shutil.which("qemu-system-riscv64")
        if not qemu:
            raise Infra("qemu-system-riscv64 is not installed: make setup")
        d = self.folder
        args = [qemu, "-machine", "virt,memory-backend=ram0", "-cpu", "rv64", "-smp", str(self.cpus), "-m", self.mem,
                "-object", f"memory-backend-file,id=ram0,size={self.mem},mem-path={d}/ram,share=on",
                "-nodefaults", "-display", "none", "-monitor", "none", "-no-reboot", "-no-user-config",
                "-netdev", "hubport,id=pulse,hubid=0",
                "-object", f"filter-buffer,id=p0,netdev=pulse,interval={PULSE_US}",
                "-serial", f"file:{d}/console", "-kernel", f"{d}/kernel.elf", "-append", self.append,
                "-icount", "shift=0,sleep=off", "-seed", str(self.seed),
                "-rtc", "base=2024-01-01T00:00:00,clock=vm", "-global", "virtio-mmio.force-legacy=false",
                "-device", "virtio-rng-device",
                "-S", "-chardev", f"socket,id=g,path={d}/gdb,server=on,wait=off", "-gdb", "chardev:g",
                "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"]
        if self.disk:
            args += ["-drive", f"file={self.disk},if=none,format=raw,id=x0", "-device", "virtio-blk-device,drive=x0"]
        if self.swap:
            args += ["-drive", f"file={self.swap},if=none,format=raw,id=x1", "-device", "virtio-blk-device,drive=x1"]
        return args

    def start(self):
        disk = max(self.disk.stat().st_size if self.disk else 0, self.swap_size)
        command = sandbox.wrap(self.argv(), write=[self.folder], cwd=self.folder,
                               file_size=max(disk, CONSOLE_LIMIT), memory=megabytes(self.mem) + (4 << 30))
        self.log = open(self.folder / "qemu.log", "wb")
        self.proc = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                     start_new_session=True)
        try:
            self.rsp = Client(str(self.folder / "gdb"))
        except (Infra, Gone) as err:
            said = (self.folder / "qemu.log").read_text(errors="replace")[-400:]
            raise Infra(f"QEMU does not start: {said or err}") from None

    def close(self):
        if self.rsp:
            self.rsp.close()
        if self.proc:
            sandbox.end_group(self.proc)
            self.proc.wait()
            self.log.close()
        if self.ram:
            self.ram.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def console(self):
        try:
            with open(self.folder / "console", "rb") as f:
                return f.read(CONSOLE_LIMIT)
        except OSError:
            return b""

    # ---- time

    def guest_ns(self):
        """The guest's clock (10 MHz), in nanoseconds since its start."""
        return self.rsp.register("time", 1) * 100

    # ---- running

    def run(self):
        """Goes on until a breakpoint; returns the hart. Raises Failure for every other end."""
        try:
            return self.run_watched()
        except Gone:
            raise self.ended() from None

    def run_watched(self):
        look, began, due = Look(), None, time.monotonic() + LOOK_SECONDS
        self.rsp.resume()
        while True:
            hart = self.rsp.wait(LOOK_SECONDS if self.cpus == 1 else NUDGE_SECONDS)
            if hart is not None:
                if self.limit and self.guest_ns() > self.limit:
                    raise self.late(None)
                return hart
            hart = self.stop()
            if hart is not None:
                return hart
            if time.monotonic() >= due:
                began = began or (time.monotonic(), self.guest_ns())
                self.check_wall(*began)
                self.check_console()
                look.take(self)
                due = time.monotonic() + LOOK_SECONDS
            self.rsp.resume()

    def check_wall(self, since, clock):
        """The wall-clock backstop. A kernel can make the emulator crawl, so it need not be the host's fault.
        since, clock: of the host and the guest when it began to run."""
        now = time.monotonic()
        took, guest = now - since, (self.guest_ns() - clock) / 1e9
        if now - self.wall_start < self.wall and (took < CRAWL_SECONDS or guest / took > CRAWL_RATE):
            return
        took = max(took, 0.1)
        raise Suspect(Failure("time", f"{WORDS['time']}: after {took:.0f} s of the host's time only {guest * 1000:.0f} ms "
                               "of the guest's have gone by"), guest / took)

    def check_console(self):
        if os.path.getsize(self.folder / "console") > CONSOLE_LIMIT:
            raise Failure("flood", f"{WORDS['flood']}: more than {CONSOLE_LIMIT >> 10} KiB on the console")

    def stop(self):
        """Stops a running guest. Returns the hart if it reached a breakpoint at that moment."""
        self.rsp.interrupt()
        reply = self.rsp.receive(20)
        if reply is None:
            raise Infra("QEMU does not stop when asked")
        if reply[:1] in "WX":
            raise Gone
        if reply.startswith("T05"):  # a breakpoint: the interrupt's own stop (T02) follows or was merged
            return int(reply.split("thread:")[1].split(";")[0].split(".")[-1], 16)
        return None

    def late(self, waiting):
        kind = {True: "hang", False: "loop", None: "time"}[waiting]
        return Failure(kind, f"{WORDS[kind]}: the limit of {self.limit / 1e6:.0f} ms of guest time is over")

    def ended(self):
        """QEMU is gone: why. A kernel can end it with any status, through the machine's finisher."""
        try:
            status = self.proc.wait(timeout=10)
        except subprocess.TimeoutExpired:
            return Infra("QEMU closed its socket but does not end")
        try:
            self.check_console()
        except Failure as failure:
            return failure
        if status in (0, 101):
            return Failure("halt", WORDS["halt"])
        said = [line for line in (self.folder / "qemu.log").read_text(errors="replace").split("\n") if "warning:" not in line]
        words = f"{WORDS['halt']}: QEMU ended with status {status}"
        return Suspect(Failure("halt", " ".join([words, *said])[:500].strip()))


class Look:
    """What the watcher remembers between two looks at a running guest."""

    def __init__(self):
        self.asleep = 0  # looks at which every hart waited, one of them not in the idle loop
        self.seen = {}  # what a hart was found in: since when, each time again
        self.firmware = set()  # those of them during which the hart was in the firmware, too

    def take(self, machine):
        threads = machine.rsp.threads()
        now = machine.guest_ns()
        if machine.limit and now > machine.limit:
            raise machine.late(all(self.waits(machine, n) for n in threads))
        found = {}
        if all(self.waits(machine, n) for n in threads):
            key = ("wait", machine.switches())
            found[key] = self.seen.get(key, now)
            if now - found[key] > HANG_NS:
                raise Failure("hang", WORDS["hang"])
            names = [machine.function_at(machine.rsp.register("pc", n)) for n in threads]
            odd = next((s.name for s in names if s and s.name != "sched_idle"), None)
            self.asleep = self.asleep + 1 if odd else 0
            if self.asleep > ASLEEP_LOOKS:  # its clock may stand still: an interrupt that is not taken ends each wfi
                raise Failure("hang", f"{WORDS['hang']}; one waits in {odd}()")
        for n in threads:
            for key, limit, words in self.places(machine, n):
                found[key] = self.seen.get(key, now)
                if now - found[key] > limit:
                    raise Failure("loop", f"{WORDS['loop']} {words}")
        self.seen = found
        self.firmware &= set(found)

    @staticmethod
    def waits(machine, hart):
        """Does the hart stand behind a wfi?"""
        return machine.kernel_word(machine.rsp.register("pc", hart) - 4) == WFI

    def places(self, machine, n):
        """Rows (key, how long a hart may be found there, words)."""
        rsp = machine.rsp
        symbol = machine.function_at(rsp.register("pc", n))
        priv = rsp.register("priv", n)
        if priv == PRIV_MACHINE:  # the firmware works for the kernel, which is where it was
            self.firmware.update(key for key in self.seen if key[0] == n)
            yield from ((key, float("inf"), "") for key in self.seen if key[0] == n)
        if priv != 1 or symbol is None or self.waits(machine, n):
            return
        if not rsp.register("sstatus", n) & SSTATUS_SIE:
            key = (n, symbol.name)
            yield key, self.patience(machine, key, LOOP_NS), f"in {symbol.name}(), interrupts off"
        key = (n, rsp.register("tp", n))
        yield key, self.patience(machine, key, STAY_NS), f"in the kernel, seen in {symbol.name}()"

    def patience(self, machine, key, limit):
        """Longer where a hart may have waited in the firmware for another one's answer."""
        return limit * SMP_PATIENCE if machine.cpus > 1 and key in self.firmware else limit
