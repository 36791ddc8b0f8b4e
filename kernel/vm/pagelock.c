// The page lock and the waits for a page's I/O.
//
//   PG_LOCKED     read or truncation in progress, or a writer fills the page
//   PG_WRITEBACK  a disk write is in flight
//   PG_WAITERS    somebody sleeps for one of them
//
// Sleepers share 64 wait queues by hash, as a page has no room for its own. A releaser clears its
// bit and PG_WAITERS by one atomic operation and wakes the queue only if PG_WAITERS was set; a
// sleeper enters the queue, sets PG_WAITERS, and only then tests the bit:
//
//   sleeper   queue | set WAITERS | bit still set? sleep
//   releaser                clear bit + WAITERS -> old had WAITERS: wake all
//
// Whichever order the two atomic operations take, either the sleeper sees the bit clear or the
// releaser sees WAITERS. Sleepers of the other bit and of other pages wake for nothing and go back.
//
// Invariants: 1. Only the holder clears PG_LOCKED, but the holder may be an I/O in flight, ended by
// an interrupt on another CPU. So the lock is not kept in a thread's list of held locks: its place
// in the lock order (RANK_PAGE, RANK_PAGE_META) is kept by hand. 2. A thread that holds one page
// lock takes further ones only by page_trylock, or of a device's page for a file's page.
#include "vm/pagecache.h"

#include "vm/pagelock.h"

#define PAGE_WAITQ_BITS 6

static struct waitq page_waitqs[1 << PAGE_WAITQ_BITS];

void pagelock_init(void) {
    for (size_t i = 0; i < ARRAY_SIZE(page_waitqs); i++)
        waitq_init(&page_waitqs[i]);
}

static struct waitq *page_waitq(const struct page *p) {
    return &page_waitqs[page_to_pfn(p) * 0x9e3779b97f4a7c15UL >> (64 - PAGE_WAITQ_BITS)];
}

static __noinline void wait_until_clear(struct page *p, enum page_flag flag) {
    struct waitq *q = page_waitq(p);
    struct wait_entry e = {0};

    assertf(p->refcount > 0, "wait on a free page %#lx", page_to_pfn(p));
    while (page_test(p, flag)) {
        waitq_prepare(q, &e, THREAD_SLEEPING);
        page_set(p, PG_WAITERS);
        if (page_test(p, flag))
            schedule();
        waitq_finish(q, &e);
    }
    fence_full(); // what the holder did before it let go is now seen
}

// Clears `flag` and wakes whoever sleeps on the page.
static inline void release_flag(struct page *p, enum page_flag flag) {
    uint32_t old = atomic_and(&p->flags, ~(1u << flag | 1u << PG_WAITERS));
    assertf(old >> flag & 1, "page %#lx flags %#x: flag %d is not set", page_to_pfn(p), old, flag);
    if (unlikely(old >> PG_WAITERS & 1))
        waitq_wake_all(page_waitq(p));
}

bool page_trylock(struct page *p) { return !page_test_set(p, PG_LOCKED); }

void page_lock(struct page *p) {
    while (unlikely(!page_trylock(p)))
        wait_until_clear(p, PG_LOCKED);
}

void page_unlock(struct page *p) { release_flag(p, PG_LOCKED); }

void page_wait_unlocked(struct page *p) {
    if (page_test(p, PG_LOCKED))
        wait_until_clear(p, PG_LOCKED);
}

void page_wait_writeback(struct page *p) {
    if (page_test(p, PG_WRITEBACK))
        wait_until_clear(p, PG_WRITEBACK);
}

void page_end_writeback(struct page *p) { release_flag(p, PG_WRITEBACK); }
