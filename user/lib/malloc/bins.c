/*
 * malloc: free chunks by size.
 *
 *   bins 2 .. 63     sizes below 1,024, one for each multiple of 16
 *   bins 64 .. 127   a quarter of a power of two each; the last holds all above
 *
 * A bit per bin says that it is not empty, so the smallest chunk that fits is found without looking
 * at empty bins.  Within one of the upper bins it is the first that fits.
 */
#include "malloc/chunk.h"

#define SMALL_LIMIT 1024UL

static struct chunk *bins[128];
static uint64_t filled[2];

/* The place of the lowest bit set: a multiplication moves a pattern that is different for each. */
static unsigned lowest_bit(uint64_t word)
{
    static const unsigned char place[64] = {
        0,  1,  2,  53, 3,  7,  54, 27, 4,  38, 41, 8,  34, 55, 48, 28, 62, 5,  39, 46, 44, 42,
        22, 9,  24, 35, 59, 56, 49, 18, 29, 11, 63, 52, 6,  26, 37, 40, 33, 47, 61, 45, 43, 21,
        23, 58, 17, 10, 51, 25, 36, 32, 60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12};

    return place[(word & -word) * 0x022fdd63cc95386dUL >> 58];
}

static unsigned large_bin(size_t size)
{
    unsigned shift = 10;

    while (shift < 25 && size >> (shift + 1))
        shift++;
    if (size >> 26)
        return 127;
    return 64 + (shift - 10) * 4 + (size >> (shift - 2) & 3);
}

static inline unsigned bin_of(size_t size)
{
    return size < SMALL_LIMIT ? size >> 4 : large_bin(size);
}

/* What was written into a free chunk shows in its links. */
static inline int is_intact(const struct chunk *c, unsigned bin)
{
    const struct chunk *next = c->next, *prev = c->prev;

    return chunk_is_sealed(c) && (!next || (chunk_in_heap(next) && next->prev == c)) &&
           (prev ? chunk_in_heap(prev) && prev->next == c : bins[bin] == c);
}

/* Takes the chunk out of the bin that it is in. */
static inline void unlink_chunk(struct chunk *c, unsigned bin)
{
    struct chunk *next = c->next, *prev = c->prev;

    if (!is_intact(c, bin))
        __malloc_error("malloc()", c, "was written after it was freed");
    if (next)
        next->prev = prev;
    if (prev)
        prev->next = next;
    else if (!(bins[bin] = next))
        filled[bin >> 6] &= ~(1UL << (bin & 63));
}

void __bins_remove(struct chunk *c)
{
    unlink_chunk(c, bin_of(chunk_size(c)));
}

/* Marks [c, c + size) free; the chunk before it is in use. */
void __bins_insert(struct chunk *c, size_t size)
{
    unsigned bin = bin_of(size);
    struct chunk *after = chunk_at(c, size), *first = bins[bin];

    chunk_set(c, size, PREV_USED);
    c->prev = NULL;
    c->next = first;
    if (first)
        first->prev = c;
    else
        filled[bin >> 6] |= 1UL << (bin & 63);
    bins[bin] = c;
    after->prev_size = size;
    after->head &= ~PREV_USED;
}

static struct chunk *take_first(unsigned bin)
{
    struct chunk *c = bins[bin];

    unlink_chunk(c, bin);
    return c;
}

static struct chunk *take_large(size_t size)
{
    unsigned bin = large_bin(size);

    for (struct chunk *c = bins[bin]; c; c = c->next) {
        if (chunk_size(c) >= size || !is_intact(c, bin)) {
            unlink_chunk(c, bin);
            return c;
        }
    }
    uint64_t above = bin < 127 ? filled[1] & ~0UL << (bin + 1 - 64) : 0;
    return above ? take_first(64 + lowest_bit(above)) : NULL;
}

struct chunk *__bins_take(size_t size)
{
    if (size >= SMALL_LIMIT)
        return filled[1] ? take_large(size) : NULL;
    uint64_t here = filled[0] >> (size >> 4) << (size >> 4);
    if (here)
        return take_first(lowest_bit(here));
    return filled[1] ? take_first(64 + lowest_bit(filled[1])) : NULL;
}

size_t __bins_total(size_t *count)
{
    size_t bytes = 0;

    *count = 0;
    for (int bin = 0; bin < 128; bin++) {
        for (struct chunk *c = bins[bin]; c; c = c->next) {
            bytes += chunk_size(c);
            (*count)++;
        }
    }
    return bytes;
}
