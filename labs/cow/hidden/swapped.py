"""Hidden judges of the copy-on-write lab: fork of pages that are in swap."""
from xvgrade.guest import MASK
from xvgrade.puppet import MADV_PAGEOUT, PAGE, Puppets
from xvgrade.source import access


def swap(g):
    a = Puppets(g).first
    g.write(g.k.source.variable("lend_on")[0], b"\0")
    scratch = a.map(1)
    a.swapon(scratch)
    at, values = a.filled(8)
    a.must("madvise", at, 8 * PAGE, MADV_PAGEOUT)
    out = [i for i in range(8) if not a.pte(at + i * PAGE)[1] & access.PTE_V]
    g.check(len(out) == 8, "MADV_PAGEOUT sends a process's pages to swap", "8 pages", len(out))
    b = a.fork()
    mine = {a: list(values), b: list(values)}
    g.equal("pages in swap that the child's books know", b.mm().swap_entries, 8)
    for i in range(8):
        g.equal("the child's PTE of a page in swap", b.pte(at + i * PAGE)[1], a.pte(at + i * PAGE)[1])
    for i in g.rng.sample(range(8), 6):
        va = at + i * PAGE
        first, second = g.rng.sample([a, b], 2)
        g.equal("a page read back from swap", first.load(va), values[i])
        value = g.number()
        first.store(va, value)
        mine[first][i] = value
        g.equal("the page that the other one reads back", second.load(va), values[i])
        for who in (a, b):
            g.equal(f"the page of process {who.pid}", who.word(va), mine[who][i], va=va)
    c = b.fork()
    g.equal("the sum that a grandchild reads", c.sum(at, 8), sum(mine[b]) & MASK)
    b.end(c)
    a.end(b)
    g.equal("the sum that the parent reads in the end", a.sum(at, 8), sum(mine[a]) & MASK)
    a.must("munmap", at, 8 * PAGE)
    a.must("swapoff", scratch)
