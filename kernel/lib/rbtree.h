// Red-black trees after Cormen, Leiserson, Rivest, Stein: balanced search trees of embedded nodes.
// The caller searches and links (so that the comparison is inlined), the tree rebalances.
// An optional augment callback recomputes a node's summary from its children (largest gap below
// a VMA, for instance); it is called bottom-up for every node whose subtree changed.
#pragma once

#include "lib/compiler.h"

struct rb_node {
    uintptr_t parent_color; // parent pointer | 1 if black
    struct rb_node *left, *right;
};

struct rb_root {
    struct rb_node *node;
    void (*augment)(struct rb_node *); // may be NULL
};

#define rb_entry(ptr, type, member) container_of(ptr, type, member)

static inline struct rb_node *rb_parent(const struct rb_node *n) {
    return (struct rb_node *)(n->parent_color & ~(uintptr_t)3);
}

// Links n at *link below parent (NULL for an empty tree) as a red leaf, then rebalances.
void rb_insert(struct rb_root *root, struct rb_node *n, struct rb_node *parent,
               struct rb_node **link);
void rb_remove(struct rb_root *root, struct rb_node *n);
// Recomputes summaries from n to the root, after n's own key fields changed.
void rb_update(struct rb_root *root, struct rb_node *n);

struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *n);
struct rb_node *rb_prev(const struct rb_node *n);

// Walks the whole tree: colours, black heights, parent links. Returns true when all hold.
bool rb_check(const struct rb_root *root);
