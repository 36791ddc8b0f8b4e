// The calls that edit an address space: brk(2), mmap(2), munmap(2), mprotect(2). Addresses and
// errors as in their manual pages.
#pragma once

#include "vm/mm.h"
#include "vm/vma.h"

// prot: PROT_*, flags: MAP_*; mapping and file NULL for anonymous memory; max_prot limits later
// mprotect (VM_MAYREAD ...). off in bytes, page aligned. Returns the address or -errno.
// Takes mm->lock for writing. holds `file` by mapping->ops->hold.
int64_t __must_check vm_mmap(struct mm *mm, uaddr_t addr, uint64_t len, int prot, int flags,
                             struct mapping *mapping, void *file, uint64_t off, uint32_t maymask,
                             uint32_t extra_vm_flags);
int __must_check vm_munmap(struct mm *mm, uaddr_t addr, uint64_t len);
int __must_check vm_mprotect(struct mm *mm, uaddr_t addr, uint64_t len, int prot);
// The new break; the old one when it cannot be moved (brk(2) of Linux).
uaddr_t vm_brk(struct mm *mm, uaddr_t brk);
// Maps the initial stack of `size` bytes room below top, growing down to RLIMIT_STACK.
int __must_check vm_map_stack(struct mm *mm, uaddr_t top, uint64_t size);
int __must_check vm_madvise(struct mm *mm, uaddr_t addr, uint64_t len, int advice);
// mincore(2): in[i] is 1 for each of n pages from addr on that is in memory, else 0. 0, or -ENOMEM:
// a hole.
int __must_check vm_mincore(struct mm *mm, uaddr_t addr, size_t n, uint8_t *in);
int __must_check vm_msync(struct mm *mm, uaddr_t addr, uint64_t len, int flags);
// mlock2(2), munlock(2), mlockall(2): 0 or -errno.
int __must_check vm_mlock(struct mm *mm, uaddr_t addr, uint64_t len, bool on_fault);
int __must_check vm_munlock(struct mm *mm, uaddr_t addr, uint64_t len);
int __must_check vm_mlockall(struct mm *mm, int flags);
void vm_munlockall(struct mm *mm);
// Touches the pages of [start, end): of all VMAs, a private writable one by a write; of those alone
// whose pages are to be in memory; or by reads or writes, where a hole is an error (-EFAULT). Stops
// at the first error, which is vm_fault's.
enum populate { POPULATE_ALL, POPULATE_LOCKED, POPULATE_READ, POPULATE_WRITE };
int __must_check vm_populate(struct mm *mm, uaddr_t start, uaddr_t end, enum populate how);
// Moves the start of the growing stack above addr down to it: 0, or -EFAULT when there is none, or
// a limit or the guard gap forbids it. Takes mm->lock for writing.
int __must_check vm_grow_stack(struct mm *mm, uaddr_t addr);

// mremap(2): the new address, or -errno. Takes mm->lock for writing.
int64_t __must_check vm_mremap(struct mm *mm, uaddr_t addr, uint64_t old_len, uint64_t new_len,
                               int flags, uaddr_t new_addr);

#define MMAP_MIN_ADDR PAGE_SIZE // page 0 stays unmapped, so that a NULL pointer faults

// For vm/ itself. mm locked: room for len bytes at the hint *addr if that is free, else the highest
// free range below mmap_base, else anywhere. 0 or -ENOMEM.
int __must_check vm_find_place(struct mm *mm, uaddr_t *addr, uint64_t len);
// mm write-locked: takes [start, end) out of the address space; the VMAs go to
// `dead`, for vma_free() after the lock is gone. 0 or -ENOMEM (a split failed, nothing changed).
int __must_check vm_unmap_locked(struct mm *mm, uaddr_t start, uaddr_t end, struct list *dead);
void vm_free_dead_list(struct list *dead);
static inline void vm_free_dead(struct list *dead) {
    if (!list_empty(dead))
        vm_free_dead_list(dead);
}
// mm write-locked: a new VMA [start, end), free by now; merged with its neighbours. 0 or -ENOMEM.
int __must_check vm_add_area(struct mm *mm, uaddr_t start, uaddr_t end, uint32_t vm_flags,
                             struct mapping *mapping, void *file, uint64_t pgoff);
