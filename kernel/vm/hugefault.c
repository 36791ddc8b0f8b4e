// Faults where no last-level table is: large pages are born here, and copied.
//
//   entry of level 1     empty: a store, the VMA covers the 2 MiB, and is allowed large pages
//                               -> a block, cleared, under a leaf. No block free: small pages
//                        a leaf, read-only, a store: copy-on-write, as cow.c does
//                               -> owned alone: written in place; else a second block and a copy of
//                                  the 2 MiB; none free: page and leaf are split, a small copy
//                        a leaf that allows the access: solved by another thread
//
// A read of untouched memory gets the small zero page as always: what is only read costs nothing,
// and what was first read stays small.
//
// No reclaim for large pages: a block is taken if one is there, and only while free memory stays
// well above the watermarks, so that they never make others wait.
//
// A fault clears or copies 2 MiB, and holds no lock so long: a copy takes ptl for each page and
// looks at the leaf again, so that what is copied is still ours.
//
// Invariant: "owns alone" is mapcount 1 of a large page: it has no PTE elsewhere, no swap cache,
// and no pin but reclaim's, which does not look at what is in it.
#include "abi/errno.h"
#include "mm/buddy.h"
#include "mm/lru.h"
#include "mm/stat.h"
#include "riscv/mmu.h"
#include "riscv/pagecopy.h"
#include "sched/sched.h"
#include "vm/faultcase.h"
#include "vm/huge.h"
#include "vm/mlock.h"
#include "vm/prot.h"
#include "vm/tlb.h"

#define PAGES_AT_ONCE 32 // cleared before others may run

// A block for va that nobody maps yet, its contents to come, and the table for its split.
struct block {
    struct page *head;
    pte_t *table;
};

static void block_free(struct block *b) {
    if (b->head) {
        b->head->mapcount = 0;
        page_put(b->head);
    }
    if (b->table)
        pt_table_free(b->table);
    *b = (struct block){0};
}

static bool block_alloc(const struct fault *f, struct block *b) {
    *b = (struct block){0};
    if (mem_free_pages() >= 2 * mem_min_free_pages() + HUGE_PAGES)
        b->head = page_alloc(GFP_MOVABLE, HUGE_ORDER);
    if (b->head) {
        b->head->flags = 1u << PG_ANON | 1u << PG_UPTODATE;
        b->head->owner = f->mm->family;
        b->head->index = vma_birth_index(f->vma, f->addr);
        b->head->mapcount = 1;
        b->table = pt_table_alloc(0);
    }
    mm_stat_add(b->table ? THP_FAULT_ALLOC : THP_FAULT_FALLBACK, 1);
    if (!b->table)
        block_free(b);
    return b->table;
}

static void clear_block(struct page *head) {
    for (uint64_t i = 0; i < HUGE_PAGES; i++) {
        clear_page(page_to_virt(head + i));
        if (i % PAGES_AT_ONCE == 0)
            cond_resched();
    }
}

// ptl held, the slot is empty.
static void map_block(const struct fault *f, pte_t *slot, const struct block *b) {
    uint64_t bits = vma_pte_bits(f->vma->flags);
    huge_set(f->mm, slot, pte_make(page_to_phys(b->head), bits), b->table);
    vma_note_mapped(f->vma, b->head);
    lru_add(b->head);
    mm_stat_add(NR_ANON, HUGE_PAGES);
    mm_stat_add(NR_ANON_THPS, HUGE_PAGES);
}

// The first store: f->addr is the start of the 2 MiB.
static int map_new(struct fault *f) {
    struct mm *mm = f->mm;
    struct block b;

    if (!block_alloc(f, &b))
        return -ENOENT;
    clear_block(b.head);
    spin_lock(&mm->ptl);
    pte_t *slot = pt_find_alloc(mm->root, f->addr, 1, GFP_ATOMIC);
    bool ours = slot && pte_none(*slot);
    if (ours)
        map_block(f, slot, &b);
    spin_unlock(&mm->ptl);
    if (!ours)
        block_free(&b);
    return slot ? 0 : fault_wait_table();
}

// ---- copy-on-write

// ptl held. The last owner writes in place. True: done.
static bool reuse(struct fault *f) {
    const struct page *head = huge_hold(f->mm, f->slot, f->addr);
    if (!head)
        return true; // small pages now: the next fault knows
    bool mine = atomic_load(&head->mapcount) == 1;
    if (mine)
        WRITE_ONCE(f->slot->v, (f->pte.v & ~PTE_COW) | vma_pte_bits(f->vma->flags));
    huge_release();
    return mine;
}

// Copies the page under the leaf, as long as that is there. False: it has changed.
static bool copy_block(struct fault *f, struct page *to) {
    struct page *from = pfn_to_page(pte_pfn(f->pte));
    bool same = true;
    for (uint64_t i = 0; i < HUGE_PAGES && same; i++) {
        spin_lock(&f->mm->ptl);
        same = f->slot->v == f->pte.v;
        if (same)
            copy_page(page_to_virt(to + i), page_to_virt(from + i));
        spin_unlock(&f->mm->ptl);
    }
    return same;
}

static int copy_on_write(struct fault *f) {
    struct mm *mm = f->mm;
    struct page *old = NULL;
    struct block b;

    spin_lock(&mm->ptl);
    bool done = f->slot->v != f->pte.v || reuse(f);
    spin_unlock(&mm->ptl);
    if (done) {
        tlb_flush_page_local(f->addr); // other harts fault once more and find it solved
        return 0;
    }
    bool copied = block_alloc(f, &b) && copy_block(f, b.head);
    spin_lock(&mm->ptl);
    if (f->slot->v == f->pte.v) {
        if (copied)
            old = huge_unmap(mm, f->slot, f->addr, true, f->vma->flags & VM_LOCKED);
        else
            huge_split_leaf(mm, f->slot, f->addr);
    }
    if (old)
        map_block(f, f->slot, &b);
    spin_unlock(&mm->ptl);
    if (!old) {
        block_free(&b);
        return -ERESTART;
    }
    mm_stat_add(COW_COPIES, HUGE_PAGES);
    page_put(old);
    return 0;
}

int fault_huge(struct fault *f) {
    struct fault large = *f;

    large.addr = ALIGN_DOWN(f->addr, HUGE_SIZE);
    large.slot = pt_find(f->mm->root, large.addr, 1);
    large.pte.v = large.slot ? READ_ONCE(large.slot->v) : 0;
    if (pte_is_huge(large.pte))
        return fault_writes(f) && !pte_writable(large.pte) ? copy_on_write(&large)
                                                           : fault_spurious(&large);
    if (!pte_none(large.pte))
        return -ERESTART; // a table came
    if (!fault_writes(f) || !huge_allowed(f->vma) || large.addr < f->vma->start ||
        f->vma->end - large.addr < HUGE_SIZE)
        return -ENOENT;
    return map_new(&large);
}
