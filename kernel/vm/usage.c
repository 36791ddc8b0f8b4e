// Walks of page tables that only count: smaps and pagemap.
//
// Entries of a table are read under ptl, so the frames they name are alive; a page's other PTEs may
// come and go meanwhile, which is why its share is a snapshot.
#include "vm/usage.h"

#include "vm/huge.h"
#include "vm/mm.h"
#include "vm/swap.h"
#include "vm/vma.h"

#define PM_SWAP (1UL << 62) // bits of pagemap: Documentation of Linux, admin-guide/mm/pagemap
#define PM_PRESENT (1UL << 63)
#define PM_FILE (1UL << 61)
#define PM_EXCLUSIVE (1UL << 56)
#define PM_SWAP_OFFSET_SHIFT 5

static void add_pte(const struct vma *v, pte_t pte, uint64_t bytes, struct vm_usage *u) {
    if (pte_is_swap(pte)) {
        u->swap += bytes;
        u->swap_pss += (bytes << PSS_SHIFT) / max(swap_count(pte_swp(pte)), 1u);
        return;
    }
    if (!pte_has_page(pte) || pte_special(pte))
        return;
    struct page *p = pfn_to_page(pte_pfn(pte));
    int maps = atomic_load_relaxed(&p->mapcount);
    assertf(maps > 0, "pfn %#lx is mapped, mapcount %d", page_to_pfn(p), maps);
    bool anon = page_test(p, PG_ANON);
    if (bytes > PAGE_SIZE)
        u->huge += bytes;
    usage_add_page(u, &(struct usage_page){
        .bytes = bytes,
        .sharers = (uint64_t)maps,
        .anon = anon,
        .shmem = !anon && v->mapping && v->mapping->is_shmem,
        .dirty = (anon && pte_dirty(pte)) || page_test(p, PG_DIRTY),
        .young = pte_young(pte) || page_test(p, PG_REFERENCED),
        .locked = v->flags & VM_LOCKED,
    });
}

void vma_usage(const struct vma *v, struct vm_usage *u) {
    struct mm *mm = v->mm;
    struct pt_cursor c;
    uaddr_t start = v->start;

    while (mm_lock_table(mm, &c, &start, v->end)) {
        for (; c.slot != c.stop; c.slot++)
            add_pte(v, *c.slot, pt_level_size(c.level), u);
        spin_unlock(&mm->ptl);
    }
}

uint64_t vm_pagemap_entry(struct mm *mm, uint64_t va, bool show_pfn) {
    uint64_t entry = 0;
    int level;

    spin_lock(&mm->ptl);
    const pte_t *slot = pt_find_leaf(mm->root, va, &level);
    pte_t pte = slot ? *slot : (pte_t){0};
    if (pte_is_swap(pte)) {
        uint64_t place = swp_slot(pte_swp(pte)) << PM_SWAP_OFFSET_SHIFT | swp_area(pte_swp(pte));
        entry = PM_SWAP | (show_pfn ? place : 0);
    } else if (pte_has_page(pte)) {
        pfn_t pfn = pte_pfn(pte) + pt_index(va, 0) * (level > 0);
        const struct page *head = pfn_to_page(pte_pfn(pte));
        const struct page *p = page_is_huge(head) ? head : pfn_to_page(pfn); // of a stale leaf, too
        entry = PM_PRESENT | (show_pfn ? pfn : 0);
        if (!pte_special(pte))
            entry |= (page_test(p, PG_ANON) ? 0 : PM_FILE) | (p->mapcount == 1 ? PM_EXCLUSIVE : 0);
    }
    spin_unlock(&mm->ptl);
    return entry;
}
