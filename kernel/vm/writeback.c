// Dirty pages go to the disk: on fsync and sync, from the periodic writer, and when there are too
// many.
//
//   PG_DIRTY --start_page--> PG_WRITEBACK --write_pages--> in flight --page_end_write--> clean
//
// start_page() write-protects the page's shared mappings first, so that a store after it faults,
// marks the page dirty again and is written by the next pass: no store is lost and none is written
// for ever. Runs of consecutive dirty pages go to write_pages() together.
//
// The periodic writer wakes every PERIOD while there are dirty mappings and writes those that
// became dirty at least AGE ago; with more than a tenth of memory dirty it writes all. Without
// dirty mappings it sleeps for good (no tick).
//
// Invariants: 1. In a batch only the first page lock may be waited for, the others are tried: two
// writers can't wait for each other. 2. A mapping leaves the dirty list before its tags are looked
// at, and comes back if dirty pages remain (mappings.c). 3. A page in flight has a reference of the
// write. 4. An I/O error is kept in m->error until one page_cache_sync(wait) has reported it.
//
// Rejected: a writer for each disk (one disk is the rule here); writing from the reclaim path
// (stacks are 8 KiB; reclaim wakes the writer and waits for it).
#include "vm/writeback.h"

#include "abi/errno.h"
#include "klog/printk.h"
#include "mm/buddy.h"
#include "mm/stat.h"
#include "sched/timer.h"
#include "vm/mappings.h"
#include "vm/rmap.h"

#define SECOND_NS 1000000000UL
#define PERIOD_NS (5 * SECOND_NS)
#define AGE_NS (5 * SECOND_NS)

struct batch {
    struct page *page[PAGE_CACHE_BATCH];
    int n;
};

static struct mutex sync_lock; // one sync(2) at a time: guards the sync_links
static struct thread *writer;
static uint32_t kicked;        // [a] write everything now

// The next page at or after *index tagged `tag`, referenced; NULL when none up to `last`.
static struct page *next_tagged(struct mapping *m, uint64_t *index, uint64_t last, int tag) {
    spin_lock(&m->lock);
    struct page *p = radix_next_tagged(&m->pages, index, tag);
    if (p && *index > last)
        p = NULL;
    if (p)
        page_get(p);
    spin_unlock(&m->lock);
    return p;
}

// The locked, referenced page leaves DIRTY for WRITEBACK if it is still there and dirty.
static bool start_page(struct mapping *m, struct page *p, bool wait) {
    if (p->owner != m || (!wait && page_test(p, PG_WRITEBACK)))
        return false;
    page_wait_writeback(p);
    if (p->mapcount && page_test(p, PG_DIRTY))
        rmap_clean_page(p);
    spin_lock(&m->lock);
    bool dirty = page_test_clear(p, PG_DIRTY);
    if (dirty) {
        radix_clear_tag(&m->pages, p->index, MAPPING_TAG_DIRTY);
        radix_set_tag(&m->pages, p->index, MAPPING_TAG_WRITEBACK);
        page_set(p, PG_WRITEBACK);
    }
    spin_unlock(&m->lock);
    return dirty;
}

static void submit(struct mapping *m, struct batch *b) {
    if (b->n == 0)
        return;
    mm_stat_add(NR_DIRTY, -b->n);
    mm_stat_add(NR_WRITEBACK, b->n);
    m->ops->write_pages(m, b->page, b->n); // unlocks; the references go in page_end_write()
    b->n = 0;
}

// The page at index joins the batch if it continues it and can be had. Takes over the reference.
static void add_or_start(struct mapping *m, struct batch *b, struct page *p, bool wait) {
    bool continues = b->n && b->n < PAGE_CACHE_BATCH && b->page[b->n - 1]->index + 1 == p->index;
    if (!continues || !page_trylock(p)) {
        submit(m, b);
        page_lock(p);
    }
    if (start_page(m, p, wait)) {
        b->page[b->n++] = p;
    } else {
        page_unlock(p);
        page_put(p);
    }
}

static void write_range(struct mapping *m, uint64_t first, uint64_t last, bool wait) {
    struct batch b = {.n = 0};
    struct page *p;
    for (uint64_t i = first; (p = next_tagged(m, &i, last, MAPPING_TAG_DIRTY)); i++)
        add_or_start(m, &b, p, wait);
    submit(m, &b);
}

static void wait_range(struct mapping *m, uint64_t first, uint64_t last) {
    struct page *p;
    for (uint64_t i = first; (p = next_tagged(m, &i, last, MAPPING_TAG_WRITEBACK)); i++) {
        page_wait_writeback(p);
        page_put(p);
    }
}

int page_cache_sync(struct mapping *m, uint64_t start, uint64_t end, bool wait) {
    assertf(start <= end, "sync from %lu to %lu", start, end);
    if (!m->ops->write_pages)
        return 0;
    write_range(m, start >> PAGE_SHIFT, end >> PAGE_SHIFT, wait);
    if (!wait)
        return 0;
    wait_range(m, start >> PAGE_SHIFT, end >> PAGE_SHIFT);
    return atomic_swap(&m->error, 0);
}

void page_cache_write_behind(struct mapping *m) {
    write_range(m, 0, UINT64_MAX >> PAGE_SHIFT, false);
    wait_range(m, 0, UINT64_MAX >> PAGE_SHIFT);
}

// Off the dirty list, pinned: the first mapping that became dirty at or before `since`; NULL: none.
static struct mapping *take_dirty(uint64_t since) {
    spin_lock(&mappings_lock);
    struct mapping *m = NULL;
    if (!list_empty(&mappings_dirty)) {
        m = list_first(&mappings_dirty, struct mapping, dirty_link);
        if (m->dirtied_ns <= since) {
            list_remove(&m->dirty_link);
            mapping_pin(m);
        } else {
            m = NULL;
        }
    }
    spin_unlock(&mappings_lock);
    return m;
}

static void back_if_dirty(struct mapping *m) {
    uint64_t index = 0;
    struct page *p = next_tagged(m, &index, UINT64_MAX, MAPPING_TAG_DIRTY);
    if (p) {
        mapping_note_dirty(m);
        page_put(p);
    }
}

// Every mapping that became dirty at or before `since`.
static void write_older(uint64_t since) {
    struct mapping *m;
    while ((m = take_dirty(since))) {
        write_range(m, 0, UINT64_MAX >> PAGE_SHIFT, false);
        back_if_dirty(m);
        mapping_unpin(m);
    }
}

void page_cache_sync_all(bool wait) {
    struct list started = LIST_INIT(started);
    struct mapping *m;
    uint64_t now = ktime_ns();

    if (!wait) {
        write_older(now);
        return;
    }
    mutex_lock(&sync_lock);
    while ((m = take_dirty(now))) { // start them all ...
        write_range(m, 0, UINT64_MAX >> PAGE_SHIFT, true);
        list_push_back(&started, &m->sync_link);
    }
    while (!list_empty(&started)) { // ... then wait; errors stay for fsync
        m = list_first(&started, struct mapping, sync_link);
        list_remove(&m->sync_link);
        wait_range(m, 0, UINT64_MAX >> PAGE_SHIFT);
        back_if_dirty(m);
        mapping_unpin(m);
    }
    mutex_unlock(&sync_lock);
}

uint64_t dirty_background_ratio = 10, dirty_ratio = 20;

static bool too_many_dirty(void) {
    return (uint64_t)mm_stat_read(NR_DIRTY) > mem_total_pages() * dirty_background_ratio / 100;
}

static void writer_main(void *arg) {
    for (;;) {
        wait_event(&writeback_waitq, !list_empty(&mappings_dirty) || atomic_load(&kicked));
        int err = wait_event_interruptible_until(&writeback_waitq, atomic_load(&kicked),
                                                 ktime_ns() + PERIOD_NS);
        assertf(err == 0 || err == -ETIME, "the writer was interrupted: %d", err);
        uint64_t now = ktime_ns();
        if (atomic_swap(&kicked, 0) || too_many_dirty())
            write_older(now);
        else
            write_older(now > AGE_NS ? now - AGE_NS : 0);
    }
}

void writeback_kick(void) {
    atomic_store(&kicked, 1);
    waitq_wake_all(&writeback_waitq);
}

bool writeback_is_current(void) { return current() == writer; }

void writeback_init(void) {
    mutex_init(&sync_lock, "sync", RANK_WRITEBACK);
    writer = kthread_start("writeback", writer_main, NULL);
    if (!writer)
        pr_err("writeback: no memory for the periodic writer; pages are written on sync only\n");
}
