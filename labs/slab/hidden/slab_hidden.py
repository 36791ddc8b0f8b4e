"""Judges of the slab lab that are in no handout."""
from pathlib import Path

from xvgrade.lab import load_module

slab = load_module("xvlab_slab_slab", Path(__file__).resolve().parents[1] / "tests/slab.py")


def random(g):
    """Several caches at once, and each object in exactly one place at every step."""
    g.park()
    caches = [slab.Cache(g, slab.some_size(g)).several(), slab.Cache(g, g.rng.randint(500, 2500), 16),
              slab.Cache(g, slab.some_size(g), 0, g.address("waitq_init"))]
    for step in range(220):
        cache = g.rng.choice(caches)
        grows = step % 80 < 45
        if cache.held and g.rng.random() < (0.2 if grows else 0.85):
            cache.free(g.rng.choice(sorted(cache.held)))
        else:
            for _ in range(g.rng.choice((1, 1, 4))):
                cache.alloc(fill=cache is not caches[2])
        if g.rng.random() < 0.02:
            g.call("slab_reap", cache.at)
        if step % 8 == 7:
            cache.books()
    for cache in caches:
        cache.free_all()
        cache.books()


def smp(g):
    """Two harts: each object of every cache is in one place afterwards, and none too many."""
    slab.churn(g)
    for c in slab.walk.slab_caches(g.k):
        name = slab.access.text(c, "name")
        used = slabs = 0
        for which in ("partial", "full", "empty"):
            for page in g.k.list(getattr(c, which), "page", "link"):
                used, slabs = used + page.private, slabs + 1
                free = slab.walk.slab_free_list(g.k, c, page)
                g.equal(f"{name}: in use and free together", page.private + len(free), c.objs_per_slab)
        g.equal(f"{name}: inuse", c.inuse, used)
        g.equal(f"{name}: slabs", c.slabs, slabs)
