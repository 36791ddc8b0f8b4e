"""Judges of the slab lab.

The machine stands in process 1's getppid(), and the judge makes caches of its own, with sizes that no
kernel can know, and calls slab_alloc() and slab_free(), or the slab layer below: slab_grow(), slab_take(),
slab_put(). After each step it reads the three lists, the free objects and the magazines from memory, and
compares them with the objects that it holds, and with the number of free frames.
"""
from xvgrade.source import access, walk

GFP_HIGH, GFP_ZERO = 4, 16
PAGE, LINE = 4096, 64
ORDER_MAX = 3
MAGAZINE_MAX = 30
PG_SLAB = 2


def free_frames(g):
    """Frames that nobody has: in the zones and in the CPUs' lists."""
    g.k.forget()
    return sum(z.free_pages for z in g.k.var("zones")) + sum(
        pcp.count + pcp.zeroed for cpu in range(g.test.cpus) for pcp in g.k.var("pcps")[cpu])


def block_of(stride):
    """The order of a slab, as the lab wants it: the smallest whose rest is at most an eighth."""
    for order in range(ORDER_MAX):
        size = PAGE << order
        if stride <= size and size % stride <= size >> 3:
            return order
    return ORDER_MAX


class Cache:
    """A cache of the judge's own, and the objects that the judge holds."""

    def __init__(self, g, size, align=0, ctor=0):
        self.g, self.k, self.size, self.align = g, g.k, size, max(align, 8)
        self.stride = -(-size // 8) * 8 + (8 if ctor else 0)
        self.stride = -(-self.stride // self.align) * self.align
        self.held = {}  # address: bytes that must be there
        name = g.call("kmalloc", 32, GFP_HIGH)
        self.poke(name, f"lab-{g.rng.getrandbits(40):x}".encode() + b"\0")
        self.at = g.call("slab_cache_create", name, size, align, ctor)
        g.check(self.at >= access.PAGE_OFFSET, "slab_cache_create() returned no cache", "an address", f"{self.at:#x}")
        c = self.c
        g.check(c.size >= size and c.stride >= c.size and c.objs_per_slab > 0 and 0 <= c.order <= 10,
                f"a cache for {size} bytes does not hold them", f"size and stride of {size} or more",
                f"size {c.size}, stride {c.stride}, {c.objs_per_slab} objects in a block of order {c.order}")

    @property
    def c(self):
        return self.k.struct_at("slab_cache", self.at)

    @property
    def bytes(self):
        return PAGE << self.c.order

    # ---- memory, as it is now

    def peek(self, at, n):
        return self.g.source.phys_read(self.k.linear_to_phys(at), n)

    def poke(self, at, data):
        self.g.source.phys_write(self.k.linear_to_phys(at), data)
        self.k.forget()

    def slab_of(self, obj):
        """The head page of an object's slab."""
        page = walk.find_page(self.k, obj)
        order = self.c.order
        return walk.page_of_pfn(self.k, walk.page_pfn(self.k, page) & -(1 << order))

    def free_objects(self, slab):
        """Addresses on a slab's list of free objects."""
        found, at = [], access.pointer(slab, "private_ptr")
        while at:
            self.g.check(at not in found and len(found) < 4096, "a slab's list of free objects has a loop",
                         "each object once", f"{at:#x} again")
            self.inside(at, slab)
            found.append(at)
            at = self.k.u64(at + self.c.link_offset)
        return found

    def inside(self, obj, slab):
        start = walk.page_virt(self.k, slab)
        self.g.check(start <= obj and obj + self.size <= start + self.bytes and obj % self.align == 0,
                     "an object does not lie in its slab", f"aligned to {self.align}, in {start:#x}-{start + self.bytes:#x}",
                     f"{self.size} bytes at {obj:#x}")

    def slabs(self):
        """{head's address: (list, objects in use, [free])}; each checked against its struct page."""
        found, c = {}, self.c
        flag = {n: b for b, n in self.k.source.enum("page_flag").items()}["PG_SLAB"]
        for name in ("partial", "full", "empty"):
            for slab in self.k.list(getattr(c, name), "page", "link"):
                where = f"the slab at frame {walk.page_pfn(self.k, slab):#x}"
                self.g.check(access.pointer(slab, "owner") == self.at and slab.flags == 1 << flag and
                             slab.order == c.order, f"{where} is not marked as this cache's",
                             f"PG_SLAB, owner {self.at:#x}, order {c.order}",
                             f"flags {slab.flags:#x}, owner {access.pointer(slab, 'owner'):#x}, order {slab.order}")
                free, used = self.free_objects(slab), slab.private
                self.g.equal(f"in use and free together, of {where}", used + len(free), c.objs_per_slab)
                right = "full" if not free else "empty" if not used else "partial"
                self.g.check(name == right, f"{where} has {used} of {c.objs_per_slab} objects in use", f"on the list {right}",
                             f"on the list {name}")
                found[slab._addr] = (name, used, free)
        return found

    def magazines(self):
        """Free objects in this CPU's magazines and in the depot."""
        found = []

        def collect(magazine, rounds, what):
            self.g.check(rounds == 0 or magazine, f"{rounds} objects in {what}, and there is no magazine")
            self.g.check(rounds <= MAGAZINE_MAX, f"{rounds} objects in {what}", f"at most {MAGAZINE_MAX}", rounds)
            found.extend(magazine.obj[i] for i in range(rounds))

        c = self.c
        for cpu in range(self.g.test.cpus):
            front = self.k.struct_at("slab_cpu", access.addr_of(c, "cpu") + cpu * self.k.sizeof("slab_cpu"))
            collect(front.loaded, front.rounds, "the loaded magazine")
            collect(front.previous, front.previous_rounds, "the previous magazine")
        magazine, count = c.full_mags, 0
        while magazine and count <= c.full_count:
            collect(magazine, c.magazine_size, "a full magazine of the depot")
            magazine, count = magazine.next, count + 1
        self.g.equal("full magazines in the depot", count, c.full_count)
        return found

    def books(self):
        """Every object is with the judge, in a magazine, or free in its slab, and the counters say so."""
        c, slabs, spare = self.c, self.slabs(), self.magazines()
        self.g.equal("slabs", c.slabs, len(slabs))
        self.g.equal("empty_slabs", c.empty_slabs, sum(name == "empty" for name, _, _ in slabs.values()))
        self.g.equal("inuse", c.inuse, sum(used for _, used, _ in slabs.values()))
        self.g.equal("objects that callers and magazines have", c.inuse, len(self.held) + len(spare))
        free = [at for _, _, objects in slabs.values() for at in objects]
        everything = sorted([(at, "free in its slab") for at in free] + [(at, "in a magazine") for at in spare] +
                            [(at, "handed out") for at in self.held])
        for (at, one), (following, other) in zip(everything, everything[1:]):
            self.g.check(at + self.size <= following, "two objects overlap, or one is in two places",
                         f"{self.size} bytes between {at:#x} and the next", f"{at:#x} {one}, {following:#x} {other}")
        self.intact()
        return slabs

    def intact(self):
        for at, data in self.held.items():
            self.g.check(self.peek(at, len(data)) == data, f"the object at {at:#x} has changed while it was handed out",
                         "what its owner wrote", "other bytes")

    # ---- requests

    def took(self, at):
        """The kernel gave an object: it must be a new one, in a page of this cache."""
        self.g.check(at % self.align == 0 and access.PAGE_OFFSET <= at, "no object", f"aligned to {self.align}", f"{at:#x}")
        try:
            page = walk.find_page(self.k, at)
        except access.AccessError:
            self.g.fail("an object that does not lie in RAM", "a page of the cache", f"{at:#x}")
        self.g.check(page.flags == 1 << PG_SLAB and access.pointer(page, "owner") == self.at and page.refcount <= 1,
                     f"the object at {at:#x} is in a page that is not this cache's", f"PG_SLAB, owner {self.at:#x}",
                     f"flags {page.flags:#x}, owner {access.pointer(page, 'owner'):#x}")
        self.inside(at, self.slab_of(at))
        for other in self.held:
            self.g.check(abs(other - at) >= self.size, "an object that overlaps one handed out before",
                         f"{self.size} bytes of its own", f"{at:#x}, and {other:#x} is in use")
        data = self.g.rng.randbytes(self.size)
        self.held[at] = data
        return data

    def alloc(self, gfp=GFP_HIGH, fill=True, must=True):
        at = self.g.call("slab_alloc", self.at, gfp)
        if not at and not must:
            return None
        self.g.check(at, f"slab_alloc() returned NULL with {free_frames(self.g)} frames free", "an object", "NULL")
        data = self.took(at)
        if fill:
            self.poke(at, data)
        else:
            self.held[at] = b""
        return at

    def free(self, at):
        data = self.held.pop(at)
        self.g.check(self.peek(at, len(data)) == data, f"the object at {at:#x} has changed while it was handed out",
                     "what its owner wrote", "other bytes")
        self.g.call("slab_free", self.at, at)

    def free_all(self):
        left = sorted(self.held)
        self.g.rng.shuffle(left)
        for at in left:
            self.free(at)

    # ---- the slab layer alone

    def several(self):
        want = (PAGE << block_of(self.stride)) // self.stride
        self.g.check(self.c.objs_per_slab >= min(want, 2), f"a slab for objects of {self.size} bytes has one object",
                     f"{want}, as many as fit", self.c.objs_per_slab)
        return self

    def grow(self):
        self.g.check(self.g.call("slab_grow", self.at, GFP_HIGH) & 1, "slab_grow() failed", "true", "false")

    def take(self):
        at = self.g.call("slab_take", self.at)
        if at:
            self.poke(at, self.took(at))
        return at

    def put(self, at):
        del self.held[at]
        self.g.call("slab_put", self.at, at)

    def take_all(self):
        for _ in range(4096):
            if not self.take():
                return
        self.g.fail("slab_take() never says that there is nothing more", "NULL", "an object each time")


def some_size(g, low=24, high=480):
    return g.rng.randrange(low, high, 8)


def size_with_rest(g, low, high, lines):
    """A size whose slabs have a rest of that many cache lines or more."""
    return g.rng.choice([s for s in range(low, high, 8) if (PAGE << block_of(s)) % s >= lines * LINE])


# ---- the tests


def objects(g):
    g.park()
    for size, align in ((some_size(g), 0), (g.rng.randint(1, 40), 64), (g.rng.randint(600, 3000), 16)):
        cache = Cache(g, size, align)
        for _ in range(60):
            if cache.held and g.rng.random() < 0.4:
                cache.free(g.rng.choice(sorted(cache.held)))
            else:
                cache.alloc()
        cache.intact()
        cache.free_all()


def pack(g):
    g.park()
    for size in (some_size(g, 40, 200), 8 * g.rng.randint(135, 145)):
        cache = Cache(g, size)
        want = block_of(cache.stride)
        each = (PAGE << want) // cache.stride
        before = free_frames(g)
        for _ in range(150):
            cache.alloc()
        used = before - free_frames(g)
        limit = (-(-(150 + MAGAZINE_MAX // 2) // each) << want) + 3
        g.check(used <= limit, f"150 objects of {size} bytes take too many frames",
                f"at most {limit}: {each} objects in each block of {1 << want} frames, and the magazines", used)
        block, c = cache.bytes, cache.c
        rest = block - c.objs_per_slab * cache.stride
        g.check(0 <= rest <= block >> 3 or c.order == ORDER_MAX, f"slabs for objects of {size} bytes waste memory",
                f"at most an eighth of {block} bytes", f"{rest} bytes")
        cache.books()


def lists(g):
    g.park()
    cache = Cache(g, g.rng.randrange(300, 1000, 8)).several()
    cache.books()
    for _ in range(110):
        if cache.held and g.rng.random() < 0.45:
            cache.put(g.rng.choice(sorted(cache.held)))
        elif not cache.take():
            free = [name for name, _, free in cache.slabs().values() if free]
            g.check(not free, "slab_take() found nothing, and there are free objects", "an object", "NULL")
            cache.grow()
        cache.books()


def partial(g):
    g.park()
    cache = Cache(g, g.rng.randrange(200, 500, 8))
    for _ in range(4):
        cache.grow()
    cache.take_all()
    whole = g.rng.choice(sorted(cache.slabs()))
    for at in sorted(cache.held):  # one slab becomes empty, of the others every third object comes back
        if cache.slab_of(at)._addr == whole or g.rng.random() < 0.3:
            cache.put(at)
    slabs = cache.books()
    while any(name == "partial" for name, _, _ in slabs.values()):
        at = cache.take()
        name = slabs[cache.slab_of(at)._addr][0] if at else "none"
        g.check(name == "partial", "an object came from elsewhere while slabs were in part free",
                "one of a slab on the list partial, so that empty slabs stay whole", f"one of the list {name}")
        slabs = cache.books()
    g.equal("empty slabs left", cache.c.empty_slabs, 1)


def empties(g):
    g.park()
    for size in (g.rng.randrange(200, 1000, 8), 8 * g.rng.randint(135, 145)):
        empties_of(g, size)


def empties_of(g, size):
    cache = Cache(g, size)
    pages = 1 << cache.c.order
    frames, counted = free_frames(g), slab_pages(g)
    for _ in range(5):
        cache.grow()
    g.equal("frames that five slabs took", frames - free_frames(g), 5 * pages)
    g.equal("pages that the counters of slabs gained", slab_pages(g) - counted, 5 * pages)
    cache.take_all()
    left, last = sorted(cache.held), cache.slabs()
    g.rng.shuffle(left)
    for at in left:
        cache.put(at)
        slabs = cache.books()
        for head in set(last) - set(slabs):
            for i in range(pages):
                page = g.k.struct_at("page", head + i * g.k.sizeof("page"))
                g.check(not page.flags & 1 << PG_SLAB, f"frame {walk.page_pfn(g.k, page):#x} went back to the buddy",
                        "no mark of a slab", f"flags {page.flags:#x}")
        last = slabs
        empty = sum(name == "empty" for name, _, _ in slabs.values())
        g.check(empty <= 1, "empty slabs pile up", "at most one is kept, the others go back to the buddy", empty)
        g.equal("frames that the slabs have", frames - free_frames(g), len(slabs) * pages)
    g.equal("slabs when all objects are back", cache.c.slabs, 1)
    g.call("slab_free_empty", cache.at)
    cache.books()
    g.equal("frames lost after slab_free_empty()", frames - free_frames(g), 0)
    g.equal("pages still counted as slabs", slab_pages(g) - counted, 0)


def slab_pages(g):
    """What the kernel counts in NR_SLAB."""
    g.k.forget()
    index = {n: i for i, n in g.k.source.enum("mm_stat").items()}["NR_SLAB"]
    return sum(g.k.var("mm_stats")[cpu].n[index] for cpu in range(g.test.cpus))


def colour(g):
    g.park()
    for low, high, lines in ((300, 700, 2), (700, 1500, 3)):
        size = size_with_rest(g, low, high, lines)
        cache = Cache(g, size)
        per = cache.bytes // cache.stride
        colours = cache.bytes % cache.stride // LINE + 1
        starts = []
        for _ in range(2 * colours):
            cache.grow()
            before = set(cache.held)
            cache.take_all()
            fresh = set(cache.held) - before
            g.equal(f"objects of {size} bytes in a slab of {cache.bytes}", len(fresh), per)
            starts.append(min(fresh) % cache.bytes)
        g.check(all(s % LINE == 0 for s in starts), "a slab's first object lies across cache lines",
                f"multiples of {LINE}", starts)
        g.equal(f"different places of the first object of {2 * colours} slabs", len(set(starts)), colours)
        g.check(all(a != b for a, b in zip(starts, starts[1:])), "two slabs, one after the other, have one colour",
                "each begins elsewhere than the one before", starts)
        cache.books()


def ctor(g):
    g.park()
    head = g.k.sizeof("waitq")
    at, _ = g.k.source.struct("waitq").fields["head"]
    cache = Cache(g, head + g.rng.randrange(16, 200, 8), 0, g.address("waitq_init")).several()

    def constructed(obj, when):
        links = [g.k.u64(obj + at), g.k.u64(obj + at + 8)]
        g.check(links == [obj + at] * 2, f"the object at {obj:#x} is not constructed {when}", f"its list points to {obj + at:#x}",
                f"{links[0]:#x}, {links[1]:#x}")

    marks = {}
    for _ in range(2 * cache.c.objs_per_slab):
        obj = cache.alloc(fill=False)
        constructed(obj, "when it is handed out first")
        marks[obj] = g.rng.randbytes(cache.size - head)
        cache.poke(obj + head, marks[obj])
    for obj in sorted(cache.held):
        cache.free(obj)
    for obj, data in marks.items():  # where a slab was given back, others may have the memory
        if walk.find_page(g.k, obj).owner == g.k.struct_at("slab_cache", cache.at):
            constructed(obj, "while it is free")
            g.check(cache.peek(obj + head, len(data)) == data, f"the free object at {obj:#x} was written to",
                    "its constructed state is kept: a link has no place in it", "other bytes")
    for _ in range(cache.c.objs_per_slab):
        obj = cache.alloc(fill=False)
        constructed(obj, "when it is handed out again")
        if obj in marks:
            g.check(cache.peek(obj + head, 8) == marks[obj][:8], f"the object at {obj:#x} was constructed a second time",
                    "the constructor runs when a slab is made", "its contents are gone")
    cache.books()


def zero(g):
    g.park()
    cache = Cache(g, some_size(g))
    for _ in range(3):
        for _ in range(20):
            at = cache.alloc(GFP_HIGH | GFP_ZERO, fill=False)
            bad = next((i for i, b in enumerate(cache.peek(at, cache.size)) if b), None)
            g.check(bad is None, f"the object at {at:#x} was asked for with GFP_ZERO", "zero bytes", f"byte {bad} is not zero")
            cache.held[at] = g.rng.randbytes(cache.size)
            cache.poke(at, cache.held[at])
        cache.free_all()


def state(cache):
    """What the slab layer and the depot have: the front end does not touch it."""
    c = cache.c
    return c.inuse, c.slabs, c.full_count, frozenset((a, n, u) for a, (n, u, _) in cache.slabs().items())


def magazine(g):
    g.park()
    cache = Cache(g, some_size(g))
    warm(cache)
    before = state(cache)
    for _ in range(3):
        at = [cache.alloc() for _ in range(5)]
        for obj in at:
            cache.free(obj)
        again = cache.alloc()
        g.check(again == at[-1], "an object was freed, and the next request gets another",
                f"the one that the CPU's cache still holds: {at[-1]:#x}", f"{again:#x}")
        cache.free(again)
    g.check(state(cache) == before, "a few requests went to the slabs or to the depot", "the CPU's magazines serve them",
            "inuse, the lists or the depot have changed")
    dearest = 0
    for _ in range(MAGAZINE_MAX + 5):  # one further each time, so over the border of a magazine
        cache.alloc()
        if not 3 <= cache.c.cpu[0].rounds <= MAGAZINE_MAX - 3:
            for at in [cache.alloc(), cache.alloc()]:
                cache.free(at)
            dearest = max(dearest, back_and_forth(g, cache))
    g.cost("back_and_forth", dearest)
    cache.books()


def back_and_forth(g, cache):
    """Instructions of two requests and two frees, at whatever place in the magazines."""
    pairs = [g.count("slab_alloc", cache.at, GFP_HIGH) for _ in range(2)]
    return sum(took for _, took in pairs) + sum(g.count("slab_free", cache.at, at)[1] for at, _ in pairs)


def warm(cache):
    """The loaded magazine is about half full, and so it stays with a few requests."""
    objects_ = [cache.alloc() for _ in range(3 * MAGAZINE_MAX)]
    for obj in objects_:
        cache.free(obj)
    for _ in range(2 * MAGAZINE_MAX):
        rounds = cache.c.cpu[0].rounds
        if MAGAZINE_MAX // 3 <= rounds <= 2 * MAGAZINE_MAX // 3:
            return
        cache.alloc()
    cache.g.fail("this CPU's loaded magazine is never half full", "objects that were freed wait in it", "cpu[0].rounds "
                 f"is {cache.c.cpu[0].rounds}")


def depot(g):
    g.park()
    cache = Cache(g, some_size(g))
    limit = cache.c.full_max
    g.check(0 < limit <= 64, "full_max is no limit", "four for each CPU", limit)
    for _ in range((limit + 6) * MAGAZINE_MAX):
        cache.alloc()
    for at in sorted(cache.held):
        cache.free(at)
    spare = len(cache.magazines())
    g.check(cache.c.full_count == limit, f"{(limit + 6) * MAGAZINE_MAX} objects were freed",
            f"{limit} full magazines wait in the depot, no more", cache.c.full_count)
    g.check(spare <= (limit + 2) * MAGAZINE_MAX, "too many free objects wait in magazines",
            f"at most {(limit + 2) * MAGAZINE_MAX}", spare)
    cache.books()
    before = cache.c.inuse
    for _ in range(spare - MAGAZINE_MAX):
        cache.alloc()
    g.equal("objects taken from slabs while magazines had some", cache.c.inuse - before, 0)
    cache.books()


def reap(g):
    g.park()
    g.call("slab_reap_all")
    cache = Cache(g, some_size(g))
    g.call("slab_reap_all")
    frames = free_frames(g)
    for _ in range(8 * MAGAZINE_MAX):
        cache.alloc()
    kept = g.rng.sample(sorted(cache.held), 3)
    for at in sorted(cache.held):
        if at not in kept:
            cache.free(at)
    g.check(cache.magazines(), "objects were freed, and none waits in a magazine", "some do", "0")
    before = cache.c.slabs << cache.c.order
    told = g.call("slab_reap", cache.at)
    slabs = cache.books()
    g.check(set(slabs) == {cache.slab_of(at)._addr for at in kept}, "slab_reap() with three objects in use",
            "their slabs stay, all others go", f"{len(slabs)} slabs are left")
    g.equal("objects in magazines after slab_reap()", len(cache.magazines()), 0)
    g.equal("pages that slab_reap() says it freed", told, before - (len(slabs) << cache.c.order))
    cache.free_all()
    g.call("shrink_all", 0)
    cache.books()
    g.equal("slabs when everything was freed and memory is short", cache.c.slabs, 0)
    g.equal("frames lost", frames - free_frames(g), 0)


def stranger(g):
    g.park()
    one, other = Cache(g, some_size(g)), Cache(g, some_size(g))
    at = one.alloc()
    other.free(other.alloc())
    g.expect_panic(lambda: g.call("slab_free", other.at, at), "an object went to a cache that it is not of")


def cost(g):
    g.park()
    cache = Cache(g, some_size(g))
    warm(cache)
    at, took = g.count("slab_alloc", cache.at, GFP_HIGH)
    g.cost("alloc", took)
    _, took = g.count("slab_free", cache.at, at)
    g.cost("free", took)
    total, got = 0, []
    for _ in range(MAGAZINE_MAX):
        at, took = g.count("slab_alloc", cache.at, GFP_HIGH)
        got.append(at)
        total += took
    for at in got:
        total += g.count("slab_free", cache.at, at)[1]
    g.cost("mean", total // (2 * len(got)))


def destroy(g):
    g.park()
    g.call("slab_reap_all")
    frames = free_frames(g)
    cache = Cache(g, some_size(g))
    name = access.pointer(cache.c, "name")
    for _ in range(100):
        cache.alloc()
    cache.free_all()
    g.call("slab_cache_destroy", cache.at)
    left = [c._addr for c in walk.slab_caches(g.k)]
    g.check(cache.at not in left, "a cache that was destroyed is still on the list of caches")
    g.call("kfree", name)
    g.call("slab_reap_all")
    g.equal("frames lost", frames - free_frames(g), 0)
    cache = Cache(g, some_size(g))
    for _ in range(3):
        cache.alloc()
    g.expect_panic(lambda: g.call("slab_cache_destroy", cache.at), "a cache went while objects of it were in use")


def exhaust(g):
    g.park()
    cache = Cache(g, some_size(g, 200, 480))
    cache.free(cache.alloc())
    g.call("slab_reap_all")
    taken, small = [], [g.call("page_alloc", GFP_HIGH, 0) for _ in range(16)]
    for order in range(10, -1, -1):
        while page := g.call("page_alloc", GFP_HIGH, order):
            taken.append((page, order))
    for page in small:
        g.call("page_free", page, 0)
    for _ in range(2000):
        if not cache.alloc(must=False):
            break
    else:
        g.fail("memory is gone, and slab_alloc() still returns objects", "NULL", "an object")
    g.check(len(cache.held) >= cache.c.objs_per_slab, "16 frames were free, and they were not used",
            f"{cache.c.objs_per_slab} objects or more", len(cache.held))
    cache.books()
    cache.free(g.rng.choice(sorted(cache.held)))
    cache.alloc()
    for page, order in taken:
        g.call("page_free", page, order)
    cache.free_all()
    cache.books()


# ---- whole machines


def in_use(g):
    """{cache: objects that callers have}, of the caches that a process fills and leaves."""
    g.k.forget()
    return {access.text(c, "name"): c.inuse - len(walk.magazine_objects(g.k, c)) for c in walk.slab_caches(g.k)
            if access.text(c, "name") in ("process", "thread", "filp", "pipe", "mm_struct", "vm_area_struct", "pid")}


def churn(g):
    mark = g.mark(1)
    before = in_use(g)
    g.write(mark.a, g.rng.getrandbits(48).to_bytes(8, "little"))
    end = g.mark(2)
    g.equal("children whose bytes came through their pipes", end.a, 24)
    for name, count in in_use(g).items():
        g.check(count <= before[name] + 1, f"objects of {name} stay behind when processes end", before[name], count)


def boot(g):
    churn(g)
