"""Judges of the swap lab.

A swap area of the judge's lies on a second disk, as a file: so the judge sees what was written, and where.

    slots       swapslots.c as a box of its own: the judge calls it, and keeps a model
    out, in     MADV_PAGEOUT sends pages out; entries, slots and the disk are compared; loads bring them back
    pressure    more memory than there is: what is used stays, what is not goes, and all is right in the end
    errors      the judge lets a transfer of the disk fail
"""
from xvgrade.guest import MASK
from xvgrade.puppet import MADV_PAGEOUT, PAGE, SIGBUS, Puppets, check_lives, check_lost, free_frames
from xvgrade.source import access, walk

CLUSTER, NONE = 64, MASK
SLOT_MASK = (1 << 32) - 1


def setup(g, area=True):
    """The process, and a page of its heap for names."""
    a = Puppets(g).first
    start = a.heap(1)
    if area:
        a.swapon(start)
    return a, start


def slot(g, a, va):
    """The slot that the entry of va names, or None."""
    level, pte = a.pte(va)
    if level != 0 or not pte or pte & access.PTE_V or not pte & access.PTE_SPECIAL:
        return None
    return pte >> 10 & SLOT_MASK


def send_out(g, a, at, pages):
    """MADV_PAGEOUT; all pages must have gone. Their slots."""
    a.must("madvise", at, pages * PAGE, MADV_PAGEOUT)
    found = [slot(g, a, at + i * PAGE) for i in range(pages)]
    stay = [i for i, s in enumerate(found) if s is None]
    g.check(not stay, "pages that MADV_PAGEOUT was to send to swap are not there", f"{pages} entries that name a slot",
            f"{len(stay)} others", va=at + stay[0] * PAGE if stay else None)
    return found


def on_disk(g, number, n=PAGE):
    with open(g.machine.swap, "rb") as f:
        f.seek(number * PAGE)
        return f.read(n)


def free_slots(g, a):
    return a.kernel("swap_free_pages")


# ---- the slots


class Slots:
    """A struct slots in guest memory, and a model of it."""

    def __init__(self, g, count):
        self.g, self.count, self.taken = g, count, set()
        g.park()
        frames = [g.call("page_alloc", 0, 0) for _ in range(2)]
        self.at, self.bits = (walk.page_virt(g.k, g.k.struct_at("page", p)) for p in frames)
        for va in (self.at, self.bits):
            g.source.phys_write(g.k.linear_to_phys(va), bytes(PAGE))
        g.k.forget()
        g.call("slots_init", self.at, self.bits, count)

    def alloc(self, cpu=0, fresh_at=None):
        flag = self.at + 2048
        got = self.g.call("slots_alloc", self.at, cpu, flag)
        if got == NONE:
            return None
        self.g.check(0 <= got < self.count, "slots_alloc() returned no slot", f"below {self.count}", got)
        self.g.check(got not in self.taken, "slots_alloc() returned a slot that is in use", "a free one", got)
        self.taken.add(got)
        self.fresh = self.g.k.read(flag, 1)[0]
        self.books()
        return got

    def free(self, number):
        self.taken.remove(number)
        self.g.call("slots_free", self.at, number)
        self.books()

    def reserve(self, number):
        got = self.g.call("slots_reserve", self.at, number) & 255
        self.g.equal(f"what slots_reserve({number}) said", got, int(number not in self.taken))
        self.taken.add(number)

    def books(self):
        s, words = self.g.k.struct_at("slots", self.at), {}
        for number in self.taken:
            words.setdefault(number // CLUSTER, []).append(number)
        self.g.equal("free slots", s.free, self.count - len(self.taken))
        whole = -(-self.count // CLUSTER)
        tail = {self.count // CLUSTER} if self.count % CLUSTER else set()
        self.g.equal("clusters without a used slot", s.empty, whole - len(set(words) | tail))
        for w in self.g.rng.sample(range(whole), min(3, whole)):
            bits = sum(1 << n % CLUSTER for n in words.get(w, ()))
            if w in tail:
                bits |= MASK << self.count % CLUSTER & MASK
            self.g.equal(f"word {w} of the bitmap", self.g.k.u64(self.bits + 8 * w), bits)


def slots(g):
    """Slots in rising order from empty clusters, apart for each CPU; any slot when no cluster is empty; then none."""
    s = Slots(g, 5 * CLUSTER + g.rng.randint(3, 60))
    s.reserve(0)
    first = [s.alloc() for _ in range(10)]
    g.check(None not in first, "slots_alloc() finds no slot", "ten of them", "SLOT_NONE")
    g.equal("ten slots of one CPU lie together", first, list(range(first[0], first[0] + 10)))
    g.equal("the first cluster has no used slot", first[0] % CLUSTER, 0)
    other = [s.alloc(1) for _ in range(5)]
    g.check(other[0] // CLUSTER != first[0] // CLUSTER and other == list(range(other[0], other[0] + 5)),
            "another CPU has a cluster of its own", "five slots together, in another cluster", other)
    g.equal("the next slot of the first CPU", s.alloc(), first[-1] + 1)
    for number in other:
        s.free(number)
    gone = g.rng.sample(first[:8], 3)
    for number in gone:
        s.free(number)
    rest = 0
    while s.alloc(g.rng.randrange(2)) is not None:
        rest += 1
        g.check(rest < s.count, "slots_alloc() never says that it is full")
    g.equal("slots in use when slots_alloc() found none", len(s.taken), s.count)
    back = g.rng.sample(sorted(s.taken - {0}), 4)
    for number in back:
        s.free(number)
    g.equal("what is free is found", sorted(s.alloc() for _ in range(4)), sorted(back))
    g.equal("slots_alloc() when all is taken", s.alloc(), None)


def slotcost(g):
    """The next cluster of a large area that is nearly full is found in a bounded number of steps."""
    s = Slots(g, 32000)
    for number in range(0, 32000, CLUSTER):  # 400 clusters are full, 100 have one slot in use
        s.taken.update(range(number, number + (CLUSTER if number < 400 * CLUSTER else 1)))
    g.source.phys_write(g.k.linear_to_phys(s.bits), b"\xff" * 3200 + b"\1\0\0\0\0\0\0\0" * 100)
    struct = g.k.source.struct("slots")
    for field, value in (("free", 32000 - len(s.taken)), ("empty", 0)):
        g.source.phys_write(g.k.linear_to_phys(s.at) + struct.fields[field][0], value.to_bytes(8, "little"))
    g.k.forget()
    for _ in range(63):
        s.taken.add(g.call("slots_alloc", s.at, 0, s.at + 2048))
    g.equal("slots in use after 63 more", len(s.taken), 400 * CLUSTER + 100 + 63)
    for _ in range(4):
        got, took = g.count("slots_alloc", s.at, 0, s.at + 2048, most=1000)
        g.check(got < s.count and got not in s.taken, "slots_alloc() of a nearly full area", "a free slot", got)
        g.check(took < 300, "instructions of a slots_alloc()", "under 300", took)
        s.taken.add(got)


# ---- out and in


def boot(g):
    """Processes come and go, and their memory comes back. No swap in it."""
    a, start = setup(g, area=False)

    def life():
        b = a.fork()
        at = b.map(30)
        b.fill(at, 5, 30)
        g.equal("the sum over a mapping", b.sum(at, 30), sum(range(5, 35)))
        a.end(b)

    check_lives(g, life)


def out(g):
    """Pages go: entries name slots, the disk holds what the frames held, the frames are free."""
    a, start = setup(g)
    pages = g.rng.randint(40, 60)
    at, values = a.filled(pages)
    free, swap, rss = free_frames(g), free_slots(g, a), a.mm().rss_anon
    calls = g.tally("tlb_flush_range", "bio_submit")
    numbers = send_out(g, a, at, pages)
    g.untally()
    g.equal("the number of slots", len(set(numbers)), pages)
    g.check(0 not in numbers, "slot 0 is the header of the area", "slots from 1 on", "0")
    g.check(calls["bio_submit"] <= 8, "transfers for pages that lie together", "8 at most", calls["bio_submit"])
    for i in range(pages):
        g.equal(f"slot {numbers[i]} on the disk", int.from_bytes(on_disk(g, numbers[i], 8), "little"), values[i])
    g.check(free_frames(g) - free >= pages - 2, "the frames are not free again", pages, free_frames(g) - free)
    g.equal("free slots", swap - free_slots(g, a), pages)
    g.equal("resident pages", rss - a.mm().rss_anon, pages)
    g.equal("swap_entries of the process", a.mm().swap_entries, pages)
    g.equal("the sum over all pages, brought back", a.sum(at, pages), sum(values) & MASK)
    a.must("munmap", at, pages * PAGE)
    g.equal("free slots after munmap()", free_slots(g, a), swap)


def back(g):
    """A load brings a page back, once; its slot keeps it until a store."""
    a, start = setup(g)
    at, values = a.filled(24)
    swap = free_slots(g, a)
    numbers = send_out(g, a, at, 24)
    for n, i in enumerate(g.rng.sample(range(24), 8)):
        va = at + i * PAGE
        calls = g.tally("vm_fault")
        g.equal("a page that comes back", a.load(va), values[i])
        g.equal("page faults of a load", calls["vm_fault"], 1)
        g.equal("a page that has come back", a.load(va), values[i])
        g.equal("page faults of the next load", calls["vm_fault"], 1)
        g.untally()
        page = a.page(va)
        g.check(not a.writable(va) and page.mapcount == 1 and page.refcount == 2 and page.private & SLOT_MASK == numbers[i],
                "a page that was only read keeps its slot",
                f"no W, mapcount 1, refcount 2 (the swap cache has one), slot {numbers[i]}",
                f"{walk.pte_flags(a.pte(va)[1])}, mapcount {page.mapcount}, refcount {page.refcount}, "
                f"slot {page.private & SLOT_MASK}", va=va)
        g.equal("free slots", swap - free_slots(g, a), 24 - n)
        value = g.number()
        a.store(va, value)
        g.equal("what was stored", a.load(va), value)
        a.check_counts(va, 1, 1, "a page that was stored to: it gives its slot up")
        g.equal("free slots after a store", swap - free_slots(g, a), 24 - n - 1)
        values[i] = value
    g.equal("the sum over all pages", a.sum(at, 24), sum(values) & MASK)


def store(g):
    """A store to a page that is out: one fault brings it, writable, and the slot is free at once."""
    a, start = setup(g)
    at, values = a.filled(16)
    swap = free_slots(g, a)
    send_out(g, a, at, 16)
    for n, i in enumerate(g.rng.sample(range(16), 6)):
        value, calls = g.number(), g.tally("vm_fault")
        a.store(at + i * PAGE + 8, value)
        g.untally()
        g.equal("page faults of a store", calls["vm_fault"], 1)
        g.equal("the page", (a.word(at + i * PAGE), a.word(at + i * PAGE + 8)), (values[i], value))
        page = a.page(at + i * PAGE)
        g.check(a.writable(at + i * PAGE) and page.refcount == 1, "a page that came for a store is the process's alone",
                "W, refcount 1", f"{walk.pte_flags(a.pte(at + i * PAGE)[1])}, refcount {page.refcount}", va=at + i * PAGE)
        g.equal("free slots", swap - free_slots(g, a), 16 - n - 1)


def clean(g):
    """What was only read need not be written again."""
    a, start = setup(g)
    at, values = a.filled(20)
    numbers = send_out(g, a, at, 20)
    g.equal("the sum over all pages", a.sum(at, 20), sum(values) & MASK)
    changed = g.rng.sample(range(20), 5)
    for i in changed:
        values[i] = g.number()
        a.store(at + i * PAGE, values[i])
    calls = g.tally("swap_write")
    again = send_out(g, a, at, 20)
    g.untally()
    g.equal("pages that were written the second time", calls["swap_write"], 5)
    for i in range(20):
        if i not in changed:
            g.equal(f"the slot of page {i}", again[i], numbers[i])
        g.equal(f"slot {again[i]} on the disk", int.from_bytes(on_disk(g, again[i], 8), "little"), values[i])
    g.equal("the sum over all pages", a.sum(at, 20), sum(values) & MASK)


def fork(g):
    """Entries are inherited: one slot, two names; whoever reads first brings the page for both."""
    a, start = setup(g)
    at, values = a.filled(12)
    swap = free_slots(g, a)
    numbers = send_out(g, a, at, 12)
    b = a.fork()
    mine = {a: list(values), b: list(values)}
    for i in range(12):
        g.equal("the slot that the child's entry names", slot(g, b, at + i * PAGE), numbers[i])
    g.equal("free slots", swap - free_slots(g, a), 12)
    order = g.rng.sample(range(12), 12)
    for i in order[:4]:  # one reads, then the other one stores: its entry still names the slot
        first, second = g.rng.sample([a, b], 2)
        g.equal("a page that comes back", first.load(at + i * PAGE), values[i])
        mine[second][i] = g.number()
        second.store(at + i * PAGE, mine[second][i])
        for who in (a, b):
            g.equal(f"the page of {who}", who.load(at + i * PAGE), mine[who][i])
    for i in order[4:9]:
        va = at + i * PAGE
        first, second = g.rng.sample([a, b], 2)
        g.equal("a page that comes back", first.load(va), values[i])
        g.equal("the same page of the other process", second.load(va), values[i])
        g.equal("the frame of the other process", second.frame(va), first.frame(va))
        g.check(not first.writable(va) and not second.writable(va), "a page that two processes have is writable", "no W",
                "W", va=va)
        mine[first][i] = g.number()
        first.store(va, mine[first][i])
        for who in (a, b):
            g.equal(f"the page of {who}", who.load(va), mine[who][i])
    for who in (a, b):
        g.equal(f"the sum over all pages of {who}", who.sum(at, 12), sum(mine[who]) & MASK)
    a.end(b)
    for i in range(12):
        a.store(at + i * PAGE, i)
    g.equal("free slots after all was stored to", free_slots(g, a), swap)


def leak(g):
    """Slots of a process that ends are free again, in swap and in the swap cache."""
    a, start = setup(g)
    swap = free_slots(g, a)
    for _ in range(2):
        free = free_frames(g)
        b = a.fork()
        at = b.map(40)
        b.fill(at, 1, 40)
        send_out(g, b, at, 40)
        g.equal("the sum over ten pages, brought back", b.sum(at, 10), sum(range(1, 11)))
        b.store(at + 20 * PAGE, 1)
        c = b.fork()
        g.equal("a page that the child brought back", c.load(at + 30 * PAGE), 31)
        b.end(c)
        a.end(b)
        g.equal("free slots after a process ended", free_slots(g, a), swap)
    check_lost(g, free, 2, "frames of a process that ended are not free again")
    a.kernel("swap_check")


def off(g):
    """swapoff() brings everything back."""
    a, start = setup(g)
    at, values = a.filled(30)
    send_out(g, a, at, 30)
    g.equal("what swapoff() returned", a.syscall("swapoff", start), 0)
    for i in range(30):
        g.equal("a page after swapoff()", a.word(at + i * PAGE), values[i])
    g.equal("the sum over all pages", a.sum(at, 30), sum(values) & MASK)
    g.equal("swap_entries of the process", a.mm().swap_entries, 0)


# ---- pressure


def pressure(g):
    """More memory than there is: all of it holds what was stored."""
    a, start = setup(g)
    pages = free_frames(g) + g.rng.randint(1000, 1500)
    b = a.fork()
    at, first = b.map(pages), g.number() >> 1
    b.start_fill(at, first, pages)
    g.check(not a.outlives(b), "a process that fits into memory and swap together was killed", "it lives", "killed")
    g.equal("the sum over all pages", b.sum(at, pages), sum(range(first, first + pages)) & MASK)
    used = a.kernel("swap_total_pages") - free_slots(g, a)
    g.check(used >= 700, "slots in use", "700 and more", used)
    a.end(b)
    used = a.kernel("swap_total_pages") - free_slots(g, a)
    g.check(used <= 30, "slots in use in the end", "30 at most, of pages of the first process", used)


def victim(g):
    """Pages that are used again and again stay, while a stream of others goes through memory."""
    a, start = setup(g)
    hot_pages = 120
    stream = free_frames(g) * 4
    hot, cold = a.map(hot_pages), a.map(stream)
    a.fill(hot, 1, hot_pages)
    came, step = 0, 80
    for i in range(0, stream - step, step):
        a.fill(cold + i * PAGE, i, step)
        out_now = [n for n in range(hot_pages) if slot(g, a, hot + n * PAGE) is not None]
        came += len(out_now)
        g.equal("the sum over the pages in use", a.sum(hot, hot_pages), sum(range(1, hot_pages + 1)))
    g.check(came <= 2 * hot_pages, f"pages that were used between every {step} others were sent to swap",
            f"seldom: {2 * hot_pages} times at most", f"{came} times")
    g.equal("the first page of the stream", a.load(cold), 0)


def full(g):
    """More than memory and swap together: the process that takes it all is killed, nothing else happens."""
    a, start = setup(g)
    at, values = a.filled(50)
    free, total = free_frames(g), a.kernel("swap_total_pages")
    b = a.fork()
    half = (free + total) * 5 // 8
    parts = [b.map(half), b.map(half)]
    b.fill(parts[0], 1, half)
    b.start_fill(parts[1], 1, half)
    g.check(a.outlives(b), "a process got more than there is", "killed", "it lives")
    g.equal("the sum over the parent's pages", a.sum(at, 50), sum(values) & MASK)
    a.fill(at, 3, 50)
    used = total - free_slots(g, a)
    g.check(used <= 30, "slots in use after the process was killed", "30 at most, of pages of the first process", used)
    a.kernel("swap_check")


# ---- errors


def fail_transfer(g, function):
    """The next transfer ends in this function with an error of the disk."""
    done, back = g.address(f"vm/swapio.c:{function}"), g.program.find("lab_mark").value
    g.run_to([done, back], lambda hart: g.in_kernel(hart) or g.in_program(hart))
    g.check(g.pc == done, f"nothing is transferred that could fail in {function}()", "a transfer", "none")
    bio = g.rsp.register("a0", g.hart)
    status = g.k.source.struct("bio").fields["status"][0]
    g.source.phys_write(g.k.linear_to_phys(bio + status), (-5 & 0xffffffff).to_bytes(4, "little"))
    g.k.forget()
    g.note(f"the disk says in {function}(): input/output error")


def readerror(g):
    """A page that cannot be read is SIGBUS, of this access alone: neighbours are there, and the next try gets it."""
    a, start = setup(g)
    at, values = a.filled(16)
    send_out(g, a, at, 16)
    i = g.rng.randrange(4, 12)
    a.start_load(at + i * PAGE)
    fail_transfer(g, "read_done")
    fail_transfer(g, "read_done")  # with its neighbours, then alone
    a.finish()
    g.equal("signal of a load of a page that cannot be read", a.signal, SIGBUS)
    for n in (i, i - 1, i + 1, 0, 15):
        g.equal("a page of swap, when the disk works again", a.load(at + n * PAGE), values[n])
    a.start_load(at + 2 * PAGE if slot(g, a, at + 2 * PAGE) is not None else at + i * PAGE)
    a.finish()
    g.equal("the sum over all pages", a.sum(at, 16), sum(values) & MASK)


def writeerror(g):
    """A page that cannot be written stays; its slot is never used again."""
    a, start = setup(g)
    at, values = a.filled(8)
    swap = free_slots(g, a)
    a.start("madvise", at, 8 * PAGE, MADV_PAGEOUT)
    fail_transfer(g, "write_done")
    a.finish()
    g.equal("the sum over all pages", a.sum(at, 8), sum(values) & MASK)
    a.fill(at, 70, 8)
    numbers = send_out(g, a, at, 8)
    g.equal("the slots", [int.from_bytes(on_disk(g, n, 8), "little") for n in numbers], list(range(70, 78)))
    a.must("munmap", at, 8 * PAGE)
    g.check(swap - 8 <= free_slots(g, a) <= swap - 1, "free slots after a write error", f"{swap - 8} to {swap - 1}: the slots "
            "that failed are not free", free_slots(g, a))
    a.kernel("swap_check")
