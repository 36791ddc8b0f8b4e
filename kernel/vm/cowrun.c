// Copy-on-write ahead of a run of stores.
//
//   shared pages     c c c c c c c c c c c c      c: copied before
//   faults           ^ ^ ^ ^ ^ ^ . . ^ . . . ^    one for each page; from RUN_MIN in a row on, one
//                                                 for AHEAD pages
//
// A process that writes page after page to what it shares since fork (a child that works through
// its parent's data) will write to the next page, too. Once it has done so RUN_MIN times in a row,
// a fault copies the pages behind its own as well, which saves their traps and look-ups. A run that
// ends has cost AHEAD - 1 copies too many at most, and single stores none.
//
// Invariants: 1. a page is copied ahead only if a store to it would find it copy-on-write now, in
// the same VMA and table. 2. nothing is copied ahead while memory is short.
//
// The two hints in the mm are written without a lock: a wrong one makes a run begin later.
#include "mm/buddy.h"
#include "vm/faultcase.h"

#define RUN_MIN 16
#define AHEAD 16 // pages of a fault in a run: as fault-around has

// The pages behind f's. Where the next fault of the run is to be expected.
static uaddr_t copy_ahead(const struct fault *f) {
    struct fault next = *f;
    uaddr_t end = min(f->addr + AHEAD * PAGE_SIZE, f->vma->end);

    for (;;) {
        next.addr += PAGE_SIZE;
        next.slot++;
        if (next.addr >= end || pt_index(next.addr, 0) == 0)
            return next.addr;
        next.pte.v = READ_ONCE(next.slot->v);
        if ((next.pte.v & (PTE_V | PTE_COW | PTE_SPECIAL)) != (PTE_V | PTE_COW))
            return next.addr;
        if (fault_cow(&next)) // changed meanwhile, or no memory: left to its own fault
            return next.addr;
    }
}

int fault_cow_run(struct fault *f) {
    struct mm *mm = f->mm;
    int err = fault_cow(f);
    if (unlikely(err))
        return err;
    uint32_t run = READ_ONCE(mm->cow_next) == f->addr ? READ_ONCE(mm->cow_run) + 1 : 0;
    bool ahead = run >= RUN_MIN && mem_free_pages() >= 2 * mem_min_free_pages() + AHEAD;
    WRITE_ONCE(mm->cow_run, run);
    WRITE_ONCE(mm->cow_next, ahead ? copy_ahead(f) : f->addr + PAGE_SIZE);
    return 0;
}
