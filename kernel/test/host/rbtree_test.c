// lib/rbtree.c: random operations against a sorted array; the augmented summary is a subtree's sum.
#include "host.h"

#include "lib/rbtree.c"

#define KEYS 300
#define OPS 20000

struct node {
    struct rb_node rb;
    uint32_t key;
    uint64_t weight, sum; // sum of the weights in the subtree
    bool in;
};

static struct node nodes[KEYS];
static int augments;

static struct node *node_of(const struct rb_node *n) {
    return n ? rb_entry(n, struct node, rb) : NULL;
}

static void summarise_sum(struct rb_node *n) {
    struct node *x = node_of(n);
    x->sum = x->weight;
    x->sum += n->left ? node_of(n->left)->sum : 0;
    x->sum += n->right ? node_of(n->right)->sum : 0;
    augments++;
}

static void insert(struct rb_root *root, struct node *x) {
    struct rb_node **link = &root->node, *parent = NULL;
    while (*link) {
        parent = *link;
        link = x->key < node_of(parent)->key ? &parent->left : &parent->right;
    }
    rb_insert(root, &x->rb, parent, link);
    x->in = true;
}

// The tree has exactly the nodes that are in, in order, both ways, with right sums everywhere.
static void compare(const struct rb_root *root, bool sums) {
    struct rb_node *n = rb_first(root), *last = NULL;
    int height = 0;

    CHECK(rb_check(root), "colours or links");
    for (int i = 0; i < KEYS; i++) {
        if (!nodes[i].in)
            continue;
        CHECK(node_of(n) == &nodes[i], "key %d is missing or out of order", i);
        CHECK(rb_prev(n) == last, "previous of %d", i);
        if (sums) {
            uint64_t sum = nodes[i].sum;
            summarise_sum(n);
            CHECK(sum == nodes[i].sum, "sum at %d", i);
        }
        int depth = 0;
        for (struct rb_node *up = n; up; up = rb_parent(up))
            depth++;
        height = max(height, depth);
        last = n;
        n = rb_next(n);
    }
    CHECK(!n && rb_last(root) == last, "end");
    CHECK(height <= 2 * 9, "height %d for %d nodes", height, KEYS); // 2 log2(301)
}

static void run(struct rb_root *root) {
    for (int i = 0; i < KEYS; i++)
        nodes[i] = (struct node){.key = (uint32_t)i, .weight = host_below(1000)};
    for (int op = 0; op < OPS; op++) {
        struct node *x = &nodes[host_below(op % 4000 < 2000 ? KEYS : 20)];
        if (!x->in) {
            insert(root, x);
        } else if (host_below(4)) {
            rb_remove(root, &x->rb);
            x->in = false;
        } else {
            x->weight = host_below(1000);
            rb_update(root, &x->rb);
        }
        if (op % 50 == 0 || op > OPS - 100)
            compare(root, root->augment != NULL);
    }
    for (int i = 0; i < KEYS; i++)
        if (nodes[i].in)
            rb_remove(root, &nodes[i].rb);
    CHECK(!root->node && !rb_first(root) && !rb_last(root), "not empty");
}

static void test_plain(void) { run(&(struct rb_root){.augment = NULL}); }
static void test_augmented(void) { run(&(struct rb_root){.augment = summarise_sum}); }

// rb_check() sees what it should see.
static void test_check(void) {
    struct rb_root root = {.augment = NULL};
    for (int i = 0; i < 15; i++) {
        nodes[i] = (struct node){.key = (uint32_t)i};
        insert(&root, &nodes[i]);
    }
    CHECK(rb_check(&root), "a good tree");
    for (int i = 0; i < 15; i++) {
        nodes[i].rb.parent_color ^= BLACK;
        CHECK(!rb_check(&root), "colour of %d", i);
        nodes[i].rb.parent_color ^= BLACK;
    }
    CHECK(rb_check(&root), "a good tree again");
}

static const struct host_case cases[] = {
    {"random operations", test_plain},
    {"random operations, augmented", test_augmented},
    {"the checker", test_check},
};

HOST_MAIN("rbtree_test", cases)
