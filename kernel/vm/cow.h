// Copy-on-write at fork. What a store does then is a case of the page fault (vm/faultcase.h).
#pragma once

#include "vm/mm.h"

// One fork: whose tables are copied to whom. The parent's mm->lock is held for writing.
struct cow_copy {
    struct mm *from, *to;
    bool private;   // these PTEs are of a private VMA: writable ones become copy-on-write in both
    bool shmem;     // pages of the VMA's mapping are shared memory
    bool protected; // out: a PTE of `from` lost W; the caller flushes its TLB entries in the end
};

// Copies the entries [at->slot, at->stop) of a last-level table of c->from to the same addresses of
// c->to, which has none there, with all counts of pages, slots and resident memory. 0 or -ENOMEM.
int __must_check cow_copy_table(struct cow_copy *c, const struct pt_cursor *at);
