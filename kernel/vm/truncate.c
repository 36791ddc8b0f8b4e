// Taking pages out of the cache: truncation, the end of an inode.
//
// Truncation, in this order, so that no PTE and no reader can bring a page back:
//
//   size := new         faults and reads beyond it fail from now on
//   unmap the range     quickly, most pages at once
//   for each page       lock it, wait for writing, unmap what a fault mapped meanwhile, remove it
//   unmap once more     private copies that a fault made from a page before it was removed
//
// A fault maps a file page under the page lock or the tree lock, after it has looked at size; so a
// page that has no PTE while both are held here gets none any more (pagecache.c, invariant 3).
//
// Invariants: 1. the bytes of the last page beyond the new size are zero, in memory and, once
// written, on the disk. 2. no page with index >= first is in the tree when page_cache_drop_range
// returns and nobody adds new ones.
#include "abi/errno.h"
#include "lib/string.h"
#include "vm/pagecache.h"
#include "vm/rmap.h"
#include "vm/shmemswap.h"

#define LAST_INDEX (UINT64_MAX >> PAGE_SHIFT)

// The next page at or after *index, referenced, or NULL.
static struct page *next_page(struct mapping *m, uint64_t *index) {
    spin_lock(&m->lock);
    struct page *p = radix_next(&m->pages, index);
    if (p)
        page_get(p);
    spin_unlock(&m->lock);
    return p;
}

static void drop_page(struct mapping *m, struct page *p) {
    page_lock(p);
    page_wait_writeback(p);
    spin_lock(&m->lock);
    while (p->owner == m && p->mapcount) {
        spin_unlock(&m->lock);
        rmap_unmap_range(m, p->index, p->index, false);
        spin_lock(&m->lock);
    }
    bool ours = p->owner == m;
    if (ours)
        page_cache_delete(m, p);
    spin_unlock(&m->lock);
    page_unlock(p);
    if (ours)
        page_put(p); // the tree's
}

static void drop_pages(struct mapping *m, uint64_t first) {
    struct page *p;
    for (uint64_t index = first; (p = next_page(m, &index)); index++) {
        assertf(index >= first, "page %lu before %lu", index, first);
        drop_page(m, p);
        page_put(p);
        cond_resched();
    }
}

void page_cache_drop_range(struct mapping *m, uint64_t first) {
    do
        drop_pages(m, first);
    while (m->nrswapped && !shmem_drop_slots(m, first));
}

static int shrink_to(struct mapping *m, uint64_t size) {
    uint64_t off = size % PAGE_SIZE, first = DIV_ROUND_UP(size, PAGE_SIZE);
    struct page *last = NULL;

    if (off) { // read before anything changes: it may fail
        int err = page_cache_get(m, size / PAGE_SIZE, NULL, &last);
        if (err)
            return err;
    }
    atomic_store(&m->size, size);
    rmap_unmap_range(m, first, LAST_INDEX, true);
    page_cache_drop_range(m, first);
    rmap_unmap_range(m, first, LAST_INDEX, true);
    if (last) {
        page_lock(last);
        memset((char *)page_to_virt(last) + off, 0, PAGE_SIZE - off);
        page_mark_dirty(last);
        page_unlock(last);
        page_put(last);
    }
    return 0;
}

int page_cache_truncate(struct mapping *m, uint64_t size) {
    if (size <= m->size) // to the same size: what a failed write left behind it goes
        return shrink_to(m, size);
    page_cache_extend(m, size);
    return 0;
}
