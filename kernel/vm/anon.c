// Anonymous memory: the first touch.
//
//   read    zero page, read-only, no struct page accounting (PTE_SPECIAL): a heap that is only read
//           costs no frame
//   write   a frame of zeroes, mapped writable
//
// The frame is allocated and cleared before ptl is taken; if another thread was faster it goes
// back.
//
// Invariants: 1. a mapped anonymous page has PG_ANON, refcount >= mapcount >= 1. 2. NR_ANON counts
// frames with PG_ANON that some PTE maps; rss_anon counts PTEs.
//
// Rejected: clearing under the lock (half a microsecond with interrupts off); keeping a pool of
// cleared frames (the clearing has to be done sometime, and the cache likes it now).
#include "abi/errno.h"
#include "mm/buddy.h"
#include "mm/lru.h"
#include "mm/stat.h"
#include "riscv/pagecopy.h"
#include "vm/faultcase.h"
#include "vm/huge.h"
#include "vm/mlock.h"
#include "vm/prot.h"

struct page *anon_page_new(const struct fault *f, bool zero) {
    struct page *p = page_alloc(GFP_USER, 0);
    if (unlikely(!p))
        return NULL;
    if (zero) // not GFP_ZERO: frames that are known to be clear are kept for page tables
        clear_page(page_to_virt(p));
    assertf(p->flags == 0 && p->mapcount == 0, "new page %#lx flags %#x mapcount %d",
            page_to_pfn(p), p->flags, p->mapcount);
    p->flags = 1u << PG_ANON | 1u << PG_UPTODATE;
    p->owner = f->mm->family;
    p->index = vma_birth_index(f->vma, f->addr);
    p->mapcount = 1;
    return p;
}

void anon_page_discard(struct page *p) {
    assertf(p->refcount == 1 && p->mapcount == 1, "page %#lx was mapped", page_to_pfn(p));
    p->mapcount = 0;
    page_put(p);
}

// A large page may be there, or come.
static inline bool place_for_huge(const struct fault *f) {
    return unlikely(!f->slot) && f->vma->end - f->vma->start >= HUGE_SIZE;
}

// fault_slot_locked(); NULL also if another thread has put a large page there.
static inline pte_t *slot_locked(const struct fault *f) {
    const pte_t *above = place_for_huge(f) ? pt_find(f->mm->root, f->addr, 1) : NULL;
    return above && pte_is_huge(*above) ? NULL : fault_slot_locked(f);
}

static int map_zero_page(struct fault *f) {
    struct mm *mm = f->mm;
    uint64_t bits = vma_pte_bits_readonly(f->vma->flags) | PTE_SPECIAL;
    spin_lock(&mm->ptl);
    pte_t *slot = slot_locked(f);
    if (likely(slot) && pte_none(*slot)) {
        pt_set(slot, pte_make(page_to_phys(zero_page), bits));
        pt_count_special(slot, *slot, 1);
    }
    spin_unlock(&mm->ptl);
    return slot ? 0 : fault_wait_table();
}

int fault_anon(struct fault *f) {
    struct mm *mm = f->mm;

    assertf(!f->vma->mapping && pte_none(f->pte), "va %#lx", f->addr);
    if (place_for_huge(f)) {
        int err = fault_huge(f);
        if (err != -ENOENT)
            return err;
    }
    if (!fault_writes(f))
        return map_zero_page(f);
    struct page *p = anon_page_new(f, true);
    if (unlikely(!p))
        return -ENOMEM;
    spin_lock(&mm->ptl);
    pte_t *slot = slot_locked(f);
    bool ours = slot && pte_none(*slot);
    if (likely(ours)) {
        pt_set(slot, pte_make(page_to_phys(p), vma_pte_bits(f->vma->flags)));
        mm->rss_anon++;
        vma_note_mapped(f->vma, p);
        lru_add(p); // while the PTE keeps it: another thread may unmap it then
    }
    spin_unlock(&mm->ptl);
    if (unlikely(!ours)) {
        anon_page_discard(p);
        return slot ? 0 : fault_wait_table();
    }
    mm_stat_add(NR_ANON, 1);
    return 0;
}
