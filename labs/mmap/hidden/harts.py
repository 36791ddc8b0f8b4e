"""Hidden judges of the mmap lab: one thread unmaps what another one faults in, on another hart."""
from xvgrade.puppet import MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PAGE, RW, Puppets, check_lost, free_frames

ANON = MAP_PRIVATE | MAP_ANONYMOUS


def harts(g):
    a = Puppets(g).first
    pages = g.rng.randint(300, 450)
    at = a.map(pages)
    a.fill(at, 1, pages)
    b = a.thread()
    a.must("munmap", at, pages * PAGE)
    g.equal("signal of a load where nothing is", b.signal_of("load", at), 11)  # its stack has a frame now
    free, rss = free_frames(g), a.mm().rss_anon
    for turn in range(3):
        a.map(pages, RW, ANON | MAP_FIXED, at=at)
        b.start_fill(at, 1000 * turn, pages)
        first = g.rng.randrange(0, pages // 2)
        for i in range(first, pages - 40, 40):
            a.must("munmap", at + i * PAGE, 20 * PAGE)
        b.finish()
        hit = b.signal
        for i in range(first, pages - 40, 40):
            for n in g.rng.sample(range(20), 2):
                va = at + (i + n) * PAGE
                g.check(a.frame(va) is None, "a page that was unmapped is in the page table", "no entry",
                        f"frame {a.frame(va)}", va=va)
                g.equal("signal of a load where munmap() has been", b.signal_of("load", va), 11)
        if not hit:
            g.equal("a page that nobody unmapped", b.load(at + (pages - 1) * PAGE), 1000 * turn + pages - 1)
        b.must("munmap", at, pages * PAGE)
        g.equal("resident pages after all was unmapped", a.mm().rss_anon, rss)
    b.end_thread()
    check_lost(g, free, 7)
