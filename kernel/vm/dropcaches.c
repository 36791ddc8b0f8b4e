// echo 1 > /proc/sys/vm/drop_caches: every clean, unmapped page of every mapping goes.
//
// The mappings stand in a ring; a pass pins one after the other and goes through its tree. It needs
// no order, so it does not use the reclaim lists, and costs half of what reclaim does for a page.
//
// Locks: mappings_lock for the ring; tree lock for a page's removal. No page lock is waited for.
#include "vm/mappings.h"

#include "mm/stat.h"

#define SCAN_BATCH 32 // pages looked at with one hold of a tree lock

// Only the tree holds it, it is clean, not in use, and has no place in swap.
static bool can_go(const struct page *p) {
    const uint32_t busy = 1u << PG_DIRTY | 1u << PG_WRITEBACK | 1u << PG_LOCKED;
    return p->refcount == 1 && p->mapcount == 0 && !(p->flags & busy) && !p->private_ptr;
}

// Looks at SCAN_BATCH pages of m from *index on and drops what can go. False: past the end.
static bool drop_some(struct mapping *m, uint64_t *index, uint64_t *freed) {
    struct page *gone[SCAN_BATCH], *p = NULL;
    size_t n = 0;

    spin_lock(&m->lock);
    for (int i = 0; i < SCAN_BATCH; i++, ++*index) {
        p = radix_next(&m->pages, index);
        if (!p)
            break;
        if (!can_go(p) || !page_trylock(p))
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

uint64_t page_cache_drop_all(void) {
    uint64_t freed = 0;
    for (uint64_t left = mappings_count(); left; left--) {
        struct mapping *m = mappings_next();
        uint64_t index = 0;
        if (!m)
            break;
        while (m->nrpages && drop_some(m, &index, &freed))
            ;
        mapping_unpin(m);
    }
    return freed;
}
