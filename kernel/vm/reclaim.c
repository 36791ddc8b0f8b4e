// Reclaim: what gives frames back when the page allocator has none left.
//
//   page_alloc --no frame--> reclaim_frames --> clean page-cache pages, a mapping at a time
//                                           --> none: mapped ones, taken from their processes
//                                           --> none, but dirty ones: the writer, and wait
//              --still none--> the shrinkers (slabs, inodes, names)
//
// The mappings stand in a ring; each call goes on where the last one ended, so that every file
// gives its share. A page goes if nobody but the tree holds it, and it has not been used since the
// last round (PG_REFERENCED is its second chance).
//
// Invariants: 1. no page lock is waited for: callers may hold page locks and anything above; only
// rmap_lock is, under which nobody allocates. 2. a dirty page and a page in flight stay.
//
// Locks: mappings_lock for the ring; tree lock for a page's removal.
#include "vm/reclaim.h"

#include "mm/buddy.h"
#include "mm/stat.h"
#include "sched/timer.h"
#include "vm/mappings.h"
#include "vm/rmap.h"
#include "vm/writeback.h"

#define SCAN_BATCH 64         // pages looked at with one hold of a tree lock
#define WAIT_NS 20000000UL    // for the writer, each time
#define ENOUGH 32             // frames that satisfy one request

// Only the tree holds it, it is clean, and not in use.
static bool can_go(const struct page *p) {
    const uint32_t busy = 1u << PG_DIRTY | 1u << PG_WRITEBACK | 1u << PG_LOCKED;
    return p->refcount == 1 && p->mapcount == 0 && !(p->flags & busy);
}

// Drops up to `wanted` pages of m from *index on; looks at SCAN_BATCH at most. False: past the end.
static bool drop_some(struct mapping *m, uint64_t *index, bool all, uint64_t wanted,
                      uint64_t *freed) {
    struct page *gone[SCAN_BATCH / 2], *p = NULL;
    size_t n = 0;

    spin_lock(&m->lock);
    for (int i = 0; i < SCAN_BATCH && n < min(wanted, ARRAY_SIZE(gone)); i++, ++*index) {
        p = radix_next(&m->pages, index);
        if (!p)
            break;
        if (!can_go(p) || (!all && page_test_clear(p, PG_REFERENCED)) || !page_trylock(p))
            continue;
        page_cache_delete(m, p); // nobody can find it but under the tree lock
        gone[n++] = p;
    }
    spin_unlock(&m->lock);
    for (size_t i = 0; i < n; i++) {
        page_unlock(gone[i]);
        page_put(gone[i]);
    }
    *freed += n;
    return p;
}

// The mapping at the head of the ring, pinned and moved to its end; NULL: there is none.
static struct mapping *next_mapping(void) {
    struct mapping *m = NULL;
    spin_lock(&mappings_lock);
    if (!list_empty(&mappings_all)) {
        m = list_first(&mappings_all, struct mapping, all_link);
        list_move_back(&mappings_all, &m->all_link);
        mapping_pin(m);
    }
    spin_unlock(&mappings_lock);
    return m;
}

static uint64_t ring_size(void) {
    uint64_t n = 0;
    struct list *l;
    spin_lock(&mappings_lock);
    for (l = mappings_all.next; l != &mappings_all; l = l->next)
        n++;
    spin_unlock(&mappings_lock);
    return n;
}

static uint64_t drop_pages(bool all, uint64_t wanted) {
    uint64_t freed = 0;
    for (uint64_t left = ring_size(); left && freed < wanted; left--) {
        struct mapping *m = next_mapping();
        uint64_t index = 0;
        if (!m)
            break;
        while (m->nrpages && freed < wanted && drop_some(m, &index, all, wanted - freed, &freed))
            ;
        mapping_unpin(m);
    }
    return freed;
}

// Takes the clean, mapped page from its processes and out of the tree; it comes back by a fault.
// Drops the caller's reference. True: its frame is free.
static bool unmap_page(struct mapping *m, struct page *p) {
    bool gone = false;
    if (page_trylock(p)) {
        if (p->owner == m)
            rmap_unmap_range(m, p->index, p->index, false);
        spin_lock(&m->lock);
        gone = p->owner == m && p->refcount == 2 && p->mapcount == 0 &&
               !(p->flags & (1u << PG_DIRTY | 1u << PG_WRITEBACK));
        if (gone)
            page_cache_delete(m, p);
        spin_unlock(&m->lock);
        page_unlock(p);
    }
    if (gone)
        page_put(p); // the tree's
    page_put(p);
    return gone;
}

// The next clean page of m that is mapped, at or after *index, referenced; NULL: none left.
static struct page *next_mapped(struct mapping *m, uint64_t *index) {
    const uint32_t busy = 1u << PG_DIRTY | 1u << PG_WRITEBACK | 1u << PG_LOCKED;
    struct page *p;
    spin_lock(&m->lock);
    while ((p = radix_next(&m->pages, index)) && (p->mapcount == 0 || (p->flags & busy)))
        ++*index;
    if (p)
        page_get(p);
    spin_unlock(&m->lock);
    return p;
}

static uint64_t unmap_pages(uint64_t wanted) {
    uint64_t freed = 0;
    if ((uint64_t)mm_stat_read(NR_FILE) < mem_total_pages() / 16)
        return 0; // the text that everybody runs: taking it would only make all fault for ever
    for (uint64_t left = ring_size(); left && freed < wanted; left--) {
        struct mapping *m = next_mapping();
        uint64_t index = 0;
        struct page *p;
        if (!m)
            break;
        for (; !list_empty(&m->vmas) && freed < wanted && (p = next_mapped(m, &index)); index++)
            freed += unmap_page(m, p);
        mapping_unpin(m);
    }
    return freed;
}

uint64_t page_cache_drop_all(void) { return drop_pages(true, UINT64_MAX); }

// Dirty pages are all there is to gain: lets the writer clean some.
static void wait_for_writer(void) {
    writeback_kick();
    (void)sleep_until(ktime_ns() + WAIT_NS);
}

static uint64_t reclaim_once(uint64_t wanted) {
    uint64_t freed = drop_pages(false, wanted);
    if (freed < wanted)
        freed += drop_pages(true, wanted - freed);
    if (freed == 0)
        freed = unmap_pages(wanted);
    return freed;
}

static uint64_t reclaim_frames(gfp_t gfp, int order) {
    uint64_t wanted = max((uint64_t)ENOUGH, 2UL << order), freed = reclaim_once(wanted);
    bool dirty = mm_stat_read(NR_DIRTY) + mm_stat_read(NR_WRITEBACK) > 0;

    if (freed == 0 && dirty && (gfp & GFP_IO) && !writeback_is_current()) {
        wait_for_writer();
        freed = reclaim_once(wanted);
    }
    return freed;
}

void reclaim_init(void) { mm_set_reclaim(reclaim_frames); }
