// Taking pages out of the cache: truncation, holes (hole.c), the end of an inode.
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

// The next page at or after *index, referenced, or NULL.
static struct page *next_page(struct mapping *m, uint64_t *index) {
    spin_lock(&m->lock);
    struct page *p = radix_next(&m->pages, index);
    if (p)
        page_get(p);
    spin_unlock(&m->lock);
    return p;
}

// The page is locked: waits for its I/O and takes it out of all page tables. Returns with the tree
// lock held. False: it has left m.
static bool lock_unmapped(struct mapping *m, struct page *p) {
    page_wait_writeback(p);
    spin_lock(&m->lock);
    while (p->owner == m && p->mapcount) {
        spin_unlock(&m->lock);
        rmap_unmap_range(m, p->index, p->index, false);
        spin_lock(&m->lock);
    }
    return p->owner == m;
}

static void drop_page(struct mapping *m, struct page *p) {
    page_lock(p);
    bool ours = lock_unmapped(m, p);
    if (ours)
        page_cache_delete(m, p);
    spin_unlock(&m->lock);
    page_unlock(p);
    if (ours)
        page_put(p); // the tree's
}

static void drop_pages(struct mapping *m, uint64_t first, uint64_t last) {
    struct page *p;
    for (uint64_t index = first; (p = next_page(m, &index)) && index <= last; index++) {
        assertf(index >= first, "page %lu before %lu", index, first);
        drop_page(m, p);
        page_put(p);
        cond_resched();
    }
    if (p)
        page_put(p);
}

void page_cache_drop_range(struct mapping *m, uint64_t first, uint64_t last) {
    do
        drop_pages(m, first, last);
    while (m->nrswapped && !shmem_drop_slots(m, first, last));
}

void page_cache_hide(struct mapping *m, struct page *p) {
    bool ours = lock_unmapped(m, p);
    assertf(ours && page_test(p, PG_LOCKED), "page %#lx of %p", page_to_pfn(p), p->owner);
    page_clear(p, PG_UPTODATE);
    spin_unlock(&m->lock);
}

void page_cache_drop_hidden(struct mapping *m, struct page *p) {
    assertf(!page_test(p, PG_UPTODATE), "page %#lx is not hidden", page_to_pfn(p));
    spin_lock(&m->lock);
    page_cache_delete(m, p);
    spin_unlock(&m->lock);
    page_unlock(p);
    page_put(p); // the tree's
}

void page_cache_zero(struct page *p, size_t from, size_t to) {
    char *data = page_to_virt(p);
    assertf(page_test(p, PG_LOCKED) && from < to && to <= PAGE_SIZE, "%zu to %zu", from, to);
    if (data[from] == 0 && !memcmp(data + from, data + from + 1, to - from - 1))
        return;
    memset(data + from, 0, to - from);
    page_mark_dirty(p);
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
    page_cache_drop_range(m, first, LAST_INDEX);
    rmap_unmap_range(m, first, LAST_INDEX, true);
    if (last) {
        page_lock(last);
        page_cache_zero(last, off, PAGE_SIZE);
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
