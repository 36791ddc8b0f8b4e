"""Boots xv39 in QEMU for scripts: one function, boot(), used by run.py, bench.py and runtests.py.

The console goes to a pipe, never to a socket. QEMU's exit status is the guest's: init hands the status
of its command to the kernel, which writes it to the test finisher; a panic gives PANIC_STATUS.
"""
import os
import selectors
import shutil
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field

PANIC_STATUS = 101  # what a panic writes to the finisher
HUNG_STATUS = 124   # ours: no end within the time limit


@dataclass
class Machine:
    """What to boot. mem as QEMU takes it ("128M"); image None: no disk."""
    kernel: str = "build/kernel.elf"
    image: str | None = None
    cpus: int = 1
    mem: str = "128M"
    append: str = "root=/dev/vda rw quiet"
    cpu: str = "rv64"
    icount: bool = False
    legacy: bool = False
    snapshot: bool = False
    disks: list = field(default_factory=list)  # more images, or what else -drive takes: /dev/vdb, /dev/vdc ...
    extra: list = field(default_factory=list)

    def argv(self):
        qemu = shutil.which("qemu-system-riscv64")
        if not qemu:
            sys.exit("qemu-system-riscv64 is not installed: run `make setup`")
        args = [qemu, "-machine", "virt", "-cpu", self.cpu, "-smp", str(self.cpus), "-m", self.mem,
                "-nographic", "-no-reboot", "-nic", "none", "-kernel", self.kernel, "-append", self.append,
                "-device", "virtio-rng-device"]
        if "-numa" not in self.extra:  # the host lends what is touched: 64 GiB can be had anywhere
            size = self.mem + "M" if self.mem.isdigit() else self.mem
            args += ["-machine", "memory-backend=ram0", "-object",
                     f"memory-backend-ram,id=ram0,size={size},reserve=off"]
        if not self.legacy:
            args += ["-global", "virtio-mmio.force-legacy=false"]
        if self.image:
            snapshot = ",snapshot=on" if self.snapshot else ""
            args += ["-drive", f"file={self.image},if=none,format=raw,id=x0{snapshot}",
                     "-device", "virtio-blk-device,drive=x0"]
        for i, disk in enumerate(self.disks, 1):
            drive = disk if "=" in disk else f"file={disk},format=raw"
            args += ["-drive", f"{drive},if=none,id=x{i}", "-device", f"virtio-blk-device,drive=x{i}"]
        if self.icount:
            args += ["-icount", "shift=0,sleep=off"]
        return args + self.extra


def make_swap(path, size, bad=()):
    """A swap area of `size` bytes as mkswap makes it; `bad`: pages that must not be used."""
    header = bytearray(4096)
    struct.pack_into("<III", header, 1024, 1, size // 4096 - 1, len(bad))
    header[1036:1052] = b"xv39-swap-image\0"  # the UUID
    struct.pack_into(f"<{len(bad)}I", header, 1536, *bad)
    header[-10:] = b"SWAPSPACE2"
    with open(path, "wb") as f:
        f.write(header)
        f.truncate(size)


def percent_encode(text):
    """As init decodes it: everything that the kernel's command line could split or unquote."""
    keep = set(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:;=+,@$(){}[]<>|&*?!~^#'`")
    return "".join(chr(b) if b in keep else f"%{b:02x}" for b in text.encode())


def command_append(command, mark, base="root=/dev/vda rw quiet"):
    """A kernel command line that makes init print `mark` alone on a line and then run the command."""
    return f"{base} -- -m {mark} -e {percent_encode(command)}"


def boot(machine, timeout, sink=None):
    """Runs until QEMU ends or `timeout` seconds of wall time have gone.

    Returns (status, output text); sink(bytes) gets the output as it comes. Status HUNG_STATUS: time out.
    """
    proc = subprocess.Popen(machine.argv(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    selector = selectors.DefaultSelector()
    selector.register(proc.stdout, selectors.EVENT_READ)
    end = time.monotonic() + timeout
    chunks, status = [], None
    try:
        while status is None:
            if not selector.select(timeout=max(0, min(1, end - time.monotonic()))):
                if time.monotonic() >= end:
                    status = HUNG_STATUS
                continue
            data = os.read(proc.stdout.fileno(), 65536)
            if not data:
                status = proc.wait()
                break
            chunks.append(data)
            if sink:
                sink(data)
    finally:
        if proc.poll() is None:
            proc.kill()
            proc.wait()
        proc.stdout.close()
    return status, b"".join(chunks).decode(errors="replace").replace("\r\r\n", "\n").replace("\r\n", "\n")
