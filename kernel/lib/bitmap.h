// Arrays of bits in 64-bit words. Sizes and positions are in bits.
#pragma once

#include "lib/compiler.h"

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)

static inline bool bit_test(const uint64_t *map, size_t bit) {
    return map[bit / 64] >> (bit % 64) & 1;
}
static inline void bit_set(uint64_t *map, size_t bit) { map[bit / 64] |= 1UL << (bit % 64); }
static inline void bit_clear(uint64_t *map, size_t bit) { map[bit / 64] &= ~(1UL << (bit % 64)); }

// Number of the lowest set bit of a word that is not 0. About six instructions (the base ISA has
// none for it, and the compiler's builtin would be a call into its run-time library).
extern const uint8_t bit_debruijn[64];
static inline int bit_lowest(uint64_t word) {
    return bit_debruijn[(word & -word) * 0x0218a392cd3d5dbfUL >> 58];
}
// Number of the highest set bit of a word that is not 0: floor(log2(word)).
int bit_highest(uint64_t word);
int bit_count(uint64_t word);

// First clear (set) bit at or after start, or `bits` when there is none.
size_t bitmap_find_clear(const uint64_t *map, size_t bits, size_t start);
size_t bitmap_find_set(const uint64_t *map, size_t bits, size_t start);
// First run of n clear bits at or after start, or `bits`.
size_t bitmap_find_clear_run(const uint64_t *map, size_t bits, size_t start, size_t n);
size_t bitmap_weight(const uint64_t *map, size_t bits);
