"""A client of GDB's remote protocol: the part that QEMU's stub speaks.

    grader                          stub
      $g#67            ------->                  registers of the chosen hart
                       <-------     $0000...#xx
      $c#63            ------->                  runs
      \\x03             ------->                  stop!
                       <-------     $T05thread:01;#..

A packet is $text#sum; with QStartNoAckMode nothing is acknowledged. Registers are named: their numbers
come from the stub's own description (target.xml), which differs between versions of QEMU.
All breakpoints are the emulator's: guest memory is not changed, so a guest cannot see them.
"""
import re
import select
import socket
import time

from .errors import Infra

CSR_SSTATUS, CSR_TIME = 0x100, 0xC01
STEP_SECONDS = 10


class Gone(Exception):
    """The machine ended: QEMU closed the connection."""


class Stuck(Exception):
    """A single step does not end: the instruction waits, as wfi does."""


class Client:
    def __init__(self, path, timeout=20):
        self.sock = self.connect(path, timeout)
        self.buffer = b""
        self.numbers = {}
        self.hart = None
        self.ask("QStartNoAckMode")
        self.sock.sendall(b"+")
        self.read_description()

    @staticmethod
    def connect(path, timeout):
        """QEMU makes the socket some time after its start."""
        end = time.monotonic() + timeout
        while True:
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(path)
                return sock
            except OSError as err:
                sock.close()
                if time.monotonic() > end:
                    raise Infra(f"QEMU's debug socket cannot be reached: {err}") from None
                time.sleep(0.005)

    def close(self):
        self.sock.close()

    # ---- packets

    def send(self, text):
        data = text.encode("latin-1")
        try:
            self.sock.sendall(b"$%s#%02x" % (data, sum(data) & 255))
        except OSError:
            raise Gone from None

    def receive(self, timeout=None):
        """The next packet's text; None when none comes in time."""
        while True:
            found = re.search(rb"\$([^#]*)#..", self.buffer, re.S)
            if found:
                self.buffer = self.buffer[found.end():]
                return unescape(found[1]).decode("latin-1")
            if not select.select([self.sock], [], [], timeout)[0]:
                return None
            try:
                data = self.sock.recv(65536)
            except OSError:
                data = b""
            if not data:
                raise Gone
            self.buffer += data

    def ask(self, text, timeout=30):
        self.send(text)
        reply = self.receive(timeout)
        if reply is None:
            raise Infra(f"QEMU's debug stub does not answer {text[:20]!r} within {timeout} s")
        if reply[:1] == "W" or reply[:1] == "X":
            raise Gone
        return reply

    # ---- registers

    def read_xml(self, name):
        text = ""
        while True:
            part = self.ask(f"qXfer:features:read:{name}:{len(text):x},4000")
            text += part[1:]
            if part[:1] != "m":
                return text

    def read_description(self):
        number = 0
        for name in re.findall(r'xi:include href="([^"]+)"', self.read_xml("target.xml")):
            for tag in re.findall(r"<reg [^>]*>", self.read_xml(name)):
                given = re.search(r'regnum="(\d+)"', tag)
                number = int(given[1]) if given else number
                self.numbers[re.search(r'name="([^"]+)"', tag)[1]] = number
                number += 1
        # QEMU answers for the counters by number, and leaves them out of its description.
        self.numbers["time"] = self.numbers["sstatus"] - CSR_SSTATUS + CSR_TIME

    def choose(self, hart):
        if hart != self.hart:
            self.ask(f"Hg{hart:x}")
            self.hart = hart

    def register(self, name, hart=1):
        self.choose(hart)
        reply = self.ask(f"p{self.numbers[name]:x}")
        if reply.startswith("E") or not reply:
            raise Infra(f"QEMU does not tell register {name}")
        return int.from_bytes(bytes.fromhex(reply), "little")

    def set_register(self, name, value, hart=1):
        self.choose(hart)
        data = (value & (1 << 64) - 1).to_bytes(8, "little").hex()
        if self.ask(f"P{self.numbers[name]:x}={data}") != "OK":
            raise Infra(f"QEMU does not set register {name}")

    def general(self, hart=1):
        """x0 to x31 and pc."""
        self.choose(hart)
        data = bytes.fromhex(self.ask("g"))
        return [int.from_bytes(data[i * 8:i * 8 + 8], "little") for i in range(33)]

    def set_general(self, values, hart=1):
        """The stub wants as many bytes as it gave."""
        self.choose(hart)
        data = self.ask("g")
        text = b"".join(v.to_bytes(8, "little") for v in values).hex()
        if self.ask("G" + text + data[len(text):]) != "OK":
            raise Infra("QEMU does not set the registers")

    def threads(self):
        """Numbers of the harts, 1 the first."""
        found, reply = [], self.ask("qfThreadInfo")
        while reply.startswith("m"):
            found += [int(n.split(".")[-1], 16) for n in reply[1:].split(",")]
            reply = self.ask("qsThreadInfo")
        return sorted(found)

    # ---- running

    def breakpoint(self, va, on=True):
        self.ask(f"{'Z' if on else 'z'}0,{va:x},4")

    def resume(self):
        self.send("vCont;c")

    def step(self, hart=1):
        self.send(f"vCont;s:{hart:x}")
        reply = self.receive(STEP_SECONDS)
        if reply is None:
            self.interrupt()
            self.receive(20)
            raise Stuck
        if not reply.startswith("T"):
            raise Gone

    def interrupt(self):
        try:
            self.sock.sendall(b"\x03")
        except OSError:
            raise Gone from None

    def wait(self, timeout):
        """The hart that stopped, or None when the machine still runs."""
        reply = self.receive(timeout)
        if reply is None:
            return None
        if reply[:1] in "WX":
            raise Gone
        found = re.search(r"thread:(?:p[0-9a-f]+\.)?([0-9a-f]+)", reply)
        return int(found[1], 16) if found else 1


def unescape(data):
    """} marks a byte that was sent with bit 5 turned."""
    return re.sub(rb"\}(.)", lambda m: bytes([m[1][0] ^ 0x20]), data, flags=re.S)
