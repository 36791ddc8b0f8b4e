// What vma.c needs of struct mm, for its host test.
#pragma once

#include "lib/list.h"
#include "lib/rbtree.h"

#define USER_END 0x4000000000UL

struct vma;

struct mm {
    struct rb_root vmas;
    struct list vma_list, moved;
    struct vma *vma_cache;
    uint64_t map_count;
};
