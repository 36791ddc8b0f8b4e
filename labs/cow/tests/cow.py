"""Judges of the copy-on-write lab.

Processes are puppets (xvgrade/puppet.py): the judge makes each load, store and system call, and looks in
guest memory at what became of the page tables:

    fork        the same frames in both, nobody may write, both counts 2, no frame for data
    a store     one fault and one frame if somebody else has the page; one fault and none if nobody has
    always      what a process reads is what it wrote, or what was there when it was born

Which addresses, which values, who stores first: drawn anew in each run.
"""
from xvgrade.guest import MASK
from xvgrade.puppet import (MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PAGE, PROT_READ, RW, Puppets, check_lives, check_lost,
                            free_frames)
from xvgrade.source import access, walk


def setup(g):
    """Fork copies every table: it must not lend those that are full (vm/lend.c)."""
    a = Puppets(g).first
    g.write(g.k.source.variable("lend_on")[0], b"\0")
    return a


def counts(a, va, expected, words):
    a.check_counts(va, expected, expected, f"the page at {va:#x} {words}")


def shared(g, actors, va, words):
    """All of them have the same frame there, and none may write to it."""
    frames = {a.pid: a.frame(va) for a in actors}
    g.check(None not in frames.values() and len(set(frames.values())) == 1,
            f"the processes do not share the page at {va:#x} {words}", "one frame",
            ", ".join(f"process {pid}: " + (f"{f:#x}" if f else "none") for pid, f in frames.items()), va=va)
    for a in actors:
        g.check(not a.writable(va), f"process {a.pid} may write to a page that it shares, {words}", "a PTE without W",
                walk.pte_flags(a.pte(va)[1]), va=va)
    counts(actors[0], va, len(actors), words)


def holds(g, a, va, value, words=""):
    """What lies in its memory, and what its own load sees: not the same if a TLB entry is stale."""
    found = a.word(va)
    g.check(found == value, f"the memory of process {a.pid} at {va:#x} {words}", f"{value:#x}",
            "nothing" if found is None else f"{found:#x}", va=va)
    found = a.load(va)
    g.check(found == value, f"process {a.pid} loads something else from {va:#x} {words}", f"{value:#x}", f"{found:#x}",
            va=va)


def store_costs(g, a, va, value, faults, frames, words):
    calls = g.tally("vm_fault", "page_alloc", "tlb_flush_range")
    a.store(va, value)
    g.untally()
    g.check(calls["tlb_flush_range"] == frames, f"TLB flushes of a store {words}", f"{frames}: one for each frame that "
            "takes another's place", calls["tlb_flush_range"], va=va)
    g.check(calls["vm_fault"] == faults, f"page faults of a store {words}", faults, calls["vm_fault"], va=va)
    g.check(calls["page_alloc"] == frames, f"frames that a store took {words}", frames, calls["page_alloc"], va=va)


# ---- the tests


def boot(g):
    """Generations of processes, and all their memory comes back."""
    a = setup(g)

    def life():
        at, values = a.filled(12)
        b = a.fork()
        b.fill(at, 1000, 12)
        c = b.fork()
        g.equal("the sum that a grandchild reads", c.sum(at, 12), sum(range(1000, 1012)))
        b.end(c)
        a.end(b)
        g.equal("the sum that the parent reads", a.sum(at, 12), sum(values) & MASK)
        a.must("munmap", at, 12 * PAGE)

    check_lives(g, life)


def isolated(g):
    a = setup(g)
    at, values = a.filled(16)
    b = a.fork()
    mine = {a: list(values), b: list(values)}
    for _ in range(24):
        who, i, value = g.rng.choice([a, b]), g.rng.randrange(16), g.number()
        who.store(at + i * PAGE, value)
        mine[who][i] = value
        for other in (a, b):
            holds(g, other, at + i * PAGE, mine[other][i], f"after a store of process {who.pid}")
    for other in (a, b):
        for i in range(16):
            holds(g, other, at + i * PAGE, mine[other][i], "in the end")


def shares(g):
    a = setup(g)
    pages = g.rng.randint(40, 90)
    at, values = a.filled(pages)
    before = [a.frame(at + i * PAGE) for i in range(pages)]
    calls = g.tally("mm_fork", "page_alloc", "tlb_flush_range")
    b = a.fork()
    g.untally()
    for i in range(pages):
        shared(g, [a, b], at + i * PAGE, "after fork")
        g.check(a.frame(at + i * PAGE) == before[i], "fork gave the parent another frame", f"{before[i]:#x}",
                f"{a.frame(at + i * PAGE):#x}", va=at + i * PAGE)
    g.check(calls["page_alloc"] < 40, f"fork took frames for {pages} pages that it shares",
            "under 40: page tables, a stack for the kernel, and what the first instructions cost", calls["page_alloc"])
    g.check(calls["tlb_flush_range"] == 1, "the parent's writable translations must leave the TLB, all at once",
            "1 flush", calls["tlb_flush_range"])
    for _ in range(4):  # shared, and yet no one sees the other's stores
        who, i, value = g.rng.choice([a, b]), g.rng.randrange(pages), g.number()
        other = b if who is a else a
        seen = other.word(at + i * PAGE)
        who.store(at + i * PAGE, value)
        holds(g, who, at + i * PAGE, value, "after its store")
        holds(g, other, at + i * PAGE, seen, f"after a store of process {who.pid}")


def copies(g):
    a = setup(g)
    at, values = a.filled(8)
    for i in range(8):
        g.write(at + i * PAGE + 8, g.rng.randbytes(PAGE - 8), a.root)
    b = a.fork()
    for i in g.rng.sample(range(8), 5):
        va, value = at + i * PAGE, g.number()
        who, other = g.rng.sample([a, b], 2)
        old = a.frame(va)
        store_costs(g, who, va, value, 1, 1, "to a page that is shared")
        g.check(who.frame(va) != old, "a store to a shared page went into the shared frame", "another frame", f"{old:#x}",
                va=va)
        g.check(other.frame(va) == old, "the process that stored nothing has another frame", f"{old:#x}",
                f"{other.frame(va)}", va=va)
        counts(who, va, 1, "after the copy")
        counts(other, va, 1, "whose sharer has a copy now")
        g.equal("the rest of the copied page", who.data(va + 8, PAGE - 8), other.data(va + 8, PAGE - 8), va=va)
        store_costs(g, who, va + 8, value, 0, 0, "to a page that the process has alone")
        holds(g, who, va, value)
        holds(g, other, va, values[i])


def owner(g):
    a = setup(g)
    at, values = a.filled(9)
    b = a.fork()
    for i in range(3):  # the other one made a copy
        va = at + i * PAGE
        first, last = g.rng.sample([a, b], 2)
        old = a.frame(va)
        first.store(va, g.number())
        store_costs(g, last, va, 5, 1, 0, "of the last owner")
        g.check(last.frame(va) == old, "the last owner does not keep the frame", f"{old:#x}", f"{last.frame(va)}", va=va)
        holds(g, last, va, 5)
    b.must("munmap", at + 3 * PAGE, 3 * PAGE)  # the other one gave it up
    for i in range(3, 6):
        old = a.frame(at + i * PAGE)
        store_costs(g, a, at + i * PAGE, 6, 1, 0, "of the last owner, the other unmapped the page")
        g.equal("the frame of the last owner", a.frame(at + i * PAGE), old)
    a.end(b)
    for i in range(6, 9):
        old = a.frame(at + i * PAGE)
        store_costs(g, a, at + i * PAGE, 7, 1, 0, "of the last owner, the other exited")
        g.equal("the frame of the last owner", a.frame(at + i * PAGE), old)


def usercopy(g):
    """The kernel stores for the process: read(2) into shared pages, over a page boundary."""
    a = setup(g)
    scratch = a.map(1)
    at, values = a.filled(4)
    r, w = a.pipe(scratch)
    words = g.rng.randbytes(256)
    g.write(at + 3 * PAGE, words, a.root)
    b = a.fork()
    who, other = g.rng.sample([a, b], 2)
    cut = g.rng.randrange(8, 248)
    start = at + PAGE - cut
    old = [other.data(at + i * PAGE, PAGE) for i in range(4)]
    frames = [other.frame(at + i * PAGE) for i in range(4)]
    g.equal("bytes written to the pipe", who.syscall("write", w, at + 3 * PAGE, 256), 256)
    calls = g.tally("vm_fault")
    g.equal("bytes read into two shared pages", who.syscall("read", r, start, 256), 256)
    g.untally()
    g.equal("what read() stored", who.data(start, 256), words, va=start)
    g.equal("page faults of a read() into two shared pages", calls["vm_fault"], 2)
    for i in range(4):
        va = at + i * PAGE
        g.equal("the other process's page", other.data(va, PAGE), old[i], va=va)
        g.equal("the other process's frame", other.frame(va), frames[i], va=va)
        g.check((who.frame(va) != frames[i]) == (i < 2), "only pages that were stored to may have been copied",
                "a copy" if i < 2 else f"the shared frame {frames[i]:#x}", f"{who.frame(va):#x}", va=va)
    who.must("mprotect", at, PAGE, PROT_READ)
    who.must("write", w, at + 3 * PAGE, 8)
    g.equal("read() into a page that may only be read", who.syscall("read", r, at, 8), -14)
    g.equal("the page afterwards", who.data(at, 64), old[0][:64])


def zero(g):
    a = setup(g)
    at = a.map(6)
    for i in range(6):
        g.equal("a load of fresh memory", a.load(at + i * PAGE), 0)
    zero_frame = a.frame(at)
    b = a.fork()
    for i in range(6):
        for who in (a, b):
            g.check(who.frame(at + i * PAGE) == zero_frame and not who.writable(at + i * PAGE),
                    "memory that was only read must stay the page of zeroes", f"frame {zero_frame:#x}, no W",
                    f"frame {who.frame(at + i * PAGE):#x}", va=at + i * PAGE)
    for i in g.rng.sample(range(6), 4):
        who, other = g.rng.sample([a, b], 2)
        for _ in range(3):  # what lies in the next frames to be handed out must not shine through
            junk = a.map(4)
            a.fill(junk, g.number(), 4)
            a.must("munmap", junk, 4 * PAGE)
        value = g.number() | 1
        who.store(at + i * PAGE + 16, value)
        g.equal("a page after its first store", who.data(at + i * PAGE, PAGE),
                bytes(16) + value.to_bytes(8, "little") + bytes(PAGE - 24), va=at + i * PAGE)
        g.equal("the page of zeroes", other.data(at + i * PAGE, PAGE), bytes(PAGE), va=at + i * PAGE)


def file(g):
    a = setup(g)
    scratch = a.map(1)
    fd = a.open("/cowfile", scratch)
    values = [g.number() for _ in range(4)]
    for i, value in enumerate(values):
        a.store(scratch, value)
        a.must("pwrite64", fd, scratch, 8, i * PAGE)
    a.must("ftruncate", fd, 4 * PAGE)
    at = a.map(4, RW, MAP_PRIVATE, fd)
    for i in range(4):
        g.equal("a load from a private mapping of a file", a.load(at + i * PAGE), values[i])
    cached = [a.frame(at + i * PAGE) for i in range(4)]
    a.store(at, g.number())
    g.check(a.frame(at) != cached[0], "a store to a private mapping went into the file's page", "a copy", "the same frame",
            va=at)
    mine = a.word(at)
    b = a.fork()
    shared(g, [a, b], at, "after fork")
    value = g.number()
    b.store(at, value)
    b.store(at + PAGE, value)
    holds(g, b, at, value)
    holds(g, a, at, mine)
    holds(g, a, at + PAGE, values[1])
    g.check(b.frame(at + PAGE) != cached[1], "a child's store went into the file's page", "a copy", "the same frame", va=at)
    for i in range(4):
        a.store(scratch, 0)
        a.must("pread64", fd, scratch, 8, i * PAGE)
        g.equal(f"page {i} of the file", a.word(scratch), values[i])


def sharedmap(g):
    """MAP_SHARED: fork changes nothing."""
    a = setup(g)
    at = a.map(4, RW, MAP_SHARED | MAP_ANONYMOUS)
    a.fill(at, 50, 4)
    b = a.fork()
    for i in range(4):
        who, other = g.rng.sample([a, b], 2)
        value = g.number()
        store_costs(g, who, at + i * PAGE, value, 0, 0, "to a shared mapping after fork")
        holds(g, other, at + i * PAGE, value, "of a shared mapping")
        g.check(a.frame(at + i * PAGE) == b.frame(at + i * PAGE), "a page of a shared mapping was copied", "one frame",
                f"{a.frame(at + i * PAGE):#x} and {b.frame(at + i * PAGE):#x}", va=at + i * PAGE)


def protect(g):
    """mprotect() after fork must not give W to a page that is shared."""
    a = setup(g)
    at, values = a.filled(4)
    a.must("mprotect", at, 2 * PAGE, PROT_READ)
    b = a.fork()
    g.equal("signal of a store to a page that may only be read", b.signal_of("store", at, 1), 11)
    for i in range(2):
        shared(g, [a, b], at + i * PAGE, "after fork")
    b.must("mprotect", at, 2 * PAGE, RW)
    a.must("mprotect", at + 2 * PAGE, PAGE, PROT_READ)
    a.must("mprotect", at + 2 * PAGE, PAGE, RW)
    for i in range(4):
        shared(g, [a, b], at + i * PAGE, "after mprotect()")
    for who, i in ((b, 0), (b, 1), (a, 2)):
        store_costs(g, who, at + i * PAGE, 9, 1, 1, "after mprotect()")
        other = a if who is b else b
        holds(g, other, at + i * PAGE, values[i], "after the other's store")
        holds(g, who, at + i * PAGE, 9)


class Family:
    """The judge's model: for each process and page which value, and who shares a frame with whom."""

    def __init__(self, g, first, at, values):
        self.g, self.at, self.number = g, at, len(values)
        self.pages = {first: [(object(), v) for v in values]}

    def fork(self, who):
        child = who.fork()
        self.pages[child] = list(self.pages[who])
        return child

    def end(self, who, parent):
        parent.end(who)
        del self.pages[who]

    def sharers(self, who, i):
        return [a for a in self.pages if self.pages[a][i][0] is self.pages[who][i][0]]

    def store(self, who, i, value):
        alone = len(self.sharers(who, i)) == 1
        va, old = self.at + i * PAGE, who.frame(self.at + i * PAGE)
        calls = self.g.tally("page_alloc")
        who.store(va, value)
        self.g.untally()
        self.g.check(calls["page_alloc"] == (not alone), f"frames that a store to {va:#x} took, "
                     f"{len(self.sharers(who, i))} processes have the page", int(not alone), calls["page_alloc"], va=va)
        self.g.check((who.frame(va) == old) == alone, "the frame after the store",
                     f"{old:#x}" if alone else "another frame", f"{who.frame(va):#x}", va=va)
        self.pages[who][i] = (self.pages[who][i][0] if alone else object(), value)

    def check(self):
        for i in range(self.number):
            va, frames = self.at + i * PAGE, {}
            for a in self.pages:
                frames.setdefault(a.frame(va), []).append(a)
                self.g.check(a.word(va) == self.pages[a][i][1], f"process {a.pid}: page {i}",
                             f"{self.pages[a][i][1]:#x}", f"{a.word(va) or 0:#x}", va=va)
            for group in frames.values():
                expected = self.sharers(group[0], i)
                self.g.check(sorted(a.pid for a in group) == sorted(a.pid for a in expected), f"who shares page {i}",
                             f"processes {sorted(a.pid for a in expected)}", f"{sorted(a.pid for a in group)}", va=va)
                counts(group[0], va, len(group), "in a family of processes")


def tree(g):
    a = setup(g)
    at, values = a.filled(5)
    family, born = Family(g, a, at, values), []
    for step in range(32):
        draw = g.rng.random()
        if draw < 0.2 and len(born) < 4 or not born:
            born.append((family.fork(parent := g.rng.choice(list(family.pages))), parent))
        elif draw < 0.3 and all(parent is not born[-1][0] for _, parent in born):
            family.end(*born.pop())
        else:
            who = g.rng.choice(list(family.pages))
            family.store(who, g.rng.randrange(5), g.number())
        if step % 8 == 7:
            family.check()
    family.check()
    for who in family.pages:
        g.equal(f"the sum that process {who.pid} reads", who.sum(at, 5), sum(v for _, v in family.pages[who]) & MASK)


def books(g):
    """rss_anon of each process: the anonymous pages that its page table has. NR_ANON: frames. Both after a fork,
    after copies, and after an exit; then nothing is lost."""
    a = setup(g)
    warm = a.fork()
    a.end(warm)
    at = a.map(30)
    free = free_frames(g)
    a.fill(at, 1, 30)
    for _ in range(2):
        b = a.fork()
        for who in (a, b):
            rss(g, who, "after fork")
        for i in g.rng.sample(range(30), 11):
            g.rng.choice([a, b]).store(at + i * PAGE, 4)
        for who in (a, b):
            rss(g, who, "after stores")
        a.end(b)
        rss(g, a, "after the child's end")
    a.must("munmap", at, 30 * PAGE)
    check_lost(g, free, 2)


def rss(g, a, words):
    found, anon = a.mm().rss_anon, a.anon_pages()
    g.check(found == anon, f"rss_anon of process {a.pid} {words}", f"{anon}: so many anonymous pages are in its page table",
            found)


def cost(g):
    """Fork of 4,096 pages, at full speed. A copy is 1,075 instructions."""
    a = setup(g)
    at = a.map(4096)
    a.fill(at, 1, 4096)
    mm = access.addr_of(a.mm())
    a.start("getpid")
    g.goto("sys_getpid")
    child, took = g.clock("mm_fork", mm)
    g.check(child != 0, "mm_fork() failed", "an address space", "NULL")
    g.check(took < 700_000, "fork of 4,096 pages is too dear", "under 700,000 instructions (110,000 in the reference)",
            took)
    g.call("mm_put", child)
    a.finish()
    g.equal("the sum that the process reads", a.sum(at, 4096), sum(range(1, 4097)))


def smp(g):
    """Four processes on two harts store into pages that they share, each its own numbers."""
    mark = g.mark(1)
    seed, pages = g.rng.getrandbits(48), g.rng.randint(30, 60)
    g.write(mark.a, seed.to_bytes(8, "little") + pages.to_bytes(8, "little"))
    end = g.mark(2)
    g.equal("children whose pages held what they had stored", end.a, 8)
    g.equal("pages of the parent that a child's store changed", end.b, 0)
