// No large pages in the host test of vma.c.
#pragma once

#include "vm/mm.h"

static inline void huge_split_at(struct mm *mm, uaddr_t va) {}
