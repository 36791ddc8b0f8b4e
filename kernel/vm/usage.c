// Walks of page tables that only count: smaps and pagemap.
//
// Entries of a table are read under ptl, so the frames they name are alive; a page's other PTEs may
// come and go meanwhile, which is why its share is a snapshot. A PTE in a lent table (lend.c) is
// divided among those who share the table: the sum of all shares of a page is the page.
#include "vm/usage.h"

#include "vm/huge.h"
#include "vm/lend.h"
#include "vm/mm.h"
#include "vm/swap.h"
#include "vm/vma.h"

#define PM_SWAP (1UL << 62) // bits of pagemap: Documentation of Linux, admin-guide/mm/pagemap
#define PM_PRESENT (1UL << 63)
#define PM_FILE (1UL << 61)
#define PM_EXCLUSIVE (1UL << 56)
#define PM_SWAP_OFFSET_SHIFT 5

// `shares`: address spaces that share the table.
static void add_pte(const struct vma *v, pte_t pte, uint64_t bytes, uint64_t shares,
                    struct vm_usage *u) {
    if (pte_is_swap(pte)) {
        u->swap += bytes;
        u->swap_pss += (bytes << PSS_SHIFT) / max(swap_count(pte_swp(pte)) * shares, 1UL);
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
        .sharers = (uint64_t)maps * shares,
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

    while (lend_lock_table(mm, &c, &start, v->end)) {
        uint64_t shares = (uint64_t)virt_to_page(c.slot)->refcount;
        for (; c.slot != c.stop; c.slot++)
            add_pte(v, *c.slot, pt_level_size(c.level), shares, u);
        lend_unlock_table(mm);
    }
}

// The slot that maps va.
static uint64_t slot_entry(const pte_t *slot, int level, uint64_t va, bool show_pfn) {
    pte_t pte = *slot;
    if (pte_is_swap(pte)) {
        uint64_t place = swp_slot(pte_swp(pte)) << PM_SWAP_OFFSET_SHIFT | swp_area(pte_swp(pte));
        return PM_SWAP | (show_pfn ? place : 0);
    }
    if (!pte_has_page(pte))
        return 0;
    pfn_t pfn = pte_pfn(pte) + pt_index(va, 0) * (level > 0);
    const struct page *p = pfn_to_page(pte_pfn(pte));
    bool alone = p->mapcount == 1 && virt_to_page(slot)->refcount == 1;
    uint64_t entry = PM_PRESENT | (show_pfn ? pfn : 0);
    if (!pte_special(pte))
        entry |= (page_test(p, PG_ANON) ? 0 : PM_FILE) | (alone ? PM_EXCLUSIVE : 0);
    return entry;
}

uint64_t vm_pagemap_entry(struct mm *mm, uint64_t va, bool show_pfn) {
    struct pt_cursor c;
    uint64_t entry = 0;
    uaddr_t at = va;

    if (va < USER_END && lend_lock_table(mm, &c, &at, va + PAGE_SIZE)) {
        entry = slot_entry(c.slot, c.level, va, show_pfn);
        lend_unlock_table(mm);
    }
    return entry;
}
