/* malloc: changing a block's size, and blocks with a wider alignment. */
#include "malloc/chunk.h"
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Room for `size` bytes at the same place, taken from a free successor. */
static int extend(struct chunk *c, size_t size)
{
    struct chunk *after = chunk_next(c);
    size_t together = chunk_size(c) + chunk_size(after);

    if (after == __heap.top) {
        if (together < size + MIN_CHUNK)
            return 0;
        __heap.top = chunk_at(c, size);
        chunk_set(__heap.top, together - size, PREV_USED);
        chunk_set(c, size, c->head & FLAGS);
        return 1;
    }
    if ((after->head & USED) || together < size)
        return 0;
    __bins_remove(after);
    chunk_set(c, together, c->head & FLAGS);
    chunk_next(c)->head |= PREV_USED;
    __malloc_split(c, size);
    return 1;
}

static void *resize_mapped(struct chunk *c, size_t request)
{
    size_t old = chunk_size(c), size = (request + HEADER + PAGE - 1) & ~(PAGE - 1);

    if (c->prev_size || request < __heap.map_threshold || request > MAX_REQUEST)
        return NULL;
    c = mremap(c, old, size, MREMAP_MAYMOVE);
    if (c == MAP_FAILED)
        return NULL;
    __heap.mapped_bytes += size - old;
    chunk_set(c, size, USED | MAPPED);
    return chunk_payload(c);
}

/* The block resized where it is, or NULL. */
static void *resize_in_place(struct chunk *c, size_t request)
{
    if (request >= __heap.map_threshold)
        return NULL;
    size_t size = chunk_size_for(request);
    if (chunk_size(c) >= size)
        __malloc_split(c, size);
    else if (!extend(c, size))
        return NULL;
    return chunk_payload(c);
}

static void check_block(struct chunk *c)
{
    if (!chunk_is_sealed(c))
        __malloc_wild("realloc()", c);
    if ((c->head & (USED | CACHED)) != USED)
        __malloc_error("realloc()", c, "was freed before");
    if (!(c->head & MAPPED) && (!chunk_is_sealed(chunk_next(c)) ||
                                !(chunk_next(c)->head & PREV_USED)))
        __malloc_error("realloc()", c, "was written past its end");
}

static void *resize(void *ptr, size_t request)
{
    struct chunk *c = chunk_of(ptr);

    check_block(c);
    void *p = c->head & MAPPED ? resize_mapped(c, request) : resize_in_place(c, request);
    if (p)
        return p;
    p = __malloc_allocate(request);
    if (!p)
        return NULL;
    memcpy(p, ptr, chunk_capacity(c) < request ? chunk_capacity(c) : request);
    __malloc_release(c, "realloc()");
    return p;
}

void *realloc(void *ptr, size_t request)
{
    void *p = ptr ? resize(ptr, request) : __malloc_allocate(request);

    if (__malloc_tracer && (p || !ptr)) {
        if (ptr)
            __malloc_tracer('<', ptr, 0, __builtin_return_address(0));
        __malloc_tracer(ptr ? '>' : '+', p, request, __builtin_return_address(0));
    }
    return p;
}

/* Cuts a larger block so that its payload is aligned; the front is freed or, in a mapping, kept. */
static void *align_block(void *p, size_t align, size_t size)
{
    struct chunk *c = chunk_of(p);
    uintptr_t aligned = ((uintptr_t)p + MIN_CHUNK + align - 1) & ~(align - 1);
    struct chunk *cut = chunk_of((void *)aligned);
    size_t front = (char *)cut - (char *)c, rest = chunk_size(c) - front;

    if (c->head & MAPPED) {
        cut->prev_size = front;
        chunk_set(cut, rest, USED | MAPPED);
        return (void *)aligned;
    }
    chunk_set(cut, rest, USED | PREV_USED);
    chunk_set(c, front, c->head & FLAGS);
    __malloc_release(c, "memalign()");
    __malloc_split(cut, chunk_size_for(size));
    return (void *)aligned;
}

void *memalign(size_t align, size_t size)
{
    if (align & (align - 1) || size > MAX_REQUEST || align > MAX_REQUEST) {
        errno = align & (align - 1) ? EINVAL : ENOMEM;
        return NULL;
    }
    void *p = __malloc_allocate(align <= ALIGN ? size : size + align + MIN_CHUNK);
    if (p && align > ALIGN && (uintptr_t)p % align != 0)
        p = align_block(p, align, size);
    if (__malloc_tracer)
        __malloc_tracer('+', p, size, __builtin_return_address(0));
    return p;
}
