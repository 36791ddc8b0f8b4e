// Reverse mapping: from a page to the PTEs that map it.
//
//   file page  --owner--> mapping --vmas--> VMA --mm--> page table
//              --index-----------------------^ start + (index - pgoff) * PAGE_SIZE
//   anonymous  --owner--> family --mms--> mm -----> page table
//              --index---------------------^ index * PAGE_SIZE, and the VMAs that mremap moved
//
// Used by truncation (unmap everything beyond the new end), by writeback (write-protect a page, so
// that the next store is seen) and by reclaim. A page that no PTE maps (mapcount 0) is never looked
// for. rmap_walk() visits the PTEs of one page, each under its mm's ptl, until as many are found as
// mapcount says.
//
// A VMA stays on its file's list, and an mm in its family, from before its first PTE until after
// its last one, so whoever holds rmap_lock or the family's lock finds every PTE, but for those that
// fork, mremap or a fault add behind its back: callers that need certainty look at mapcount
// afterwards and come back (truncate.c) or give up (reclaim.c).
//
// Invariants: 1. v->mapping && v is in a tree <=> v is on v->mapping->vmas. 2. start, end and pgoff
// of a VMA on a list change only under rmap_lock. 3. v->moved && v is in a tree <=> v is on
// mm->moved. Its range may change during a walk: a PTE counts only if it names the page.
//
// Locks: page lock > rmap_lock or family->lock > ptl of each mm in turn. mm->lock is not taken: an
// mm's tables stay as long as it has a VMA on a list, or is in the family, since munmap and exit
// take VMAs off before they free tables, and mms leave their family after the last.
#include "vm/rmap.h"

#include "mm/stat.h"
#include "vm/family.h"
#include "vm/huge.h"
#include "vm/lend.h"
#include "vm/swap.h"
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

void rmap_add_moved(struct vma *v) {
    assertf(v->moved && list_empty(&v->moved_link), "VMA %#lx is on the list", v->start);
    spin_lock(&v->mm->ptl);
    list_push_back(&v->mm->moved, &v->moved_link);
    spin_unlock(&v->mm->ptl);
}

void rmap_remove_moved(struct vma *v) {
    assertf(!list_empty(&v->moved_link), "VMA %#lx is on no list", v->start);
    spin_lock(&v->mm->ptl);
    list_remove(&v->moved_link);
    spin_unlock(&v->mm->ptl);
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
        zap_range(&g, start, end, (also_private_copies ? 0 : ZAP_FILE_ONLY) | zap_locked(v));
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

struct rmap_walk {
    struct page *page;
    // One PTE of the page; mm->ptl is held. Does not change the mm's books when w->lent.
    void (*visit)(struct rmap_walk *w, struct mm *mm, uaddr_t va, pte_t *slot);
    bool young, exec; // results
    int sharers;
    int seen;         // PTEs visited, but for those in lent tables: they are met in many mms
    bool lent;        // the PTE is in a lent table
};

static bool maps(pte_t pte, const struct page *p) {
    return pte_has_page(pte) && !pte_special(pte) && pte_pfn(pte) == page_to_pfn(p);
}

// Whether the entry is what swap_one() made of p's PTE.
static bool went_out(pte_t pte, const struct page *p) {
    return pte_is_swap(pte) && page_test(p, PG_SWAPCACHE) && pte_swp(pte).v == page_swp(p).v;
}

// mm's ptl is held, and it shares the table of va. Whoever comes first changes the PTE, the others
// only their books. When the page went out, each flushes its TLB: the lender's fork may not have
// got there. Lent tables hold anonymous pages only (lend.c), so to go out is to become swap_one()'s
// entry.
static void visit_lent(struct rmap_walk *w, struct mm *mm, uaddr_t va, pte_t *lent) {
    spin_lock(&mm->family->table_lock);
    pte_t *slot = pte_to_table(*lent) + pt_index(va, 0);
    w->lent = true;
    if (maps(*slot, w->page))
        w->visit(w, mm, va, slot);
    else if (went_out(*slot, w->page))
        tlb_flush_range(mm, va, va + PAGE_SIZE);
    w->lent = false;
    lend_settle(mm, lent);
    spin_unlock(&mm->family->table_lock);
}

// mm's ptl is held. Tables of addresses that are in no VMA may be going: only the root is sure.
static void visit_locked(struct rmap_walk *w, struct mm *mm, uaddr_t va) {
    pte_t *slot = pt_find(mm->root, va, 0), *lent = slot ? NULL : lend_entry(mm, va);
    if (unlikely(lent))
        visit_lent(w, mm, va, lent);
    else if (!slot)
        slot = huge_find(mm, va, w->page);
    if (!slot || !maps(*slot, w->page))
        return;
    w->seen++;
    w->visit(w, mm, va, slot);
}

static void walk_mm(struct rmap_walk *w, struct mm *mm) {
    uaddr_t birth = w->page->index << PAGE_SHIFT;
    const struct vma *v;

    spin_lock(&mm->ptl);
    if (birth < USER_END)
        visit_locked(w, mm, birth);
    list_for_each(v, &mm->moved, moved_link) {
        uaddr_t va = birth + (uint64_t)v->moved;
        if (va >= v->start && va < v->end)
            visit_locked(w, mm, va);
    }
    spin_unlock(&mm->ptl);
}

static void walk_family(struct rmap_walk *w, int wanted) {
    struct family *f = family_of_page(w->page);
    struct mm *mm;

    if (!f)
        return;
    mutex_lock(&f->lock);
    list_for_each(mm, &f->mms, family_link) {
        walk_mm(w, mm);
        if (w->seen >= wanted)
            break;
    }
    mutex_unlock(&f->lock);
    family_put(f);
}

static void walk_mapping(struct rmap_walk *w, int wanted) {
    struct mapping *m = w->page->owner;
    uint64_t index = w->page->index;
    uaddr_t start, end;
    struct vma *v;

    mutex_lock(&m->rmap_lock);
    list_for_each(v, &m->vmas, rmap_link) {
        if (!overlap(v, index, index, &start, &end))
            continue;
        spin_lock(&v->mm->ptl);
        visit_locked(w, v->mm, start);
        spin_unlock(&v->mm->ptl);
        if (w->seen >= wanted)
            break;
    }
    mutex_unlock(&m->rmap_lock);
}

static void rmap_walk(struct rmap_walk *w) {
    int wanted = atomic_load(&w->page->mapcount);

    assertf(page_test(w->page, PG_LOCKED), "page %#lx is not locked", page_to_pfn(w->page));
    if (wanted == 0)
        return;
    if (page_test(w->page, PG_ANON))
        walk_family(w, wanted);
    else if (w->page->owner)
        walk_mapping(w, wanted);
}

static void test_young(struct rmap_walk *w, struct mm *mm, uaddr_t va, pte_t *slot) {
    w->exec |= slot->v & PTE_X;
    if (!pte_young(*slot) || !pte_present(*slot))
        return;
    w->young = true;
    atomic_and(&slot->v, ~PTE_A);
    tlb_flush_here(mm, va, va + PAGE_SIZE); // else the hart would not set it again; others: rmap.h
}

bool rmap_referenced(struct page *p, bool *exec) {
    struct rmap_walk w = {.page = p, .visit = test_young};
    rmap_walk(&w);
    if (exec)
        *exec = w.exec;
    return w.young;
}

static void count_one(struct rmap_walk *w, struct mm *mm, uaddr_t va, pte_t *slot) { w->sharers++; }

int rmap_sharers(const struct page *p) {
    struct rmap_walk w = {.page = (struct page *)p, .visit = count_one};
    if (!page_test(p, PG_ANON))
        return atomic_load(&p->mapcount);
    walk_family(&w, INT32_MAX);
    return w.sharers;
}

static void unmap_one(struct rmap_walk *w, struct mm *mm, uaddr_t va, pte_t *slot) {
    struct page *p = w->page;
    if (READ_ONCE(p->mlocked)) // as of now: it may be this PTE that counts
        return;
    pt_clear(slot);
    tlb_flush_range(mm, va, va + PAGE_SIZE);
    --*mm_rss_of(mm, p);
    int maps = atomic_sub(&p->mapcount, 1);
    assertf(maps > 0 && p->refcount > 1, "page %#lx mapcount %d refcount %d", page_to_pfn(p), maps,
            p->refcount);
    if (maps == 1)
        mm_stat_add(NR_MAPPED, -1);
    page_put(p); // the PTE's: the caller has one more
}

static void swap_one(struct rmap_walk *w, struct mm *mm, uaddr_t va, pte_t *slot) {
    if (READ_ONCE(w->page->mlocked))
        return;
    swap_out_pte(slot, w->page);
    if (!w->lent)
        swap_count_out(mm, 1);
    tlb_flush_range(mm, va, va + PAGE_SIZE);
    page_put(w->page); // the PTE's
}

bool rmap_unmap_page(struct page *p) {
    bool anon = page_test(p, PG_ANON);
    struct rmap_walk w = {.page = p, .visit = anon ? swap_one : unmap_one};

    assertf(!anon || page_test(p, PG_SWAPCACHE), "page %#lx has no slot", page_to_pfn(p));
    assertf(!page_is_huge(p), "page %#lx is not split", page_to_pfn(p));
    if (p->mlocked)
        return false;
    rmap_walk(&w);
    return atomic_load(&p->mapcount) == 0;
}
