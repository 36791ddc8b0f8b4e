// Radix trees: sparse arrays of pointers.
//
//   root (shift 6)      slot = index >> 6 & 63
//     |-- leaf (shift 0)   slot = index & 63   -> items 0..63
//     `-- leaf             ...                 -> items 128..191
//
// A node with shift s covers 2^(s+6) indices; the root covers 0 .. 2^(s+6) - 1. The tree grows at
// the top when an index does not fit, and shrinks there when only slot 0 of the root is left.
//
// 1. slot[i] != NULL exactly when bit i of used is set; a node that is not the root has used != 0.
// 2. Above leaves, bit i of tag[k] is set exactly when slot[i]->tag[k] != 0.
// 3. The root is NULL, or a leaf, or has an entry beyond slot 0.
// 4. Descents are loops (kernel stacks are small): at most 11 levels.
//
// Locks: the caller's. Rejected: per-slot counts (the used bits find the next entry without loads).

#include "lib/radix.h"

#include "abi/errno.h"
#include "lib/assert.h"
#include "lib/bitmap.h"

#define SLOT_MASK (RADIX_SLOTS - 1)

static inline bool fits(const struct radix_node *root, uint64_t index) {
    return (index >> root->shift) <= SLOT_MASK;
}

static inline unsigned slot_of(const struct radix_node *n, uint64_t index) {
    return index >> n->shift & SLOT_MASK;
}

// The leaf node for index, or NULL.
static inline struct radix_node *find_leaf(const struct radix *t, uint64_t index) {
    struct radix_node *n = t->root;

    if (!n || !fits(n, index))
        return NULL;
    while (n && n->shift)
        n = n->slot[slot_of(n, index)];
    return n;
}

void *radix_lookup(const struct radix *t, uint64_t index) {
    struct radix_node *leaf = find_leaf(t, index);
    return leaf ? leaf->slot[index & SLOT_MASK] : NULL;
}

static void put_slot(struct radix_node *n, unsigned slot, void *item) {
    n->slot[slot] = item;
    n->used |= 1UL << slot;
}

static struct radix_node *node_alloc(const struct radix *t, unsigned shift) {
    struct radix_node *n = t->ops->alloc();
    if (n)
        n->shift = (uint8_t)shift;
    return n;
}

static struct radix_node *child_alloc(const struct radix *t, struct radix_node *parent,
                                      unsigned slot) {
    struct radix_node *n = node_alloc(t, parent->shift - RADIX_BITS);
    if (n) {
        n->parent = parent;
        n->parent_slot = (uint8_t)slot;
        put_slot(parent, slot, n);
    }
    return n;
}

// Takes off root nodes that only lead to slot 0, and a root without entries.
static void shrink(struct radix *t) {
    struct radix_node *root;

    while ((root = t->root) && root->used <= 1 && (root->shift || !root->used)) {
        t->root = root->slot[0];
        if (t->root)
            t->root->parent = NULL;
        t->ops->free(root);
    }
}

// Frees n if it is empty, and then its parents for the same reason.
static void prune(struct radix *t, struct radix_node *n) {
    while (n && !n->used) {
        struct radix_node *parent = n->parent;
        if (!parent)
            break;
        parent->slot[n->parent_slot] = NULL;
        parent->used &= ~(1UL << n->parent_slot);
        t->ops->free(n);
        n = parent;
    }
    shrink(t);
}

// Puts roots on top until index fits. 0 or -ENOMEM.
static int grow(struct radix *t, uint64_t index) {
    if (!t->root) {
        unsigned shift = 0;
        while (index >> shift > SLOT_MASK)
            shift += RADIX_BITS;
        t->root = node_alloc(t, shift);
        return t->root ? 0 : -ENOMEM;
    }
    while (!fits(t->root, index)) {
        struct radix_node *old = t->root, *root = node_alloc(t, old->shift + RADIX_BITS);
        if (!root)
            return -ENOMEM;
        put_slot(root, 0, old);
        for (int k = 0; k < RADIX_TAGS; k++)
            root->tag[k] = old->tag[k] != 0;
        old->parent = root;
        old->parent_slot = 0;
        t->root = root;
    }
    return 0;
}

int radix_insert(struct radix *t, uint64_t index, void *item) {
    assert(item);
    int err = grow(t, index);
    struct radix_node *n = t->root;

    if (err) {
        shrink(t);
        return err;
    }
    while (n->shift) {
        unsigned slot = slot_of(n, index);
        struct radix_node *child = n->slot[slot];
        if (!child)
            child = child_alloc(t, n, slot);
        if (!child) {
            prune(t, n);
            return -ENOMEM;
        }
        n = child;
    }
    if (n->slot[index & SLOT_MASK])
        return -EEXIST;
    put_slot(n, index & SLOT_MASK, item);
    return 0;
}

void *radix_replace(struct radix *t, uint64_t index, void *item) {
    assert(item);
    struct radix_node *leaf = find_leaf(t, index);
    void *old = leaf ? leaf->slot[index & SLOT_MASK] : NULL;

    if (old)
        leaf->slot[index & SLOT_MASK] = item;
    return old;
}

static void tag_clear_up(struct radix_node *n, unsigned slot, int tag) {
    n->tag[tag] &= ~(1UL << slot);
    while (!n->tag[tag] && n->parent) {
        slot = n->parent_slot;
        n = n->parent;
        n->tag[tag] &= ~(1UL << slot);
    }
}

void *radix_remove(struct radix *t, uint64_t index) {
    struct radix_node *leaf = find_leaf(t, index);
    unsigned slot = index & SLOT_MASK;
    void *old = leaf ? leaf->slot[slot] : NULL;

    if (!old)
        return NULL;
    for (int k = 0; k < RADIX_TAGS; k++)
        if (leaf->tag[k] >> slot & 1)
            tag_clear_up(leaf, slot, k);
    leaf->slot[slot] = NULL;
    leaf->used &= ~(1UL << slot);
    if (leaf->used <= 1) // else nothing to free, at no level
        prune(t, leaf);
    return old;
}

void radix_set_tag(struct radix *t, uint64_t index, int tag) {
    struct radix_node *n = find_leaf(t, index);
    unsigned slot = index & SLOT_MASK;

    assertf(n && n->slot[slot], "tag %d of absent index %lu", tag, index);
    while (n && !(n->tag[tag] >> slot & 1)) {
        n->tag[tag] |= 1UL << slot;
        slot = n->parent_slot;
        n = n->parent;
    }
}

void radix_clear_tag(struct radix *t, uint64_t index, int tag) {
    struct radix_node *leaf = find_leaf(t, index);
    if (leaf && leaf->tag[tag] >> (index & SLOT_MASK) & 1)
        tag_clear_up(leaf, index & SLOT_MASK, tag);
}

bool radix_get_tag(const struct radix *t, uint64_t index, int tag) {
    struct radix_node *leaf = find_leaf(t, index);
    return leaf && leaf->tag[tag] >> (index & SLOT_MASK) & 1;
}

// Moves index to the first one beyond n's range, and returns the ancestor that covers it, or NULL.
static struct radix_node *leave_node(const struct radix_node *n, uint64_t *index) {
    unsigned slot = SLOT_MASK;

    while (slot == SLOT_MASK) { // the last slot of its parent: nothing beyond it there either
        slot = n->parent_slot;
        n = n->parent;
        if (!n)
            return NULL;
    }
    *index = ((*index >> n->shift) + 1) << n->shift;
    return *index ? (struct radix_node *)n : NULL; // 0: that was the last index of all
}

// The common search. tag -1: any entry.
static void *search(const struct radix *t, uint64_t *index, int tag) {
    struct radix_node *n = t->root;
    uint64_t i = *index;

    if (n && !fits(n, i))
        return NULL;
    while (n) {
        unsigned slot = slot_of(n, i);
        uint64_t bits = (tag < 0 ? n->used : n->tag[tag]) & ~0UL << slot;
        if (!bits) {
            n = leave_node(n, &i);
            continue;
        }
        unsigned found = (unsigned)bit_lowest(bits);
        if (found != slot)
            i = ((i >> n->shift) - slot + found) << n->shift;
        if (!n->shift) {
            *index = i;
            return n->slot[found];
        }
        n = n->slot[found];
    }
    return NULL;
}

void *radix_next(const struct radix *t, uint64_t *index) { return search(t, index, -1); }

void *radix_next_tagged(const struct radix *t, uint64_t *index, int tag) {
    return search(t, index, tag);
}

size_t radix_gang_lookup(const struct radix *t, uint64_t first, uint64_t last, void **items,
                         size_t max) {
    size_t n = 0;
    uint64_t i = first;

    while (n < max && i <= last && search(t, &i, -1) && i <= last) {
        const struct radix_node *leaf = find_leaf(t, i);
        uint64_t base = i & ~(uint64_t)SLOT_MASK, end = min(last, base | SLOT_MASK);
        for (; n < max && i <= end; i++) {
            void *item = leaf->slot[i & SLOT_MASK];
            if (item)
                items[n++] = item;
            if (i == UINT64_MAX)
                return n;
        }
    }
    return n;
}

uint64_t radix_next_free(const struct radix *t, uint64_t start, uint64_t last) {
    for (uint64_t i = start; i <= last;) {
        const struct radix_node *leaf = find_leaf(t, i);
        if (!leaf)
            return i;
        uint64_t clear = ~leaf->used & ~0UL << (i & SLOT_MASK);
        i &= ~(uint64_t)SLOT_MASK;
        if (clear)
            return min(i + (uint64_t)bit_lowest(clear), last + 1);
        i += RADIX_SLOTS;
    }
    return last + 1;
}

// Is n right, seen alone and with its children?
static bool node_ok(const struct radix_node *n) {
    if (n->parent && (!n->used || n->parent->slot[n->parent_slot] != n))
        return false;
    for (unsigned i = 0; i < RADIX_SLOTS; i++) {
        const struct radix_node *child = n->shift ? n->slot[i] : NULL;
        if ((n->slot[i] != NULL) != (n->used >> i & 1))
            return false;
        if (child && (child->parent != n || child->shift + RADIX_BITS != n->shift))
            return false;
        for (int k = 0; k < RADIX_TAGS; k++) {
            bool tagged = n->tag[k] >> i & 1;
            if (n->shift ? tagged != (child && child->tag[k]) : tagged && !n->slot[i])
                return false;
        }
    }
    return true;
}

// Visits every node once: descends into each child, and on the way back takes the next one.
int64_t radix_check(const struct radix *t) {
    const struct radix_node *n = t->root;
    int64_t entries = 0;
    uint64_t i = 0;

    if (n && (n->parent || (n->used <= 1 && (n->shift || !n->used))))
        return -1;
    while (n) {
        if (slot_of(n, i) == 0 && !node_ok(n))
            return -1;
        uint64_t bits = n->used & ~0UL << slot_of(n, i);
        if (!n->shift)
            entries += bit_count(n->used);
        if (n->shift && bits) {
            i = ((i >> n->shift) + (unsigned)bit_lowest(bits) - slot_of(n, i)) << n->shift;
            n = n->slot[bit_lowest(bits)];
        } else {
            n = leave_node(n, &i);
        }
    }
    return entries;
}
