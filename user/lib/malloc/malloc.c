/*
 * malloc and free: see chunk.h for the heap's shape and its invariants.
 *
 * A request is served by the smallest free chunk that holds it (bins.c), else from top, and above
 * the mapping threshold by a mapping of its own (heap.c).  free() checks the block's head and the
 * next one, so a block that is freed twice or was written past its end is named at once; then it
 * merges the block with its free neighbours.
 *
 * Small blocks that are freed go into a cache first, one stack for each size, at most CACHE_DEPTH
 * deep: most programs free a block and ask for one of the same size soon.  A cached chunk is not
 * merged.  When the heap would have to grow, all are.
 */
#include "malloc/chunk.h"
#include <errno.h>
#include <malloc.h>
#include <mcheck.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CACHE_MAX   256 /* bytes of the largest chunk that is cached */
#define CACHE_DEPTH 16

void (*__malloc_tracer)(int what, const void *block, size_t size, const void *caller);

/* requests below are looked for in the cache; 0: it is not used */
size_t __malloc_cache_limit = CACHE_MAX - sizeof(size_t) + 1;
static struct chunk *cache[CACHE_MAX / ALIGN + 1];

/* Has the former owner written into a cached chunk? Then its link leads anywhere. */
static inline int is_intact(const struct chunk *c)
{
    return (c->head & CACHED) && (!c->next || chunk_in_heap(c->next));
}

/* Marks a chunk from the bins used and gives back what it has too much. */
static void use_chunk(struct chunk *c, size_t size)
{
    size_t rest = chunk_size(c) - size;

    if (rest >= MIN_CHUNK) {
        chunk_set(c, size, USED | PREV_USED);
        __bins_insert(chunk_at(c, size), rest);
    } else {
        c->head |= USED;
        chunk_next(c)->head |= PREV_USED;
    }
}

static struct chunk *allocate_small(size_t size)
{
    struct chunk *c;

    for (;;) {
        c = __bins_take(size);
        if (c) {
            use_chunk(c, size);
            return c;
        }
        if (__heap.top && chunk_size(__heap.top) >= size + MIN_CHUNK)
            return __heap_take_top(size);
        if (!__malloc_flush())
            return __heap_take_top(size);
    }
}

/* A mapping; when there may be no more of them, or the kernel refuses, the heap. */
static struct chunk *allocate_large(size_t request)
{
    struct chunk *c = NULL;

    if (request > MAX_REQUEST)
        return NULL;
    if (__heap.mapped_count < __heap.map_max)
        c = __heap_take_mapped(request);
    if (!c && request >= __heap.map_threshold)
        c = allocate_small(chunk_size_for(request));
    return c;
}

static inline void *take_cached(size_t request)
{
    struct chunk **first = &cache[chunk_size_for(request) / ALIGN], *c = *first;

    if (!c || !is_intact(c))
        return NULL;
    *first = c->next;
    c->head &= ~CACHED;
    return chunk_payload(c);
}

void *__malloc_allocate(size_t request)
{
    static int asked; /* whether to trace */
    struct chunk *c = NULL;

    if (!asked) {
        asked = 1;
        mtrace(); /* if the environment wants it */
    }
    void *cached = request < __malloc_cache_limit ? take_cached(request) : NULL;

    if (cached)
        return cached;
    if (request < __heap.map_threshold)
        c = allocate_small(chunk_size_for(request));
    if (!c)
        c = allocate_large(request);
    if (c)
        return chunk_payload(c);
    errno = ENOMEM;
    return NULL;
}

/* What malloc does when the cache does not help. */
static __attribute__((noinline)) void *malloc_slowly(size_t request, const void *caller)
{
    struct chunk *c =
        request < __malloc_cache_limit ? cache[chunk_size_for(request) / ALIGN] : NULL;

    if (c) /* then the cache does not help because it is damaged */
        __malloc_error("malloc()", c, "was written after it was freed");
    void *p = __malloc_allocate(request);
    if (__malloc_tracer)
        __malloc_tracer('+', p, request, caller);
    return p;
}

void *malloc(size_t request)
{
    void *p = request < __malloc_cache_limit ? take_cached(request) : NULL;

    if (p)
        return p;
    return malloc_slowly(request, __builtin_return_address(0));
}

/* Outside the heap there are only mappings; one that is gone must not be touched. */
static void check_outside(const struct chunk *c, const char *caller)
{
    unsigned char resident;
    int saved = errno;

    if (mincore((void *)((uintptr_t)c & ~(PAGE - 1)), 1, &resident) < 0 && errno == ENOMEM)
        __malloc_wild(caller, c);
    errno = saved;
    if (!chunk_is_sealed(c) || !(c->head & MAPPED))
        __malloc_wild(caller, c);
}

static void merge_with_top(struct chunk *c, size_t size)
{
    struct heap *h = &__heap;

    size += chunk_size(h->top);
    chunk_set(c, size, PREV_USED);
    h->top = c;
    if (size > h->trim_threshold)
        __heap_trim(h->top_pad);
}

/* Makes sure that c is a block in use whose end is intact; returns its head. */
static inline size_t check_block(struct chunk *c, const char *caller)
{
    if (((uintptr_t)c & (ALIGN - 1)) || !chunk_in_heap(c))
        check_outside(c, caller);
    size_t head = c->head;
    if (!chunk_is_sealed(c))
        __malloc_wild(caller, c);
    if ((head & (USED | CACHED)) != USED)
        __malloc_error(caller, c, "was freed before");
    if (head & MAPPED)
        return head;
    struct chunk *after = chunk_next(c);
    if (!chunk_is_sealed(after) || !(after->head & PREV_USED))
        __malloc_error(caller, c, "was written past its end");
    return head;
}

/* Merges [c, c + size) with its free neighbours. */
static void merge(struct chunk *c, size_t head)
{
    size_t size = head & SIZE_MASK;
    struct chunk *after = chunk_at(c, size);

    c->head = head & ~(USED | CACHED);
    if (!(head & PREV_USED)) {
        size += c->prev_size;
        c = chunk_at(c, -c->prev_size);
        __bins_remove(c);
    }
    if (after == __heap.top) {
        merge_with_top(c, size);
        return;
    }
    if (!(after->head & USED)) {
        size += chunk_size(after);
        __bins_remove(after);
    }
    __bins_insert(c, size);
}

int __malloc_flush(void)
{
    int any = 0;

    for (size_t i = 0; i < sizeof(cache) / sizeof(cache[0]); i++) {
        while (cache[i]) {
            struct chunk *c = cache[i];
            cache[i] = c->next;
            merge(c, c->head);
            any = 1;
        }
    }
    return any;
}

void __malloc_release(struct chunk *c, const char *caller)
{
    size_t head = check_block(c, caller);

    if (head & MAPPED)
        __heap_release_mapped(c);
    else
        merge(c, head);
}

/* What free does with blocks that are not cached, among them the damaged ones. */
static __attribute__((noinline)) void free_slowly(void *ptr, const void *caller)
{
    if (__malloc_tracer)
        __malloc_tracer('-', ptr, 0, caller);
    if (ptr)
        __malloc_release(chunk_of(ptr), "free()");
}

/* The checks are those of check_block(), without a word about what is wrong. */
static inline int can_be_cached(struct chunk *c)
{
    if (((uintptr_t)c & (ALIGN - 1)) || !chunk_in_heap(c))
        return 0;
    size_t size = chunk_size(c);
    if (size - sizeof(size_t) >= __malloc_cache_limit || !chunk_is_sealed(c) ||
        (c->head & (USED | CACHED)) != USED)
        return 0;
    struct chunk *after = chunk_at(c, size);
    return chunk_is_sealed(after) && (after->head & PREV_USED);
}

void free(void *ptr)
{
    struct chunk *c = chunk_of(ptr);

    if (can_be_cached(c)) {
        struct chunk **first = &cache[chunk_size(c) / ALIGN];
        size_t depth = *first ? (*first)->depth + 1 : 1;
        if (depth <= CACHE_DEPTH) {
            c->head |= CACHED;
            c->next = *first;
            c->depth = depth;
            *first = c;
            return;
        }
    }
    free_slowly(ptr, __builtin_return_address(0));
}

void __malloc_split(struct chunk *c, size_t size)
{
    size_t rest = chunk_size(c) - size;

    if (rest < MIN_CHUNK)
        return;
    chunk_set(c, size, c->head & FLAGS);
    struct chunk *tail = chunk_at(c, size);
    chunk_set(tail, rest, USED | PREV_USED);
    __malloc_release(tail, "realloc()");
}

void *calloc(size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = __malloc_allocate(total);
    if (p && !(chunk_of(p)->head & MAPPED))
        memset(p, 0, total); /* a fresh mapping is zero already */
    if (__malloc_tracer)
        __malloc_tracer('+', p, total, __builtin_return_address(0));
    return p;
}

size_t malloc_usable_size(void *ptr)
{
    return ptr ? chunk_capacity(chunk_of(ptr)) : 0;
}
