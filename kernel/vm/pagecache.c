// The page cache: finding, adding and removing pages, and their states.
//
//   absent --page_cache_add--> reading --page_end_read(0)--> up to date --page_mark_dirty--> dirty
//     ^      (locked)             | page_end_read(err)           |   ^                        |  ^
//     |                           v                              |   | page_end_write         |  |
//     |                        error: read again                 |   |               writeback.c |
//     +---- page_cache_delete (locked, clean, unmapped) <--------+  writeback <-------------+  |
//                                                                    +----- page_mark_dirty ----+
//
// Finding is the hot path of read(2), of faults and of metadata: one lock, one tree descent, one
// reference.
//
// Invariants: 1. A page in a tree has owner == the mapping, index == its place, and a reference
// that the tree owns. 2. Pages enter locked and leave locked: a thread that holds the page lock and
// sees owner == m knows that the page stays. 3. A page leaves only when no PTE maps it; PTEs are
// made under the page lock or under the tree lock, and page_cache_delete() holds both. 4. The DIRTY
// tag is set exactly for PG_DIRTY pages, the WRITEBACK tag for PG_WRITEBACK ones, outside short
// windows in which the page is locked or pinned by the code that changes both. 5. Mappings without
// write_pages (tmpfs) use PG_DIRTY alone, to say that the page must not be dropped.
//
// Without memory, pages of files are refused, but a file system's own blocks are waited for: half
// an operation on them would be damage. Only the writer is refused them, as others wait for it.
//
// Locks: tree lock (mapping->lock) for the tree and owner; page lock for contents and I/O.
// Rejected: a lookup without the lock (needs deferred freeing of tree nodes and pages).
#include "vm/pagecache.h"

#include "abi/errno.h"
#include "mm/buddy.h"
#include "mm/lru.h"
#include "mm/slab.h"
#include "mm/stat.h"
#include "sched/timer.h"
#include "vm/commit.h"
#include "vm/mappings.h"
#include "vm/pagelock.h"
#include "vm/readahead.h"
#include "vm/reclaim.h"
#include "vm/rmap.h"
#include "vm/shmemswap.h"
#include "vm/writeback.h"

#define RETRY_NS 10000000UL // for memory, each time

static struct slab_cache *node_cache;

static struct radix_node *node_alloc(void) { return slab_alloc(node_cache, GFP_ATOMIC | GFP_ZERO); }
static void node_free(struct radix_node *n) { slab_free(node_cache, n); }
static const struct radix_ops node_ops = {node_alloc, node_free};

void page_cache_init(void) {
    node_cache = slab_cache_create("radix_tree_node", sizeof(struct radix_node), 0, NULL);
    pagelock_init();
    mappings_init();
}

void mapping_init(struct mapping *m, const struct mapping_ops *ops, void *host) {
    *m = (struct mapping){.ops = ops, .host = host};
    spin_init(&m->lock, "mapping", RANK_PAGECACHE);
    radix_init(&m->pages, &node_ops);
    radix_init(&m->swapped, &node_ops);
    mutex_init(&m->rmap_lock, "rmap", RANK_RMAP);
    list_init(&m->vmas);
    list_init(&m->all_link);
    list_init(&m->dirty_link);
    list_init(&m->sync_link);
}

void mapping_destroy(struct mapping *m) {
    assertf(list_empty(&m->vmas), "mapping %p destroyed while mapped", (void *)m);
    if (m->ops && !list_empty(&m->all_link))
        mapping_delist(m);
    if (m->nrpages || m->nrswapped)
        page_cache_drop_range(m, 0, LAST_INDEX);
    assertf(m->nrpages == 0, "%lu pages left", m->nrpages);
}

struct page *page_cache_find(struct mapping *m, uint64_t index) {
    spin_lock(&m->lock);
    struct page *p = radix_lookup(&m->pages, index);
    if (p)
        page_get(p);
    spin_unlock(&m->lock);
    return p;
}

static void count_page(struct mapping *m, long n) {
    mm_stat_add(NR_FILE, n);
    if (m->is_bdev)
        mm_stat_add(NR_BUFFERS, n);
    if (!m->is_shmem)
        return;
    mm_stat_add(NR_SHMEM, n);
    if (!m->promised)
        commit_add(n);
}

int page_cache_add(struct mapping *m, uint64_t index, struct page *p) {
    assertf(page_test(p, PG_LOCKED) && !p->owner, "page %#lx enters a cache", page_to_pfn(p));
    p->owner = m;
    p->index = index;
    if (m->is_shmem)
        page_set(p, PG_SWAPBACKED);
    spin_lock(&m->lock);
    int err = radix_insert(&m->pages, index, p);
    if (!err) {
        page_get(p);
        m->nrpages++;
    }
    spin_unlock(&m->lock);
    if (err) {
        p->owner = NULL;
        return err;
    }
    lru_add(p);
    count_page(m, 1);
    if (unlikely(list_empty(&m->all_link)))
        mapping_enlist(m);
    return 0;
}

void page_cache_delete(struct mapping *m, struct page *p) {
    assertf(spin_held(&m->lock) && page_test(p, PG_LOCKED), "page %#lx leaves", page_to_pfn(p));
    assertf(p->owner == m && p->mapcount == 0, "page %#lx mapcount %d", page_to_pfn(p),
            p->mapcount);
    assertf(!page_test(p, PG_WRITEBACK), "page %#lx is being written", page_to_pfn(p));
    void *old = radix_remove(&m->pages, p->index);
    assertf(old == p, "index %lu holds %p", p->index, old);
    if (m->is_shmem && p->private_ptr)
        shmem_free_slot(p);
    p->owner = NULL;
    m->nrpages--;
    if (page_test_clear(p, PG_DIRTY) && m->ops->write_pages)
        mm_stat_add(NR_DIRTY, -1);
    count_page(m, -1);
}

int page_cache_make(struct mapping *m, uint64_t index, struct page **out) {
    struct page *p = page_alloc(m->metadata ? GFP_USER | GFP_HIGH : GFP_USER, 0);
    if (!p)
        return -ENOMEM;
    page_set(p, PG_LOCKED);
    int err = page_cache_add(m, index, p);
    if (err) { // -EEXIST: another thread was faster
        page_clear(p, PG_LOCKED);
        page_put(p);
        return err;
    }
    *out = p;
    return 0;
}

// The error is want of memory, and one that may pass: waits a little.
static bool should_retry(const struct mapping *m, int err) {
    if (likely(err != -ENOMEM) || !m->metadata || writeback_is_current())
        return false;
    writeback_kick();
    (void)sleep_until(ktime_ns() + RETRY_NS);
    return true;
}

int page_cache_grab(struct mapping *m, uint64_t index, struct page **out) {
    for (;;) {
        struct page *p = page_cache_find(m, index);
        if (p) {
            page_lock(p);
            if (likely(p->owner == m)) {
                *out = p;
                return 0;
            }
            page_unlock(p); // truncated while we waited for the lock
            page_put(p);
            continue;
        }
        int err = page_cache_make(m, index, out);
        if (err != -EEXIST && !should_retry(m, err))
            return err;
    }
}

int page_cache_read_locked(struct mapping *m, struct page *p) {
    assertf(page_test(p, PG_LOCKED), "page %#lx is not locked", page_to_pfn(p));
    if (page_test(p, PG_UPTODATE))
        return 0;
    page_clear(p, PG_ERROR);
    m->ops->read_pages(m, &p, 1); // unlocks at its end
    page_lock(p);
    if (p->owner != m)
        return -ERESTART;
    return page_test(p, PG_UPTODATE) ? 0 : page_test(p, PG_ERROR) ? -EIO : -ENOMEM;
}

// Found, but not up to date: waits for the read in flight, or reads (again: the read that failed
// may have been for many pages, and the error another page's). 0: look once more.
static int wait_uptodate(struct mapping *m, struct page *p) {
    page_lock(p);
    int err = 0;
    if (p->owner == m && !page_test(p, PG_UPTODATE))
        err = page_cache_read_locked(m, p);
    page_unlock(p);
    return err == -ERESTART ? 0 : err;
}

// read(2) comes by: the second time it becomes active. Parts of a page in a row count once.
static inline void note_use(struct page *p) {
    uint32_t flags = atomic_load_relaxed(&p->flags);
    if (!(flags >> PG_REFERENCED & 1))
        page_set(p, PG_REFERENCED);
    else if (!(flags >> PG_ACTIVE & 1))
        lru_activate(p);
}

int page_cache_get(struct mapping *m, uint64_t index, struct readahead *ra, struct page **out) {
    for (;;) {
        struct page *p = page_cache_find(m, index);
        if (!p) {
            int err = readahead_miss(m, ra, index);
            if (err && !should_retry(m, err))
                return err;
            continue;
        }
        if (ra && page_test(p, PG_READAHEAD) && page_test_clear(p, PG_READAHEAD))
            readahead_next(m, ra, index);
        int err = page_test(p, PG_UPTODATE) ? 0 : wait_uptodate(m, p);
        if (!err && page_test(p, PG_UPTODATE)) {
            if (!ra || ra->prev != index)
                note_use(p);
            if (ra)
                ra->prev = index;
            *out = p;
            return 0;
        }
        page_put(p);
        if (err && !should_retry(m, err))
            return err;
    }
}

void page_mark_dirty(struct page *p) {
    struct mapping *m = p->owner;
    if (page_test(p, PG_ISYNC))
        page_clear(p, PG_ISYNC);
    fence_full(); // the new contents before the look at PG_DIRTY: else the write may miss them
    if (page_test(p, PG_DIRTY) || !m)
        return;
    if (!m->ops->write_pages) {
        page_set(p, PG_DIRTY);
        return;
    }
    spin_lock(&m->lock); // flag and tag change together: writeback may be clearing them
    bool marked = p->owner == m && !page_test_set(p, PG_DIRTY);
    if (marked)
        radix_set_tag(&m->pages, p->index, MAPPING_TAG_DIRTY);
    spin_unlock(&m->lock);
    if (!marked) // dirty already, or truncated meanwhile: nothing will be written
        return;
    mm_stat_add(NR_DIRTY, 1);
    mapping_note_dirty(m);
}

void page_end_read(struct page *p, int err) {
    assertf(!page_test(p, PG_UPTODATE), "page %#lx read twice", page_to_pfn(p));
    if (err != -ENOMEM) // without memory nothing was tried: the next one may
        page_set(p, err ? PG_ERROR : PG_UPTODATE);
    page_unlock(p);
}

void page_end_write(struct page *p, int err) {
    struct mapping *m = p->owner;
    assertf(m && page_test(p, PG_WRITEBACK), "page %#lx flags %#x", page_to_pfn(p), p->flags);
    if (err)
        atomic_store(&m->error, err);
    if (err == -ENOMEM)
        page_mark_dirty(p); // nothing was written: later
    spin_lock(&m->lock);
    radix_clear_tag(&m->pages, p->index, MAPPING_TAG_WRITEBACK);
    spin_unlock(&m->lock);
    mm_stat_add(NR_WRITEBACK, -1);
    page_end_writeback(p); // from here on the page may leave the cache
    reclaim_note_written();
    page_put(p);           // the reference of the write (writeback.c)
}

void page_cache_check(struct mapping *m) {
    uint64_t index = 0, n = 0;
    spin_lock(&m->lock);
    for (struct page *p; (p = radix_next(&m->pages, &index)); index++, n++) {
        bool dirty = m->ops->write_pages && page_test(p, PG_DIRTY);
        assertf(p->owner == m && p->index == index, "index %lu: page %#lx", index, page_to_pfn(p));
        assertf(p->refcount > p->mapcount, "page %#lx: %d references, %d PTEs", page_to_pfn(p),
                p->refcount, p->mapcount);
        assertf(p->mapcount == 0 || page_test(p, PG_UPTODATE), "index %lu mapped unread", index);
        assertf(!page_test(p, PG_ANON) && !page_test(p, PG_BUDDY), "flags %#x", p->flags);
        assertf(page_test(p, PG_LOCKED) ||
                    dirty == radix_get_tag(&m->pages, index, MAPPING_TAG_DIRTY),
                "index %lu: dirty %d", index, dirty);
    }
    assertf(n == m->nrpages, "%lu pages in the tree, %lu counted", n, m->nrpages);
    spin_unlock(&m->lock);
}
