// Objects that a test holds: random slab caches against a model of live objects, for the host tests
// of the slab allocator with and without DEBUG.
//
// Each object held is full of one byte, so an object that is handed out twice, overlaps another or
// is written by the allocator is seen. Constructed objects begin with a word that their constructor
// wrote.
#pragma once

#include "frames.h"

#include "mm/shrink.h"
#include "mm/slab_impl.h"

#define OBJECTS_MAX 2500
#define KINDS 20
#define CTOR_WORD 0xc0475c0475c0475cUL

struct kind {
    struct slab_cache *cache;
    char name[16];
    size_t size, align;
    bool constructed;
    uint64_t live;
};

struct object {
    uint8_t *p;
    struct kind *kind;
    uint8_t fill;
};

static struct kind kinds[KINDS];
static struct object objects[OBJECTS_MAX];
static uint64_t object_count, constructed, free_at_start;

static inline void start(void) {
    board_power_on(&two_zones);
    mem_init();
    slab_init();
    mm_drain_all();
    free_at_start = mem_free_pages();
}

// Nothing is held: every page has gone back.
static inline void finish(void) {
    mm_drain_all();
    mm_drain_all(); // magazines are objects as well: of other CPUs' slabs
    slab_check();
    buddy_check();
    CHECK(mem_free_pages() == free_at_start && mm_stat_in_transit() == 0,
          "%lu pages free, were %lu; %ld not counted", mem_free_pages(), free_at_start,
          mm_stat_in_transit());
    CHECK(board_sstatus == SSTATUS_SIE, "interrupts are off");
}

static inline bool filled_with(const uint8_t *p, size_t n, uint8_t byte) {
    return n == 0 || (p[0] == byte && !memcmp(p, p + 1, n - 1));
}

static inline struct slab_info info_of(const char *name) {
    struct slab_info info;
    for (int i = 0; slab_get_info(i, &info); i++)
        if (!strcmp(info.name, name))
            return info;
    CHECK(false, "no cache %s", name);
    return info;
}

static inline void construct(void *obj) {
    *(uint64_t *)obj = CTOR_WORD;
    constructed++;
}

static inline void kind_create(struct kind *k) {
    static const size_t aligns[] = {0, 8, 16, 32, 64, 128, 512, 2048, 4096};
    *k = (struct kind){.align = aligns[host_below(ARRAY_SIZE(aligns))]};
    (snprintf)(k->name, sizeof(k->name), "kind-%d", (int)(k - kinds));
    k->size = 1 + (host_below(3) ? host_below(300) : host_below(9000));
    k->constructed = host_below(3) == 0;
    k->cache = slab_cache_create(k->name, k->size, k->align, k->constructed ? construct : NULL);
    k->size = max(k->size, k->constructed ? 8UL : 1UL);
}

static inline size_t skip(const struct kind *k) { return k->constructed ? 8 : 0; }

static inline bool object_alloc(struct kind *k, gfp_t gfp) {
    gfp &= k->constructed ? ~GFP_ZERO : ~0u;
    struct object *o = &objects[object_count];
    *o = (struct object){slab_alloc(k->cache, gfp), k, (uint8_t)host_random()};

    if (!o->p)
        return false;
    CHECK(IS_ALIGNED((vaddr_t)o->p, max(k->align, 8UL)), "%p of %s", (void *)o->p, k->name);
    CHECK(virt_to_page(o->p)->owner == k->cache, "%p is not of %s", (void *)o->p, k->name);
    CHECK(virt_to_page(o->p + k->size - 1)->owner == k->cache, "the end of %p", (void *)o->p);
    CHECK(!k->constructed || *(uint64_t *)o->p == CTOR_WORD, "%p is not constructed", (void *)o->p);
    CHECK(!(gfp & GFP_ZERO) || filled_with(o->p, k->size, 0), "%p is not zero", (void *)o->p);
    memset(o->p + skip(k), o->fill, k->size - skip(k));
    k->live++;
    object_count++;
    return true;
}

static inline void object_free(uint64_t i) {
    struct object o = objects[i];

    CHECK(filled_with(o.p + skip(o.kind), o.kind->size - skip(o.kind), o.fill),
          "%p of %s was written", (void *)o.p, o.kind->name);
    CHECK(!o.kind->constructed || *(uint64_t *)o.p == CTOR_WORD, "its first word");
    objects[i] = objects[--object_count];
    o.kind->live--;
    slab_free(o.kind->cache, o.p);
}

static inline void kinds_check(void) {
    uint64_t in_slabs = 0;
    slab_check();
    CHECK(mm_stat_in_transit() == 0, "%ld pages are not counted", mm_stat_in_transit());
    for (struct kind *k = kinds; k < kinds + KINDS; k++) {
        struct slab_info info = info_of(k->name);
        CHECK(info.active_objs == k->live, "%s: %lu active, %lu live", k->name, info.active_objs,
              k->live);
        CHECK(info.total_objs == info.total_slabs * info.objs_per_slab &&
                  info.active_slabs <= info.total_slabs && info.objsize >= k->size,
              "%s: %lu objects in %lu slabs, %lu active", k->name, info.total_objs,
              info.total_slabs, info.active_slabs);
        in_slabs += k->constructed ? info.total_objs : 0;
    }
    CHECK(constructed >= in_slabs, "%lu constructed of %lu", constructed, in_slabs);
}

static inline void random_op(uint64_t wish) {
    struct kind *k = &kinds[host_below(KINDS)];
    if (host_below(20) == 0)
        board_set_cpu((uint32_t)host_below(3));
    if (host_below(500) == 0) {
        uint64_t before = mem_free_pages(), pages = slab_reap(k->cache);
        CHECK(mem_free_pages() >= before + pages, "%lu pages reaped", pages);
    } else if (host_below(100) < wish && object_count < OBJECTS_MAX) {
        object_alloc(k, host_below(2) ? GFP_KERNEL : GFP_ATOMIC | GFP_ZERO);
    } else if (object_count) {
        object_free(host_below(object_count));
    }
    slab_free(k->cache, NULL);
}

// Random caches come, are used on all CPUs, and go again.
static inline void random_caches(void) {
    uint64_t wish = 70;

    start();
    for (int i = 0; i < KINDS; i++)
        kind_create(&kinds[i]);
    for (int i = 0; i < 40000; i++) {
        if (host_below(2000) == 0)
            wish = 100 - wish;
        random_op(wish);
        if (i % 256 == 0)
            kinds_check();
    }
    while (object_count)
        object_free(host_below(object_count));
    mm_drain_all();
    for (int i = 0; i < KINDS; i++)
        slab_cache_destroy(kinds[i].cache);
    finish();
}
