// Bit searches, a word at a time: a search costs a few instructions per 64 bits, and the odd bits
// of the first and last words are masked rather than looped over.

#include "lib/bitmap.h"

// bit_lowest(): an isolated bit times a de Bruijn sequence has a different value in its top six
// bits for each position (Leiserson, Prokop, Randall 1998). This table maps that value back.
const uint8_t bit_debruijn[64] = {
    0, 1, 2, 7, 3, 13, 8, 19, 4, 25, 14, 28, 9, 34, 20, 40,
    5, 17, 26, 38, 15, 46, 29, 48, 10, 31, 35, 54, 21, 50, 41, 57,
    63, 6, 12, 18, 24, 27, 33, 39, 16, 37, 45, 47, 30, 53, 49, 56,
    62, 11, 23, 32, 36, 44, 52, 55, 61, 22, 43, 51, 60, 42, 59, 58,
};

int bit_highest(uint64_t word) {
    int n = 0;
    for (int half = 32; half; half /= 2)
        if (word >> half) {
            word >>= half;
            n += half;
        }
    return n;
}

int bit_count(uint64_t w) {
    w -= w >> 1 & 0x5555555555555555UL; // sums of 2 bits, then 4, then 8
    w = (w & 0x3333333333333333UL) + (w >> 2 & 0x3333333333333333UL);
    w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0fUL;
    return (int)(w * 0x0101010101010101UL >> 56);
}

// The first bit at or after start of map ^ flip that is set, or bits. flip: 0 or all ones.
static size_t find_bit(const uint64_t *map, size_t bits, size_t start, uint64_t flip) {
    if (start >= bits)
        return bits;
    size_t i = start / 64;
    uint64_t word = (map[i] ^ flip) & ~0UL << start % 64;

    while (!word) {
        if (++i == BITMAP_WORDS(bits))
            return bits;
        word = map[i] ^ flip;
    }
    return min(i * 64 + (size_t)bit_lowest(word), bits);
}

size_t bitmap_find_set(const uint64_t *map, size_t bits, size_t start) {
    return find_bit(map, bits, start, 0);
}

size_t bitmap_find_clear(const uint64_t *map, size_t bits, size_t start) {
    return find_bit(map, bits, start, ~0UL);
}

size_t bitmap_find_clear_run(const uint64_t *map, size_t bits, size_t start, size_t n) {
    for (;;) {
        size_t from = bitmap_find_clear(map, bits, start);
        if (n > bits - from)
            return bits;
        size_t to = bitmap_find_set(map, from + n, from); // only as far as needed
        if (to == from + n)
            return from;
        start = to;
    }
}

size_t bitmap_weight(const uint64_t *map, size_t bits) {
    size_t n = 0;
    for (size_t i = 0; i < bits / 64; i++)
        n += (size_t)bit_count(map[i]);
    if (bits % 64)
        n += (size_t)bit_count(map[bits / 64] & ((1UL << bits % 64) - 1));
    return n;
}
