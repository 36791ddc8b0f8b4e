// Swap for pages of shared memory and tmpfs, whose only place is memory.
#pragma once

#include "vm/swap.h"

// mapping_ops.read_pages of such mappings: from swap what is there, else zeroes.
void shmem_read_pages(struct mapping *m, struct page **pages, int n);
// The page is locked, referenced by the caller, dirty, and no PTE may write to it: starts writing
// it, as swap_write(). False: swap is full, or it is being written. Unlocks the page in any case.
bool shmem_write(struct swap_batch *b, struct page *p);
// The locked, unmapped page leaves the tree if it is clean and nobody but tree and caller has it.
// Its slot stays, for shmem_read_pages(). True: only the caller's reference is left.
bool shmem_leave(struct page *p);
// Is the page of that index in swap, and not in memory?
bool shmem_is_out(struct mapping *m, uint64_t index);
// Has nothing been kept at that index? Then it reads as zeroes.
bool shmem_is_hole(struct mapping *m, uint64_t index);
// Truncation, holes: frees the slots of pages [first, last] that are not in memory. False: some
// have a page that is being read, which must go first.
bool shmem_drop_slots(struct mapping *m, uint64_t first, uint64_t last);
// swapoff: pages of all mappings that have a slot of the area come in and give it up.
// 0, -ENOMEM, -EIO, -EINTR.
int __must_check shmem_bring_in(uint32_t area);

// page->private_ptr of a page of such a mapping: its slot, or NULL. Changes under the page lock, by
// who is no writer, and at the end of a write.
static inline swp_t shmem_slot(const struct page *p) { return (swp_t){(uintptr_t)p->private_ptr}; }
// The locked page, not under writeback, is dirty or dropped: gives its slot up, if it has one.
void shmem_free_slot(struct page *p);
