"""Judges of the page-table lab.

The machine stands in process 1's getppid(). The judge asks for a user root of its own, which no hart ever
loads, lets the kernel make tables in it, writes entries into them from outside, and asks for slots, for
leaves, for what the cursor finds, for the tables that are empty. What must come out it knows from its own
walk through guest memory. Where addresses lie, how full tables are, what is a leaf: drawn anew in each run.

The kernel's own table is judged as it is: every leaf of the linear map, and ranges that kernel_map() maps.
"""
from xvgrade.puppet import PAGE, PROT_READ, RW, Puppets, free_frames
from xvgrade.source import access, walk

GFP_HIGH = 4
USER_END = 1 << 38
V, R, W, X, U, G, A, D = (1 << i for i in range(8))
PTE_TABLE = V
GIBS, MIBS = (0, 1, 2, 100, 254, 255), (0, 1, 2, 255, 256, 510, 511)
ENOMEM = 12


def size_of(level):
    return 1 << (12 + 9 * level)


def index(va, level):
    return va >> (12 + 9 * level) & 511


class Tables:
    """A user root, and what the judge knows to be in it."""

    def __init__(self, g):
        self.g, self.k = g, g.k
        g.park()
        self.root = g.call("pt_root_alloc")
        g.check(self.root >= access.PAGE_OFFSET, "pt_root_alloc() returned no table", "an address", f"{self.root:#x}")
        self.cursor = g.call("kmalloc", 128, GFP_HIGH)
        self.seen = []  # (va, level, slot) of the leaves that are there

    # ---- memory

    def entry(self, slot):
        return int.from_bytes(self.g.source.phys_read(self.k.linear_to_phys(slot), 8), "little")

    def field(self, page, name, value=None):
        """Of a struct page: read, or written from outside."""
        offset, kind = self.k.source.struct("page").fields[name]
        at = self.k.linear_to_phys(page + offset)
        if value is None:
            return int.from_bytes(self.g.source.phys_read(at, kind.size), "little")
        self.g.source.phys_write(at, value.to_bytes(kind.size, "little"))
        self.k.forget()
        return value

    def page(self, table):
        return walk.find_page(self.k, table)._addr

    def put(self, slot, value):
        """Writes an entry as pt_set() does, counts included."""
        old, page = self.entry(slot), self.page(slot)
        self.field(page, "private", self.field(page, "private") + (value != 0) - (old != 0))
        if value:
            self.field(page, "index", max(self.field(page, "index"), slot % PAGE // 8 + 1))
        self.g.source.phys_write(self.k.linear_to_phys(slot), value.to_bytes(8, "little"))
        self.k.forget()

    def walk(self, va, level=0):
        """(level, slot) where a walk from the root ends, not deeper than level."""
        table, at = self.root, 2
        while True:
            slot = table + 8 * index(va, at)
            pte = self.entry(slot)
            if at == level or pte & (V | R | W | X) != PTE_TABLE:
                return at, slot
            table, at = self.k.phys_to_linear(walk.pte_paddr(pte)), at - 1

    def all(self):
        """([(va, level, slot) of every leaf], {table: (level of its entries, va)}), each table checked."""
        leaves, tables = [], {}

        def visit(table, level, base):
            page = self.k.struct_at("page", self.page(table))
            data = self.g.source.phys_read(self.k.linear_to_phys(table), PAGE)
            used = [i for i in range(256 if level == 2 else 512) if any(data[8 * i:8 * i + 8])]
            self.g.check(page.flags == 1 << self.flag("PG_TABLE"), f"the table at {table:#x} is not marked as one", "PG_TABLE",
                         f"flags {page.flags:#x}")
            self.g.equal(f"private of the table for {base:#x}, level {level}: entries in use", page.private, len(used))
            self.g.check(level == 2 or not used or page.index > used[-1], f"index of the table for {base:#x}",
                         f"behind its last entry, {used[-1] if used else 0}", page.index)
            if level < 2:
                tables[table] = (level, base)
            for i in used:
                pte = int.from_bytes(data[8 * i:8 * i + 8], "little")
                va = base + i * size_of(level)
                if pte & (V | R | W | X) == PTE_TABLE:
                    self.g.check(level, f"a table below the last level, at {va:#x}", "a leaf", f"{pte:#x}")
                    visit(self.k.phys_to_linear(walk.pte_paddr(pte)), level - 1, va)
                else:
                    leaves.append((va, level, table + 8 * i))

        visit(self.root, 2, 0)
        self.g.equal("mapcount of the root: tables below it", self.field(self.page(self.root), "mapcount"), len(tables))
        return leaves, tables

    def flag(self, name):
        return {n: b for b, n in self.k.source.enum("page_flag").items()}[name]

    # ---- the kernel's functions

    def make(self, va, level):
        """pt_find_alloc(): the slot, which must be where a walk ends."""
        slot = self.g.call("pt_find_alloc", self.root, va, level, GFP_HIGH)
        self.g.check(slot, f"pt_find_alloc() returned NULL for {va:#x} with {free_frames(self.g)} frames free", "a slot", "NULL")
        self.g.check(self.walk(va, level) == (level, slot), f"pt_find_alloc() of {va:#x} at level {level}",
                     "the slot where a walk from the root ends", f"{slot:#x}; the walk: {self.walk(va, level)}")
        return slot

    def first(self, start, end):
        return self.g.call("pt_first", self.cursor, self.root, start, end) & 0xff

    def next(self):
        """pt_next(), as mm/pgtable.h has it: it is part of every loop and no function of its own."""
        c = self.k.struct_at("pt_cursor", self.cursor)
        slot, stop = access.pointer(c, "slot"), access.pointer(c, "stop")
        self.g.check(slot < stop <= slot + PAGE and slot // PAGE == (stop - 8) // PAGE, "the cursor's stop is not behind its slot",
                     "in the same table", f"slot {slot:#x}, stop {stop:#x}")
        for at in range(slot + 8, stop, 8):
            if self.entry(at):
                self.cursor_set("va", c.va + ((at - slot) // 8 << 12))
                self.cursor_set("slot", at)
                return True
        return self.g.call("pt_next_table", self.cursor) & 0xff

    def cursor_set(self, name, value):
        offset, _ = self.k.source.struct("pt_cursor").fields[name]
        self.g.source.phys_write(self.k.linear_to_phys(self.cursor + offset), value.to_bytes(8, "little"))
        self.k.forget()

    def found(self, start, end, visit=lambda va, level, slot: None):
        """[(va, level, slot)] as the cursor shows them; the body may change the slot."""
        rows, more = [], self.first(start, end)
        while more:
            c = self.k.struct_at("pt_cursor", self.cursor)
            rows.append((c.va, c.level, access.pointer(c, "slot")))
            self.g.check(len(rows) < 5000, f"the cursor does not come to the end of {start:#x}-{end:#x}", "at most 5,000 leaves",
                         f"it stands at {c.va:#x}")
            visit(*rows[-1])
            more = self.next()
        return rows

    def compare(self, start, end, rows, leaves):
        want = [row for row in leaves if row[0] < end and row[0] + size_of(row[1]) > start]
        if rows == want:
            return
        n = next((i for i, (a, b) in enumerate(zip(rows, want)) if a != b), min(len(rows), len(want)))
        words = [f"{row[0]:#x} at level {row[1]}" for row in (want[n:n + 1] + rows[n:n + 1])]
        self.g.fail(f"the cursor over {start:#x}-{end:#x}: leaf number {n + 1} of {len(want)}", words[0] if n < len(want) else
                    "no more leaves", words[-1] if n < len(rows) else "no more leaves")


def some_leaf(g, level):
    """An entry that is no table: a page of the right size, a page kept under PROT_NONE, a swap slot."""
    kind = 0 if level else g.rng.randrange(5)
    if kind == 1:
        return g.rng.randrange(1, 1 << 30) << 10 | access.PTE_SPECIAL
    pa = g.rng.randrange(1 << 14) << (12 + 9 * level)
    if kind == 2:
        return pa >> 2 | G | U
    return pa >> 2 | V | R | U | A | g.rng.choice((W | D, X, 0))


def populate(g, t, windows=7, pages=12):
    """Leaves of three sizes here and there; tables that are full, in part, and empty."""
    slots = g.rng.sample([(i, j) for i in GIBS[:5] for j in MIBS], windows)
    for gib, mib in slots:
        base = gib << 30 | mib << 21
        if g.rng.random() < 0.25:
            t.put(t.make(base, 1), some_leaf(g, 1))
            continue
        for page in g.rng.sample(range(512), g.rng.choice((0, 1, pages))) + g.rng.choice(([], [0, 511])):
            t.put(t.make(base | page << 12, 0), some_leaf(g, 0))
    t.put(t.make(GIBS[5] << 30, 2), some_leaf(g, 2))
    return t.all()[0]


def some_range(g, leaves):
    """From and to somewhere near leaves, at times in the middle of a large one."""
    edges = sorted(g.rng.choice(leaves)[0] + g.rng.choice((0, PAGE, -PAGE, 7 * PAGE, size_of(1))) for _ in range(2))
    start, end = max(edges[0], 0), min(edges[1], USER_END)
    return (start, end) if start < end else (start, start + PAGE)


# ---- the tests


def boot(g):
    """Processes come and go: their page tables come back."""
    p = Puppets(g)
    a, before = p.first, None
    for i in range(4):
        child = a.fork()
        at = child.map(20)
        child.store(at + g.rng.randrange(20) * PAGE, 1)
        a.end(child)
        now = free_frames(g), table_pages(g)
        g.check(before is None or now[1] == before[1], "page tables of processes that ended are still counted", before, now)
        before = now if i else None


def table_pages(g):
    g.k.forget()
    at = {n: i for i, n in g.k.source.enum("mm_stat").items()}["NR_PAGETABLE"]
    return sum(g.k.var("mm_stats")[cpu].n[at] for cpu in range(g.test.cpus))


def find(g):
    t = Tables(g)
    leaves = populate(g, t)
    addresses = [va + g.rng.choice((0, PAGE, -PAGE, size_of(1), 5 * PAGE)) for va, _, _ in leaves] + [
        g.rng.randrange(USER_END >> 12) << 12 for _ in range(10)]
    for va in addresses:
        va &= USER_END - 1
        for level in (0, 1, 2):
            at, slot = t.walk(va, level)
            want = slot if at == level else 0
            got = g.call("pt_find", t.root, va, level)
            g.check(got == want, f"pt_find() of {va:#x} at level {level}", f"{want:#x}" if want else
                    f"NULL: the walk ends at level {at}", f"{got:#x}")


def leaf(g):
    t = Tables(g)
    leaves = populate(g, t)
    out = g.call("kmalloc", 32, GFP_HIGH)
    for base, level, _ in leaves:
        for va in (base, base + g.rng.randrange(size_of(level)), (base + size_of(level)) & USER_END - 1):
            at, slot = t.walk(va)
            got = g.call("pt_find_leaf", t.root, va, out)
            if not t.entry(slot):
                g.check(got == 0, f"pt_find_leaf() of {va:#x}, where nothing is", "NULL", f"{got:#x}")
                continue
            said = int.from_bytes(g.source.phys_read(g.k.linear_to_phys(out), 4), "little")
            g.check(got == slot and said == at, f"pt_find_leaf() of {va:#x}", f"the slot {slot:#x} at level {at}",
                    f"{got:#x}, level {said}")


def alloc(g):
    t = Tables(g)
    for _ in range(3):  # frames that come next are full of somebody's data
        dirty = [g.call("page_alloc", GFP_HIGH, 0) for _ in range(6)]
        for page in dirty:
            g.source.phys_write(walk.page_pfn(g.k, g.k.struct_at("page", page)) * PAGE, g.rng.randbytes(PAGE))
            g.call("page_free", page, 0)
        va = g.rng.randrange(USER_END >> 12) << 12
        before, counted = set(t.all()[1]), table_pages(g)
        missing = t.walk(va)[0]
        t.make(va, 0)
        leaves, tables = t.all()
        g.check(not leaves, "a new table has entries", "zeroes", [f"{va:#x}" for va, _, _ in leaves[:4]])
        g.equal(f"tables made for {va:#x}", len(set(tables) - before), missing)
        g.equal("pages that NR_PAGETABLE gained", table_pages(g) - counted, missing)
        t.make(va + g.rng.randrange(512 - index(va, 0)) * PAGE, 0)
        g.equal("tables made for its neighbour", len(t.all()[1]), len(tables))
    t.make(200 << 30, 2)
    g.equal("tables made for a slot of the root", len(t.all()[1]), len(tables))
    for every in (1, 2):
        g.call("failalloc_set", every)
        va = g.rng.choice([i for i in range(3, 90)]) << 30
        va = next(v for v in range(va, USER_END, 1 << 30) if t.walk(v)[0] == 2)
        got = g.call("pt_find_alloc", t.root, va, 0, GFP_HIGH)
        g.call("failalloc_set", 0)
        g.equal("pt_find_alloc() without memory", got, 0)
        t.all()
        t.make(va, 0)
        t.all()


def cursor(g):
    t = Tables(g)
    leaves = populate(g, t)
    ranges = [(0, USER_END)] + [some_range(g, leaves) for _ in range(10)]
    ranges += [(max(va - g.rng.choice((1 << 21, 1 << 30)), 0), va) for va, _, _ in leaves if va and va % size_of(1) == 0]
    ranges += [(va + PAGE, va + 2 * PAGE) for va, level, _ in leaves if level]
    for start, end in ranges:
        t.compare(start, end, t.found(start, end), leaves)


def changes(g):
    """The body of a loop clears what it stands on."""
    t = Tables(g)
    leaves = populate(g, t)
    base = 60 << 30 | g.rng.randrange(512) << 21
    t.make(base, 0)
    for page in range(512):
        t.put(t.make(base, 0) + 8 * page, some_leaf(g, 0))
    leaves = t.all()[0]
    for start, end in ((base + 100 * PAGE, base + 400 * PAGE), some_range(g, leaves), (0, USER_END)):
        rows = t.found(start, end, lambda va, level, slot: t.put(slot, 0))
        t.compare(start, end, rows, leaves)
        leaves = t.all()[0]
    g.equal("leaves left after all were cleared", len(leaves), 0)


def free(g):
    t = Tables(g)
    populate(g, t, 9)
    for gib in (40, 41, 42):  # tables whose last page went, alone and side by side; and a whole empty GiB
        for mib in (0, 1, 300, 511):
            t.make(gib << 30 | mib << 21, 0)
    t.put(t.make(41 << 30 | 300 << 21 | 7 << 12, 0), some_leaf(g, 0))
    middle = (40 << 30) + g.rng.randrange(1, 512) * PAGE
    for start, end in ((middle, (41 << 30) + 3 * PAGE), (41 << 30, (41 << 30) + (301 << 21)), (41 << 30, 43 << 30),
                       (39 << 30, 40 << 30), (0, USER_END)):
        free_judged(g, t, start, end)


def free_judged(g, t, start, end):
    """pt_free_empty() gives exactly the tables that are empty and cover nothing outside of the range."""
    leaves, tables = t.all()
    inside = {at for at, (level, va) in tables.items() if start <= va and va + 512 * size_of(level) <= end}
    used = {slot & -PAGE for _, _, slot in leaves}
    want = {at for at in inside if tables[at][0] == 0 and at not in used}
    for at in inside:
        below = [b for b, (level, va) in tables.items() if level == 0 and tables[at][1] <= va < tables[at][1] + size_of(2)]
        if tables[at][0] == 1 and at not in used and set(below) <= want:
            want.add(at)
    seen = g.watch("sys_getpid")  # a function that does nothing: the judge frees
    arg = g.rng.getrandbits(32)
    g.call("pt_free_empty", t.root, start, end, g.address("sys_getpid"), arg)
    g.unwatch()
    given = [table for _, table, _ in seen]
    g.check(all(row[0] == arg for row in seen), "free_table() gets another argument than pt_free_empty()", f"{arg:#x}", seen[:2])
    names = {at: f"{va:#x} (level {level})" for at, (level, va) in tables.items()}
    g.check(sorted(given) == sorted(want), f"tables to free in {start:#x}-{end:#x}",
            ", ".join(names[at] for at in sorted(want - set(given))[:4]) or "no others, and each once",
            ", ".join(names.get(at, f"{at:#x}?") for at in sorted(set(given) - want)[:4]) or "none of these")
    for at in given:
        g.call("pt_table_free", at)
    page = t.page(t.root)
    t.field(page, "mapcount", t.field(page, "mapcount") - len(given))
    g.check(t.all()[0] == leaves, "leaves changed while empty tables were freed", f"{len(leaves)} leaves", len(t.all()[0]))


def cost(g):
    """A leaf far away; and a large range, page by page."""
    t = Tables(g)
    t.put(t.make(3 << 30 | 10 << 21 | 450 << 12, 0), some_leaf(g, 0))
    t.put(t.make(3 << 30 | 10 << 21 | 451 << 12, 0), some_leaf(g, 0))
    got, took = g.count("pt_first", t.cursor, t.root, 3 * PAGE, USER_END, most=g.dearest("far"))
    g.equal("pt_first() with one leaf far away", got & 0xff, 1)
    g.cost("far", took)


def unmap_cost(g):
    g.park()
    pages = 40_000
    va = unused_range(g, pages * PAGE)
    g.equal("kernel_map_noflush() of 40,000 pages", g.call("kernel_map_noflush", va, ram_base(g), pages * PAGE, R), 0)
    _, took = g.clock("kernel_unmap_noflush", va, pages * PAGE)
    g.cost("unmap", took)
    g.check(not kernel_leaves(g, va, va + pages * PAGE), "pages are still mapped after kernel_unmap_noflush()")


def show(g):
    """pt_print() against the judge's own text."""
    t = Tables(g)
    populate(g, t, 5, 4)
    base = 70 << 30 | g.rng.randrange(512) << 21
    t.make(base, 0)
    pa, bits = g.rng.randrange(1 << 14) << 12, V | R | U | A
    for i in range(g.rng.randint(5, 20)):  # a run; then another frame; then other rights
        t.put(t.make(base, 0) + 8 * i, (pa + i * PAGE) >> 2 | bits)
    for j in range(4):
        t.put(t.make(base, 0) + 8 * (i + 1 + j), (pa + (i + 9 + j) * PAGE) >> 2 | bits | (W | D if j > 1 else 0))
    for j in range(3):
        t.put(t.make(base + (1 << 21) * (j + 1), 1), (j << 21) >> 2 | bits)
    leaves, room = t.all()[0], 8 * PAGE
    buf = g.k.phys_to_linear(walk.page_pfn(g.k, g.k.struct_at("page", g.call("page_alloc", GFP_HIGH, 3))) * PAGE)
    for start, end in ((0, USER_END), (base, base + (1 << 22)), (90 << 30, 91 << 30)):
        want = picture(t, start, end, leaves)
        for size in (room, len(want) // 2):
            g.source.phys_write(g.k.linear_to_phys(buf), b"\xee" * room)
            told = g.call("pt_print", t.root, start, end, buf, size)
            data = g.source.phys_read(g.k.linear_to_phys(buf), room)
            expected = (want[:max(size - 1, 0)] + b"\0") if size else b""
            g.equal("the length that pt_print() returns", told, len(want))
            compare_text(g, data[:len(expected)], expected)
            g.check(size == 0 or data[max(size, len(expected)):] == b"\xee" * (room - max(size, len(expected))),
                    "pt_print() writes behind the buffer that it was given", f"{size} bytes at most", "more")


def picture(t, start, end, leaves):
    """What ptprint.c must say."""
    lines, last = [], None
    for va, level, slot in leaves:
        if va >= end or va + size_of(level) <= start:
            continue
        pte = t.entry(slot)
        if last and pte & V and last["pte"] & V and last["end"] == va and last["level"] == level and \
                not (pte ^ last["pte"]) & 1023 and \
                walk.pte_paddr(pte) == walk.pte_paddr(last["pte"]) + va - last["start"]:
            last["end"] = va + size_of(level)
            continue
        last = {"start": va, "end": va + size_of(level), "level": level, "pte": pte}
        lines.append(last)
    text = ""
    for run in lines:
        text += f"{run['start']:#018x}-{run['end']:#018x} {('4K', '2M', '1G')[run['level']]} "
        text += f"{walk.pte_paddr(run['pte']):#018x} " if run["pte"] & V else f"entry {run['pte']:#x}\n"
        if run["pte"] & V:
            text += "".join(c if run["pte"] >> i & 1 else "-" for i, c in enumerate("VRWXUGAD")) + "\n"
    return text.encode()


def compare_text(g, found, expected):
    if found == expected:
        return
    ours, theirs = expected.decode().split("\n"), found.decode(errors="replace").split("\n")
    n = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)) - 1)
    g.fail(f"line {n + 1} of what pt_print() writes", ours[n], theirs[n] if n < len(theirs) else "nothing")


# ---- the kernel's own table


def ram_base(g):
    return g.k.source.ram_base


def kernel_leaves(g, start, end):
    """[(va, level, pte)] of the kernel's table."""
    g.k.forget()
    rows = []

    def visit(table, level, base):
        data = g.k.phys(table, PAGE)
        for i in range(512):
            va = base + i * size_of(level)
            pte = int.from_bytes(data[8 * i:8 * i + 8], "little")
            if not pte or va >= end or va + size_of(level) <= start:
                continue
            if pte & (V | R | W | X) == PTE_TABLE:
                visit(walk.pte_paddr(pte), level - 1, va)
            else:
                rows.append((va, level, pte))

    visit(g.k.kernel_root(), 2, access.USER_END - (1 << 39) + (1 << 64) - (1 << 38))
    return rows


def linear(g):
    """Every page of RAM, in leaves as large as can be, and nothing writable that can be executed."""
    g.park()
    end = access.PAGE_OFFSET + len(g.source.ram)
    text, rodata, data, image = (g.address(n) for n in ("__text_start", "__rodata_start", "__data_start", "__data_end"))
    rows = kernel_leaves(g, access.PAGE_OFFSET, end)
    at = g.k.phys_to_linear(max(ram_base(g), g.k.linear_to_phys(access.PAGE_OFFSET)))
    for va, level, pte in rows:
        if va < at:
            continue
        g.check(va == at or va > at and at < text, "a hole in the linear map", f"{at:#x} is mapped", f"the next leaf is {va:#x}")
        g.equal(f"the frame of {va:#x}", walk.pte_paddr(pte), g.k.linear_to_phys(va))
        want = {True: R | X}.get(text <= va < rodata, R if rodata <= va < data else R | W)
        g.check(pte & 0xff == want | V | G | A | D, f"the rights of {va:#x}", walk.pte_flags(want | V | G | A | D), walk.pte_flags(pte))
        at = va + size_of(level)
    g.check(at >= end, "the linear map ends too early", f"{end:#x}", f"{at:#x}")
    small = [va for va, level, _ in rows if level == 0 and (va + size_of(1) <= text & -size_of(1) or
                                                            va >= image + size_of(1)) and va < end - size_of(1)]
    g.check(not small, f"{len(small)} leaves of 4 KiB far from the image", "leaves of 2 MiB: text, rodata and data need small ones",
            f"{small[0]:#x} ..." if small else "")


def unused_range(g, size):
    """A range of the vmalloc area where nothing is mapped, not aligned to a table."""
    start, end = access.VMALLOC_START + (256 << 20), g.call("kernel_vmalloc_end")
    for _ in range(50):
        va = g.rng.randrange(start >> 12, (end - size) >> 12) << 12
        if not kernel_leaves(g, va, va + size):
            return va
    g.fail("no unused range in the vmalloc area", f"{size >> 12} pages of {end - start >> 12}", "all are mapped")


def mapping(g):
    g.park()
    for pages, bits in ((g.rng.randint(2, 9), R | W), (g.rng.randint(500, 700), R), (g.rng.randint(513, 600), R | X)):
        va = unused_range(g, pages * PAGE)
        pa = ram_base(g) + g.rng.randrange(1000, 5000) * PAGE
        g.equal("kernel_map()", g.call("kernel_map", va, pa, pages * PAGE, bits), 0)
        rows = kernel_leaves(g, va - PAGE, va + (pages + 1) * PAGE)
        want = [(va + i * PAGE, 0, (pa + i * PAGE) >> 2 | bits | V | G | A | D) for i in range(pages)]
        g.check(rows == want, f"the kernel's table after kernel_map() of {pages} pages at {va:#x}", f"{pages} leaves from {va:#x}",
                f"{len(rows)} leaves, " + next((f"{x[0]:#x}: {x[2]:#x}" for x, y in zip(rows, want) if x != y), ""))
        cut = g.rng.randrange(1, pages)
        g.call("kernel_unmap", va, cut * PAGE)
        rows = kernel_leaves(g, va - PAGE, va + (pages + 1) * PAGE)
        g.check(rows == want[cut:], f"after kernel_unmap() of the first {cut} pages", f"{pages - cut} leaves", f"{len(rows)} leaves")
        g.call("kernel_unmap", va, pages * PAGE)
        g.equal("leaves after kernel_unmap() of the whole range", len(kernel_leaves(g, va, va + pages * PAGE)), 0)


def rollback(g):
    """kernel_map() without memory for the second table: nothing stays mapped."""
    g.park()
    size = 900 * PAGE
    va = next(v for v in (unused_range(g, 1 << 23) for _ in range(50)) if index(v, 0) > 300 and
              all(g.k.phys_u64(slot(g, v + o)) == 0 for o in (1 << 21, 1 << 22)))
    pa = ram_base(g) + (8 << 20)
    g.equal("kernel_map() of a page", g.call("kernel_map", va - PAGE, pa, PAGE, R), 0)
    for every in (1,):
        g.call("failalloc_set", every)
        got = g.call("kernel_map", va, pa, size, R | W)
        g.call("failalloc_set", 0)
        g.equal("kernel_map() without memory for a table", got, (1 << 64) - ENOMEM)
        rows = kernel_leaves(g, va, va + size)
        g.check(not rows, "kernel_map() failed", "nothing of the range is mapped", f"{len(rows)} pages from {va:#x} are" if rows else "")
    g.equal("kernel_map() when there is memory again", g.call("kernel_map", va, pa, size, R | W), 0)
    g.equal("pages mapped", len(kernel_leaves(g, va - PAGE, va + size)), 901)
    g.call("kernel_unmap", va - PAGE, size + PAGE)


def slot(g, va):
    """Physical address of the level-1 slot of a vmalloc address."""
    table = walk.pte_paddr(g.k.phys_u64(g.k.kernel_root() + 8 * index(va, 2)))
    return table + 8 * index(va, 1)


def flush(g):
    """What a hart remembers of a mapping must be gone when another one is there."""
    g.park()
    for _ in range(4):
        va = unused_range(g, 2 * PAGE)
        frames = [walk.page_pfn(g.k, g.k.struct_at("page", g.call("page_alloc", GFP_HIGH, 0))) * PAGE for _ in range(2)]
        marks = [g.rng.randrange(1, 255) for _ in frames]
        for pa, mark in zip(frames, marks):
            g.source.phys_write(pa, bytes(PAGE))
            g.equal("kernel_map()", g.call("kernel_map", va, pa, PAGE, R | W), 0)
            g.call("memset", va, mark, 64)
            g.call("kernel_unmap", va, PAGE)
        for pa, mark in zip(frames, marks):
            data = g.source.phys_read(pa, 64)
            g.check(data == bytes([mark]) * 64, f"a store to {va:#x} went to a frame that was mapped there before",
                    f"{mark:#x} in the frame at {pa:#x}", f"{data[0]:#x}", va=None)


# ---- a process


def user(g):
    """mmap, munmap and mprotect, whose loops are the cursor's."""
    p = Puppets(g)
    a = p.first
    pages = g.rng.randint(60, 200)
    at = a.map(pages)
    a.fill(at, g.rng.getrandbits(32), pages)
    state = {i: True for i in range(pages)}  # is it writable?
    before = table_pages(g)
    for _ in range(6):
        first = g.rng.randrange(pages)
        count = g.rng.randint(1, min(20, pages - first))
        if g.rng.random() < 0.5:
            a.must("munmap", at + first * PAGE, count * PAGE)
            for i in range(first, first + count):
                state.pop(i, None)
        elif all(i in state for i in range(first, first + count)):
            prot = g.rng.choice((PROT_READ, RW))
            a.must("mprotect", at + first * PAGE, count * PAGE, prot)
            state.update({i: prot == RW for i in range(first, first + count)})
        for i in range(pages):
            va = at + i * PAGE
            there, writable = a.frame(va) is not None, a.writable(va)
            g.check(there == (i in state), f"page {i} of {pages}", "mapped" if i in state else "not mapped",
                    "mapped" if there else "not mapped", va=va)
            g.check(not there or writable <= state[i], f"page {i} of {pages} may not be written", "a PTE without W", "W", va=va)
    a.must("munmap", at, pages * PAGE)
    g.check(all(a.frame(at + i * PAGE) is None for i in range(pages)), "pages stay mapped after munmap() of all")
    g.check(table_pages(g) <= before, "tables of memory that was unmapped", f"at most {before}", table_pages(g))
