// What GCC calls for __builtin_bswap, ctz, clz and popcount on a machine without Zbb. libgcc has
// them too, but not every cross compiler ships it for our ABI. Names and types are GCC's (libgcc,
// "Integer library routines").
//
// Lowest and highest bit: a de Bruijn sequence of 64 bits has a different 6-bit window at each
// shift, so multiplying it by a power of two puts that power's number in the top 6 bits.
#include "lib/compiler.h"

int __ctzdi2(uint64_t x);
int __clzdi2(uint64_t x);
int __popcountdi2(uint64_t x);
uint32_t __bswapsi2(uint32_t x);
uint64_t __bswapdi2(uint64_t x);

#define DE_BRUIJN 0x03f79d71b4cb0a89UL

static const uint8_t bit_number[64] = {
    0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,  62, 55, 59, 36, 53, 51,
    43, 22, 45, 39, 33, 30, 24, 18, 12, 5,  63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
    44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6};

int __ctzdi2(uint64_t x) { return bit_number[((x & -x) * DE_BRUIJN) >> 58]; }

int __clzdi2(uint64_t x) {
    x |= x >> 1;
    x |= x >> 2;
    x |= x >> 4;
    x |= x >> 8;
    x |= x >> 16;
    x |= x >> 32;
    return 63 - bit_number[((x - (x >> 1)) * DE_BRUIJN) >> 58];
}

int __popcountdi2(uint64_t x) {
    x -= x >> 1 & 0x5555555555555555;
    x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return (int)(x * 0x0101010101010101 >> 56);
}

uint32_t __bswapsi2(uint32_t x) {
    return x >> 24 | (x >> 8 & 0xff00) | (x << 8 & 0xff0000) | x << 24;
}

uint64_t __bswapdi2(uint64_t x) {
    return (uint64_t)__bswapsi2((uint32_t)x) << 32 | __bswapsi2((uint32_t)(x >> 32));
}
