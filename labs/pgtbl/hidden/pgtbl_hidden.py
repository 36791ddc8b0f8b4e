"""Judges of the page-table lab that are in no handout."""
from pathlib import Path

from xvgrade.lab import load_module

SETAFFINITY, ALL_HARTS = 122, (1 << 64) - 1
pgtbl = load_module("xvlab_pgtbl_pgtbl", Path(__file__).resolve().parents[1] / "tests/pgtbl.py")


def random(g):
    """Tables grow and shrink, and the cursor, the counts and the empty tables are right all the time."""
    t = pgtbl.Tables(g)
    leaves = pgtbl.populate(g, t, 10, 20)
    for step in range(6):
        start, end = pgtbl.some_range(g, leaves)
        t.compare(start, end, t.found(start, end, lambda va, level, slot: t.put(slot, 0) if g.rng.random() < 0.5 else None), leaves)
        leaves = t.all()[0]
        pgtbl.free_judged(g, t, start, end)
        for _ in range(6):
            va = g.rng.choice(leaves)[0] if leaves else 0
            va = va & -pgtbl.size_of(1) | g.rng.randrange(512) << 12
            if t.walk(va, 1)[0] == 1 and t.entry(t.walk(va, 1)[1]) & 0xf in (0, 1):
                t.put(t.make(va, 0), pgtbl.some_leaf(g, 0))
        leaves = t.all()[0]
        if not leaves:
            leaves = pgtbl.populate(g, t, 4)


def edges(g):
    """The first and the last address, ranges of one page, a large leaf of which only a part is asked for."""
    t = pgtbl.Tables(g)
    last = pgtbl.USER_END - pgtbl.PAGE
    for va in (0, last, 5 << 21, (5 << 21) + 511 * pgtbl.PAGE):
        t.put(t.make(va, 0), pgtbl.some_leaf(g, 0))
    t.put(t.make(8 << 21, 1), pgtbl.some_leaf(g, 1))
    t.put(t.make(9 << 30, 2), pgtbl.some_leaf(g, 2))
    leaves = t.all()[0]
    inside, deep = (8 << 21) + 9 * pgtbl.PAGE, (9 << 30) + (77 << 21) + 5 * pgtbl.PAGE
    for start, end in ((0, pgtbl.PAGE), (last, pgtbl.USER_END), (0, pgtbl.USER_END), (inside, inside + pgtbl.PAGE), (deep, deep + pgtbl.PAGE),
                       (pgtbl.PAGE, 5 << 21), (0, 1), (5 << 21, (5 << 21) + 511 * pgtbl.PAGE), (inside, deep), (10 << 30, last)):
        t.compare(start, end, t.found(start, end), leaves)


def harts(g):
    """Each mapping that comes or goes is told to the other hart, by the firmware."""
    a = pgtbl.Puppets(g).first
    at = a.map(1)
    a.store(at, 1)
    a.must(SETAFFINITY, 0, 8, at)
    pa = pgtbl.ram_base(g)
    a.start("getpid")
    other = 2 - g.goto("sys_getpid")  # of hart ids 0 and 1, which GDB calls 1 and 2
    for pages in (1, g.rng.randint(2, 20), g.rng.randint(100, 600)):
        size = pages * pgtbl.PAGE
        va, seen = pgtbl.unused_range(g, size), g.watch("sbi_remote_sfence")
        for name, args in (("kernel_map", (va, pa, size, pgtbl.R)), ("kernel_unmap", (va, size))):
            seen.clear()
            g.call(name, *args)
            told = [row for row in seen if row[2] in (va, 0) and (row[1] == ALL_HARTS or row[0] << row[1] >> other & 1)]
            g.check(told, f"{name}() of {pages} pages at {va:#x}", f"hart {other} is told to forget them",
                    [tuple(map(hex, row)) for row in seen])
        g.unwatch()
    a.finish()
