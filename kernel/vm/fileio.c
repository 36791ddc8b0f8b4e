// read(2) and write(2) through the page cache.
//
// Writing one page's worth, with the page locked so that nobody sees half of it:
//
//   grab and lock the page
//   old contents wanted and not there?  read them
//   make sure of disk blocks (prepare_write)
//   copy with faults off   --short-->  unlock, fault the source in, start over
//   up to date, dirty, size grows; unlock
//
// Faults are off during the copy as the source may be a mapping of this very page: the fault would
// wait for the lock that we hold. A page that is not up to date and will be overwritten whole takes
// the copy first and the blocks after it: if the copy stops short the page simply stays not up to
// date, and no stale disk block is exposed.
//
// Invariants: 1. bytes of a page beyond the end of the file are zero when the file grows over them
// (zero_tail). 2. size grows only after the bytes are in the page. 3. no page is locked while user
// memory is faulted in. 4. a page that got blocks is dirty: else they would keep what they held.
#include "abi/errno.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/stat.h"
#include "vm/fault.h"
#include "vm/pagecache.h"
#include "vm/shmemswap.h"
#include "vm/uaccess.h"
#include "vm/writeback.h"

// A writer looks at the number of dirty pages after this many of its own.
#define THROTTLE_PAGES 32

// A hole of a file in memory stays one: reading it would fill memory with pages that nobody counts.
static int get_for_reading(struct mapping *m, uint64_t index, struct readahead *ra,
                           struct page **p) {
    if (!m->is_shmem || !shmem_is_hole(m, index))
        return page_cache_get(m, index, ra, p);
    page_get(zero_page);
    *p = zero_page;
    return 0;
}

ssize_t page_cache_read(struct mapping *m, struct uio *u, off_t pos, struct readahead *ra) {
    ssize_t total = 0;
    assertf(pos >= 0, "read at %ld", pos);
    while (u->left) {
        uint64_t size = atomic_load(&m->size), off = (uint64_t)pos % PAGE_SIZE;
        struct page *p;

        if ((uint64_t)pos >= size)
            break;
        int err = get_for_reading(m, (uint64_t)pos / PAGE_SIZE, ra, &p);
        if (err)
            return total ? total : err;
        size_t n = min(PAGE_SIZE - off, u->left);
        n = min(n, size - (uint64_t)pos);
        size_t moved = copy_to_uio(u, (char *)page_to_virt(p) + off, n);
        page_put(p);
        total += moved;
        pos += moved;
        if (moved < n)
            return total ? total : -EFAULT;
        cond_resched();
    }
    return total;
}

// Zeroes what lies beyond `size` in its page, if that is cached: a mapping may have stored there.
static void zero_tail(struct mapping *m, uint64_t size) {
    uint64_t off = size % PAGE_SIZE;
    struct page *p = off ? page_cache_find(m, size / PAGE_SIZE) : NULL;
    if (!p)
        return;
    page_lock(p);
    if (p->owner == m && page_test(p, PG_UPTODATE))
        memset((char *)page_to_virt(p) + off, 0, PAGE_SIZE - off);
    page_unlock(p);
    page_put(p);
}

void page_cache_extend(struct mapping *m, uint64_t size) {
    assertf(size >= m->size, "%lu is less than %lu", size, m->size);
    zero_tail(m, m->size);
    atomic_store(&m->size, size);
}

static int prepare(struct mapping *m, struct page *p, size_t off, size_t n) {
    return m->ops->prepare_write ? m->ops->prepare_write(m, p, off, off + n) : 0;
}

// The locked page is not up to date: gets what the write leaves of it. *whole: nothing is left, the
// copy makes it up to date.
static int fill_before_write(struct mapping *m, struct page *p, size_t off, size_t n, bool *whole) {
    *whole = n == PAGE_SIZE;
    if (*whole)
        return 0;
    if (p->index * PAGE_SIZE >= m->size) { // nothing there yet
        memset(page_to_virt(p), 0, PAGE_SIZE);
        page_set(p, PG_UPTODATE);
        return 0;
    }
    return page_cache_read_locked(m, p);
}

static size_t copy_nofault(struct page *p, size_t off, size_t n, struct uio *u) {
    pagefault_disable();
    size_t moved = copy_from_uio(u, (char *)page_to_virt(p) + off, n);
    pagefault_enable();
    return moved;
}

// The whole page at once, into a page that is not up to date: copy first, blocks after it. Bytes of
// a short copy are dropped (the uio goes back), as the rest of the page is not there.
static ssize_t overwrite_page(struct mapping *m, struct page *p, struct uio *u) {
    struct uio before = *u;
    if (copy_nofault(p, 0, PAGE_SIZE, u) < PAGE_SIZE) {
        *u = before;
        return 0;
    }
    int err = prepare(m, p, 0, PAGE_SIZE);
    if (err) {
        *u = before;
        return err;
    }
    page_set(p, PG_UPTODATE);
    return PAGE_SIZE;
}

// Writes n bytes at off into the locked page: bytes moved (0: the source is not in memory), or
// -errno; -ERESTART when the page was truncated meanwhile.
static ssize_t write_locked(struct mapping *m, struct page *p, size_t off, size_t n,
                            struct uio *u) {
    bool whole = false;
    ssize_t moved;
    if (!page_test(p, PG_UPTODATE)) {
        int err = fill_before_write(m, p, off, n, &whole);
        if (err)
            return err;
    }
    if (whole) {
        moved = overwrite_page(m, p, u);
    } else {
        moved = prepare(m, p, off, n);
        if (moved == 0)
            moved = copy_nofault(p, off, n, u);
    }
    if (page_test(p, PG_UPTODATE)) // also when nothing was moved: it may have got blocks just now
        page_mark_dirty(p);
    return moved;
}

// One page's worth at pos: bytes moved, or -errno.
static ssize_t write_chunk(struct mapping *m, struct uio *u, uint64_t pos) {
    size_t off = pos % PAGE_SIZE, n = min(PAGE_SIZE - off, u->left);
    for (;;) {
        struct page *p;
        ssize_t moved = page_cache_grab(m, pos / PAGE_SIZE, &p);
        if (moved)
            return moved;
        moved = write_locked(m, p, off, n, u);
        if (moved > 0 && pos + moved > m->size)
            atomic_store(&m->size, pos + moved);
        page_unlock(p);
        page_put(p);
        if (moved == -ERESTART)
            continue;
        if (moved)
            return moved;
        ssize_t ready = uio_fault_in(u, n, false);
        if (ready < 0)
            return ready;
        n = ready; // less when the source ends in bad memory
    }
}

void page_cache_throttle(struct mapping *m) {
    if (!m->ops->write_pages)
        return;
    uint64_t dirty = mm_stat_read(NR_DIRTY) + mm_stat_read(NR_WRITEBACK);
    if (dirty > mem_total_pages() * dirty_ratio / 100)
        page_cache_write_behind(m);
}

ssize_t page_cache_write(struct mapping *m, struct uio *u, off_t pos) {
    ssize_t total = 0;
    assertf(pos >= 0, "write at %ld", pos);
    if (u->left && (uint64_t)pos > m->size)
        zero_tail(m, m->size);
    for (uint64_t chunk = 1; u->left; chunk++) {
        ssize_t moved = write_chunk(m, u, pos);
        if (moved < 0)
            return total ? total : moved;
        total += moved;
        pos += moved;
        if (chunk % THROTTLE_PAGES == 0)
            page_cache_throttle(m);
        cond_resched();
    }
    return total;
}
