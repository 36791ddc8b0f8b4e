"""Judges of the mmap lab.

A process is a puppet (xvgrade/puppet.py). After each call the judge compares the VMAs in guest memory with a
model of its own, page by page, and with each other: no two neighbours that could be one. Pages are judged
where they lie: a shared mapping has the frame of the page cache, a private store has a copy of its own, and
what munmap() took is in no page table.
"""
import subprocess

from xvgrade.puppet import (AT_FDCWD, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PAGE, PROT_EXEC, PROT_READ, RW,
                            SIGBUS, SIGSEGV, Puppets, check_lives, check_lost, free_frames)
from xvgrade.source import access, walk

ANON = MAP_PRIVATE | MAP_ANONYMOUS
NOREPLACE = 0x100000
MS_ASYNC, MS_INVALIDATE, MS_SYNC = 1, 2, 4
EBADF, ENOMEM, EACCES, EEXIST, ENODEV, EINVAL = 9, 12, 13, 17, 19, 22
VM_SHARED, HAS_ANON = 8, 0x8000
O_RDONLY = 0


def setup(g):
    """The process, and a page of its heap for names and buffers."""
    a = Puppets(g).first
    return a, a.heap(1)


def arena(g, pages):
    """A place that nobody uses."""
    return 0x1000000000 + g.rng.randrange(1 << 20) * PAGE


def file_of(g, a, scratch, pages, name="/mapped"):
    """A file with a random number in each page: (descriptor, [numbers])."""
    fd = a.open(name, scratch)
    numbers = [g.number() for _ in range(pages)]
    for i, value in enumerate(numbers):
        a.store(scratch, value)
        a.must("pwrite64", fd, scratch, 8, i * PAGE)
    a.must("ftruncate", fd, pages * PAGE)
    return fd, numbers


def in_file(a, fd, scratch, offset):
    """The word that pread() gives."""
    a.store(scratch, 0)
    a.must("pread64", fd, scratch, 8, offset)
    return a.word(scratch)


def areas(g, a, start, end):
    """The VMAs between the two addresses, checked: in order, no overlap, no two that should be one."""
    found = [v for v in walk.vmas(g.k, a.mm()) if v.start < end and v.end > start]
    for low, high in zip(found, found[1:]):
        g.check(low.end <= high.start, "two VMAs overlap", f"one that begins at {low.end:#x} or above", f"{high.start:#x}")
        alike = (low.end == high.start and not (low.flags ^ high.flags) & ~HAS_ANON and
                 access.pointer(low, "mapping") == access.pointer(high, "mapping") and
                 access.pointer(low, "file") == access.pointer(high, "file") and
                 low.pgoff + (low.end - low.start) // PAGE == high.pgoff)
        g.check(not alike, f"two VMAs that could be one meet at {high.start:#x}", "one VMA",
                f"{low.start:#x}-{low.end:#x} and {high.start:#x}-{high.end:#x}", va=high.start)
    return found


def ranges(g, a, start, end):
    return [((v.start - start) // PAGE, (v.end - start) // PAGE) for v in areas(g, a, start, end)]


def same(g, what, found, expected):
    g.equal(what, " ".join(f"{i}-{j}" for i, j in found) or "none", " ".join(f"{i}-{j}" for i, j in expected) or "none")


def books(g, a):
    total = sum(v.end - v.start for v in walk.vmas(g.k, a.mm())) // PAGE
    g.equal("total_pages, the sum over the VMAs", a.mm().total_pages, total)


# ---- the tests


def boot(g):
    """Processes come and go, and their memory comes back. No mmap in it."""
    a, scratch = setup(g)

    def life():
        b = a.fork()
        b.must("brk", scratch + 31 * PAGE)
        b.fill(scratch + PAGE, 5, 30)
        g.equal("the sum over a heap", b.sum(scratch + PAGE, 30), sum(range(5, 35)))
        a.end(b)

    check_lives(g, life)


def anon(g):
    """Memory that is promised, touched, and given back."""
    a, scratch = setup(g)
    warm = a.map(4)
    a.fill(warm, 1, 4)
    a.must("munmap", warm, 4 * PAGE)
    pages = g.rng.randint(3000, 5000)
    calls = g.tally("page_alloc")
    at = a.map(pages)
    g.untally()
    g.check(calls["page_alloc"] <= 2, "mmap() took frames", "none (2 for the kernel's own objects)", calls["page_alloc"])
    a.check_unmapped(at, 600, "after mmap()")
    before, chosen = a.mm().rss_anon, g.rng.sample(range(pages), 8)
    numbers = {i: g.number() for i in chosen}
    for i, value in numbers.items():
        a.store(at + i * PAGE + 8 * (i % 512), value)
    for i, value in numbers.items():
        g.equal("what was stored", a.load(at + i * PAGE + 8 * (i % 512)), value)
    g.equal("resident pages after eight stores", a.mm().rss_anon - before, 8)
    free = free_frames(g)
    g.equal("what munmap() returned", a.syscall("munmap", at, pages * PAGE), 0)
    g.check(free_frames(g) - free >= 8, "the frames are not free again", "8 and the page tables", free_frames(g) - free)
    g.equal("resident pages after munmap()", a.mm().rss_anon, before)
    for what in ("load", "store"):
        for i in chosen[:2]:
            g.equal(f"signal of a {what} to memory that was unmapped", a.signal_of(what, at + i * PAGE, 1), SIGSEGV)
    again = a.map(pages, at=at)
    g.equal("the address that was asked for", again, at)
    for i in chosen:
        g.equal("fresh memory", a.load(at + i * PAGE + 8 * (i % 512)), 0)


def place(g):
    """Where a mapping goes: the hint if it is free, else the highest gap; MAP_FIXED where it is told."""
    a, scratch = setup(g)
    one, two, three = a.map(3), a.map(5), a.map(2, PROT_READ)
    g.check(one > two > three and one == two + 5 * PAGE and two == three + 2 * PAGE,
            "mappings go top-down, one below the other", "three that meet", f"{one:#x}, {two:#x}, {three:#x}")
    a.must("munmap", two, 5 * PAGE)
    g.equal("a mapping that fits into the gap", a.map(4), two + PAGE)
    g.check(a.map(2) < three, "a mapping that does not fit into the gap", f"below {three:#x}", "not there")
    g.equal("a mapping of one page", a.map(1), two)
    hint = arena(g, 8)
    g.equal("a mapping with a hint that is free", a.map(4, at=hint), hint)
    g.check(a.map(4, at=hint + 2 * PAGE) not in range(hint - 3 * PAGE, hint + 4 * PAGE), "a hint that is taken",
            "another place", "on top of a mapping")
    a.fill(hint, 9, 4)
    g.equal("MAP_FIXED_NOREPLACE over a mapping", a.syscall("mmap", hint + 3 * PAGE, 2 * PAGE, RW, ANON | NOREPLACE, -1, 0),
            -EEXIST)
    g.equal("the sum over the old mapping", a.sum(hint, 4), 9 + 10 + 11 + 12)
    g.equal("MAP_FIXED over a mapping", a.map(2, RW, ANON | MAP_FIXED, at=hint + PAGE), hint + PAGE)
    for i, value in enumerate((9, 0, 0, 12)):
        g.equal(f"page {i} after MAP_FIXED over two pages", a.load(hint + i * PAGE), value)
    g.equal("MAP_FIXED_NOREPLACE where nothing is", a.map(1, RW, ANON | NOREPLACE, at=hint + 4 * PAGE), hint + 4 * PAGE)


def split(g):
    """munmap() and mprotect() in the middle of a mapping."""
    a, scratch = setup(g)
    at = arena(g, 20)
    a.map(20, RW, ANON | MAP_FIXED, at=at)
    a.fill(at, 100, 20)
    i, j = sorted(g.rng.sample(range(2, 18), 2))
    a.must("munmap", at + i * PAGE, (j - i) * PAGE)
    same(g, "the VMAs after munmap() in the middle", ranges(g, a, at, at + 20 * PAGE), [(0, i), (j, 20)])
    for v in areas(g, a, at, at + 20 * PAGE):
        g.equal("pgoff of a VMA", v.pgoff, v.start // PAGE)
    a.check_unmapped(at + i * PAGE, j - i, "after munmap()")
    g.equal("the sum below the hole", a.sum(at, i), sum(range(100, 100 + i)))
    g.equal("the sum above the hole", a.sum(at + j * PAGE, 20 - j), sum(range(100 + j, 120)))
    for va in (at + i * PAGE, at + (j - 1) * PAGE):
        g.equal("signal of a store into the hole", a.signal_of("store", va, 1), SIGSEGV)
    a.must("munmap", at, PAGE)
    a.must("munmap", at + 19 * PAGE, PAGE)
    same(g, "the VMAs after munmap() at both ends", ranges(g, a, at, at + 20 * PAGE), [(1, i), (j, 19)])
    a.must("munmap", at + (i - 1) * PAGE, (j - i + 2) * PAGE)
    same(g, "the VMAs after munmap() over the hole", ranges(g, a, at, at + 20 * PAGE),
         [r for r in [(1, i - 1), (j + 1, 19)] if r[0] < r[1]])
    books(g, a)
    a.kernel("vma_check", access.addr_of(a.mm()))


def merge(g):
    """Neighbours that are alike are one VMA, whoever came first."""
    a, scratch = setup(g)
    at, order = arena(g, 12), g.rng.sample(range(6), 6)
    for n in order:
        a.map(2, RW, ANON | MAP_FIXED, at=at + 2 * n * PAGE)
        a.store(at + 2 * n * PAGE, n)
    same(g, f"the VMAs after six mappings side by side, made in the order {order}", ranges(g, a, at, at + 12 * PAGE), [(0, 12)])
    for n in range(6):
        g.equal("what was stored", a.load(at + 2 * n * PAGE), n)
    a.must("mprotect", at + 4 * PAGE, 3 * PAGE, PROT_READ)
    same(g, "the VMAs after mprotect() in the middle", ranges(g, a, at, at + 12 * PAGE), [(0, 4), (4, 7), (7, 12)])
    a.must("mprotect", at + 4 * PAGE, 3 * PAGE, RW)
    same(g, "the VMAs after mprotect() back", ranges(g, a, at, at + 12 * PAGE), [(0, 12)])
    fd, numbers = file_of(g, a, scratch, 8)
    at = arena(g, 8)
    a.map(3, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0, at)
    a.map(2, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 5 * PAGE, at + 5 * PAGE)
    a.map(2, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 3 * PAGE, at + 3 * PAGE)
    same(g, "the VMAs of a file whose pages follow", ranges(g, a, at, at + 8 * PAGE), [(0, 7)])
    a.map(1, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 6 * PAGE, at + 7 * PAGE)
    same(g, "the VMAs of a file whose pages do not follow", ranges(g, a, at, at + 8 * PAGE), [(0, 7), (7, 8)])
    a.map(1, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 3 * PAGE, at + 3 * PAGE)
    same(g, "the VMAs with a private page between", ranges(g, a, at, at + 7 * PAGE), [(0, 3), (3, 4), (4, 7)])
    for i in range(7):
        g.equal(f"page {i} of the file", a.load(at + i * PAGE), numbers[i])
    a.kernel("vma_check", access.addr_of(a.mm()))


def random(g):
    """Random maps, unmaps and mprotects in an arena, against a model of each page."""
    a, scratch = setup(g)
    size = 24
    fd, numbers = file_of(g, a, scratch, size)
    at, model = arena(g, size), [None] * size  # (kind, writable, page of the file, value)
    for step in range(40):
        i, j = sorted(g.rng.sample(range(size + 1), 2))
        draw = g.rng.random()
        if draw < 0.4:
            kind, writable = g.rng.choice(["anon", "private", "shared"]), g.rng.random() < 0.7
            flags = {"anon": ANON, "private": MAP_PRIVATE, "shared": MAP_SHARED}[kind] | MAP_FIXED
            a.map(j - i, RW if writable else PROT_READ, flags, -1 if kind == "anon" else fd,
                  0 if kind == "anon" else i * PAGE, at + i * PAGE)
            model[i:j] = [(kind, writable, n, 0 if kind == "anon" else numbers[n]) for n in range(i, j)]
        elif draw < 0.6:
            a.must("munmap", at + i * PAGE, (j - i) * PAGE)
            model[i:j] = [None] * (j - i)
        elif draw < 0.75 and None not in model[i:j]:
            writable = g.rng.random() < 0.5
            a.must("mprotect", at + i * PAGE, (j - i) * PAGE, RW if writable else PROT_READ)
            model[i:j] = [(kind, writable, n, value) for kind, _, n, value in model[i:j]]
        for n in g.rng.sample(range(size), 3):
            touch(g, a, at, n, model, numbers)
        if step % 4 == 3:
            compare(g, a, at, model)
    compare(g, a, at, model)
    books(g, a)
    a.kernel("vma_check", access.addr_of(a.mm()))
    for n in range(size):
        g.equal(f"page {n} of the file", in_file(a, fd, scratch, n * PAGE), numbers[n])


def touch(g, a, at, n, model, numbers):
    va, page, value = at + n * PAGE, model[n], g.number()
    if page is None or not page[1]:
        g.equal(f"signal of a store to {va:#x}", a.signal_of("store", va, value), SIGSEGV)
        if page:
            g.equal(f"page {n}", a.load(va), numbers[n] if page[0] == "shared" else page[3])
        return
    a.store(va, value)
    model[n] = page[:3] + (value,)
    if page[0] != "shared":
        return
    for i, other in enumerate(model):  # untouched private pages of the file show what the file holds
        if other and other[0] == "private" and other[2] == page[2] and other[3] == numbers[page[2]]:
            model[i] = other[:3] + (value,)
    numbers[page[2]] = value


def compare(g, a, at, model):
    found = areas(g, a, at, at + len(model) * PAGE)
    for n, page in enumerate(model):
        va = at + n * PAGE
        vma = next((v for v in found if v.start <= va < v.end), None)
        g.check((vma is None) == (page is None), f"the VMA of page {n}", "none" if page is None else "one",
                "none" if vma is None else "one", va=va)
        if page is None:
            g.check(a.frame(va) is None, f"page {n} is unmapped", "no entry", f"frame {a.frame(va)}", va=va)
            continue
        kind, writable, index, value = page
        g.equal(f"rights of page {n}", vma.flags & 3, 3 if writable else 1)
        g.equal(f"page {n} is shared", bool(vma.flags & VM_SHARED), kind == "shared")
        g.equal(f"page {n} has a file", access.pointer(vma, "mapping") != 0, kind != "anon")
        wanted = va // PAGE if kind == "anon" else index
        g.equal(f"pgoff at page {n}", vma.pgoff + (va - vma.start) // PAGE, wanted, va=va)
        if a.frame(va) is not None:
            g.check(a.word(va) == value, f"page {n}", f"{value:#x}", f"{a.word(va):#x}", va=va)


def errors(g):
    """What cannot be, and that nothing has changed afterwards."""
    a, scratch = setup(g)
    fd, _ = file_of(g, a, scratch, 2)
    pipe, _ = a.pipe(scratch)
    readonly = a.open("/mapped", scratch, O_RDONLY)
    at = a.map(4)
    a.fill(at, 1, 4)
    before = [(v.start, v.end, v.flags) for v in walk.vmas(g.k, a.mm())]
    big = 1 << 40
    for words, expected, args in (
            ("no bytes", EINVAL, (0, 0, RW, ANON, -1, 0)),
            ("neither shared nor private", EINVAL, (0, PAGE, RW, MAP_ANONYMOUS, -1, 0)),
            ("an offset inside a page", EINVAL, (0, PAGE, PROT_READ, MAP_PRIVATE, fd, 100)),
            ("more than the address space", ENOMEM, (0, big, RW, ANON, -1, 0)),
            ("MAP_FIXED at no page", EINVAL, (at + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0)),
            ("MAP_FIXED past the end of the user half", ENOMEM, (0x3ffffff000, 8 * PAGE, RW, ANON | MAP_FIXED, -1, 0)),
            ("a descriptor that is not open", EBADF, (0, PAGE, PROT_READ, MAP_PRIVATE, 77, 0)),
            ("a pipe", ENODEV, (0, PAGE, PROT_READ, MAP_PRIVATE, pipe, 0)),
            ("shared and writable, the file is open for reading", EACCES, (0, PAGE, RW, MAP_SHARED, readonly, 0))):
        g.equal(f"mmap() of {words}", a.syscall("mmap", *args), -expected)
    for words, expected, args in (("no page", EINVAL, (at + 8, PAGE)), ("no bytes", EINVAL, (at, 0)),
                                  ("too many bytes", EINVAL, (at, big))):
        g.equal(f"munmap() of {words}", a.syscall("munmap", *args), -expected)
    g.equal("the number of VMAs", len(walk.vmas(g.k, a.mm())), len(before))
    g.equal("the VMAs", [(v.start, v.end, v.flags) for v in walk.vmas(g.k, a.mm())] == before, True)
    g.equal("munmap() where nothing is", a.syscall("munmap", arena(g, 9), 9 * PAGE), 0)
    g.equal("the sum over a mapping", a.sum(at, 4), 10)


def private(g):
    """A private mapping of a file: the page cache's frames until a store, then one frame and one fault each."""
    a, scratch = setup(g)
    fd, numbers = file_of(g, a, scratch, 8)
    at = a.map(6, RW, MAP_PRIVATE, fd, 2 * PAGE)
    other = a.map(8, PROT_READ, MAP_SHARED, fd)
    for i in g.rng.sample(range(6), 3):
        va, value, calls = a.map(1, RW, MAP_PRIVATE, fd, i * PAGE), g.number(), g.tally("vm_fault")
        a.store(va + 8, value)
        g.untally()
        g.equal("page faults of a store to a page that was never touched", calls["vm_fault"], 1)
        g.equal("the copy", (a.word(va), a.word(va + 8)), (numbers[i], value))
    for i in g.rng.sample(range(6), 6):
        va, cached = at + i * PAGE, other + (i + 2) * PAGE
        if i % 2:
            g.equal(f"page {i + 2} of the file", a.load(va), numbers[i + 2])
            g.equal("the signal of a load", a.signal_of("load", cached), 0)
            g.check(a.frame(va) == a.frame(cached) and not a.writable(va), "a page that was only read",
                    f"the page cache's frame {a.frame(cached):#x}, no W", walk.pte_flags(a.pte(va)[1]), va=va)
        value, calls = g.number(), g.tally("vm_fault")
        a.store(va + 8, value)
        g.untally()
        g.equal("page faults of the first store to a page", calls["vm_fault"], 1)
        a.load(cached)
        g.check(a.frame(va) != a.frame(cached), "a private store went into the page cache", "a copy", "the file's page", va=va)
        g.equal("the copy", (a.word(va), a.word(va + 8)), (numbers[i + 2], value))
        g.equal("the file", (a.word(cached), a.word(cached + 8)), (numbers[i + 2], 0))
    b = a.fork()
    b.store(at, 1)
    g.equal("the parent's copy after a child's store", a.load(at), numbers[2])
    g.equal("page 2 of the file", in_file(a, fd, scratch, 2 * PAGE), numbers[2])
    a.end(b)


def shared(g):
    """A shared mapping is the page cache: one frame for all processes, for read(2) and for write(2)."""
    a, scratch = setup(g)
    fd, numbers = file_of(g, a, scratch, 6)
    a.must("sync")  # so that what is dirty later is so by a store
    at = a.map(6, RW, MAP_SHARED, fd)
    for i in range(6):
        g.equal(f"page {i} of the file", a.load(at + i * PAGE), numbers[i])
        g.check(not a.writable(at + i * PAGE), "a page that was only read is writable: who would know that it is dirty?",
                "no W", walk.pte_flags(a.pte(at + i * PAGE)[1]), va=at + i * PAGE)
    b = a.fork()
    second = b.map(6, RW, MAP_SHARED, fd)
    for i in g.rng.sample(range(6), 5):
        who, va, value = g.rng.choice([a, b]), at + i * PAGE, g.number()
        frame, calls = a.frame(va), g.tally("vm_fault")
        who.store(va, value)
        g.untally()
        g.equal("page faults of the first store", calls["vm_fault"], 1)
        page = who.page(va)
        g.check("DIRTY" in walk.page_flags(g.k, page), "a page that was stored to is not dirty", "PG_DIRTY",
                " ".join(walk.page_flags(g.k, page)), va=va)
        g.equal("the frame of a shared page after a store", who.frame(va), frame)
        for reader, there in ((a, va), (b, va), (b, second + i * PAGE)):
            g.equal("what the others load", reader.load(there), value)
            g.equal("their frame", reader.frame(there), frame)
        g.equal("what pread() gives", in_file(a, fd, scratch, i * PAGE), value)
        a.store(scratch, value ^ 5)
        a.must("pwrite64", fd, scratch, 8, i * PAGE + 64)
        g.equal("what was written with pwrite()", b.load(va + 64), value ^ 5)
    a.end(b)
    nothing = a.map(3, RW, MAP_SHARED | MAP_ANONYMOUS)
    a.fill(nothing, 70, 3)
    b = a.fork()
    b.store(nothing + PAGE, 5)
    g.equal("shared memory without a file", a.sum(nothing, 3), 70 + 5 + 72)
    a.end(b)


def msync(g):
    """msync() brings stores to the disk: the judge looks there."""
    a, scratch = setup(g)
    fd, numbers = file_of(g, a, scratch, 4)
    a.must("sync")
    at = a.map(4, RW, MAP_SHARED, fd)
    values = [g.number() for _ in range(4)]
    for i, value in enumerate(values):
        a.store(at + i * PAGE, value)
    g.equal("what msync() returned", a.syscall("msync", at, 2 * PAGE, MS_SYNC), 0)
    data = on_disk(g, "/mapped")
    for i in range(2):
        g.equal(f"page {i} of the file on the disk, after msync()", data[i * PAGE:i * PAGE + 8].hex(),
                values[i].to_bytes(8, "little").hex())
    again, calls = g.number(), g.tally("vm_fault")
    a.store(at, again)
    g.untally()
    g.equal("page faults of a store after msync()", calls["vm_fault"], 1)
    g.equal("what msync() returned", a.syscall("msync", at, 4 * PAGE, MS_SYNC), 0)
    data = on_disk(g, "/mapped")
    for i, value in enumerate([again] + values[1:]):
        g.equal(f"page {i} of the file on the disk, after msync()", data[i * PAGE:i * PAGE + 8].hex(),
                value.to_bytes(8, "little").hex())
    g.equal("msync() of no page", a.syscall("msync", at + 1, PAGE, MS_SYNC), -EINVAL)
    g.equal("msync() with both flags", a.syscall("msync", at, PAGE, MS_SYNC | MS_ASYNC), -EINVAL)
    g.equal("msync() with unknown flags", a.syscall("msync", at, PAGE, 64), -EINVAL)
    a.must("munmap", at + PAGE, PAGE)
    a.store(at + 2 * PAGE, 99)
    g.equal("msync() over a hole", a.syscall("msync", at, 3 * PAGE, MS_SYNC), -ENOMEM)
    g.equal("the page above the hole on the disk", on_disk(g, "/mapped")[2 * PAGE], 99)


def on_disk(g, path):
    done = subprocess.run(["/sbin/debugfs", "-R", f"cat {path}", str(g.machine.disk)], capture_output=True, timeout=30)
    return done.stdout.ljust(4 * PAGE, b"\0")


def truncate(g):
    """The end of the file: SIGBUS behind it, zeroes up to the end of its page; truncation takes pages away."""
    a, scratch = setup(g)
    fd, numbers = file_of(g, a, scratch, 6)
    size = 3 * PAGE + g.rng.randrange(1, 500) * 8
    shared, copy = a.map(8, RW, MAP_SHARED, fd), a.map(8, RW, MAP_PRIVATE, fd)
    for i in range(6):
        a.store(shared + i * PAGE + 4088, numbers[i])
        a.load(copy + i * PAGE)
    a.store(copy + 5 * PAGE, 3)
    for i in (6, 7):
        g.equal("signal of a load behind the end of the file", a.signal_of("load", shared + i * PAGE), SIGBUS)
    a.must("ftruncate", fd, size)
    for at in (shared, copy):
        a.check_unmapped(at + 4 * PAGE, 2, "behind the file's new end")
        for i in (4, 5):
            g.equal("signal of a load behind the new end of the file", a.signal_of("load", at + i * PAGE), SIGBUS)
            g.equal("signal of a store behind the new end of the file", a.signal_of("store", at + i * PAGE, 1), SIGBUS)
    g.equal("the last word of the page in which the file ends", a.load(shared + 3 * PAGE + 4088), 0)
    g.equal("what is left of the file", [a.load(shared + i * PAGE) for i in range(4)] == numbers[:4], True)
    a.must("ftruncate", fd, 6 * PAGE)
    for i in (4, 5):
        g.equal("a page of the file that was cut and grew again", a.load(shared + i * PAGE), 0)
        g.equal("a private page of it", a.load(copy + i * PAGE), 0)


def cost(g):
    """munmap() flushes once, and frees what there was; where nothing was touched it does nothing."""
    a, scratch = setup(g)
    at = a.map(2000)
    a.fill(at, 1, 700)
    before, calls = free_frames(g), g.tally("tlb_flush_range")
    a.must("munmap", at, 1000 * PAGE)
    g.untally()
    g.check(1 <= calls["tlb_flush_range"] <= 3, "TLB flushes of munmap() of 700 pages", "1 (3 at most)",
            calls["tlb_flush_range"])
    g.check(700 <= free_frames(g) - before <= 704, "frames that munmap() of 700 pages freed", "700 to 704",
            free_frames(g) - before)
    few = a.map(9)
    a.fill(few, 1, 9)
    calls = g.tally("tlb_flush_range")
    a.must("munmap", few + PAGE, 7 * PAGE)
    g.untally()
    g.equal("TLB flushes of munmap() of 7 pages", calls["tlb_flush_range"], 1)
    calls = g.tally("tlb_flush_range")
    a.must("munmap", at + 1000 * PAGE, 1000 * PAGE)
    g.untally()
    g.equal("TLB flushes of munmap() where nothing was touched", calls["tlb_flush_range"], 0)


def exit(g):
    """A process ends with mappings of all kinds: frames and files come back."""
    a, scratch = setup(g)
    fd, numbers = file_of(g, a, scratch, 8)
    for _ in range(2):
        free = free_frames(g)
        b = a.fork()
        b.fill(b.map(20), 1, 20)
        b.fill(b.map(8, RW, MAP_PRIVATE, fd), 1, 8)
        b.store(b.map(8, RW, MAP_SHARED, fd) + PAGE, 7)
        b.fill(b.map(5, RW, MAP_SHARED | MAP_ANONYMOUS), 1, 5)
        b.map(3, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd)
        a.end(b)
    check_lost(g, free, 2, "frames of a process that ended are not free again")
    at = a.map(8, PROT_READ, MAP_SHARED, fd)
    a.sum(at, 8)
    a.check_counts(at, 2, 1, "a page of the file")
    g.equal("page 1 of the file", a.load(at + PAGE), 7)
    files = a.mm().map_count
    a.must("munmap", at, 3 * PAGE)
    a.must("munmap", at + 5 * PAGE, 3 * PAGE)
    a.must("munmap", at + 3 * PAGE, 2 * PAGE)
    g.equal("VMAs after munmap()", a.mm().map_count, files - 1)
    free = free_frames(g)
    a.must("close", fd)
    a.put(scratch, b"/mapped\0")
    a.must("unlinkat", AT_FDCWD, scratch, 0)
    g.check(free_frames(g) - free >= 8, "a file that is gone keeps its pages: who holds it?", "8 frames more, or more",
            free_frames(g) - free)

