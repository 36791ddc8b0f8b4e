// Hashing for tables of names: FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv). One xor and
// one multiplication a byte; good enough for names that nobody chooses to collide. Tables take
// their index from the high bits, which depend on every byte.

#include "lib/string.h"

#define FNV_BASIS 0xcbf29ce484222325UL
#define FNV_PRIME 0x100000001b3UL

uint64_t hash_bytes(const void *p, size_t n) {
    uint64_t h = FNV_BASIS;
    for (const uint8_t *b = p, *end = b + n; b != end; b++)
        h = (h ^ *b) * FNV_PRIME;
    return h;
}
