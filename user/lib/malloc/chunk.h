/*
 * malloc's chunks, and what its files share.
 *
 * The heap is a row of chunks without gaps:
 *
 *      chunk                     next chunk
 *      | prev_size | head        | payload ...              | prev_size | head | ...
 *                   seal size flags
 *
 * prev_size belongs to the previous chunk's payload while that one is in use; it is valid only when
 * the previous chunk is free (PREV_USED clear).  A head holds the size, four flags, and a seal made
 * of the size and the chunk's own address: what writes past the end of a block breaks the seal of
 * the next head.
 *
 * Invariants
 *   1. no two neighbouring chunks are free, and no free chunk precedes top: free() merges at once
 *   2. sizes are multiples of 16 and at least MIN_CHUNK; payloads are aligned to 16
 *   3. a free chunk has PREV_USED set, and its size stands again in its successor's prev_size
 *   4. top has at least MIN_CHUNK bytes, so there is always a chunk to carry the last prev_size
 *   5. USED is cleared in the head of a freed block even when it is merged with its neighbour
 *   6. a CACHED chunk is in use for its neighbours, and free for its former owner
 */
#ifndef XV_MALLOC_CHUNK_H
#define XV_MALLOC_CHUNK_H

#include <stddef.h>
#include <stdint.h>

#define PAGE        4096UL
#define ALIGN       16UL
#define MIN_CHUNK   32UL
#define MAX_REQUEST (1UL << 46)

/* flags in the low bits of a head */
#define USED      1UL
#define PREV_USED 2UL
#define MAPPED    4UL /* a mapping of its own; prev_size is the distance from the mapping's start */
#define CACHED    8UL /* freed, but USED for its neighbours: see malloc.c */
#define FENCE     (MAPPED | CACHED) /* ends a row; payload: the first chunk of the next row */
#define FLAGS     15UL
#define SIZE_MASK ((1UL << 48) - 1 - FLAGS)

struct chunk {
    size_t prev_size;
    size_t head;
    struct chunk *next; /* the rest only while free and listed */
    union {
        struct chunk *prev;
        size_t depth; /* in a cache: number of chunks from here to its end */
    };
};
#define HEADER offsetof(struct chunk, next)

/* The heap as a whole. */
struct heap {
    struct chunk *first; /* of the lowest row; NULL before the first growth */
    struct chunk *top;   /* free space up to the break, in no list */
    char *end;           /* the break after our last change */
    size_t bytes;        /* of all rows */
    size_t mapped_bytes, mapped_count, most_mapped_bytes, most_mapped_count;
    /* mallopt's */
    size_t map_threshold, trim_threshold, top_pad, map_max;
    int fixed; /* a threshold was set: they do not slide any more */
};
extern struct heap __heap;

/* Called with every result when tracing is on (mtrace.c): what is '+', '-', '<' or '>'. */
extern void (*__malloc_tracer)(int what, const void *block, size_t size, const void *caller);

/* 0 while tracing, so that nothing passes by the tracer. */
extern size_t __malloc_cache_limit;

static inline int chunk_in_heap(const struct chunk *c)
{
    return (char *)c >= (char *)__heap.first && (char *)c < __heap.end;
}

static inline size_t chunk_seal(const struct chunk *c, size_t size)
{
    return ((((uintptr_t)c >> 4) ^ size) * 0x61c88647UL >> 32) << 48;
}

static inline size_t chunk_size(const struct chunk *c)
{
    return c->head & SIZE_MASK;
}

static inline int chunk_is_sealed(const struct chunk *c)
{
    return !((c->head ^ chunk_seal(c, chunk_size(c))) >> 48);
}

static inline void chunk_set(struct chunk *c, size_t size, size_t flags)
{
    c->head = chunk_seal(c, size) | size | flags;
}

static inline struct chunk *chunk_at(struct chunk *c, size_t offset)
{
    return (struct chunk *)((char *)c + offset);
}

static inline struct chunk *chunk_next(struct chunk *c)
{
    return chunk_at(c, chunk_size(c));
}

static inline struct chunk *chunk_of(const void *payload)
{
    return (struct chunk *)((char *)payload - HEADER);
}

static inline void *chunk_payload(struct chunk *c)
{
    return (char *)c + HEADER;
}

/* bytes that a caller may use: up to and with the next chunk's prev_size */
static inline size_t chunk_capacity(const struct chunk *c)
{
    return chunk_size(c) - (c->head & MAPPED ? HEADER : HEADER - sizeof(size_t));
}

static inline size_t chunk_size_for(size_t request)
{
    size_t size = (request + HEADER - sizeof(size_t) + ALIGN - 1) & ~(ALIGN - 1);

    return size < MIN_CHUNK ? MIN_CHUNK : size;
}

/* bins.c: the free chunks by size */
void __bins_insert(struct chunk *c, size_t size);
void __bins_remove(struct chunk *c);
/* A chunk of at least `size` bytes, out of its list, marked neither used nor split; or NULL. */
struct chunk *__bins_take(size_t size);
/* Bytes and number of all listed chunks. */
size_t __bins_total(size_t *count);

/* heap.c: where chunks come from. Both return a chunk in use, or NULL. */
struct chunk *__heap_take_top(size_t size);
struct chunk *__heap_take_mapped(size_t request);
void __heap_release_mapped(struct chunk *c);
/* Gives back what top has above `keep` bytes; 1 when anything. */
int __heap_trim(size_t keep);

/* malloc.c */
void *__malloc_allocate(size_t request);
void __malloc_release(struct chunk *c, const char *caller);
/* Merges all cached chunks; 1 when there were any. */
int __malloc_flush(void);
/* Keeps `size` bytes of a chunk in use; the rest becomes free if it is large enough. */
void __malloc_split(struct chunk *c, size_t size);

/* error.c: name the block and the crime, then abort */
_Noreturn void __malloc_error(const char *caller, const struct chunk *c, const char *crime);
_Noreturn void __malloc_wild(const char *caller, const struct chunk *c);

#endif
