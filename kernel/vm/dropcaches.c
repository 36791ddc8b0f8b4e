// echo 1 > /proc/sys/vm/drop_caches: every clean, unmapped page of every mapping goes.
//
// The mappings stand in a ring; a pass pins one after the other and goes through its tree. It needs
// no order, so it does not use the reclaim lists, and costs half of what reclaim does for a page.
//
// Locks: mappings_lock for the ring; tree lock for a page's removal. No page lock is waited for.
#include "vm/mappings.h"

#include "mm/stat.h"

#define SCAN_BATCH 32 // pages looked at with one hold of a tree lock

// Only the tree holds it, it is clean, and not in use.
static bool can_go(const struct page *p) {
    const uint32_t busy = 1u << PG_DIRTY | 1u << PG_WRITEBACK | 1u << PG_LOCKED;
    return p->refcount == 1 && p->mapcount == 0 && !(p->flags & busy);
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

uint64_t page_cache_drop_all(void) {
    uint64_t freed = 0;
    for (uint64_t left = ring_size(); left; left--) {
        struct mapping *m = next_mapping();
        uint64_t index = 0;
        if (!m)
            break;
        while (m->nrpages && drop_some(m, &index, &freed))
            ;
        mapping_unpin(m);
    }
    return freed;
}
