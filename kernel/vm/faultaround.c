// Fault-around: one fault maps every cached page of the file near the address.
//
//   file  ..|  p0  p1  --  p3  p4 ...  p15 |..      window: FAULT_AROUND_PAGES, aligned, within
//   PTEs  ..|  m   m   .   m   FAULT    m  |..      the VMA, one table, and the file
//
// A program that walks through a mapped file that is in the cache then faults once for each window.
// Pages that are absent, being read, or marked to start readahead stay unmapped: the fault on them
// does what it has to.
//
// The pages are looked up and mapped under the tree lock, with ptl inside it: a page in the tree
// whose PTE is made under the tree lock cannot be half truncated, so neither page locks nor extra
// references are needed.
//
// Invariant: everything mapped here is up to date, below the file's end, and in the tree.
#include "mm/stat.h"
#include "vm/faultcase.h"
#include "vm/icache.h"
#include "vm/mlock.h"
#include "vm/pagecache.h"
#include "vm/prot.h"

#define FAULT_AROUND_PAGES 16UL

struct window {
    uint64_t first, last; // indices in the file
    uaddr_t start;        // address of the first
};

// False: the page itself lies beyond the end.
static bool make_window(const struct fault *f, struct window *w) {
    const struct vma *v = f->vma;
    uint64_t pages = DIV_ROUND_UP(atomic_load_relaxed(&v->mapping->size), PAGE_SIZE);
    uaddr_t start = ALIGN_DOWN(f->addr, FAULT_AROUND_PAGES * PAGE_SIZE);
    uaddr_t end = min(start + FAULT_AROUND_PAGES * PAGE_SIZE, v->end);

    w->start = max(start, v->start);
    w->first = vma_pgoff(v, w->start);
    w->last = min(w->first + ((end - w->start) >> PAGE_SHIFT), pages) - 1;
    return vma_pgoff(v, f->addr) < pages;
}

struct around {
    pte_t *base;     // slot of the page with index `first`
    pte_t *last;     // set: pages come in rising order
    uint64_t first, bits;
    const struct vma *vma;
    long mapped, fresh; // PTEs made; of pages that had none
};

static inline void map_one(struct around *a, struct page *p) {
    const uint32_t wanted = 1u << PG_UPTODATE;
    pte_t *slot = a->base + (p->index - a->first);
    if ((p->flags & (wanted | 1u << PG_READAHEAD)) != wanted || slot->v)
        return;
    atomic_add_relaxed(&p->refcount, 1);
    a->fresh += atomic_add_relaxed(&p->mapcount, 1) == 0;
    slot->v = pte_make(page_to_phys(p), a->bits).v;
    vma_note_mapped(a->vma, p);
    a->last = slot;
    a->mapped++;
}

// Tree lock held. True: the slot of f->addr is set now.
static bool map_pages(const struct fault *f, const struct window *w, struct page **pages, size_t n,
                      struct around *a) {
    struct mm *mm = f->mm;
    bool hit = false;
    spin_lock(&mm->ptl);
    pte_t *slot = fault_slot_locked(f);
    if (slot) {
        a->base = slot - ((f->addr - w->start) >> PAGE_SHIFT);
        for (size_t i = 0; i < n; i++)
            map_one(a, pages[i]);
        if (a->mapped)
            pt_count_set(a->last, a->mapped);
        *mm_rss_of(mm, pages[0]) += (uint64_t)a->mapped; // all are of one file
        hit = !pte_none(*slot);
    }
    spin_unlock(&mm->ptl);
    return hit;
}

bool fault_around(struct fault *f) {
    struct mapping *m = f->vma->mapping;
    struct page *pages[FAULT_AROUND_PAGES];
    struct window w;

    if (!make_window(f, &w))
        return false;
    struct around a = {.first = w.first, .vma = f->vma,
                       .bits = vma_pte_bits_readonly(f->vma->flags)};
    spin_lock(&m->lock);
    size_t n = radix_gang_lookup(&m->pages, w.first, w.last, (void **)pages, FAULT_AROUND_PAGES);
    if (f->vma->flags & VM_EXEC)
        icache_sync_pages(pages, n);
    bool hit = n && map_pages(f, &w, pages, n, &a);
    spin_unlock(&m->lock);
    if (a.fresh)
        mm_stat_add(NR_MAPPED, a.fresh);
    return hit;
}
