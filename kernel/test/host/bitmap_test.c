// lib/bitmap.c against loops over single bits.
#include "host.h"

#include "lib/bitmap.c"

#define BITS_MAX 300

static uint64_t map[BITMAP_WORDS(BITS_MAX)];
static bool model[BITS_MAX];

static size_t model_find(size_t bits, size_t start, size_t n, bool value) {
    for (size_t i = start; i < bits; i++) {
        size_t run = 0;
        while (i + run < bits && run < n && model[i + run] == value)
            run++;
        if (run == n)
            return i;
    }
    return bits;
}

static void compare(size_t bits) {
    size_t start = host_below(bits + 5), n = host_below(20) + 1, weight = 0;

    CHECK(bitmap_find_set(map, bits, start) == model_find(bits, start, 1, true), "set, %zu of %zu",
          start, bits);
    CHECK(bitmap_find_clear(map, bits, start) == model_find(bits, start, 1, false),
          "clear, %zu of %zu", start, bits);
    CHECK(bitmap_find_clear_run(map, bits, start, n) == model_find(bits, start, n, false),
          "run of %zu, %zu of %zu", n, start, bits);
    for (size_t i = 0; i < bits; i++)
        weight += model[i];
    CHECK(bitmap_weight(map, bits) == weight, "weight of %zu bits", bits);
}

static void test_random(void) {
    for (int round = 0; round < 300; round++) {
        size_t bits = host_below(BITS_MAX) + 1;
        uint64_t density = host_below(100);
        for (size_t i = 0; i < BITS_MAX; i++) { // bits beyond `bits` are rubbish on purpose
            model[i] = host_below(100) < density;
            (model[i] ? bit_set : bit_clear)(map, i);
            CHECK(bit_test(map, i) == model[i], "bit %zu", i);
        }
        for (int i = 0; i < 20; i++)
            compare(bits);
    }
}

static void test_words(void) {
    for (int i = 0; i < 64; i++) {
        uint64_t high = i == 63 ? 0 : host_random() << (i + 1),
                 low = host_random() & ((1UL << i) - 1);
        CHECK(bit_lowest(high | 1UL << i) == i, "lowest %d", i);
        CHECK(bit_highest(low | 1UL << i) == i, "highest %d", i);
        CHECK(bit_count(high | 1UL << i) == __builtin_popcountl(high | 1UL << i), "count %d", i);
    }
}

static const struct host_case cases[] = {
    {"searches", test_random},
    {"words", test_words},
};

HOST_MAIN("bitmap_test", cases)
