"""Hidden judges of the swap lab: one thread sends pages out while another one uses them, on another hart."""
from xvgrade.puppet import MADV_PAGEOUT, PAGE, Puppets


def harts(g):
    a = Puppets(g).first
    a.swapon(a.heap(1))
    pages = g.rng.randint(60, 100)
    at = a.map(pages)
    a.fill(at, 0, pages)
    b = a.thread()
    for turn in range(1, 5):
        b.start_fill(at + 8, 1000 * turn, pages)
        for i in range(0, pages, 20):
            a.must("madvise", at + i * PAGE, min(20, pages - i) * PAGE, MADV_PAGEOUT)
        b.finish()
        a.must("madvise", at, pages * PAGE, MADV_PAGEOUT)
        out = a.kernel("swap_total_pages") - a.kernel("swap_free_pages")
        g.check(out > 0, "pages that MADV_PAGEOUT was to send to swap are not there", "some", "none")
        g.equal("the sum that one thread stored", b.sum(at + 8, pages), sum(range(1000 * turn, 1000 * turn + pages)))
        g.equal("the sum that was there before", a.sum(at, pages), sum(range(pages)))
    b.end_thread()
    a.must("munmap", at, pages * PAGE)
    g.equal("slots in use", a.kernel("swap_total_pages") - a.kernel("swap_free_pages"), 0)
    a.kernel("swap_check")
