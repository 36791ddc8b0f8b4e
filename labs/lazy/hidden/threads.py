"""Hidden judges of the lazy lab: two threads of one process on two harts."""
from xvgrade.puppet import PAGE, Puppets, free_frames


def threads(g):
    """Both touch the same pages, from opposite ends: each page gets one frame, and keeps what was stored last."""
    a = Puppets(g).first
    start = a.must("brk", a.must("brk", 0) + PAGE - 1 & -PAGE)
    pages = g.rng.randint(300, 500)
    b = a.thread()
    rss, free = a.mm().rss_anon, free_frames(g)
    for _ in range(3):
        a.must("brk", start + pages * PAGE)
        b.start_fill(start + 8, 1000, pages)
        a.fill(start, 5000, pages)
        b.finish()
        g.equal("resident pages", a.mm().rss_anon - rss, pages)
        g.equal("the sum that one thread stored", a.sum(start, pages), sum(range(5000, 5000 + pages)))
        g.equal("the sum that the other one stored", b.sum(start + 8, pages), sum(range(1000, 1000 + pages)))
        for i in g.rng.sample(range(pages), 10):
            page = a.page(start + i * PAGE)
            g.check(page.refcount == 1 and page.mapcount == 1, "the counts of a page that two threads touched",
                    "refcount 1, mapcount 1", f"refcount {page.refcount}, mapcount {page.mapcount}", va=start + i * PAGE)
        b.must("brk", start)
        g.equal("resident pages after the heap shrank", a.mm().rss_anon, rss)
        g.equal("signal of a load behind the heap", a.signal_of("load", start), 11)
    b.end_thread()
    lost = free - free_frames(g)
    g.check(lost < 8, "frames are lost", "as many free frames as before", f"{lost} fewer")
