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
int __must_check vm_msync(struct mm *mm, uaddr_t addr, uint64_t len, int flags);
// Moves the start of the growing stack above addr down to it: 0, or -EFAULT when there is none, or
// a limit or the guard gap forbids it. Takes mm->lock for writing.
int __must_check vm_grow_stack(struct mm *mm, uaddr_t addr);
static inline struct vm_limits *vm_limits(struct mm *mm) { return &mm->limits; }

// For vm/ itself. mm write-locked: takes [start, end) out of the address space; the VMAs go to
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
