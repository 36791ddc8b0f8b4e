// Red-black trees (Cormen, Leiserson, Rivest, Stein, chapter 13), without a sentinel: an absent
// child is NULL and counts as black.
//
// 1. The root is black, and a red node has no red child.
// 2. Every path from a node down to an absent child has the same number of black nodes.
//    So no path is more than twice as long as another: height <= 2 log2(n + 1).
// 3. After each call, every node's summary is what root->augment computes from its children.
//
// Deletion of a node with two children puts its successor in its place (relinks, never copies: the
// nodes are embedded in objects that others point to).
//
// Rotation keeps order; the two nodes whose children change are summarised again, lower one first:
//
//         x                y
//        / \              / \           left_rotate(x): right child y rises
//       a   y     ->     x   c
//          / \          / \.
//         b   c        a   b

#include "lib/rbtree.h"

#define BLACK 1UL

static inline bool is_black(const struct rb_node *n) { return !n || n->parent_color & BLACK; }
static inline void set_black(struct rb_node *n) { n->parent_color |= BLACK; }
static inline void set_red(struct rb_node *n) { n->parent_color &= ~BLACK; }
static inline void set_parent(struct rb_node *n, struct rb_node *p) {
    n->parent_color = (uintptr_t)p | (n->parent_color & BLACK);
}
static inline void copy_color(struct rb_node *n, const struct rb_node *from) {
    n->parent_color = (n->parent_color & ~BLACK) | (from->parent_color & BLACK);
}

static inline void summarise(struct rb_root *root, struct rb_node *n) {
    if (root->augment)
        root->augment(n);
}

void rb_update(struct rb_root *root, struct rb_node *n) {
    if (root->augment)
        for (; n; n = rb_parent(n))
            root->augment(n);
}

// Makes parent (or the root) point to new where it pointed to old.
static inline void replace_child(struct rb_root *root, struct rb_node *parent, struct rb_node *old,
                                 struct rb_node *new) {
    if (!parent)
        root->node = new;
    else if (parent->left == old)
        parent->left = new;
    else
        parent->right = new;
}

static void rotate_left(struct rb_root *root, struct rb_node *x) {
    struct rb_node *y = x->right, *parent = rb_parent(x);

    x->right = y->left;
    if (y->left)
        set_parent(y->left, x);
    y->left = x;
    set_parent(x, y);
    set_parent(y, parent);
    replace_child(root, parent, x, y);
    summarise(root, x);
    summarise(root, y);
}

static void rotate_right(struct rb_root *root, struct rb_node *x) {
    struct rb_node *y = x->left, *parent = rb_parent(x);

    x->left = y->right;
    if (y->right)
        set_parent(y->right, x);
    y->right = x;
    set_parent(x, y);
    set_parent(y, parent);
    replace_child(root, parent, x, y);
    summarise(root, x);
    summarise(root, y);
}

// n is red with a red parent on the left side of the grandparent. Returns the next node to look at,
// or NULL when the tree is right again.
static struct rb_node *fix_red_left(struct rb_root *root, struct rb_node *n, struct rb_node *parent,
                                    struct rb_node *grand) {
    struct rb_node *uncle = grand->right;

    if (!is_black(uncle)) {
        set_black(parent);
        set_black(uncle);
        set_red(grand);
        return grand;
    }
    if (n == parent->right) {
        rotate_left(root, parent);
        parent = n;
    }
    set_black(parent);
    set_red(grand);
    rotate_right(root, grand);
    return NULL;
}

static struct rb_node *fix_red_right(struct rb_root *root, struct rb_node *n,
                                     struct rb_node *parent, struct rb_node *grand) {
    struct rb_node *uncle = grand->left;

    if (!is_black(uncle)) {
        set_black(parent);
        set_black(uncle);
        set_red(grand);
        return grand;
    }
    if (n == parent->left) {
        rotate_right(root, parent);
        parent = n;
    }
    set_black(parent);
    set_red(grand);
    rotate_left(root, grand);
    return NULL;
}

void rb_insert(struct rb_root *root, struct rb_node *n, struct rb_node *parent,
               struct rb_node **link) {
    n->parent_color = (uintptr_t)parent; // red
    n->left = n->right = NULL;
    *link = n;
    rb_update(root, n);

    while (n && (parent = rb_parent(n)) && !is_black(parent)) {
        struct rb_node *grand = rb_parent(parent); // exists: the root is black
        if (parent == grand->left)
            n = fix_red_left(root, n, parent, grand);
        else
            n = fix_red_right(root, n, parent, grand);
    }
    set_black(root->node);
}

// The subtree at parent->left is one black short. Returns true when the whole tree is right again,
// false when the subtree at parent is now one short.
static bool fix_short_left(struct rb_root *root, struct rb_node *parent) {
    struct rb_node *sibling = parent->right; // exists: its side has a black more

    if (!is_black(sibling)) {
        set_black(sibling);
        set_red(parent);
        rotate_left(root, parent);
        sibling = parent->right;
    }
    if (is_black(sibling->left) && is_black(sibling->right)) {
        set_red(sibling);
        bool was_red = !is_black(parent);
        set_black(parent);
        return was_red;
    }
    if (is_black(sibling->right)) {
        set_black(sibling->left);
        set_red(sibling);
        rotate_right(root, sibling);
        sibling = parent->right;
    }
    copy_color(sibling, parent);
    set_black(parent);
    set_black(sibling->right);
    rotate_left(root, parent);
    return true;
}

static bool fix_short_right(struct rb_root *root, struct rb_node *parent) {
    struct rb_node *sibling = parent->left;

    if (!is_black(sibling)) {
        set_black(sibling);
        set_red(parent);
        rotate_right(root, parent);
        sibling = parent->left;
    }
    if (is_black(sibling->left) && is_black(sibling->right)) {
        set_red(sibling);
        bool was_red = !is_black(parent);
        set_black(parent);
        return was_red;
    }
    if (is_black(sibling->left)) {
        set_black(sibling->right);
        set_red(sibling);
        rotate_left(root, sibling);
        sibling = parent->left;
    }
    copy_color(sibling, parent);
    set_black(parent);
    set_black(sibling->left);
    rotate_right(root, parent);
    return true;
}

// Puts the successor of n (which has two children) in n's place. Returns the parent of the hole
// that the successor left; *child is what fills the hole.
static struct rb_node *lift_successor(struct rb_root *root, struct rb_node *n,
                                      struct rb_node **child, bool *lost_black) {
    struct rb_node *next = n->right;
    while (next->left)
        next = next->left;
    struct rb_node *hole = rb_parent(next);

    *child = next->right;
    *lost_black = is_black(next);
    if (hole == n) {
        hole = next;
    } else {
        hole->left = *child;
        if (*child)
            set_parent(*child, hole);
        next->right = n->right;
        set_parent(n->right, next);
    }
    next->left = n->left;
    set_parent(n->left, next);
    next->parent_color = n->parent_color;
    replace_child(root, rb_parent(n), n, next);
    return hole;
}

void rb_remove(struct rb_root *root, struct rb_node *n) {
    struct rb_node *parent, *child;
    bool lost_black;

    if (n->left && n->right) {
        parent = lift_successor(root, n, &child, &lost_black);
    } else {
        child = n->left ? n->left : n->right;
        parent = rb_parent(n);
        lost_black = is_black(n);
        if (child)
            set_parent(child, parent);
        replace_child(root, parent, n, child);
    }
    rb_update(root, parent);

    // child's side is one black short, unless a red child can take the colour.
    while (lost_black && parent && is_black(child)) {
        if (child == parent->left ? fix_short_left(root, parent) : fix_short_right(root, parent))
            return;
        child = parent;
        parent = rb_parent(child);
    }
    if (lost_black && child)
        set_black(child);
}

struct rb_node *rb_first(const struct rb_root *root) {
    struct rb_node *n = root->node;
    while (n && n->left)
        n = n->left;
    return n;
}

struct rb_node *rb_last(const struct rb_root *root) {
    struct rb_node *n = root->node;
    while (n && n->right)
        n = n->right;
    return n;
}

struct rb_node *rb_next(const struct rb_node *n) {
    if (n->right) {
        n = n->right;
        while (n->left)
            n = n->left;
        return (struct rb_node *)n;
    }
    struct rb_node *parent;
    while ((parent = rb_parent(n)) && n == parent->right)
        n = parent;
    return parent;
}

struct rb_node *rb_prev(const struct rb_node *n) {
    if (n->left) {
        n = n->left;
        while (n->right)
            n = n->right;
        return (struct rb_node *)n;
    }
    struct rb_node *parent;
    while ((parent = rb_parent(n)) && n == parent->left)
        n = parent;
    return parent;
}

// Black nodes from n (exclusive) up to the root.
static int blacks_above(const struct rb_node *n) {
    int blacks = 0;
    while ((n = rb_parent(n)))
        blacks += is_black(n);
    return blacks;
}

bool rb_check(const struct rb_root *root) {
    int height = -1; // black nodes on every path to an absent child

    if (root->node && (rb_parent(root->node) || !is_black(root->node)))
        return false;
    for (struct rb_node *n = rb_first(root); n; n = rb_next(n)) {
        if ((n->left && rb_parent(n->left) != n) || (n->right && rb_parent(n->right) != n))
            return false;
        if (!is_black(n) && (!is_black(n->left) || !is_black(n->right)))
            return false;
        if (n->left && n->right)
            continue;
        int blacks = blacks_above(n) + is_black(n); // one child is absent: a path ends here
        if (height >= 0 && blacks != height)
            return false;
        height = blacks;
    }
    return true;
}
