// lib/radix.c against a plain array of entries, at small, scattered and extreme indices, with an
// allocator that fails at random.
#include "host.h"

#include "lib/bitmap.c"
#include "lib/radix.c"

#define ENTRIES 400

static struct entry {
    uint64_t index;
    bool in, tagged[RADIX_TAGS];
} model[ENTRIES]; // by index, ascending, all different

static int live_nodes, fail_one_in;

static struct radix_node *test_alloc(void) {
    if (fail_one_in && host_below((uint64_t)fail_one_in) == 0)
        return NULL;
    live_nodes++;
    return calloc(1, sizeof(struct radix_node));
}

static void test_free(struct radix_node *n) {
    live_nodes--;
    free(n);
}

static const struct radix_ops ops = {.alloc = test_alloc, .free = test_free};

static int by_index(const void *a, const void *b) {
    uint64_t x = ((const struct entry *)a)->index, y = ((const struct entry *)b)->index;
    return x < y ? -1 : x > y;
}

// Random indices below 2^bits, plus the ends of that range.
static void make_model(int bits) {
    uint64_t mask = bits == 64 ? ~0UL : (1UL << bits) - 1;
    for (int i = 0; i < ENTRIES; i++)
        model[i] = (struct entry){.index = host_random() & mask};
    model[0].index = 0;
    model[1].index = mask;
    qsort(model, ENTRIES, sizeof(model[0]), by_index);
    for (int i = 1; i < ENTRIES; i++) // equal ones move up; 400 of at least 2^10
        if (model[i].index <= model[i - 1].index)
            model[i].index = model[i - 1].index + 1;
    if (model[ENTRIES - 1].index < model[ENTRIES - 2].index || model[ENTRIES - 1].index > mask)
        make_model(bits);
}

static struct entry *model_next(uint64_t from, int tag) {
    for (int i = 0; i < ENTRIES; i++)
        if (model[i].index >= from && model[i].in && (tag < 0 || model[i].tagged[tag]))
            return &model[i];
    return NULL;
}

static void one_search(const struct radix *t) {
    uint64_t from = model[host_below(ENTRIES)].index + host_below(3) - 1;
    int tag = (int)host_below(RADIX_TAGS + 1) - 1;
    uint64_t index = from;
    struct entry *want = model_next(from, tag);
    void *got = tag < 0 ? radix_next(t, &index) : radix_next_tagged(t, &index, tag);

    CHECK(got == want, "next of %#lx, tag %d: %p", from, tag, got);
    CHECK(!want || index == want->index, "index %#lx", index);
}

static void one_gang(const struct radix *t) {
    uint64_t a = model[host_below(ENTRIES)].index, b = model[host_below(ENTRIES)].index;
    uint64_t first = min(a, b), last = max(a, b);
    void *items[ENTRIES];
    size_t most = host_below(ENTRIES) + 1, n = radix_gang_lookup(t, first, last, items, most),
           i = 0;

    for (struct entry *e = model; e < model + ENTRIES && i < most; e++)
        if (e->in && e->index >= first && e->index <= last) {
            CHECK(i < n && items[i] == e, "gang [%#lx, %#lx] item %zu", first, last, i);
            i++;
        }
    CHECK(i == n, "gang: %zu instead of %zu", n, i);
}

static void one_free_search(const struct radix *t) {
    uint64_t start = model[host_below(ENTRIES)].index, last = start + host_below(100);
    if (last < start || last == UINT64_MAX)
        return;
    uint64_t want = start;
    while (want <= last && radix_lookup(t, want))
        want++;
    uint64_t got = radix_next_free(t, start, last);
    CHECK(got == want, "free in [%#lx, %#lx]: %#lx, not %#lx", start, last, got, want);
}

static void one_change(struct radix *t, struct entry *e) {
    int tag = (int)host_below(RADIX_TAGS);

    if (!e->in) {
        int err = radix_insert(t, e->index, e);
        CHECK(err == 0 || (err == -ENOMEM && fail_one_in), "insert %#lx: %d", e->index, err);
        e->in = err == 0;
        return;
    }
    switch (host_below(6)) {
    case 0:
        CHECK(radix_insert(t, e->index, e) == -EEXIST, "second insert of %#lx", e->index);
        break;
    case 1:
        CHECK(radix_replace(t, e->index, e) == e, "replace %#lx", e->index);
        break;
    case 2:
        radix_set_tag(t, e->index, tag);
        e->tagged[tag] = true;
        break;
    case 3:
        radix_clear_tag(t, e->index, tag);
        e->tagged[tag] = false;
        break;
    default:
        CHECK(radix_remove(t, e->index) == e, "remove %#lx", e->index);
        CHECK(!radix_remove(t, e->index), "second remove of %#lx", e->index);
        *e = (struct entry){.index = e->index};
    }
}

static void compare(const struct radix *t) {
    int64_t n = 0;
    for (struct entry *e = model; e < model + ENTRIES; e++) {
        n += e->in;
        CHECK(radix_lookup(t, e->index) == (e->in ? e : NULL), "lookup %#lx", e->index);
        for (int k = 0; k < RADIX_TAGS; k++)
            CHECK(radix_get_tag(t, e->index, k) == e->tagged[k], "tag %d of %#lx", k, e->index);
    }
    int64_t counted = radix_check(t);
    CHECK(counted == n, "check finds %ld of %ld entries", counted, n);
}

static void run(int bits, int failures) {
    struct radix t;

    radix_init(&t, &ops);
    make_model(bits);
    live_nodes = 0;
    fail_one_in = failures;
    for (int op = 0; op < 6000; op++) {
        one_change(&t, &model[host_below(ENTRIES)]);
        if (op % 4 == 0)
            one_search(&t);
        if (op % 32 == 0)
            one_gang(&t);
        if (op % 8 == 0)
            one_free_search(&t);
        if (op % 64 == 0)
            compare(&t);
    }
    for (struct entry *e = model; e < model + ENTRIES; e++)
        if (e->in)
            radix_remove(&t, e->index);
    CHECK(!t.root && live_nodes == 0, "%d nodes are left", live_nodes);
}

static void test_dense(void) { run(10, 0); }
static void test_middle(void) { run(24, 0); }
static void test_wide(void) { run(64, 0); }
static void test_failures(void) {
    run(12, 5);
    run(64, 3);
}

// A tree of consecutive indices has no more nodes than it needs.
static void test_size(void) {
    struct radix t;
    static char item;

    radix_init(&t, &ops);
    live_nodes = fail_one_in = 0;
    for (uint64_t i = 0; i < 64; i++)
        CHECK(radix_insert(&t, i, &item) == 0, "insert");
    CHECK(live_nodes == 1, "%d nodes for 64 entries", live_nodes);
    for (uint64_t i = 64; i < 4096; i++)
        CHECK(radix_insert(&t, i, &item) == 0, "insert");
    CHECK(live_nodes == 65, "%d nodes for 4096 entries", live_nodes);
    for (uint64_t i = 64; i < 4096; i++)
        radix_remove(&t, i);
    CHECK(live_nodes == 1, "%d nodes after shrinking", live_nodes);
    for (uint64_t i = 0; i < 64; i++)
        radix_remove(&t, i);
    CHECK(live_nodes == 0, "%d nodes at the end", live_nodes);
}

static const struct host_case cases[] = {
    {"dense indices", test_dense},    {"24-bit indices", test_middle},
    {"64-bit indices", test_wide},    {"allocation failures", test_failures},
    {"number of nodes", test_size},
};

HOST_MAIN("radix_test", cases)
