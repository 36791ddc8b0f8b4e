// vm/swapslots.c: drawn cases, and random operations of several CPUs against a plain array.
#include "host.h"

#include "lib/bitmap.c"
#include "vm/swapslots.c"

#define SLOTS_MAX 5000

static struct slots s;
static uint64_t *words; // from malloc: ASan sees an access past the end
static bool taken[SLOTS_MAX];

static void start(uint64_t count) {
    words = calloc(BITMAP_WORDS(count), sizeof(*words));
    memset(taken, 0, sizeof(taken));
    slots_init(&s, words, count);
    slots_check(&s);
}

static void finish(void) {
    slots_check(&s);
    free(words);
}

static uint64_t alloc(uint32_t cpu, bool *fresh) {
    uint64_t slot = slots_alloc(&s, cpu, fresh);
    if (slot == SLOT_NONE)
        return slot;
    CHECK(slot < s.count && !taken[slot], "slot %lu of %lu is taken", slot, s.count);
    taken[slot] = true;
    return slot;
}

static void release(uint64_t slot) {
    taken[slot] = false;
    slots_free(&s, slot);
}

// A CPU gets one slot behind another, and begins a cluster where it says so.
static void test_clusters(void) {
    bool fresh;
    start(1000);
    for (uint64_t i = 0; i < 3 * SLOT_CLUSTER; i++) {
        CHECK(alloc(0, &fresh) == i, "slot %lu", i);
        CHECK(fresh == (i % SLOT_CLUSTER == 0), "slot %lu is fresh: %d", i, fresh);
    }
    finish();
}

// Two CPUs do not share a cluster while there is an empty one.
static void test_cpus(void) {
    bool fresh;
    start(4 * SLOT_CLUSTER);
    for (uint64_t i = 0; i < 2 * SLOT_CLUSTER; i++) {
        uint64_t a = alloc(0, &fresh), b = alloc(1, &fresh);
        CHECK(a / SLOT_CLUSTER != b / SLOT_CLUSTER, "%lu and %lu", a, b);
    }
    CHECK(alloc(2, &fresh) == SLOT_NONE && s.free == 0, "%lu free", s.free);
    release(77);
    CHECK(alloc(2, &fresh) == 77 && fresh, "not the only free one");
    finish();
}

// Without empty clusters the holes are used, all of them.
static void test_holes(void) {
    uint64_t count = 10 * SLOT_CLUSTER + 5, n = 0;
    bool fresh;
    start(count);
    for (uint64_t slot = 0; slot < count; slot += 3)
        CHECK(slots_reserve(&s, slot) && !slots_reserve(&s, slot), "slot %lu", slot);
    while (alloc((uint32_t)(n % CPU_MAX), &fresh) != SLOT_NONE)
        n++;
    CHECK(n == count - (count + 2) / 3, "%lu slots", n);
    finish();
}

// Sizes around whole clusters: the bits past the end are never given out.
static void test_sizes(void) {
    static const uint64_t sizes[] = {1, 2, 63, 64, 65, 127, 128, 129, 4095, 4096};
    bool fresh;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        uint64_t n = 0;
        start(sizes[i]);
        while (alloc(3, &fresh) != SLOT_NONE)
            n++;
        CHECK(n == sizes[i], "%lu of %lu", n, sizes[i]);
        for (uint64_t slot = 0; slot < sizes[i]; slot++)
            release(slot);
        CHECK(s.free == sizes[i] && s.empty == sizes[i] / SLOT_CLUSTER, "%lu free, %lu empty",
              s.free, s.empty);
        finish();
    }
}

static void test_random(void) {
    for (int run = 0; run < 20; run++) {
        uint64_t count = 1 + host_below(SLOTS_MAX), used = 0;
        uint64_t bias = host_below(100); // how full it tends to be
        bool fresh;
        start(count);
        for (int op = 0; op < 20000; op++) {
            if (host_below(100) < bias) {
                uint64_t slot = alloc((uint32_t)host_below(4), &fresh);
                CHECK((slot == SLOT_NONE) == (used == count), "%lu of %lu used", used, count);
                used += slot != SLOT_NONE;
            } else {
                uint64_t slot = host_below(count);
                used -= taken[slot];
                if (taken[slot])
                    release(slot);
            }
            CHECK(s.free == count - used, "%lu free, %lu of %lu used", s.free, used, count);
            if (op % 1000 == 0)
                slots_check(&s);
        }
        finish();
    }
}

static void test_misuse(void) {
    bool fresh;
    start(100);
    uint64_t slot = slots_alloc(&s, 0, &fresh);
    EXPECT_DEATH(slots_free(&s, slot + 1), "slot 1 of 100 is free");
    EXPECT_DEATH(slots_free(&s, 100), "slot 100 of 100 is free");
    EXPECT_DEATH(slots_reserve(&s, 100), "slot 100 of 100");
    finish();
}

static const struct host_case cases[] = {
    {"clusters", test_clusters}, {"CPUs", test_cpus},     {"holes", test_holes},
    {"sizes", test_sizes},       {"random", test_random}, {"misuse", test_misuse},
};

HOST_MAIN("swapslots_test", cases)
