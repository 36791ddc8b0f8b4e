// Invariant checker of an address space: VMAs against page tables against struct page.
//
//   every PTE lies in a VMA that allows it | its page is alive and counts it | rss adds up
//   tables count their entries (pt_check)  | VMAs are in order (vma_check)
//
// Run by tests, by the debug key and in DEBUG builds.
#include "mm/stat.h"
#include "vm/faultcase.h"
#include "vm/huge.h"
#include "vm/lend.h"
#include "vm/swap.h"

// Each PTE holds a reference. Other address spaces change the two counts meanwhile, one after the
// other, so a look that does not fit is taken again.
static bool counts_fit(const struct page *p) {
    for (int tries = 0; tries < 1000; tries++) {
        int ptes = READ_ONCE(p->mapcount);
        if (ptes > 0 && READ_ONCE(p->refcount) >= ptes)
            return true;
        cpu_relax();
    }
    return false;
}

struct counts {
    uint64_t anon, file, shmem, swap, zero, leaves;
    uint64_t lent, unsettled; // tables; swap entries in them that the books do not know yet
};

static void check_entry(const struct vma *v, uaddr_t va, swp_t e) {
    assertf(!(v->flags & VM_SHARED) && (!v->mapping || v->flags & VM_HAS_ANON),
            "va %#lx: a swap entry in area flags %#x", va, v->flags);
    assertf(swap_count(e) > 0, "va %#lx: entry %#lx is not counted", va, e.v);
}

static void check_pte(const struct vma *v, uaddr_t va, pte_t pte, struct counts *n) {
    if (pte_is_swap(pte)) {
        check_entry(v, va, pte_swp(pte));
        n->swap++;
        return;
    }
    assertf(pte_has_page(pte), "va %#lx: PTE %#lx", va, pte.v);
    assertf(!pte_writable(pte) || (v->flags & VM_WRITE), "va %#lx: writable PTE %#lx", va, pte.v);
    assertf(!pte_writable(pte) || !(pte.v & PTE_COW), "va %#lx: writable and COW", va);
    if (pte_special(pte)) {
        assertf(!pte_writable(pte) && pte_pfn(pte) == page_to_pfn(zero_page), "va %#lx: %#lx", va,
                pte.v);
        n->zero++;
        return;
    }
    const struct page *p = pfn_to_page(pte_pfn(pte));
    assertf(pfn_valid(pte_pfn(pte)), "va %#lx: pfn %#lx", va, pte_pfn(pte));
    assertf(counts_fit(p), "va %#lx: pfn %#lx, %d PTEs, %d references", va, pte_pfn(pte),
            p->mapcount, p->refcount);
    assertf(!page_test(p, PG_TABLE) && !page_test(p, PG_SLAB) && !page_test(p, PG_BUDDY),
            "va %#lx: pfn %#lx flags %#x", va, pte_pfn(pte), p->flags);
    assertf(!(v->flags & VM_LOCKED) || READ_ONCE(p->mlocked), "va %#lx: pfn %#lx is not locked", va,
            pte_pfn(pte));
    if (page_test(p, PG_ANON)) {
        assertf(!v->mapping || (v->flags & VM_HAS_ANON),
                "va %#lx: a private copy unknown to its VMA", va);
        assertf(!pte_writable(pte) || p->mapcount == 1, "va %#lx: shared and writable", va);
        assertf(!pte_writable(pte) || !page_test(p, PG_SWAPCACHE) || page_test(p, PG_DIRTY),
                "va %#lx: writable, and clean in the swap cache", va);
        assertf(p->owner == v->mm->family && p->index == vma_birth_index(v, va),
                "va %#lx: page born at %#lx in family %p", va, p->index << PAGE_SHIFT, p->owner);
        n->anon++;
        return;
    }
    assertf(v->mapping == p->owner && p->index == vma_pgoff(v, va), "va %#lx: page %lu of %p", va,
            p->index, p->owner);
    assertf(!pte_writable(pte) || ((v->flags & VM_SHARED) && page_test(p, PG_DIRTY)),
            "va %#lx: writable, file page not dirty", va);
    *(v->mapping->is_shmem ? &n->shmem : &n->file) += 1;
}

// A large page's leaf, or one whose page was split and that nobody has come upon yet.
static void check_leaf(const struct vma *v, uaddr_t va, pte_t leaf, struct counts *n) {
    const struct page *head = pfn_to_page(pte_pfn(leaf));
    assertf(va >= v->start && v->end - va >= HUGE_SIZE && !v->mapping,
            "va %#lx: a leaf beyond %#lx", va, v->end);
    if (!page_is_huge(head)) {
        for (uint64_t i = 0; i < HUGE_PAGES; i++)
            check_pte(v, va + i * PAGE_SIZE, (pte_t){leaf.v + (i << PTE_PPN_SHIFT)}, n);
        return;
    }
    assertf(!page_test(head, PG_SWAPCACHE) && IS_ALIGNED(pte_pfn(leaf), HUGE_PAGES),
            "va %#lx: pfn %#lx flags %#x", va, pte_pfn(leaf), head->flags);
    check_pte(v, va, leaf, n);
    n->anon += HUGE_PAGES - 1;
}

// The table, or large leaf, that the cursor is on; it goes to the end.
static void check_table(struct mm *mm, struct pt_cursor *c, struct counts *n) {
    uint64_t swap = n->swap, zero = n->zero;
    pte_t entry = *c->slot;
    if (c->level == 1 && pte_is_lent(entry)) {
        lend_enter(c, 0, USER_END);
        n->lent++;
        n->unsettled += virt_to_page(c->slot)->mapcount - pte_lent_note(entry);
    }
    const struct page *t = virt_to_page(c->slot);
    assertf(t->refcount == 1 || (t->refcount > 1 && pte_is_lent(entry)), "va %#lx: table has %d",
            c->va, t->refcount);
    for (; c->slot != c->stop; c->slot++, c->va += pt_level_size(c->level)) {
        if (pte_none(*c->slot))
            continue;
        struct vma *v = vma_lookup(mm, c->va);
        assertf(v, "va %#lx is mapped and in no VMA", c->va);
        assertf(!pte_is_lent(entry) || !v->mapping, "va %#lx: a file's page is lent", c->va);
        n->leaves += (uint64_t)c->level;
        (c->level ? check_leaf : check_pte)(v, c->va, *c->slot, n);
    }
    assertf(c->level || (n->swap - swap == (uint64_t)t->mapcount && n->zero - zero == t->mlocked),
            "table below %#lx has %d swap entries, %d zero pages", c->va, t->mapcount, t->mlocked);
}

// ptl and the family's table_lock held.
static void check_tables(struct mm *mm) {
    struct counts n = {0};
    struct pt_cursor c;
    uint64_t tables = pt_check(mm->root, 0, USER_END);
    assertf(tables + mm->huge_leaves + 1 == mm_table_pages(mm),
            "%lu tables, %lu aside, books say %lu", tables, mm->huge_leaves, mm_table_pages(mm));
    huge_check(mm);
    for (uaddr_t at = 0; pt_first(&c, mm->root, at, USER_END); at = pt_cursor_end(&c))
        check_table(mm, &c, &n);
    assertf(n.leaves == mm->huge_leaves && n.lent == mm->lent,
            "%lu leaves and %lu lent tables, books say %lu and %lu", n.leaves, n.lent,
            mm->huge_leaves, mm->lent);
    assertf(n.anon + n.unsettled == mm->rss_anon && n.file == mm->rss_file &&
                n.shmem == mm->rss_shmem,
            "counted %lu anonymous, %lu file and %lu shared pages, books say %lu, %lu and %lu",
            n.anon, n.file, n.shmem, mm->rss_anon, mm->rss_file, mm->rss_shmem);
    assertf(n.swap - n.unsettled == mm->swap_entries, "counted %lu swap entries, books say %lu",
            n.swap, mm->swap_entries);
    assertf(n.swap == 0 || !list_empty(&mm->swap_link), "swapoff would not find %lu entries",
            n.swap);
}

void mm_check(struct mm *mm) {
    struct vma *v;
    uint64_t pages = 0, locked = 0;
    down_read(&mm->lock);
    vma_check(mm);
    list_for_each(v, &mm->vma_list, link) {
        pages += vma_pages(v);
        locked += v->flags & VM_LOCKED ? vma_pages(v) : 0;
        assertf(!v->mapping || !list_empty(&v->rmap_link), "VMA %#lx is not on its file's list",
                v->start);
    }
    assertf(pages == mm->total_pages, "%lu pages in VMAs, books say %lu", pages, mm->total_pages);
    assertf(locked == mm->locked_pages, "%lu pages locked, books say %lu", locked,
            mm->locked_pages);
    spin_lock(&mm->ptl);
    spin_lock(&mm->family->table_lock);
    check_tables(mm);
    spin_unlock(&mm->family->table_lock);
    spin_unlock(&mm->ptl);
    up_read(&mm->lock);
}
