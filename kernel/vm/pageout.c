// MADV_PAGEOUT: a process sends its own pages to swap.
//
//   ptl: up to BATCH pages that only this mm maps, page locks tried | a slot for each
//   ptl: PTEs become entries; one flush of the TLB | pages are written together | frames are freed
//
// Pages that several PTEs map, locked ones, and those in use by somebody else stay. When swap is
// full the rest stays. Pages of shared memory go by their mapping (shmemswap.c).
//
// Locks: mm->lock for reading; page locks are only tried. A page's references are counted under
// ptl: whoever wants to use it through the page table pins it there.
#include "vm/pageout.h"

#include "abi/errno.h"
#include "sched/sched.h"
#include "vm/huge.h"
#include "vm/lend.h"
#include "vm/mm.h"
#include "vm/rmap.h"
#include "vm/shmemswap.h"
#include "vm/tlb.h"
#include "vm/vma.h"

#define BATCH BIO_MAX_VECS

struct pageout {
    struct mm *mm;
    int n;
    struct page *page[BATCH]; // locked, referenced
    uaddr_t va[BATCH];
    bool out[BATCH];          // the PTE is an entry now
};

static bool wanted(pte_t pte) {
    if (!pte_has_page(pte) || pte_special(pte))
        return false;
    const struct page *p = pfn_to_page(pte_pfn(pte));
    return page_test(p, PG_ANON) && !page_is_huge(p) && atomic_load(&p->mapcount) == 1;
}

// Fills the batch from [*va, end); *va moves past what was looked at.
static void collect(struct pageout *o, uaddr_t *va, uaddr_t end) {
    struct pt_cursor c;
    bool more = true;
    spin_lock(&o->mm->ptl);
    for (more = pt_first(&c, o->mm->root, *va, end); more && o->n < BATCH; more = pt_next(&c)) {
        if (!wanted(*c.slot) || !page_trylock(pfn_to_page(pte_pfn(*c.slot))))
            continue;
        o->page[o->n] = pfn_to_page(pte_pfn(*c.slot));
        page_get(o->page[o->n]);
        o->va[o->n] = c.va;
        o->out[o->n++] = false;
    }
    *va = more ? c.va : end;
    spin_unlock(&o->mm->ptl);
}

// The PTE becomes an entry if nobody else uses the page. ptl held.
static bool unmap_one(struct mm *mm, struct page *p, uaddr_t va) {
    pte_t *slot = pt_find(mm->root, va, 0);
    if (!slot || !pte_has_page(*slot) || pte_pfn(*slot) != page_to_pfn(p) ||
        !page_test(p, PG_SWAPCACHE))
        return false;
    if (atomic_load(&p->mapcount) != 1 || atomic_load(&p->refcount) != 3) // PTE, cache, and ours
        return false;
    swap_out_pte(slot, p);
    swap_count_out(mm, 1);
    return true;
}

static void unmap(struct pageout *o) {
    spin_lock(&o->mm->ptl);
    for (int i = 0; i < o->n; i++)
        o->out[i] = unmap_one(o->mm, o->page[i], o->va[i]);
    spin_unlock(&o->mm->ptl);
    tlb_flush_range(o->mm, o->va[0], o->va[o->n - 1] + PAGE_SIZE);
}

// Unlocks every page; those that are out and dirty are being written afterwards.
static void write(struct pageout *o) {
    struct swap_batch b = {0};
    for (int i = 0; i < o->n; i++) {
        struct page *p = o->page[i];
        if (o->out[i])
            page_put(p); // the PTE's
        else if (page_test(p, PG_SWAPCACHE) && !page_test(p, PG_WRITEBACK) &&
                 page_test(p, PG_DIRTY))
            swapcache_delete(p);
        if (o->out[i] && page_test(p, PG_DIRTY))
            o->out[i] = swap_write(&b, p);
        else
            swapcache_unlock(p);
    }
    swap_flush(&b);
}

static void free_written(struct pageout *o) {
    for (int i = 0; i < o->n; i++) {
        struct page *p = o->page[i];
        if (o->out[i]) {
            page_wait_writeback(p);
            if (page_trylock(p)) {
                if (page_test(p, PG_SWAPCACHE))
                    (void)swapcache_reclaim(p);
                swapcache_unlock(p);
            }
        }
        page_put(p);
    }
}

// ---- shared memory: its pages leave their one PTE by way of the mapping

// The locked page starts on its way out. Unlocks it. False: it stays.
static bool send_shared(struct swap_batch *b, struct page *p, const struct mapping *m) {
    bool ours = p->owner == m && page_test(p, PG_UPTODATE) && !page_test(p, PG_WRITEBACK) &&
                atomic_load(&p->mapcount) <= 1;
    if (ours && p->mapcount)
        ours = rmap_unmap_page(p);
    if (ours && page_test(p, PG_DIRTY))
        return shmem_write(b, p);
    page_unlock(p);
    return ours;
}

static void finish_shared(struct page *p) {
    page_wait_writeback(p);
    if (page_trylock(p)) {
        if (p->owner)
            (void)shmem_leave(p);
        page_unlock(p);
    }
}

static __noinline void pageout_shared(struct mapping *m, uint64_t index, uint64_t end) {
    struct page *pages[BATCH];
    while (index < end) {
        struct swap_batch b = {0};
        int n = 0;
        for (; index < end && n < BATCH; index++) {
            struct page *p = page_cache_find(m, index);
            if (!p)
                continue;
            if (page_trylock(p) && send_shared(&b, p, m))
                pages[n++] = p;
            else
                page_put(p);
        }
        swap_flush(&b);
        for (int i = 0; i < n; i++) {
            finish_shared(pages[i]);
            page_put(pages[i]);
        }
        cond_resched();
    }
}

int vm_pageout(struct vma *v, uaddr_t start, uaddr_t end) {
    struct pageout o = {.mm = v->mm};
    if (v->flags & (VM_LOCKED | VM_SPECIAL))
        return -EINVAL;
    if (v->mapping && v->mapping->is_shmem)
        pageout_shared(v->mapping, vma_pgoff(v, start), vma_pgoff(v, end - 1) + 1);
    int err = lend_take(v->mm, start, end, LEND_ALONE);
    assertf(!err, "nothing to copy: %d", err);
    if (swap_free_pages() > 0)
        huge_split_range(o.mm, start, end);
    while (start < end && swap_free_pages() > 0) {
        o.n = 0;
        collect(&o, &start, end);
        for (int i = 0; i < o.n; i++)
            if (!page_test(o.page[i], PG_SWAPCACHE) && swapcache_add(o.page[i]))
                break; // swap is full: the rest is not in the cache, and stays
        if (o.n == 0)
            continue;
        unmap(&o);
        write(&o);
        free_written(&o);
        cond_resched();
    }
    return 0;
}
