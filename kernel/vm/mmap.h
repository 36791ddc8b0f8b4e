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
// Limits of the current process in bytes, data that flows down: set by proc/rlimit at exec, fork
// and prlimit64. UINT64_MAX = none.
struct vm_limits {
    uint64_t stack, data, as, memlock;
};
struct vm_limits *vm_limits(struct mm *mm);
