// Radix trees with 64-way nodes: a sparse array from 64-bit index to pointer, for the page cache
// and for identifiers. Nodes are as few as the highest index needs; empty nodes are freed.
// Source of the idea: Linux's radix tree; the interface here is ours.
// Tags mark entries (dirty, writeback) and are summarised upwards, so that a search for tagged
// entries skips clean subtrees. The caller holds the lock that guards the tree.
#pragma once

#include "lib/compiler.h"

#define RADIX_BITS 6
#define RADIX_SLOTS (1 << RADIX_BITS)
#define RADIX_TAGS 2

struct radix_node {
    void *slot[RADIX_SLOTS];
    uint64_t used;            // bit i: slot[i] is not NULL
    uint64_t tag[RADIX_TAGS]; // bit i: slot[i] (or something below it) has the tag
    struct radix_node *parent;
    uint8_t parent_slot;
    uint8_t shift; // index bits below this node: 0 for leaves
};

// Allocates a zeroed node, or returns NULL. Called with the tree's lock held: must not sleep.
struct radix_ops {
    struct radix_node *(*alloc)(void);
    void (*free)(struct radix_node *);
};

struct radix {
    struct radix_node *root; // NULL when empty
    const struct radix_ops *ops;
};

static inline void radix_init(struct radix *t, const struct radix_ops *ops) {
    t->root = NULL;
    t->ops = ops;
}

void *radix_lookup(const struct radix *t, uint64_t index);
// 0, -EEXIST (something stands there), -ENOMEM. item must not be NULL.
int __must_check radix_insert(struct radix *t, uint64_t index, void *item);
// Replaces an existing entry and returns the old one; tags stay. NULL and no change if absent.
void *radix_replace(struct radix *t, uint64_t index, void *item);
void *radix_remove(struct radix *t, uint64_t index); // the removed item, or NULL
void radix_set_tag(struct radix *t, uint64_t index, int tag);
void radix_clear_tag(struct radix *t, uint64_t index, int tag);
bool radix_get_tag(const struct radix *t, uint64_t index, int tag);
// The first entry at an index >= *index; *index becomes its index. NULL when none is left.
void *radix_next(const struct radix *t, uint64_t *index);
void *radix_next_tagged(const struct radix *t, uint64_t *index, int tag);
// Copies up to max entries with indices in [first, last] to items in order; returns how many.
// One descent per leaf node: this is what fault-around and readahead use.
size_t radix_gang_lookup(const struct radix *t, uint64_t first, uint64_t last, void **items,
                         size_t max);
// The first index >= start, <= last (< 2^64 - 1), that holds nothing; last + 1 when all are taken.
uint64_t radix_next_free(const struct radix *t, uint64_t start, uint64_t last);

// Walks the whole tree: parents, used bits, tags, no empty node, no needless height. Returns the
// number of entries, or -1 on a breach.
int64_t radix_check(const struct radix *t);
