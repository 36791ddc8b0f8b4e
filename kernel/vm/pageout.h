// MADV_PAGEOUT.
#pragma once

#include "lib/types.h"

struct vma;

// Swaps out the pages of [start, end) of v that only v's mm maps, and waits until their frames are
// free. mm->lock held for reading. 0, or -EINVAL: they must stay.
int vm_pageout(struct vma *v, uaddr_t start, uaddr_t end);
