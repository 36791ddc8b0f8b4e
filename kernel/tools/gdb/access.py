"""The kernel's data as Python objects, wherever it comes from.

    walk.py, commands.py            what the structures mean, how they are shown
    Kernel, Obj  (this file)        variables, fields, address translation
    a source                        types, symbols, physical memory, registers
      gdbsource.Source              a machine that GDB has stopped
      (a dump, a test's bytes)      anything with the same methods

A source has these methods; all addresses are numbers:

    struct(tag)         the Type of `struct tag`
    enum(tag)           {value: name} of `enum tag`
    variable(name)      (address, Type) of a variable; "mm/slab.c:caches" for a static one
    address(name)       address of a label or function
    phys_read(pa, n)    n bytes of physical memory
    harts()             a list of {"hart", "pc", "ra", "sp", "tp", "fp", "sscratch", "satp", "priv"}
    place(pc, is_return)  words for a kernel address: function, file, line
    load_base           physical address that the linear map's first byte stands for

All memory is read physically: when a hart stops in user mode the stub cannot read kernel addresses,
and in the kernel no user addresses, but the structures are there all the same.
"""

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT

# kernel/riscv/layout.h
PAGE_OFFSET = 0xffffffc000000000
VMALLOC_START = 0xffffffe000000000
VMALLOC_END = 0xfffffff000000000
USER_END = 0x4000000000

# kernel/riscv/pte.h
PTE_V, PTE_R, PTE_W, PTE_X, PTE_U, PTE_G, PTE_A, PTE_D, PTE_COW, PTE_SPECIAL = (1 << i for i in range(10))
PTE_PROTNONE = PTE_G  # in an entry without V


class AccessError(Exception):
    """The data is not there; the words say why."""


class Type:
    """kind: int, ptr, array, struct, func, void. target (of ptr, array) and fields are made when asked for."""

    def __init__(self, kind, size, name="", signed=False, count=0, target=None, fields=None):
        self.kind, self.size, self.name, self.signed, self.count = kind, size, name, signed, count
        self._target, self._fields = target, fields

    @property
    def target(self):
        return self._target()

    @property
    def fields(self):
        if callable(self._fields):
            self._fields = self._fields()
        return self._fields


class Obj:
    """A struct or array in kernel memory. obj.field is a number, an Obj, or None for a null pointer."""

    def __init__(self, kernel, type_, addr):
        self._k, self._type, self._addr = kernel, type_, addr

    def __getattr__(self, name):
        offset, type_ = self._field(name)
        return self._k.load(type_, self._addr + offset)

    def _field(self, name):
        try:
            return self._type.fields[name]
        except (KeyError, TypeError):
            raise AccessError(f"struct {self._type.name} has no member {name}") from None

    def __getitem__(self, i):
        if not 0 <= i < self._type.count:  # ends a loop over the array, too
            raise IndexError(i)
        element = self._type.target
        return self._k.load(element, self._addr + i * element.size)

    def __len__(self):
        return self._type.count

    def __bool__(self):
        return True

    def __eq__(self, other):
        return isinstance(other, Obj) and self._addr == other._addr

    def __hash__(self):
        return hash(self._addr)


def addr_of(obj, field=None):
    """Where an Obj, or one of its members, lies; 0 for None."""
    if obj is None:
        return 0
    return obj._addr + (obj._field(field)[0] if field else 0)


def pointer(obj, field):
    """The value of a pointer member as a number."""
    offset, _ = obj._field(field)
    return obj._k.u64(obj._addr + offset)


def text(obj, field):
    """A char array, or the string that a char pointer points to."""
    offset, type_ = obj._field(field)
    at = obj._addr + offset
    return obj._k.string(at, type_.count) if type_.kind == "array" else obj._k.string(obj._k.u64(at))


class Kernel:
    """Variables, memory and translation on top of a source."""

    def __init__(self, source):
        self.source = source
        self.pages = {}

    def forget(self):
        """The machine has run: nothing that was read is valid."""
        self.pages = {}

    # ---- memory

    def phys(self, pa, n):
        at = pa % PAGE_SIZE
        if at + n <= PAGE_SIZE:  # nearly always
            return self.page(pa - at)[at:at + n]
        pages = range(pa - at, pa + n, PAGE_SIZE)
        return b"".join(self.page(p) for p in pages)[at:at + n]

    def page(self, pa):
        if pa not in self.pages:
            self.pages[pa] = self.source.phys_read(pa, PAGE_SIZE)
        return self.pages[pa]

    def phys_u64(self, pa):
        return int.from_bytes(self.phys(pa, 8), "little")

    def kernel_root(self):
        """Physical address of the kernel's root table. Read without translation of its own."""
        at, _ = self.source.variable("kernel_root")
        root = self.phys_u64(self.linear_to_phys(at))
        if not root:
            raise AccessError("the kernel has no page table yet (kernel_pt_init has not run)")
        return self.linear_to_phys(root)

    def linear_to_phys(self, va):
        return va - PAGE_OFFSET + self.source.load_base

    def phys_to_linear(self, pa):
        return pa - self.source.load_base + PAGE_OFFSET

    def translate(self, va, root=None):
        """Physical address of a kernel address; of a user address when the root is given."""
        if PAGE_OFFSET <= va < VMALLOC_START and root is None:
            return self.linear_to_phys(va)
        if root is None and va < PAGE_OFFSET:
            raise AccessError(f"{va:#x} is no kernel address")
        table = self.kernel_root() if root is None else root
        for level in (2, 1, 0):
            pte = self.phys_u64(table + (va >> (12 + 9 * level) & 511) * 8)
            pa = (pte << 10 & (1 << 64) - 1) >> 20 << 12
            if not pte & PTE_V:
                break
            if pte & (PTE_R | PTE_W | PTE_X):
                return pa + (va & (1 << (12 + 9 * level)) - 1)
            table = pa
        raise AccessError(f"{va:#x} is not mapped")

    def read(self, va, n, root=None):
        if 0 < n <= PAGE_SIZE - va % PAGE_SIZE:
            return self.phys(self.translate(va, root), n)
        data = b""
        while n > 0:
            part = min(n, PAGE_SIZE - va % PAGE_SIZE)
            data += self.phys(self.translate(va, root), part)
            va, n = va + part, n - part
        return data

    def u64(self, va):
        return int.from_bytes(self.read(va, 8), "little")

    def string(self, va, limit=256):
        """Up to the zero byte, page by page, so that the end of memory does no harm."""
        data = b""
        while va and len(data) < limit and b"\0" not in data:
            part = min(limit - len(data), PAGE_SIZE - va % PAGE_SIZE)
            data, va = data + self.read(va, part), va + part
        return data.split(b"\0")[0].decode(errors="replace")

    # ---- typed

    def load(self, type_, at):
        if type_.kind in ("struct", "array"):
            if type_.kind == "struct" and type_.name == "pte_t":
                return self.u64(at)
            return Obj(self, type_, at)
        value = int.from_bytes(self.read(at, type_.size), "little", signed=type_.signed)
        if type_.kind == "ptr" and type_.target.kind == "struct":
            return Obj(self, type_.target, value) if value else None
        return value

    def var(self, name):
        at, type_ = self.source.variable(name)
        return self.load(type_, at)

    def struct_at(self, tag, at):
        return Obj(self, self.source.struct(tag), at)

    def sizeof(self, tag):
        return self.source.struct(tag).size

    def container(self, member_addr, tag, member):
        type_ = self.source.struct(tag)
        return Obj(self, type_, member_addr - type_.fields[member][0])

    def list(self, head, tag, member):
        """The structures on a struct list. head: an Obj. A broken list is an error, not an endless loop."""
        at, seen = pointer(head, "next"), set()
        while at != addr_of(head):
            if at in seen or not at:
                raise AccessError(f"the list at {addr_of(head):#x} is broken at {at:#x}")
            seen.add(at)
            yield self.container(at, tag, member)
            at = self.u64(at)
