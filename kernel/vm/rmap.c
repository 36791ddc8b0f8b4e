// Reverse mapping of file pages: from a page to the PTEs that map it.
//
//   page --owner--> mapping --vmas--> VMA --mm--> page table
//        --index-----------------------^ start + (index - pgoff) * PAGE_SIZE
//
// Used by truncation (unmap everything beyond the new end) and by writeback (write-protect a page,
// so that the next store is seen). The list holds every VMA of the mapping; a page that no PTE maps
// (mapcount 0) is never looked for.
//
// A VMA stays on the list from before its first PTE until after its last one, so whoever holds
// rmap_lock finds every PTE, but for those that fork or a fault add behind its back: callers that
// need certainty look at mapcount afterwards and come back (truncate.c).
//
// Invariants: 1. v->mapping && v is in a tree <=> v is on v->mapping->vmas. 2. start, end and pgoff
// of a VMA on a list change only under rmap_lock.
//
// Locks: page lock > rmap_lock > ptl of each mm in turn. mm->lock is not taken: an mm's tables stay
// as long as it has a VMA on the list, since munmap and exit take VMAs off before they free tables.
#include "vm/rmap.h"

#include "vm/tlb.h"
#include "vm/vma.h"
#include "vm/zap.h"

void rmap_add_vma(struct vma *v) {
    mutex_lock(&v->mapping->rmap_lock);
    assertf(list_empty(&v->rmap_link), "VMA %#lx is mapped twice", v->start);
    list_push_back(&v->mapping->vmas, &v->rmap_link);
    mutex_unlock(&v->mapping->rmap_lock);
}

void rmap_remove_vma(struct vma *v) {
    mutex_lock(&v->mapping->rmap_lock);
    assertf(!list_empty(&v->rmap_link), "VMA %#lx is not mapped", v->start);
    list_remove(&v->rmap_link);
    mutex_unlock(&v->mapping->rmap_lock);
}

// The part of v that maps pages [first, last]; false: none.
static bool overlap(const struct vma *v, uint64_t first, uint64_t last, uaddr_t *start,
                    uaddr_t *end) {
    uint64_t vlast = v->pgoff + vma_pages(v) - 1;
    if (last < v->pgoff || first > vlast)
        return false;
    *start = first <= v->pgoff ? v->start : v->start + ((first - v->pgoff) << PAGE_SHIFT);
    *end = last >= vlast ? v->end : v->start + ((last - v->pgoff + 1) << PAGE_SHIFT);
    return true;
}

void rmap_unmap_range(struct mapping *m, uint64_t first, uint64_t last, bool also_private_copies) {
    struct tlb_gather g;
    uaddr_t start, end;
    struct vma *v;

    assertf(first <= last, "unmap of pages %lu to %lu", first, last);
    if (list_empty(&m->vmas))
        return;
    mutex_lock(&m->rmap_lock);
    list_for_each(v, &m->vmas, rmap_link) {
        if (!overlap(v, first, last, &start, &end))
            continue;
        tlb_gather_init(&g, v->mm, false);
        zap_range(&g, start, end, also_private_copies ? 0 : ZAP_FILE_ONLY);
        tlb_finish(&g);
    }
    mutex_unlock(&m->rmap_lock);
}

// Write-protects v's PTE of p, if it has one that can be written. True: it did.
static bool protect_one(const struct vma *v, uaddr_t va, const struct page *p) {
    struct mm *mm = v->mm;
    bool was_dirty = false;

    spin_lock(&mm->ptl);
    pte_t *slot = pt_find(mm->root, va, 0);
    if (slot && pte_present(*slot) && pte_pfn(*slot) == page_to_pfn(p) && pte_writable(*slot)) {
        uint64_t old = atomic_and(&slot->v, ~(PTE_W | PTE_D));
        was_dirty = old & PTE_D;
        tlb_flush_range(mm, va, va + PAGE_SIZE);
    }
    spin_unlock(&mm->ptl);
    return was_dirty;
}

bool rmap_clean_page(struct page *p) {
    struct mapping *m = p->owner;
    bool dirty = false;
    uaddr_t start, end;
    struct vma *v;

    assertf(page_test(p, PG_LOCKED) && m, "page %#lx is not locked", page_to_pfn(p));
    mutex_lock(&m->rmap_lock);
    list_for_each(v, &m->vmas, rmap_link) {
        if (!(v->flags & VM_SHARED) || !overlap(v, p->index, p->index, &start, &end))
            continue;
        dirty |= protect_one(v, start, p);
    }
    mutex_unlock(&m->rmap_lock);
    return dirty;
}
