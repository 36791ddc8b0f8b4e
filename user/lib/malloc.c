/*
 * malloc.
 *
 * Requests below MMAP_THRESHOLD come from the heap above the break, larger ones from mmap and go
 * back to the kernel when freed.  The heap is a row of chunks without gaps:
 *
 *      chunk                        next chunk
 *      | prev_size | size | flags | payload ...              | prev_size | size | ...
 *
 * prev_size belongs to the previous chunk's payload while that one is in use; it is valid only when
 * the previous chunk is free (PREV_USED clear).  The last chunk, `top`, is free space up to the
 * break and is in no list.  Other free chunks are in lists by the logarithm of their size.
 *
 * Invariants
 *   1. no two neighbouring chunks are free, and no free chunk precedes top: free() merges at once
 *   2. sizes are multiples of 16 and at least MIN_CHUNK; payloads are aligned to 16
 *   3. a listed chunk has PREV_USED set, and its size stands again in its successor's prev_size
 *   4. top has at least MIN_CHUNK bytes, so there is always a chunk to carry the last prev_size
 *
 * The heap grows by TOP_PAD more than asked, and is trimmed back to TOP_PAD when top exceeds
 * TRIM_THRESHOLD.  A break that someone else has moved ends the row: its top becomes an ordinary
 * free chunk before a fence that is never freed, and a new row begins above.
 */
#include "libc.h"
#include "sys.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE           4096UL
#define ALIGN          16UL
#define MIN_CHUNK      32UL
#define MMAP_THRESHOLD (128UL << 10)
#define TOP_PAD        (128UL << 10)
#define TRIM_THRESHOLD (256UL << 10)
#define MAX_REQUEST    (1UL << 46)

/* flags in the low bits of a size */
#define USED      1UL
#define PREV_USED 2UL
#define MAPPED    4UL
#define FLAGS     15UL

struct chunk {
    size_t prev_size;
    size_t size_flags;
    struct chunk *next; /* this and prev only while free and listed */
    struct chunk *prev;
};

#define HEADER    offsetof(struct chunk, next)
#define BIN_COUNT 59 /* one per bit above the fifth */

static struct chunk *bins[BIN_COUNT];
static struct chunk *top;
static char *heap_end; /* the break after our last change, 0 before the first */

static size_t chunk_size(const struct chunk *c)
{
    return c->size_flags & ~FLAGS;
}

static struct chunk *chunk_at(struct chunk *c, size_t offset)
{
    return (struct chunk *)((char *)c + offset);
}

static struct chunk *chunk_next(struct chunk *c)
{
    return chunk_at(c, chunk_size(c));
}

static struct chunk *chunk_of(void *payload)
{
    return (struct chunk *)((char *)payload - HEADER);
}

static void *payload_of(struct chunk *c)
{
    return (char *)c + HEADER;
}

/* bytes that a caller may use: up to and with the next chunk's prev_size */
static size_t capacity(const struct chunk *c)
{
    return chunk_size(c) - (c->size_flags & MAPPED ? HEADER : HEADER - sizeof(size_t));
}

static size_t size_for(size_t request)
{
    size_t size = (request + HEADER - sizeof(size_t) + ALIGN - 1) & ~(ALIGN - 1);

    return size < MIN_CHUNK ? MIN_CHUNK : size;
}

static struct chunk **bin_of(size_t size)
{
    int bin = 0;

    for (size >>= 6; size; size >>= 1) /* the first bin holds sizes below 64 */
        bin++;
    return &bins[bin];
}

static void list_remove(struct chunk *c)
{
    if (c->prev)
        c->prev->next = c->next;
    else
        *bin_of(chunk_size(c)) = c->next;
    if (c->next)
        c->next->prev = c->prev;
}

/* Marks [c, c + size) free and lists it; the chunk before it is in use. */
static void list_insert(struct chunk *c, size_t size)
{
    struct chunk **bin = bin_of(size);
    struct chunk *after = chunk_at(c, size);

    c->size_flags = size | PREV_USED;
    c->prev = NULL;
    c->next = *bin;
    if (c->next)
        c->next->prev = c;
    *bin = c;
    after->prev_size = size;
    after->size_flags &= ~PREV_USED;
}

static _Noreturn void corrupt(const char *what)
{
    write(2, "malloc: ", 8);
    write(2, what, strlen(what));
    write(2, "\n", 1);
    abort();
}

static int break_to(char *end)
{
    return brk(end) == 0;
}

/* The row ended by someone else's sbrk: its top becomes a free chunk and a fence. */
static void close_row(void)
{
    size_t rest = chunk_size(top) - MIN_CHUNK;
    struct chunk *fence = chunk_at(top, rest);

    fence->size_flags = MIN_CHUNK | USED | PREV_USED;
    if (rest >= MIN_CHUNK)
        list_insert(top, rest);
    else
        top->size_flags |= USED; /* too small to list: lost */
}

static int new_row(char *start, size_t need)
{
    char *aligned = (char *)(((uintptr_t)start + ALIGN - 1) & ~(ALIGN - 1));
    char *end = (char *)(((uintptr_t)aligned + need + TOP_PAD + PAGE - 1) & ~(PAGE - 1));

    if (!break_to(end))
        return 0;
    if (top)
        close_row();
    top = (struct chunk *)aligned;
    top->size_flags = (end - aligned) | PREV_USED;
    heap_end = end;
    return 1;
}

/* Makes top larger than need by at least MIN_CHUNK. */
static int grow(size_t need)
{
    char *now = (char *)sbrk(0);

    need += MIN_CHUNK;
    if (!top || now != heap_end)
        return new_row(now, need);
    size_t more = (need - chunk_size(top) + TOP_PAD + PAGE - 1) & ~(PAGE - 1);
    if (!break_to(heap_end + more))
        return 0;
    heap_end += more;
    top->size_flags += more;
    return 1;
}

/* Only when the break is still ours: otherwise memory that is not ours would be cut off. */
static void trim(void)
{
    size_t excess = (chunk_size(top) - TOP_PAD) & ~(PAGE - 1);

    if ((char *)sbrk(0) != heap_end || !break_to(heap_end - excess))
        return;
    heap_end -= excess;
    top->size_flags -= excess;
}

/* Keeps `size` bytes of a chunk in use; the rest becomes free if it is large enough. */
static void split_used(struct chunk *c, size_t size)
{
    size_t rest = chunk_size(c) - size;

    if (rest < MIN_CHUNK)
        return;
    c->size_flags -= rest;
    struct chunk *tail = chunk_at(c, size);
    tail->size_flags = rest | USED | PREV_USED;
    free(payload_of(tail));
}

static struct chunk *take_listed(size_t size)
{
    for (struct chunk **bin = bin_of(size); bin < bins + BIN_COUNT; bin++) {
        for (struct chunk *c = *bin; c; c = c->next) {
            if (chunk_size(c) < size)
                continue;
            list_remove(c);
            c->size_flags |= USED;
            size_t rest = chunk_size(c) - size;
            if (rest >= MIN_CHUNK) {
                c->size_flags -= rest;
                list_insert(chunk_at(c, size), rest);
            } else {
                chunk_next(c)->size_flags |= PREV_USED;
            }
            return c;
        }
    }
    return NULL;
}

static struct chunk *take_top(size_t size)
{
    if ((!top || chunk_size(top) < size + MIN_CHUNK) && !grow(size))
        return NULL;
    struct chunk *c = top;
    size_t rest = chunk_size(top) - size;
    c->size_flags = size | USED | (c->size_flags & PREV_USED);
    top = chunk_at(c, size);
    top->size_flags = rest | PREV_USED;
    return c;
}

/* A mapping of its own; prev_size holds the distance from the start of the mapping. */
static struct chunk *take_mapped(size_t request)
{
    size_t size = (request + HEADER + PAGE - 1) & ~(PAGE - 1);
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    struct chunk *c = p;
    c->prev_size = 0;
    c->size_flags = size | USED | MAPPED;
    return c;
}

void *malloc(size_t request)
{
    struct chunk *c = NULL;

    if (request <= MAX_REQUEST) {
        size_t size = size_for(request);
        if (request < MMAP_THRESHOLD) {
            c = take_listed(size);
            if (!c)
                c = take_top(size);
        }
        if (!c)
            c = take_mapped(request);
    }
    if (!c) {
        errno = ENOMEM;
        return NULL;
    }
    return payload_of(c);
}

void free(void *ptr)
{
    if (!ptr)
        return;
    struct chunk *c = chunk_of(ptr);
    if (c->size_flags & MAPPED) {
        int saved = errno;
        munmap((char *)c - c->prev_size, chunk_size(c) + c->prev_size);
        errno = saved;
        return;
    }
    if (!(c->size_flags & USED) || ((uintptr_t)ptr & (ALIGN - 1)))
        corrupt("free() of a block that is not in use");

    size_t size = chunk_size(c);
    struct chunk *after = chunk_next(c);
    if (!(after->size_flags & PREV_USED))
        corrupt("a block's header is overwritten");
    c->size_flags &= ~USED;
    if (!(c->size_flags & PREV_USED)) {
        size += c->prev_size;
        c = chunk_at(c, -c->prev_size);
        list_remove(c);
    }
    if (after == top) {
        size += chunk_size(top);
        c->size_flags = size | PREV_USED;
        top = c;
        if (size > TRIM_THRESHOLD)
            trim();
        return;
    }
    if (!(after->size_flags & USED)) {
        size += chunk_size(after);
        list_remove(after);
    }
    list_insert(c, size);
}

void *calloc(size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = malloc(total);
    if (p && !(chunk_of(p)->size_flags & MAPPED))
        memset(p, 0, total); /* a fresh mapping is zero already */
    return p;
}

/* Room for `size` bytes at the same place, taken from a free successor. */
static int extend(struct chunk *c, size_t size)
{
    struct chunk *after = chunk_next(c);
    size_t together = chunk_size(c) + chunk_size(after);

    if (after == top) {
        if (together < size + MIN_CHUNK)
            return 0;
        top = chunk_at(c, size);
        top->size_flags = (together - size) | PREV_USED;
        c->size_flags += size - chunk_size(c);
        return 1;
    }
    if ((after->size_flags & USED) || together < size)
        return 0;
    list_remove(after);
    c->size_flags += chunk_size(after);
    chunk_next(c)->size_flags |= PREV_USED;
    split_used(c, size);
    return 1;
}

static void *resize_mapped(struct chunk *c, size_t request)
{
    size_t size = (request + HEADER + PAGE - 1) & ~(PAGE - 1);

    if (c->prev_size || request < MMAP_THRESHOLD || request > MAX_REQUEST)
        return NULL;
    c = mremap(c, chunk_size(c), size, MREMAP_MAYMOVE);
    if (c == MAP_FAILED)
        return NULL;
    c->size_flags = size | USED | MAPPED;
    return payload_of(c);
}

/* The block resized where it is, or NULL. */
static void *resize_in_place(struct chunk *c, size_t request)
{
    if (request >= MMAP_THRESHOLD)
        return NULL;
    size_t size = size_for(request);
    if (chunk_size(c) >= size)
        split_used(c, size);
    else if (!extend(c, size))
        return NULL;
    return payload_of(c);
}

void *realloc(void *ptr, size_t request)
{
    if (!ptr)
        return malloc(request);
    struct chunk *c = chunk_of(ptr);
    int mapped = (c->size_flags & MAPPED) != 0;
    void *p = mapped ? resize_mapped(c, request) : resize_in_place(c, request);
    if (p)
        return p;
    p = malloc(request);
    if (!p)
        return NULL;
    memcpy(p, ptr, capacity(c) < request ? capacity(c) : request);
    free(ptr);
    return p;
}

/* Cuts a larger block so that its payload is aligned; the front is freed or, in a mapping, kept. */
void *memalign(size_t align, size_t size)
{
    if (align & (align - 1) || size > MAX_REQUEST || align > MAX_REQUEST) {
        errno = align & (align - 1) ? EINVAL : ENOMEM;
        return NULL;
    }
    void *p = malloc(align <= ALIGN ? size : size + align + MIN_CHUNK);
    if (!p || align <= ALIGN || (uintptr_t)p % align == 0)
        return p;
    struct chunk *c = chunk_of(p);
    uintptr_t aligned = ((uintptr_t)p + MIN_CHUNK + align - 1) & ~(align - 1);
    struct chunk *cut = chunk_of((void *)aligned);
    size_t front = (char *)cut - (char *)c;
    cut->size_flags = c->size_flags - front;
    if (c->size_flags & MAPPED) {
        cut->prev_size = front;
    } else {
        cut->size_flags |= PREV_USED;
        c->size_flags = front | (c->size_flags & FLAGS);
        free(p);
        split_used(cut, size_for(size));
    }
    return (void *)aligned;
}

size_t malloc_usable_size(void *ptr)
{
    return ptr ? capacity(chunk_of(ptr)) : 0;
}
