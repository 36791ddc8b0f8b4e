// The vmalloc area: ranges of kernel address space for large non-contiguous memory, kernel stacks
// with a guard below, and device registers. Each area is followed by an unmapped guard page.
#pragma once

#include "lib/compiler.h"
#include "mm/gfp.h"

// Zero-filled memory of scattered frames, rounded up to pages. NULL: out of memory or space.
void *__must_check vmalloc(size_t size);
void vfree(void *p);
// Maps device registers, uncached as the platform has it. NULL on failure.
void *__must_check ioremap(paddr_t pa, size_t size);
// A kernel stack: KSTACK_SIZE bytes at an address aligned to twice that, plus KSTACK_SIZE, so that
// the half below is the guard. Freed stacks are kept mapped in a small per-CPU cache.
// Returns the lowest address; NULL: out of memory. kstack_free() of a stack that finds room in the
// cache takes no lock; no spin lock of rank PAGETABLE or above may be held all the same.
void *__must_check kstack_alloc(void);
void kstack_free(void *stack);
void kspace_init(void);
// "addr-addr size caller pages=n" lines for /proc/vmallocinfo: the i-th area. False past the end.
struct kspace_info {
    vaddr_t start, end;
    const char *what; // "vmalloc", "kstack", "ioremap"
    uint64_t pages;
};
bool kspace_get_info(int i, struct kspace_info *out);
// Walks all areas: order, gaps, mappings of the ones that have frames. Asserts on a breach.
void kspace_check(void);
