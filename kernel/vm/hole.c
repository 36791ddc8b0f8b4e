// fallocate(2)'s two directions: a hole in a file, and blocks for one.
//
//   start        end
//     [ ......... ]           bytes to go
//   |  . |    |    |. |       pages: those wholly inside are dropped, with their blocks (by the
//      ^edge       ^edge      file system), the others are zeroed in the cache
//
// The pages inside go one by one: hidden, then their blocks freed, then dropped (truncate.c). So a
// fault or a read that comes meanwhile waits at the page's lock, and finds a hole afterwards; it
// never reads a block that is another file's by then, and no write to one is under way.
//
// Locks: the caller's inode lock keeps write(2) and truncation out. Page locks inside.
#include "abi/errno.h"
#include "lib/string.h"
#include "sched/sched.h"
#include "vm/pagecache.h"

// Bytes [from, to) of page `index`, if the file goes that far.
static int zero_part(struct mapping *m, uint64_t index, size_t from, size_t to) {
    struct page *p;
    if (index * PAGE_SIZE + from >= m->size)
        return 0;
    int err = page_cache_get(m, index, NULL, &p);
    if (err)
        return err;
    page_lock(p);
    assertf(p->owner == m, "page %lu was dropped", index); // by nobody: the inode is locked
    page_cache_zero(p, from, to);
    page_unlock(p);
    page_put(p);
    return 0;
}

int page_cache_zero_edges(struct mapping *m, uint64_t start, uint64_t end, uint64_t *first,
                          uint64_t *past) {
    size_t head = start % PAGE_SIZE, tail = end % PAGE_SIZE;
    int err = 0;
    *first = DIV_ROUND_UP(start, PAGE_SIZE);
    *past = end / PAGE_SIZE;
    if (*past < *first) { // within one page
        *first = *past;
        return zero_part(m, *past, head, tail);
    }
    if (head)
        err = zero_part(m, *first - 1, head, PAGE_SIZE);
    if (!err && tail)
        err = zero_part(m, *past, 0, tail);
    return err;
}

// The locked page gets blocks for [from, to).
static int allocate_locked(struct mapping *m, struct page *p, uint32_t from, uint32_t to) {
    int err = 0;
    if (!page_test(p, PG_UPTODATE) && p->index * PAGE_SIZE >= m->size) {
        memset(page_to_virt(p), 0, PAGE_SIZE);
        page_set(p, PG_UPTODATE);
    } else if (!page_test(p, PG_UPTODATE)) {
        err = page_cache_read_locked(m, p);
    }
    if (!err && m->ops->prepare_write)
        err = m->ops->prepare_write(m, p, from, to);
    if (page_test(p, PG_UPTODATE)) // else what it got would keep what it held
        page_mark_dirty(p);
    return err;
}

#define THROTTLE_PAGES 32 // as write(2)

int page_cache_allocate(struct mapping *m, uint64_t start, uint64_t end) {
    assertf(start < end && end <= INT64_MAX, "%#lx to %#lx", start, end);
    for (uint64_t at = start, done = 1; at < end; done++) {
        uint64_t off = at % PAGE_SIZE, n = min(PAGE_SIZE - off, end - at);
        struct page *p;
        int err = page_cache_grab(m, at / PAGE_SIZE, &p);
        if (err)
            return err;
        err = allocate_locked(m, p, (uint32_t)off, (uint32_t)(off + n));
        page_unlock(p);
        page_put(p);
        if (err)
            return err;
        at += n;
        if (done % THROTTLE_PAGES == 0)
            page_cache_throttle(m);
        cond_resched();
    }
    return 0;
}
