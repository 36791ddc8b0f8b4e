"""Judges of the buddy lab.

The machine stands in process 1's getppid(), and the judge calls page_alloc() and page_free() itself. After
each call it reads the free lists from memory and compares them with what binary buddies must have done:

    take(n)   exactly one block disappears, of the smallest order >= n that there was; inside it the
              block that was handed out, and one free block of every order between
    give(b)   the block and all its free buddies, order by order, are one block

Which block of an order is taken, and which half is kept, is the allocator's own business.
"""
import subprocess

MAX_ORDER = 10
GFP_HIGH, GFP_ZERO = 4, 16
PAGE = 4096
NAME = "buddy"


class Frames:
    """The page allocator of a parked machine, and the judge's view of its free lists."""

    def __init__(self, g):
        self.g, self.k = g, g.k
        g.park()
        self.base = self.k.var("mem_map_base_pfn")
        self.count = self.k.var("mem_map_pages")
        self.map, _ = g.source.variable("mem_map")
        self.map = self.k.u64(self.map)
        self.size = self.k.sizeof("page")
        self.held = {}  # pfn: order, of blocks that the judge has

    def zone(self):
        return max(self.k.var("zones"), key=lambda z: z.managed)

    def page(self, pfn):
        return self.k.struct_at("page", self.map + (pfn - self.base) * self.size)

    def pfn(self, address):
        """The frame of a struct page that the kernel returned, or a failure."""
        index, rest = divmod(address - self.map, self.size)
        self.g.check(rest == 0 and 0 <= index < self.count, "page_alloc() returned no struct page",
                     f"an entry of mem_map, {self.map:#x} and up", f"{address:#x}")
        return self.base + index

    def free(self):
        """{(pfn, order)} as the free lists say, each entry checked against its struct page."""
        found = set()
        for order, head in enumerate(self.zone().free):
            for page in self.k.list(head, "page", "link"):
                pfn = self.pfn(page._addr)
                if page.order != order or page.refcount:  # 15,000 times, so no words are made in vain
                    self.g.fail(f"a block on the list of order {order} is marked otherwise", f"order {order}, refcount 0",
                                f"frame {pfn:#x}: order {page.order}, refcount {page.refcount}")
                found.add((pfn, order))
        return found

    def books(self):
        """The counters must say what the lists say, and no frame may be in two blocks."""
        zone, blocks = self.zone(), self.free()
        for order in range(MAX_ORDER + 1):
            self.g.equal(f"free_blocks[{order}]", zone.free_blocks[order], sum(o == order for _, o in blocks))
        self.g.equal("free_pages", zone.free_pages, sum(1 << o for _, o in blocks))
        ranges = sorted([(p, p + (1 << o), "free") for p, o in blocks] +
                        [(p, p + (1 << o), "handed out") for p, o in self.held.items()])
        for (_, end, first), (start, _, second) in zip(ranges, ranges[1:]):
            self.g.check(end <= start, f"frame {start:#x} is in two blocks", "each frame in one block",
                         f"a block that is {first} and one that is {second}")
        return blocks

    # ---- requests

    def alloc(self, order, gfp=GFP_HIGH):
        """The pfn, or None. Every block is checked: whole, aligned, in nobody's hands."""
        address = self.g.call("page_alloc", gfp, order)
        if not address:
            return None
        pfn, page = self.pfn(address), self.k.struct_at("page", address)
        what = f"the block of order {order} at frame {pfn:#x}"
        self.g.check(pfn % (1 << order) == 0, f"{what} is not aligned", f"a multiple of {1 << order}", f"{pfn:#x}")
        self.g.check(pfn + (1 << order) <= self.base + self.count, f"{what} ends behind the memory")
        self.g.check(page.refcount == 1 and page.order == order, f"{what} is not marked as the caller's",
                     f"refcount 1, order {order}", f"refcount {page.refcount}, order {page.order}")
        for p, o in self.held.items():
            self.g.check(p + (1 << o) <= pfn or pfn + (1 << order) <= p, f"{what} overlaps one handed out before",
                         "frames that nobody has", f"the block of order {o} at {p:#x}")
        for i in range(1, 1 << order):
            refs = self.page(pfn + i).refcount
            self.g.check(refs == 0, f"{what} contains frame {pfn + i:#x}, which is in use", "refcount 0", f"refcount {refs}")
        self.held[pfn] = order
        return pfn

    def give(self, pfn):
        order = self.held.pop(pfn)
        self.g.call("page_free", self.page(pfn)._addr, order)

    def drain(self):
        """Single frames wait in the CPU's stack (pcp.c): now they go to the buddy."""
        self.g.call("pcp_drain_local")

    def need(self, order, gfp=GFP_HIGH):
        pfn = self.alloc(order, gfp)
        if pfn is None:
            self.g.fail(f"page_alloc() of order {order} returned NULL with {self.zone().free_pages} pages free",
                        "a block", "NULL")
        return pfn


def name(block):
    return f"frames {block[0]:#x}-{block[0] + (1 << block[1]) - 1:#x} (order {block[1]})"


def names(blocks):
    return ", ".join(map(name, sorted(blocks)[:6])) + (" ..." if len(blocks) > 6 else "") if blocks else "none"


def judge_take(f, before, after, pfn, order):
    """The lists before and after one request of `order` > 0 that got pfn."""
    g = f.g
    best = min((o for _, o in before if o >= order), default=None)
    gone, new = before - after, after - before
    g.check(len(gone) == 1, f"a request of order {order} must take one free block",
            f"one block of order {best} leaves the lists", f"gone: {names(gone)}")
    (start, size), = gone
    g.check(size == best, "a larger block was broken although a smaller one would do", f"a block of order {best}",
            name((start, size)))
    g.check(start <= pfn and pfn + (1 << order) <= start + (1 << size), "what was handed out is not of the block taken",
            f"a part of {name((start, size))}", name((pfn, order)))
    rest, at = set(), start
    for o in reversed(range(order, size)):  # the half without pfn is free at each order
        upper = at + (1 << o)
        rest.add((upper, o) if pfn < upper else (at, o))
        at = at if pfn < upper else upper
    g.check(new == rest, f"the rest of {name((start, size))} must go back as one block of each order",
            names(rest), names(new))


def after_give(free, pfn, order):
    """What the lists must be: {(pfn, order)}."""
    free = set(free)
    while order < MAX_ORDER and (pfn ^ 1 << order, order) in free:
        free.remove((pfn ^ 1 << order, order))
        pfn &= ~(1 << order)
        order += 1
    return free | {(pfn, order)}


def judge_give(f, before, after, pfn, order):
    want = after_give(before, pfn, order)
    f.g.check(after == want, f"after the block of order {order} at frame {pfn:#x} was freed",
              f"free: {names(want - after)}", f"free: {names(after - want)}")


# ---- the tests


def orders(g):
    f = Frames(g)
    wanted = list(range(MAX_ORDER + 1)) + [g.rng.randint(0, 6) for _ in range(10)]
    g.rng.shuffle(wanted)
    got = [f.need(order) for order in wanted]
    marks = {}
    for pfn in got:  # what is written into one block shows up in no other
        for at in {pfn, pfn + (1 << f.held[pfn]) - 1}:
            marks[at] = g.rng.randbytes(16)
            g.source.phys_write(at * PAGE, marks[at])
    f.books()
    for pfn in got:
        f.give(pfn)
    f.drain()
    f.books()


def split(g):
    f = Frames(g)
    f.drain()
    free = f.books()
    g.check(any(o == MAX_ORDER for _, o in free), "a machine that has just booted has no block of 1,024 frames",
            "whole blocks of order 10", f"the largest has order {max((o for _, o in free), default=None)}")
    for order in [1, 1, 3, 2] + [g.rng.randint(1, 7) for _ in range(6)]:
        before = f.free()
        pfn = f.need(order)
        judge_take(f, before, f.free(), pfn, order)
    f.books()


def only_largest(f):
    """Takes all free blocks that are neither single frames nor of the largest order."""
    for _ in range(200):
        between = [o for _, o in f.free() if 0 < o < MAX_ORDER]
        if not between:
            return
        f.need(min(between))
    f.g.fail("blocks of the middle orders were asked for 200 times, and there are still some",
             "fewer with each request", names({b for b in f.free() if 0 < b[1] < MAX_ORDER}))


def give_judged(f, blocks):
    """Gives the blocks back in random order; each must join exactly the buddies that are free."""
    f.g.rng.shuffle(blocks)
    for pfn in blocks:
        before, order = f.free(), f.held[pfn]
        f.give(pfn)
        judge_give(f, before, f.free(), pfn, order)


def merge(g):
    f = Frames(g)
    f.drain()
    only_largest(f)  # so that what comes is split from whole blocks, and must become whole again
    start = f.books()
    got = [f.need(order) for order in [1, 4, 1, 2, 7, 1, 3] + [g.rng.randint(1, 5) for _ in range(5)]]
    give_judged(f, got)
    g.check(f.books() == start, "all blocks were given back, and the lists are not as they were",
            names(start - f.free()), names(f.free() - start))


def singles(f, count):
    """Single frames, the CPU's stack emptied before and after: they come from the buddy."""
    f.drain()
    got = [f.need(0) for _ in range(count)]
    f.drain()
    return got


def strangers(g):
    f = Frames(g)
    got = set(singles(f, 64))
    pairs = [p for p in sorted(got) if p % 4 == 1 and p + 1 in got and p - 1 in got and p + 2 in got]
    g.check(pairs, "64 single frames hold no four in a row", "frames side by side", names({(p, 0) for p in got}))
    pfn = g.rng.choice(pairs)
    for at, words in ((pfn, "its buddy is in use"), (pfn + 1, "its neighbour is free, its buddy in use"),
                      (pfn - 1, "its buddy is free"), (pfn + 2, "its buddy is free")):
        before = f.free()
        f.give(at)
        f.drain()
        want, found = after_give(before, at, 0), f.free()
        g.check(found == want, f"frame {at:#x} was freed; {words}", names(want - found), names(found - want))
    f.books()


def random(g):
    f = Frames(g)
    f.drain()
    for step in range(150):
        before = f.free()
        if f.held and g.rng.random() < 0.45:
            pfn = g.rng.choice(sorted(f.held))
            order = f.held[pfn]
            f.give(pfn)
            judge_give(f, before, f.free(), pfn, order)
        else:
            order = g.rng.choice((1, 1, 1, 2, 2, 3, 4, 5, 6, 8, 9))
            pfn = f.alloc(order)
            able = any(o >= order for _, o in before)
            g.check((pfn is not None) == able, f"a request of order {order}", "a block" if able else "NULL: none is free",
                    "NULL" if pfn is None else f"frame {pfn:#x}")
            if pfn is not None:
                judge_take(f, before, f.free(), pfn, order)
        if step % 10 == 9:
            f.books()
    give_judged(f, sorted(f.held))  # here most blocks meet a buddy that is free in part
    f.books()


def exhaust(g):
    f = Frames(g)
    f.drain()
    total = f.zone().free_pages
    for order in reversed(range(MAX_ORDER + 1)):
        while f.alloc(order) is not None:
            pass
    taken = sum(1 << o for o in f.held.values())
    g.equal("the number of frames that could be had", taken, total)
    g.equal("free_pages of the empty zone", f.zone().free_pages, 0)
    back = sorted(f.held)
    g.rng.shuffle(back)
    for pfn in back:
        f.give(pfn)
    f.drain()
    g.equal("free_pages after all came back", f.zone().free_pages, total)
    f.books()


def watermark(g):
    f = Frames(g)
    f.drain()
    for order in (MAX_ORDER, 7, 3, 1):
        while f.alloc(order, 0) is not None:
            pass
    zone = f.zone()
    g.check(zone.min <= zone.free_pages < zone.min + 2, "ordinary requests must end at the minimum watermark",
            f"{zone.min} or {zone.min + 1} pages left", f"{zone.free_pages} pages left")
    g.check(f.alloc(1, 0) is None, "an ordinary request took from the reserve", "NULL", "a block")
    order = max(o for _, o in f.free())
    f.need(min(order, 1), GFP_HIGH)
    f.books()


def fragment(g):
    f = Frames(g)
    f.drain()
    start = f.books()
    for order in range(MAX_ORDER, 0, -1):  # everything, but for one block of 32 frames in singles
        while len([o for o in f.held.values()]) < 4000 and f.zone().free_pages >= 32 + (1 << order):
            if f.alloc(order) is None:
                break
    taken = dict(f.held)
    ones = []
    while (pfn := f.alloc(0)) is not None:
        ones.append(pfn)
    for pfn in [p for p in ones if p % 2 == 0]:
        f.give(pfn)
    f.drain()
    g.check(f.alloc(1) is None, "only every other frame is free: there is no block of two", "NULL", "a block")
    for pfn in [p for p in ones if p % 2 == 1]:
        f.give(pfn)
    f.drain()
    for pfn in taken:
        f.give(pfn)
    found = f.books()
    g.check(any(o == MAX_ORDER for _, o in found), "everything was given back, and nothing has grown together",
            "blocks of 1,024 frames", f"the largest has order {max((o for _, o in found), default=None)}")
    g.check(found == start, "everything was given back, and the lists are not as they were", names(start - found),
            names(found - start))


def zero(g):
    f = Frames(g)
    for order in (0, 3, g.rng.randint(1, 6)):
        pfn = f.need(order)
        for i in range(1 << order):
            g.source.phys_write((pfn + i) * PAGE, g.rng.randbytes(PAGE))
        f.give(pfn)
        pfn = f.need(order, GFP_HIGH | GFP_ZERO)
        for i in range(1 << order):
            data = g.source.phys_read((pfn + i) * PAGE, PAGE)
            bad = next((n for n, b in enumerate(data) if b), None)
            g.check(bad is None, f"frame {pfn + i:#x} of a GFP_ZERO block of order {order} is not cleared", "zero bytes",
                    f"a byte at offset {bad} is not zero")


def cost(g):
    f = Frames(g)
    f.drain()
    only_largest(f)
    before, limit = f.free(), 1000
    address, _ = g.count("page_alloc", GFP_HIGH, 1, most=limit)  # nine splits
    f.pfn(address)
    g.count("page_free", address, 1, most=limit)
    after = f.free()
    g.check(after == before, "after nine splits and nine merges the lists are not as before", names(before - after),
            names(after - before))


# ---- whole machines


def churn(g, pages):
    mark = g.mark(1)
    seed = g.rng.getrandbits(48)
    before = free_now(g)
    g.write(mark.a, pages.to_bytes(8, "little") + seed.to_bytes(8, "little"))
    end = g.mark(2)
    g.equal("the number of children whose memory held what they wrote", end.a, 12)
    lost = before - free_now(g)
    g.check(lost < 64, "memory of processes that ended is not free again", "the pages of the file written, at most 64",
            f"{lost} pages fewer")
    disk(g, f"12 {seed * 2654435761 % (1 << 64) % 1000003}\n")


def free_now(g):
    k = g.k
    return sum(z.free_pages for z in k.var("zones")) + sum(
        pcp.count + pcp.zeroed for cpu in range(g.test.cpus) for pcp in k.var("pcps")[cpu])


def disk(g, answer):
    """The machine has called sync(): what lies on the disk?"""
    image = str(g.machine.disk)
    done = subprocess.run(["/sbin/debugfs", "-R", "cat /answer", image], capture_output=True, timeout=30)
    g.equal("the file that the program wrote", done.stdout.decode(errors="replace"), answer)


def boot(g):
    churn(g, 300)


def smp(g):
    churn(g, g.rng.randint(500, 900))
    zone = max(g.k.var("zones"), key=lambda z: z.managed)
    for order, head in enumerate(zone.free):
        blocks = list(g.k.list(head, "page", "link"))
        g.equal(f"free_blocks[{order}]", zone.free_blocks[order], len(blocks))
