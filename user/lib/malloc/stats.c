/* malloc: figures about the heap, and a walk that checks its invariants. */
#include "malloc/chunk.h"
#include <malloc.h>
#include <stdio.h>

struct mallinfo2 mallinfo2(void)
{
    const struct heap *h = &__heap;
    size_t count;

    __malloc_flush();
    size_t listed = __bins_total(&count), top = h->top ? chunk_size(h->top) : 0;

    return (struct mallinfo2){
        .arena = h->bytes,
        .ordblks = count + (h->top != NULL),
        .hblks = h->mapped_count,
        .hblkhd = h->mapped_bytes,
        .uordblks = h->bytes - listed - top,
        .fordblks = listed + top,
        .keepcost = top,
    };
}

void malloc_stats(void)
{
    struct mallinfo2 m = mallinfo2();

    fprintf(stderr,
            "Arena 0:\n"
            "system bytes     = %10zu\n"
            "in use bytes     = %10zu\n"
            "Total (incl. mmap):\n"
            "system bytes     = %10zu\n"
            "in use bytes     = %10zu\n"
            "max mmap regions = %10zu\n"
            "max mmap bytes   = %10zu\n",
            m.arena, m.uordblks, m.arena + m.hblkhd, m.uordblks + m.hblkhd,
            __heap.most_mapped_count, __heap.most_mapped_bytes);
}

void malloc_check(void)
{
    struct chunk *c = __heap.first;
    size_t count, listed = 0, prev_free = 0; /* prev_free: size of the free chunk before, or 0 */

    while (c && c != __heap.top) {
        int used = (c->head & USED) != 0;
        if (!chunk_is_sealed(c))
            __malloc_wild("malloc_check()", c);
        if (!(c->head & PREV_USED) != (prev_free != 0) || (prev_free && c->prev_size != prev_free))
            __malloc_error("malloc_check()", c, "has a wrong note about the block before it");
        if (prev_free && !used)
            __malloc_error("malloc_check()", c, "is not merged");
        prev_free = used ? 0 : chunk_size(c);
        listed += prev_free;
        c = (c->head & FENCE) == FENCE ? c->next : chunk_next(c);
    }
    if (c && (prev_free || !chunk_is_sealed(c) || (char *)chunk_next(c) != __heap.end))
        __malloc_error("malloc_check()", c, "is no good top");
    if (listed != __bins_total(&count))
        __malloc_error("malloc_check()", c, "shows that free blocks are not listed");
}
