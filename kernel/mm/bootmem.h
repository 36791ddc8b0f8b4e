// The allocator of the first milliseconds: takes ranges of RAM, low addresses first, never frees.
// It ends when mem_init() hands everything left to the buddy.
#pragma once

#include "lib/types.h"

// Physical memory for boot structures, zeroed, aligned to `align` (a power of two). Panics when
// out of RAM: nothing runs yet.
void *bootmem_alloc(size_t size, size_t align);
// From machine.ram and machine.reserved: sizes mem_map, builds the zones, frees the rest to the
// buddy. After this the page allocator works.
void mem_init(void);
