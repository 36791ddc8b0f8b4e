// Readahead on demand, after Linux's algorithm of that name (Wu Fengguang, 2007).
//
//   |<----------------- size ------------------>|
//   |---------------------|#--------------------|
//   ^ start               ^ PG_READAHEAD        ^ start + size
//                         |<---- async_size --->|
//
// The window is what was last asked of the disk. Reaching the marked page starts the next window,
// twice as large up to READAHEAD_MAX, while there are still async_size pages to consume: a
// sequential reader never waits. A jump that continues nothing reads one page and leaves the
// window.
//
// Mapped files have no reader whose position would tell a direction, so a fault on an absent page
// reads the aligned READAROUND_PAGES around it, which fault-around then maps at once.
//
// Invariants: 1. A page that readahead makes is locked until its read ends. 2. Nothing beyond the
// last page of the file is read, except the page that was asked for.
#include "vm/readahead.h"

#include "vm/shmemswap.h"

// Makes the absent pages of [start, start + n) and reads them in runs of consecutive index. The
// page at index `mark` gets PG_READAHEAD. -ENOMEM only when the page `start` could not be had.
static int read_range(struct mapping *m, uint64_t start, uint64_t n, uint64_t mark) {
    struct page *run[PAGE_CACHE_BATCH];
    int count = 0, err = 0;

    assertf(n > 0 && n <= PAGE_CACHE_BATCH, "readahead of %lu pages", n);
    for (uint64_t index = start; index < start + n; index++) {
        err = page_cache_make(m, index, &run[count]);
        if (err == 0 && index == mark)
            page_set(run[count], PG_READAHEAD);
        if (err == 0) {
            count++;
            continue;
        }
        if (count)
            m->ops->read_pages(m, run, count);
        for (int i = 0; i < count; i++)
            page_put(run[i]);
        count = 0;
        if (err == -ENOMEM)
            return index == start ? err : 0;
    }
    if (count)
        m->ops->read_pages(m, run, count);
    for (int i = 0; i < count; i++)
        page_put(run[i]); // the tree and, until its end, the page lock keep it
    return 0;
}

// Pages of the file from index on, at least 1.
static uint64_t pages_from(struct mapping *m, uint64_t index) {
    uint64_t end = DIV_ROUND_UP(atomic_load_relaxed(&m->size), PAGE_SIZE);
    return end > index ? end - index : 1;
}

static int read_window(struct mapping *m, struct readahead *ra) {
    uint64_t mark = ra->async_size ? ra->start + ra->size - ra->async_size : UINT64_MAX;
    return read_range(m, ra->start, min(ra->size, pages_from(m, ra->start)), mark);
}

int readahead_miss(struct mapping *m, struct readahead *ra, uint64_t index) {
    if (!ra)
        return read_range(m, index, 1, UINT64_MAX);
    bool continues = ra->size && index == ra->start + ra->size;
    bool sequential = index == 0 || index == ra->prev || index == ra->prev + 1;
    if (!continues && !sequential)
        return read_range(m, index, 1, UINT64_MAX);
    ra->size = continues ? min(ra->size * 2, (uint64_t)READAHEAD_MAX) : READAHEAD_INIT;
    ra->async_size = ra->size - 1;
    ra->start = index;
    return read_window(m, ra);
}

void readahead_next(struct mapping *m, struct readahead *ra, uint64_t index) {
    uint64_t next = ra->start + ra->size;
    if (index < ra->start || index >= next) { // another reader's mark: go on from here
        next = index + 1;
        ra->size = READAHEAD_INIT;
    }
    if (next >= DIV_ROUND_UP(atomic_load_relaxed(&m->size), PAGE_SIZE))
        return;
    ra->start = next;
    ra->size = ra->size ? min(ra->size * 2, (uint64_t)READAHEAD_MAX) : READAHEAD_INIT;
    ra->async_size = ra->size;
    if (read_window(m, ra))
        ra->size = ra->async_size = 0; // out of memory: the reader will miss and ask again
}

// Shared memory: only what is in swap is read. Cuts [*start, *start + *n) to the run of such pages
// around index; false: it is not one of them.
static bool shmem_run(struct mapping *m, uint64_t index, uint64_t *start, uint64_t *n) {
    uint64_t first = index, end = index;
    while (end < *start + *n && shmem_is_out(m, end))
        end++;
    while (first > *start && shmem_is_out(m, first - 1))
        first--;
    *start = first;
    *n = end - first;
    return end > index;
}

void readahead_around(struct mapping *m, uint64_t index) {
    uint64_t start = ALIGN_DOWN(index, READAROUND_PAGES);
    uint64_t n = min((uint64_t)READAROUND_PAGES, pages_from(m, start));
    if (m->is_shmem && !shmem_run(m, index, &start, &n))
        return;
    if (read_range(m, start, n, UINT64_MAX))
        return; // the caller's own read of the one page will report it
}
