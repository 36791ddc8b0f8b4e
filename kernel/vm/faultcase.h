// The cases of a page fault, for fault.c and the files that have one each.
#pragma once

#include "vm/fault.h"
#include "vm/mm.h"
#include "vm/vma.h"

// Filled by the check step, read-only after it. mm->lock is held for reading while it lives.
struct fault {
    struct mm *mm;
    struct vma *vma;
    uaddr_t addr;             // page aligned
    enum fault_access access;
    pte_t *slot;              // of addr, or NULL while there is no table
    pte_t pte;                // what stood there, seen without ptl: check again under it
};

static inline bool fault_writes(const struct fault *f) { return f->access == FAULT_WRITE; }

// All answer as vm_fault does, and -ERESTART: what they relied on has changed, look again.
int __must_check fault_anon(struct fault *f);         // anon.c: nothing there, no file
int __must_check fault_cow(struct fault *f);          // cow.c: a store to a page that is shared
int __must_check fault_cow_run(struct fault *f);      // cowrun.c: the same, and pages ahead
int __must_check fault_file(struct fault *f);         // filefault.c: nothing there, a file
int __must_check fault_shared_write(struct fault *f); // filefault.c: a store that makes it dirty
int __must_check fault_swap(struct fault *f);         // swapfault.c: a swap entry
int __must_check fault_spurious(struct fault *f);     // fault.c: a sufficient entry
// hugefault.c: no table there, anonymous. -ENOENT: a small page is wanted, as always.
int __must_check fault_huge(struct fault *f);
// fault-around: maps what is cached around a file fault. True: addr is among it.
bool fault_around(struct fault *f);                   // faultaround.c

// ptl held: the slot, with tables made if there were none; NULL: no memory for them.
static inline pte_t *fault_slot_locked(const struct fault *f) {
    return likely(f->slot) ? f->slot : pt_find_alloc(f->mm->root, f->addr, 0, GFP_ATOMIC);
}
// Without locks: no table could be had at once, waits for memory. -ERESTART or -ENOMEM.
int __must_check fault_wait_table(void);
// A new anonymous page with one reference and one PTE to come; zeroed if wanted. NULL: no memory.
struct page *__must_check anon_page_new(const struct fault *f, bool zero);
// Never mapped: back to the allocator.
void anon_page_discard(struct page *p);
