"""A stopped machine in GDB as a source for access.Kernel."""
import struct

import gdb

from access import PAGE_OFFSET, AccessError, Type


def elf_load_base(path):
    """Physical address of the linear map's first byte, from the kernel's program headers."""
    with open(path, "rb") as f:
        head = f.read(64)
        phoff, = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        for i in range(count):
            f.seek(phoff + i * size)
            kind, _, _, vaddr, paddr = struct.unpack("<IIQQQ", f.read(32))
            if kind == 1 and vaddr >= PAGE_OFFSET:
                return paddr - (vaddr - PAGE_OFFSET)
    raise AccessError(f"{path} is no xv39 kernel")


class Source:
    def __init__(self):
        self.types = {}
        self.kernel = None  # the kernel's gdb.Objfile
        self.base = None
        self.physical = None

    def objfile(self):
        if self.kernel is None or not self.kernel.is_valid():
            named = [o for o in gdb.objfiles() if o.lookup_global_symbol("kernel_main")]
            if not named:
                raise AccessError("no kernel symbols: file build/kernel.elf")
            self.kernel, self.types, self.base = named[0], {}, None
        return self.kernel

    @property
    def load_base(self):
        objfile = self.objfile()
        if self.base is None:
            self.base = elf_load_base(objfile.filename)
        return self.base

    # ---- types

    def convert(self, t):
        t = t.strip_typedefs() if t.name != "pte_t" else t
        codes = {gdb.TYPE_CODE_PTR: "ptr", gdb.TYPE_CODE_ARRAY: "array", gdb.TYPE_CODE_STRUCT: "struct",
                 gdb.TYPE_CODE_UNION: "struct", gdb.TYPE_CODE_FUNC: "func", gdb.TYPE_CODE_VOID: "void"}
        kind = "struct" if t.name == "pte_t" else codes.get(t.code, "int")
        if kind == "ptr":
            return Type(kind, 8, target=lambda: self.convert(t.target()))
        if kind == "array":
            low, high = t.range()
            return Type(kind, t.sizeof, count=high - low + 1, target=lambda: self.convert(t.target()))
        if kind == "struct" and t.tag and t.tag != "pte_t":
            return self.struct(t.tag, t)
        if kind == "struct":
            return Type(kind, t.sizeof, t.name or "", fields=lambda: self.fields(t))
        return Type(kind, t.sizeof, t.name or "", signed=kind == "int" and not self.unsigned(t))

    @staticmethod
    def unsigned(t):
        if t.code in (gdb.TYPE_CODE_BOOL, gdb.TYPE_CODE_CHAR):
            return True
        return t.code == gdb.TYPE_CODE_ENUM or "unsigned" in (t.name or "")

    def fields(self, t):
        return {f.name: (f.bitpos // 8, self.convert(f.type)) for f in t.fields()
                if f.name and hasattr(f, "bitpos")}

    def struct(self, tag, known=None):
        """By its tag in the kernel: a user program's symbols may have a struct of the same name."""
        objfile = self.objfile()
        if tag not in self.types:
            symbol = objfile.lookup_static_symbol(tag, gdb.SYMBOL_STRUCT_DOMAIN)
            if symbol is None and known is None:
                raise AccessError(f"this kernel has no struct {tag}")
            t = symbol.type if symbol else known
            self.types[tag] = Type("struct", t.sizeof, tag, fields=lambda: self.fields(t))
        return self.types[tag]

    def enum(self, tag):
        symbol = self.objfile().lookup_static_symbol(tag, gdb.SYMBOL_STRUCT_DOMAIN)
        if symbol is None:
            raise AccessError(f"this kernel has no enum {tag}")
        return {f.enumval: f.name for f in symbol.type.fields()}

    # ---- symbols

    def variable(self, name):
        file, _, short = name.rpartition(":")
        objfile = self.objfile()
        symbol = None if file else objfile.lookup_global_symbol(short)
        if symbol is None:
            found = [s for s in gdb.lookup_static_symbols(short) if s.symtab.objfile == objfile and
                     s.symtab.filename.endswith(file)]
            symbol = found[0] if found else None
        if symbol is None:
            raise AccessError(f"this kernel has no variable {name}")
        return int(symbol.value().address), self.convert(symbol.type)

    def address(self, name):
        return int(gdb.parse_and_eval(f"(unsigned long)&{name}"))

    @staticmethod
    def place(pc, is_return=False):
        at = pc - 1 if is_return else pc  # a call may be the last instruction of its function
        text = gdb.execute(f"info symbol {at:#x}", to_string=True).strip()
        if text.startswith("No symbol"):
            return f"{pc:#x}"
        name = text.split(" in section")[0].split(" + ")[0]
        line = gdb.find_pc_line(at)
        where = f" at {line.symtab.filename}:{line.line}" if line.symtab else ""
        return f"{pc:#x} {name}{where}"

    # ---- memory and registers

    def phys_read(self, pa, n):
        inferior = gdb.selected_inferior()
        if not inferior.pid:
            raise AccessError("no machine: `target remote` first")
        if self.physical is None:
            answer = gdb.execute("maintenance packet qqemu.PhyMemMode", to_string=True)
            self.physical = 'received: "0"' in answer or 'received: "1"' in answer
        try:
            if not self.physical:  # another stub: what the selected hart sees must do
                return bytes(inferior.read_memory(pa - self.load_base + PAGE_OFFSET, n))
            gdb.execute("maintenance packet Qqemu.PhyMemMode:1", to_string=True)
            try:
                return bytes(inferior.read_memory(pa, n))
            finally:
                gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)
        except gdb.MemoryError:
            raise AccessError(f"no memory at physical address {pa:#x}") from None

    def harts(self):
        """One row for each hart. The user's selected thread and frame stay as they are."""
        if not gdb.selected_inferior().threads():
            raise AccessError("no machine: `target remote` first")
        selected, frame = gdb.selected_thread(), gdb.selected_frame()
        rows = []
        try:
            for thread in sorted(gdb.selected_inferior().threads(), key=lambda t: t.num):
                thread.switch()
                gdb.newest_frame().select()
                rows.append({name: self.register(name) for name in
                             ("pc", "ra", "sp", "tp", "fp", "sscratch", "satp", "priv")})
                hart = self.register("mhartid")
                rows[-1]["hart"] = thread.num - 1 if hart is None else hart
        finally:
            selected.switch()
            frame.select()
        return rows

    @staticmethod
    def register(name):
        try:
            return int(gdb.parse_and_eval(f"(unsigned long)${name}")) & (1 << 64) - 1
        except gdb.error:
            return None
