"""The guest's memory as a source for kernel/tools/gdb/access.py, with no debugger.

    RAM        the file behind QEMU's memory, mapped here: reads cost nothing and stop nothing
    types      layout.json, which GDB wrote from the DWARF of the pristine build (layout_gdb.py)
    addresses  the symbol table of the kernel under test

Types come from the pristine kernel and never from the one under test: a submission cannot tell the
grader where its fields are. Addresses must come from the tested one; its pristine files define the
globals, and a second definition does not link.
"""
import json
import sys
import time
from pathlib import Path

READ_SECONDS = 20  # of our processor, for all of a test; a second is much
GDB_TOOLS = Path(__file__).resolve().parents[2] / "kernel/tools/gdb"
sys.path.insert(0, str(GDB_TOOLS))
import access  # noqa: E402
import walk  # noqa: E402  (re-exported for guest.py and the labs)

AccessError = access.AccessError


class Layout:
    """Types by name, made of layout.json."""

    def __init__(self, path):
        with open(path) as f:
            self.data = json.load(f)
        self.known = {}

    def struct(self, tag):
        if tag not in self.known:
            if tag not in self.data["structs"]:
                raise AccessError(f"this kernel has no struct {tag}")
            size, fields = self.data["structs"][tag]
            self.known[tag] = access.Type("struct", size, tag, fields=lambda: {
                name: (offset, self.make(form)) for name, (offset, form) in fields.items()})
        return self.known[tag]

    def make(self, form):
        """form: ["int", size, signed] | ["ptr", form] | ["array", count, form] | ["struct", tag] | ["void"]"""
        kind = form[0]
        if kind == "int":
            return access.Type("int", form[1], signed=bool(form[2]))
        if kind == "ptr":
            return access.Type("ptr", 8, target=lambda: self.make(form[1]))
        if kind == "array":
            element = self.make(form[2])
            return access.Type("array", form[1] * element.size, count=form[1], target=lambda: element)
        return self.struct(form[1]) if kind == "struct" else access.Type(kind, 0)

    def enum(self, tag):
        try:
            return {int(value): name for value, name in self.data["enums"][tag].items()}
        except KeyError:
            raise AccessError(f"this kernel has no enum {tag}") from None

    def variable(self, name):
        try:
            return self.make(self.data["variables"][name])
        except KeyError:
            raise AccessError(f"this kernel has no variable {name}") from None


class Source:
    """Reading has an end: a kernel can tie its lists and trees into loops that no reader expects."""

    def __init__(self, layout, elf, ram, ram_base, rsp=None):
        self.reads, self.began = 0, time.thread_time()
        self.layout, self.elf, self.ram, self.ram_base, self.rsp = layout, elf, ram, ram_base, rsp
        self.load_base = ram_base
        self.struct, self.enum = layout.struct, layout.enum

    def variable(self, name):
        return self.address(name), self.layout.variable(name)

    def address(self, name):
        symbol = self.elf.find(name)
        if symbol is None:
            raise AccessError(f"the kernel has no symbol {name}")
        return symbol.value

    def phys_read(self, pa, n):
        at = pa - self.ram_base
        self.reads += 1
        if not self.reads & 1023 and time.thread_time() - self.began > READ_SECONDS:
            raise AccessError("its lists have no end")
        if not 0 <= at <= len(self.ram) - n:
            raise AccessError(f"physical address {pa:#x} is no RAM")
        return self.ram[at:at + n]

    def phys_write(self, pa, data):
        at = pa - self.ram_base
        if not 0 <= at <= len(self.ram) - len(data):
            raise AccessError(f"physical address {pa:#x} is no RAM")
        self.ram[at:at + len(data)] = data

    def hart(self, number):
        """Registers of one stopped hart, in access.py's words. number: the stub's, 1 the first."""
        x = self.rsp.general(number)
        regs = {"hart": number - 1, "pc": x[32], "ra": x[1], "sp": x[2], "tp": x[4], "fp": x[8], "x": x}
        for name in ("sscratch", "satp", "priv"):
            regs[name] = self.rsp.register(name, number)
        return regs

    def harts(self):
        return [self.hart(n) for n in self.rsp.threads()]

    def place(self, pc, is_return=False):
        symbol = self.elf.function_at(pc - 1 if is_return else pc)
        return f"{symbol.name}+{pc - symbol.value:#x}" if symbol else f"{pc:#x}"
