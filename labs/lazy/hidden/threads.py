"""Hidden judges of the lazy lab: two threads of one process on two harts."""
from xvgrade.puppet import PAGE, Puppets, check_lost, free_frames


def threads(g):
    """Both touch the same pages, from opposite ends: each page gets one frame, and keeps what was stored last."""
    a = Puppets(g).first
    start = a.heap()
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
            a.check_counts(start + i * PAGE, 1, 1, "a page that two threads touched")
        b.must("brk", start)
        g.equal("resident pages after the heap shrank", a.mm().rss_anon, rss)
        g.equal("signal of a load behind the heap", a.signal_of("load", start), 11)
    b.end_thread()
    check_lost(g, free, 7)
