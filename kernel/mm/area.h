// Inside the vmalloc area: shared by kspace.c and kstack.c. Others include mm/kspace.h.
#pragma once

#include "lib/rbtree.h"
#include "mm/page.h"

// A range of kernel addresses in use. All members: kspace_lock; start, end, size, what do not
// change.
struct area {
    struct rb_node node;
    vaddr_t start, end; // addresses taken, guard included
    uint64_t size;      // bytes of memory
    const char *what;
    uint64_t gap;       // free bytes between the area before and this one
    uint64_t max_gap;   // the largest in the subtree
};

// Takes `reserve` bytes of addresses (at least size), rounded up. NULL: no room, no memory.
struct area *area_alloc(size_t size, size_t reserve, const char *what);
void area_free(struct area *a); // nothing is mapped there any more
struct area *area_find(vaddr_t start);
// Fresh frames, marked with flag, at [va, va + size); flushes. 0 or an error, then nothing is
// mapped.
int __must_check pages_map(vaddr_t va, size_t size, gfp_t gfp, enum page_flag flag);
void pages_unmap(vaddr_t va, size_t size); // and frees them

void kstack_init(void);
