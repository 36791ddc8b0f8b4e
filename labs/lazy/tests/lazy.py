"""Judges of the lazy lab: a heap and a stack whose frames come at the fault.

    brk, up      the VMA grows; no frame, no entry in the page table
    a load       the page of zeroes, read-only: still no frame
    a store      one fault, one frame of zeroes (and a table, if there is none)
    brk, down    entries and frames go
    the stack    a touch below it moves its VMA down, as far as limits and neighbours allow
"""
from xvgrade.puppet import (MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PAGE, PROT_READ, RW, SIGSEGV, Puppets, check_lives,
                            check_lost, free_frames)
from xvgrade.source import walk

MIB = 1 << 20
RLIMIT_DATA, RLIMIT_STACK = 2, 3
GUARD = 256 * PAGE
OWN_FRAMES = 2  # that the kernel may take for objects of its own


def setup(g):
    a = Puppets(g).first
    return a, a.heap()


def grow(g, a, to):
    g.equal(f"what brk({to:#x}) returned", a.syscall("brk", to), to)


def mapped(a, start, pages):
    """Indexes of the pages that its page table has, the page of zeroes included."""
    return [i for i in range(pages) if a.frame(start + i * PAGE) is not None]


def touch_costs(g, a, va, value, frames, words):
    """A store (or, without a value, a load) takes one fault and so many frames; tables apart."""
    tables = a.table(va) is None
    calls = g.tally("vm_fault", "page_alloc", "pt_table_alloc")
    got = a.load(va) if value is None else a.store(va, value)
    g.untally()
    g.equal(f"page faults of {words}", calls["vm_fault"], 1, va=va)
    g.equal(f"frames for data that {words} took", calls["page_alloc"] - calls["pt_table_alloc"], frames, va=va)
    g.check(tables or not calls["pt_table_alloc"], f"{words} took a page table, and there was one", "none",
            calls["pt_table_alloc"], va=va)
    return got


def heap_vma(g, a):
    mm = a.mm()
    return next((v for v in walk.vmas(g.k, mm) if v.start < mm.brk and v.end > mm.start_brk), None)


def stack_vma(g, a):
    return next(v for v in walk.vmas(g.k, a.mm()) if v.flags & 0x100)


# ---- the heap


def boot(g):
    """Processes with heap and stack of their own come and go, and their memory comes back."""
    a, start = setup(g)

    def life():
        b = a.fork()
        b.must("brk", start + 40 * PAGE)
        b.fill(start, 5, 40)
        g.equal("the sum over a heap", b.sum(start, 40), sum(range(5, 45)))
        a.end(b)

    check_lives(g, life)


def values(g):
    """What brk() returns, and what the heap holds: for eager and lazy alike."""
    a, start = setup(g)
    size = g.rng.randint(20, 60)
    grow(g, a, start + size * PAGE)
    g.equal("what brk(0) returned", a.syscall("brk", 0), start + size * PAGE)
    wanted = {i: g.number() for i in g.rng.sample(range(size), 12)}
    for i, value in wanted.items():
        a.store(start + i * PAGE + 8 * (i % 500), value)
    for i in range(size):
        g.equal(f"page {i} of the heap", a.load(start + i * PAGE + 8 * (i % 500)), wanted.get(i, 0))
    odd = start + size * PAGE + g.rng.randrange(1, PAGE - 8)
    grow(g, a, odd)
    g.equal("signal of a store to the last, broken page of the heap", a.signal_of("store", (odd | 0xfff) - 7, 3), 0)
    g.equal("signal of a load behind the heap", a.signal_of("load", (odd | 0xfff) + 1), SIGSEGV)
    g.equal("what brk() below the heap's start returned", a.syscall("brk", start - 64 * PAGE), odd)


def promise(g):
    """brk() only promises."""
    a, start = setup(g)
    a.must("brk", start + PAGE)  # what is made once is made now
    pages = g.rng.randint(5000, 7000)
    free = free_frames(g)
    grow(g, a, start + pages * PAGE)
    check_lost(g, free, OWN_FRAMES, f"brk() of {pages} pages took frames")
    a.check_unmapped(start, pages, "after brk()")
    g.equal("pages that the process's books promise", heap_vma(g, a).end, start + pages * PAGE)
    for i in g.rng.sample(range(pages), 5):
        value = g.number()
        a.store(start + i * PAGE, value)
        g.equal("what was stored", a.load(start + i * PAGE), value)
    g.equal("pages of the heap in memory", len(mapped(a, start, pages)), 5)
    before = a.mm().rss_anon
    grow(g, a, start)
    g.equal("resident pages that went with the heap", before - a.mm().rss_anon, 5)


def touch(g):
    """Each page costs one fault and one frame, when it is touched; its neighbours stay away."""
    a, start = setup(g)
    grow(g, a, start + 64 * PAGE)
    chosen = g.rng.sample(range(64), 9)
    for n, i in enumerate(chosen):
        va, value = start + i * PAGE, g.number() | 1
        junk = a.map(3)
        a.fill(junk, value, 3)
        a.must("munmap", junk, 3 * PAGE)  # frames that are free now held this
        touch_costs(g, a, va + 24, value, 1, "the first store to a page")
        g.equal("a page after its first store", a.data(va, PAGE), bytes(24) + value.to_bytes(8, "little") +
                bytes(PAGE - 32), va=va)
        calls = g.tally("vm_fault")
        a.store(va, 1)
        a.load(va + 8)
        g.untally()
        g.equal("page faults of further stores", calls["vm_fault"], 0)
        g.equal("pages of the heap in memory", sorted(mapped(a, start, 64)), sorted(chosen[:n + 1]))
        a.check_counts(va, 1, 1, "a page of the heap")


def zero(g):
    """A heap that is only read costs nothing."""
    a, start = setup(g)
    grow(g, a, start + 32 * PAGE)
    a.load(start + 31 * PAGE)  # the table
    zero_frame = a.frame(start + 31 * PAGE)
    g.equal("the page of zeroes", a.data(start + 31 * PAGE, PAGE), bytes(PAGE))
    for i in g.rng.sample(range(30), 8):
        va = start + i * PAGE
        g.equal("a load of fresh memory", touch_costs(g, a, va, None, 0, "a load of fresh memory"), 0)
        g.check(a.frame(va) == zero_frame, "memory that was only read has a frame of its own",
                f"the page of zeroes, frame {zero_frame:#x}", f"frame {a.frame(va):#x}", va=va)
        g.check(not a.writable(va), "the page of zeroes is mapped writable", "no W", walk.pte_flags(a.pte(va)[1]), va=va)
        if g.rng.random() < 0.6:
            value = g.number() | 1
            touch_costs(g, a, va, value, 1, "a store to a page that was read")
            g.equal("what was stored", a.load(va), value)
            g.check(a.frame(va) != zero_frame, "a store went into the page of zeroes", "a frame", "the page of zeroes", va=va)
    g.equal("the page of zeroes in the end", a.data(start + 31 * PAGE, PAGE), bytes(PAGE))
    g.equal("frames that the process is charged for", a.mm().rss_anon, a.anon_pages())


def usercopy(g):
    """The kernel is the first to touch the heap: read(2) into it, write(2) from it."""
    a, start = setup(g)
    scratch = a.map(2)
    r, w = a.pipe(scratch)
    words = g.rng.randbytes(200)
    a.put(scratch + PAGE, words)
    grow(g, a, start + 10 * PAGE)
    i, cut = g.rng.randrange(0, 7), g.rng.randrange(10, 190)
    a.must("write", w, scratch + PAGE, 200)
    g.equal("bytes read into fresh heap", a.syscall("read", r, start + (i + 1) * PAGE - cut, 200), 200)
    g.equal("what read() stored", a.data(start + (i + 1) * PAGE - cut, 200), words)
    g.equal("pages of the heap in memory", mapped(a, start, 10), [i, i + 1])
    g.equal("bytes written from fresh heap", a.syscall("write", w, start + 9 * PAGE, 64), 64)
    a.must("read", r, scratch + PAGE, 64)
    g.equal("what write() found there", a.data(scratch + PAGE, 64), bytes(64))
    g.equal("write() from behind the heap", a.syscall("write", w, start + 10 * PAGE, 64), -14)
    a.must("write", w, scratch + PAGE, 64)
    g.equal("read() to behind the heap", a.syscall("read", r, start + 10 * PAGE, 64), -14)


def shrink(g):
    a, start = setup(g)
    grow(g, a, start + 50 * PAGE)
    a.fill(start, 7, 50)
    grow(g, a, start)
    grow(g, a, start + 50 * PAGE)
    a.fill(start, 9, 50)
    before = free_frames(g)
    keep = g.rng.randint(5, 40)
    grow(g, a, start + keep * PAGE - g.rng.randrange(PAGE))
    g.equal("frames that are free again", free_frames(g) - before, 50 - keep)
    a.check_unmapped(start + keep * PAGE, 50 - keep, "behind the heap's new end")
    for what in ("load", "store"):
        g.equal(f"signal of a {what} behind the heap", a.signal_of(what, start + keep * PAGE, 1), SIGSEGV)
    g.equal("the rest of the heap", a.sum(start, keep), sum(range(9, 9 + keep)))
    grow(g, a, start + 50 * PAGE)
    a.check_unmapped(start + keep * PAGE, 50 - keep, "after the heap grew again")
    g.equal("heap that went and came back", a.sum(start + keep * PAGE, 50 - keep), 0)


def limits(g):
    """What cannot be: brk() returns the old break, and nothing has changed."""
    a, start = setup(g)
    scratch = a.map(1)
    grow(g, a, start + 4 * PAGE)
    count = a.mm().map_count
    wall = start + 40 * PAGE
    a.map(2, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, at=wall)
    for to in (wall + PAGE, wall + 100 * PAGE, 1 << 38, 1 << 50, (1 << 64) - PAGE):
        g.equal(f"brk({to:#x}), with a mapping at {wall:#x} in the way", a.syscall("brk", to), start + 4 * PAGE)
    grow(g, a, wall - 8 * PAGE)
    a.must("munmap", wall, 2 * PAGE)
    data = a.mm().end_data - a.mm().start_data
    a.store(scratch, data + (start - a.mm().start_brk) + 60 * PAGE)
    a.store(scratch + 8, 1 << 40)
    a.must("prlimit64", 0, RLIMIT_DATA, scratch, 0)
    g.equal("brk() past RLIMIT_DATA", a.syscall("brk", start + 61 * PAGE), wall - 8 * PAGE)
    grow(g, a, start + 50 * PAGE)
    g.equal("signal of a load behind the heap", a.signal_of("load", start + 50 * PAGE), SIGSEGV)
    g.equal("VMAs of the process", a.mm().map_count, count)


def steps(g):
    """Many small steps make one VMA, and no frames."""
    a, start = setup(g)
    grow(g, a, start + PAGE)
    count, at, free = a.mm().map_count, start + PAGE, free_frames(g)
    for _ in range(40):
        at += g.rng.randrange(1, 3 * PAGE)
        grow(g, a, at)
    g.equal("VMAs after 40 steps", a.mm().map_count, count)
    g.equal("the end of the heap's VMA", heap_vma(g, a).end, at + PAGE - 1 & -PAGE)
    check_lost(g, free, OWN_FRAMES, "small steps took frames")
    a.fill(start, 30, 20)
    g.equal("the sum over a heap", a.sum(start, 20), sum(range(30, 50)))


# ---- the stack


def stack(g):
    """A touch far below: the VMA reaches down to it, one frame comes, what lies between does not."""
    a, start = setup(g)
    low = stack_vma(g, a).start
    for depth in sorted(g.rng.sample(range(20, 1500), 4)):
        va = low - depth * PAGE + 8 * g.rng.randrange(512)
        value = g.number()
        old, mm = stack_vma(g, a).start, a.mm()
        total = mm.total_pages
        calls = g.tally("page_alloc", "pt_table_alloc")
        a.store(va, value)
        g.untally()
        g.equal("the stack's start", stack_vma(g, a).start, va & -PAGE, va=va)
        g.equal("frames for data that a deeper stack took", calls["page_alloc"] - calls["pt_table_alloc"], 1, va=va)
        g.equal("pages in total_pages for a deeper stack", a.mm().total_pages - total, (old - (va & -PAGE)) // PAGE)
        a.check_unmapped((va & -PAGE) + PAGE, (old - (va & -PAGE)) // PAGE - 1, "between the touch and the old stack")
        g.equal("what was stored", a.load(va), value)
        g.equal("the rest of a page of fresh stack", a.data(va & -PAGE, va % PAGE), bytes(va % PAGE))


def overflow(g):
    """RLIMIT_STACK, as it is when the stack grows."""
    a, start = setup(g)
    scratch = a.map(1)
    end = stack_vma(g, a).end

    def limit(size):
        a.store(scratch, size)
        a.store(scratch + 8, 64 * MIB)
        a.must("prlimit64", 0, RLIMIT_STACK, scratch, 0)

    limit(2 * MIB)
    for at in (end - 2 * MIB - PAGE, end - 40 * MIB, end - 2 * MIB - g.rng.randint(2, 100) * PAGE):
        g.equal("signal of a store below a stack of 2 MiB", a.signal_of("store", at, 1), SIGSEGV)
    a.store(end - 2 * MIB, 5)
    g.equal("the stack's start", stack_vma(g, a).start, end - 2 * MIB)
    limit(MIB)
    g.equal("signal of a store below the stack, past the new limit", a.signal_of("store", end - 2 * MIB - PAGE, 1), SIGSEGV)
    g.equal("what was stored", a.load(end - 2 * MIB), 5)
    limit(3 * MIB)
    a.store(end - 3 * MIB, 6)
    g.equal("the stack's start", stack_vma(g, a).start, end - 3 * MIB)


def guard(g):
    """Nothing may come closer to a stack that grows than 256 pages."""
    a, start = setup(g)
    low = stack_vma(g, a).start
    wall = low - g.rng.randint(400, 600) * PAGE
    a.map(1, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, at=wall)
    top = wall + PAGE + GUARD
    g.equal("signal of a store in the guard gap", a.signal_of("store", top - PAGE, 1), SIGSEGV)
    g.equal("signal of a load right above the mapping", a.signal_of("load", wall + PAGE), SIGSEGV)
    g.equal("the stack's start", stack_vma(g, a).start, low)
    a.store(top, 77)
    g.equal("the stack's start", stack_vma(g, a).start, top)
    g.equal("signal of a store in the guard gap", a.signal_of("store", top - 8, 1), SIGSEGV)
    g.equal("what was stored", a.load(top), 77)


def stackcopy(g):
    """read(2) to below the stack: the kernel's own fault makes it grow."""
    a, start = setup(g)
    scratch = a.map(1)
    r, w = a.pipe(scratch)
    words = g.rng.randbytes(64)
    g.write(scratch, words, a.root)
    a.must("write", w, scratch, 64)
    at = stack_vma(g, a).start - g.rng.randint(30, 900) * PAGE - 32
    g.equal("bytes read to below the stack", a.syscall("read", r, at, 64), 64)
    g.equal("what read() stored", a.data(at, 64), words)
    g.equal("the stack's start", stack_vma(g, a).start, at & -PAGE)


# ---- together


def fork(g):
    """Promises are inherited, not frames: after fork both touch for themselves."""
    a, start = setup(g)
    pages = g.rng.randint(3000, 4000)
    grow(g, a, start + pages * PAGE)
    a.fill(start, 3, 4)
    b = a.fork()
    free = free_frames(g)
    for who in (a, b):
        g.equal(f"pages of the heap of {who} in memory", len(mapped(who, start, pages)), 4)
    chosen = g.rng.sample(range(10, pages), 6)
    for i in chosen:
        b.store(start + i * PAGE, i)
    g.equal("pages of the parent's heap in memory", len(mapped(a, start, pages)), 4)
    for i in chosen:
        g.equal("the parent's heap", a.load(start + i * PAGE), 0)
        g.equal("the child's heap", b.load(start + i * PAGE), i)
    grow(g, b, start)
    g.equal("the parent's heap after the child's shrank", a.sum(start, 4), sum(range(3, 7)))
    a.end(b)
    g.check(free_frames(g) >= free, "the child's frames are not free again", f"{free} or more", free_frames(g))


def exhaust(g):
    """A heap larger than the memory: the kernel promises, and who takes all of it is killed."""
    a, start = setup(g)
    a.syscall("sync")  # with nothing left to write, reclaim has no disk to wait for
    free = free_frames(g)
    b = a.fork()
    half = free * 5 // 8  # no single request is larger than the memory: such a one may be refused
    for end in (start + half * PAGE, start + 2 * half * PAGE):
        b.start("brk", end)
        g.check(not a.outlives(b), "brk() of what all together will not have", "a promise", "it killed the process")
        g.equal("what it returned", b.finish(), end)
    b.start_fill(start, 1, 2 * half)
    g.check(a.outlives(b), "a process got more frames than there are", "killed", "it lives")
    g.equal("the parent's heap", a.syscall("brk", 0), start)
    check_lost(g, free, 64, "the frames of the process that was killed are not free again")
