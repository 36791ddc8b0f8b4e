/*
 * malloc: the break and mappings.
 *
 * The heap grows by top_pad more than asked, and is trimmed back to it when top exceeds
 * trim_threshold.  A break that someone else has moved ends the row: its top becomes an ordinary
 * free chunk before a fence that is never freed, and a new row begins above.
 *
 * Larger requests are mappings of their own, which go back to the kernel when freed.  What a
 * program maps and frees it will ask for again: the threshold slides up to that size, and
 * trim_threshold to twice that, so that the next blocks of this size come from the heap (glibc does
 * the same).
 */
#include "malloc/chunk.h"
#include <errno.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_THRESHOLD (32UL << 20)

struct heap __heap = {
    .map_threshold = 128 << 10,
    .trim_threshold = 256 << 10,
    .top_pad = 128 << 10,
    .map_max = 65536,
};

static size_t round_page(size_t n)
{
    return (n + PAGE - 1) & ~(PAGE - 1);
}

/* The row ended by someone else's sbrk. */
static void close_row(struct chunk *next_row)
{
    struct heap *h = &__heap;
    size_t size = chunk_size(h->top), rest = size - MIN_CHUNK;
    struct chunk *fence = h->top;

    if (rest < MIN_CHUNK) { /* too small to be a free chunk of its own */
        chunk_set(fence, size, USED | FENCE | (h->top->head & PREV_USED));
    } else {
        fence = chunk_at(h->top, rest);
        chunk_set(fence, MIN_CHUNK, USED | FENCE | PREV_USED);
        __bins_insert(h->top, rest);
    }
    fence->next = next_row;
}

static int new_row(char *start, size_t need)
{
    struct heap *h = &__heap;
    char *aligned = (char *)(((uintptr_t)start + ALIGN - 1) & ~(ALIGN - 1));
    char *end = (char *)round_page((uintptr_t)aligned + need + h->top_pad);

    if (brk(end) < 0)
        return 0;
    if (h->top)
        close_row((struct chunk *)aligned);
    else
        h->first = (struct chunk *)aligned;
    h->top = (struct chunk *)aligned;
    chunk_set(h->top, end - aligned, PREV_USED);
    h->bytes += end - aligned;
    h->end = end;
    return 1;
}

/* Makes top larger than need by at least MIN_CHUNK. */
static int grow(size_t need)
{
    struct heap *h = &__heap;
    char *now = (char *)sbrk(0);

    need += MIN_CHUNK;
    if (!h->top || now != h->end)
        return new_row(now, need);
    size_t size = chunk_size(h->top), more = round_page(need - size + h->top_pad);
    if (brk(h->end + more) < 0)
        return 0;
    h->end += more;
    h->bytes += more;
    chunk_set(h->top, size + more, PREV_USED);
    return 1;
}

struct chunk *__heap_take_top(size_t size)
{
    struct heap *h = &__heap;

    if ((!h->top || chunk_size(h->top) < size + MIN_CHUNK) && !grow(size))
        return NULL;
    struct chunk *c = h->top;
    if (!chunk_is_sealed(c))
        __malloc_wild("malloc()", c);
    size_t rest = chunk_size(c) - size;
    chunk_set(c, size, USED | PREV_USED);
    h->top = chunk_at(c, size);
    chunk_set(h->top, rest, PREV_USED);
    return c;
}

/* Only when the break is still ours: otherwise memory that is not ours would be cut off. */
int __heap_trim(size_t keep)
{
    struct heap *h = &__heap;
    size_t size = h->top ? chunk_size(h->top) : 0;

    if (size < keep + MIN_CHUNK)
        return 0;
    size_t excess = (size - keep - MIN_CHUNK) & ~(PAGE - 1);
    if (!excess || (char *)sbrk(0) != h->end || brk(h->end - excess) < 0)
        return 0;
    h->end -= excess;
    h->bytes -= excess;
    chunk_set(h->top, size - excess, PREV_USED);
    return 1;
}

struct chunk *__heap_take_mapped(size_t request)
{
    struct heap *h = &__heap;
    size_t size = round_page(request + HEADER);
    struct chunk *c = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (c == MAP_FAILED)
        return NULL;
    chunk_set(c, size, USED | MAPPED);
    h->mapped_bytes += size;
    h->mapped_count++;
    if (h->mapped_bytes > h->most_mapped_bytes)
        h->most_mapped_bytes = h->mapped_bytes;
    if (h->mapped_count > h->most_mapped_count)
        h->most_mapped_count = h->mapped_count;
    return c;
}

void __heap_release_mapped(struct chunk *c)
{
    struct heap *h = &__heap;
    size_t size = chunk_size(c) + c->prev_size;
    int saved = errno;

    if (size > h->map_threshold && size <= MAX_THRESHOLD && !h->fixed) {
        h->map_threshold = size;
        h->trim_threshold = 2 * size;
    }
    h->mapped_bytes -= size;
    h->mapped_count--;
    munmap((char *)c - c->prev_size, size);
    errno = saved;
}

int mallopt(int param, int value)
{
    struct heap *h = &__heap;
    size_t n = value;

    switch (param) {
    case M_MMAP_THRESHOLD:
        if (n > MAX_THRESHOLD)
            return 0;
        h->map_threshold = n;
        break;
    case M_TRIM_THRESHOLD: h->trim_threshold = value < 0 ? MAX_REQUEST : n; break;
    case M_TOP_PAD: h->top_pad = n; break;
    case M_MMAP_MAX: h->map_max = n; break;
    default: return 0;
    }
    h->fixed = 1;
    return 1;
}

int malloc_trim(size_t pad)
{
    __malloc_flush();
    return __heap_trim(pad);
}
