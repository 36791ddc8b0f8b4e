// Arrays of bits in 64-bit words. Sizes and positions are in bits.
#pragma once

#include "lib/compiler.h"

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)

static inline bool bit_test(const uint64_t *map, size_t bit) { return map[bit / 64] >> (bit % 64) & 1; }
static inline void bit_set(uint64_t *map, size_t bit) { map[bit / 64] |= 1UL << (bit % 64); }
static inline void bit_clear(uint64_t *map, size_t bit) { map[bit / 64] &= ~(1UL << (bit % 64)); }

// First clear (set) bit at or after start, or `bits` when there is none.
size_t bitmap_find_clear(const uint64_t *map, size_t bits, size_t start);
size_t bitmap_find_set(const uint64_t *map, size_t bits, size_t start);
// First run of n clear bits at or after start, or `bits`.
size_t bitmap_find_clear_run(const uint64_t *map, size_t bits, size_t start, size_t n);
size_t bitmap_weight(const uint64_t *map, size_t bits);
