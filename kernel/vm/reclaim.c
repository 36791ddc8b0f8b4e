// Reclaim: which pages leave memory when frames run out.
//
//                       +------------------- referenced ------------------+
//                       v                                                 |
//   new page --> [ inactive ............................. ] tail --> look at it
//                       ^                                             |  not referenced:
//                       | too few inactive ones                       |  unmap, write if dirty,
//   activated -> [ active .................. ] tail                   |  clean: out of its cache
//                                                                     v
//                                                                   free
//
// There are two such pairs of lists (mm/lru.h): file pages go back to their file, swap-backed pages
// to swap. vm.swappiness divides the work between the two: 0 touches swap only when no file page is
// left, 200 the other way round.
//
// Referenced means: some PTE has its A bit set (rmap_referenced() clears it), or read(2) came by
// twice (page_cache_get()). A page that is mapped has a second chance (PG_REFERENCED) before it is
// activated, code at once.
//
//   page_alloc --none--> reclaim_frames: rounds of growing pressure (priority 12 .. 0: the part
//                        2^-priority of each list), then a wait for the disk, then 0: out of memory
//   below `low`  ------> kswapd (kswapd.c) does the same until `high` is reached
//
// The last file pages that are mapped are not taken while nothing else is left: they are the text
// that everybody runs, and taking them would make all fault for ever instead of ending somebody.
//
// Invariants: 1. No page lock is waited for: callers may hold page locks and anything above.
// 2. An isolated page has our reference and is on no list; it goes back, or is freed, before we
// return. 3. A page leaves its cache only clean, unmapped, and with no reference but ours and the
// cache's. 4. Dirty file pages are not written here (a file system may need more stack and memory
// than a caller has): the writer is woken, and those who make pages dirty wait for it.
//
// Locks: page lock > rmap > ptl (rmap.c); page lock > tree lock. Nothing is held between batches.
#include "vm/reclaim.h"

#include "mm/buddy.h"
#include "mm/lru.h"
#include "mm/shrink.h"
#include "mm/stat.h"
#include "sched/timer.h"
#include "vm/huge.h"
#include "vm/pagecache.h"
#include "vm/rmap.h"
#include "vm/shmemswap.h"
#include "vm/swap.h"
#include "vm/writeback.h"

#define BATCH 32              // pages isolated at once; frames that satisfy one request
#define WAIT_NS 10000000UL    // for the disk, each time ...
#define WAITS_TRANSFER 500    // ... and how often: until a transfer ends,
#define WAITS_WRITER 5        // and until the writer has begun one

struct scan {
    uint64_t wanted, freed, dirty; // frames; pages that have to be written first
    struct swap_batch batch;
    enum reclaimer by;
    int priority;
    bool may_unmap_file;
};

// LEAVE: a file's page, clean, unmapped, and still locked: leave_caches() decides.
enum verdict { KEEP, ACTIVATE, FREED, LEAVE };

// Takes those of the pages out of their trees that nobody but tree and we have; pages of one file
// in a row with one hold of its lock. They come first in pages[] then, with our reference alone.
// Unlocks all. Returns how many left.
static size_t leave_caches(struct page **pages, size_t n) {
    const uint32_t busy = 1u << PG_DIRTY | 1u << PG_WRITEBACK;
    struct mapping *m = NULL;
    size_t gone = 0;

    for (size_t i = 0; i < n; i++) {
        struct page *p = pages[i];
        if (p->owner != m) {
            if (m)
                spin_unlock(&m->lock);
            m = p->owner;
            spin_lock(&m->lock);
        }
        bool leaves = atomic_load(&p->refcount) == 2 && atomic_load(&p->mapcount) == 0 &&
                      !(p->flags & busy);
        if (leaves) {
            page_cache_delete(m, p);
            page_put(p); // the tree's
            pages[i] = pages[gone];
            pages[gone++] = p;
        }
        page_unlock(p);
    }
    if (m)
        spin_unlock(&m->lock);
    return gone;
}

// Was the page used while it went down the inactive list?
static bool used(struct page *p, enum verdict *v) {
    bool exec = false;
    *v = KEEP;
    if (p->mapcount == 0)
        return false; // one read(2) gives no second chance: a stream would push all else out
    if (!rmap_referenced(p, &exec))
        return false;
    if (exec || page_test(p, PG_ANON) || page_test_set(p, PG_REFERENCED))
        *v = ACTIVATE;
    return true;
}

static enum verdict reclaim_file_page(struct scan *s, struct page *p) {
    if (p->mapcount && (!s->may_unmap_file || !rmap_unmap_page(p)))
        return KEEP;
    if (page_test(p, PG_DIRTY)) {
        s->dirty++;
        return KEEP;
    }
    return LEAVE;
}

// Also unlocks the page.
static enum verdict reclaim_anon_page(struct scan *s, struct page *p) {
    enum verdict v = KEEP;
    if (page_is_huge(p) && (swap_free_pages() == 0 || !huge_split_page(p)))
        v = ACTIVATE;
    else if (!page_test(p, PG_SWAPCACHE) && (p->mapcount == 0 || swapcache_add(p)))
        v = ACTIVATE; // swap is full
    else if (p->mapcount && !rmap_unmap_page(p))
        v = ACTIVATE;
    else if (!page_test(p, PG_DIRTY))
        v = swapcache_reclaim(p) ? FREED : KEEP;
    if (v != KEEP || !page_test(p, PG_DIRTY)) {
        swapcache_unlock(p);
        return v;
    }
    s->dirty++;
    return swap_write(&s->batch, p) ? KEEP : ACTIVATE; // comes back to the tail when it is written
}

// Also unlocks the page.
static enum verdict reclaim_shmem_page(struct scan *s, struct page *p) {
    enum verdict v = KEEP;
    if (((struct mapping *)p->owner)->in_memory || (p->mapcount && !rmap_unmap_page(p)))
        v = ACTIVATE;
    else if (!page_test(p, PG_DIRTY))
        v = shmem_leave(p) ? FREED : KEEP;
    if (v != KEEP || !page_test(p, PG_DIRTY)) {
        page_unlock(p);
        return v;
    }
    s->dirty++;
    return shmem_write(&s->batch, p) ? KEEP : ACTIVATE;
}

// An isolated page. FREED: only our reference is left. LEAVE: it stays locked.
static enum verdict look_at(struct scan *s, struct page *p) {
    enum verdict v = KEEP;

    if (!page_trylock(p))
        return KEEP;
    if (page_test(p, PG_WRITEBACK)) {
        s->dirty++;
    } else if (p->mlocked || used(p, &v)) {
        // stays
    } else if (page_test(p, PG_ANON)) {
        return reclaim_anon_page(s, p);
    } else if (page_test(p, PG_SWAPBACKED) && p->owner) {
        return reclaim_shmem_page(s, p);
    } else if (p->owner) {
        v = reclaim_file_page(s, p);
        if (v == LEAVE)
            return v;
    }
    swapcache_unlock(p);
    return v;
}

// A batch by verdict: kept at the front of pages, freed at the front of others, leave at its end.
struct batch {
    struct page *pages[BATCH], *others[BATCH];
    size_t kept, freed, leave;
};

static void sort_batch(struct scan *s, struct batch *b, size_t n) {
    b->kept = b->freed = b->leave = 0;
    for (size_t i = 0; i < n; i++) {
        struct page *p = b->pages[i];
        switch (look_at(s, p)) {
        case LEAVE:
            b->others[BATCH - ++b->leave] = p;
            break;
        case FREED:
            b->others[b->freed++] = p;
            break;
        case ACTIVATE:
            page_clear(p, PG_REFERENCED);
            page_set(p, PG_ACTIVE);
            mm_stat_add(PGACTIVATE, 1);
            // fall through
        case KEEP:
            b->pages[b->kept++] = p;
        }
    }
    swap_flush(&s->batch);
}

static void shrink_inactive(struct scan *s, enum lru_list l, uint64_t n) {
    struct batch b;

    while (n && s->freed < s->wanted) {
        size_t got = lru_isolate(l, b.pages, min(n, (uint64_t)BATCH));
        if (!got)
            return;
        mm_stat_add(PGSCAN_KSWAPD + s->by, got);
        sort_batch(s, &b, got);
        struct page **leave = &b.others[BATCH - b.leave];
        size_t left = leave_caches(leave, b.leave);
        lru_putback(b.pages, b.kept);
        lru_putback(leave + left, b.leave - left);
        pages_put(b.others, b.freed);
        pages_put(leave, left);
        mm_stat_add(PGSTEAL_KSWAPD + s->by, b.freed + left);
        s->freed += b.freed + left;
        n -= min(n, got);
        cond_resched();
    }
}

// The oldest active pages become inactive, but for code that was used.
static void shrink_active(enum lru_list l, uint64_t n) {
    struct page *pages[BATCH];

    while (n) {
        size_t got = lru_isolate(l, pages, min(n, (uint64_t)BATCH));
        if (!got)
            return;
        for (size_t i = 0; i < got; i++) {
            struct page *p = pages[i];
            bool exec = false, young = false;
            if (p->mapcount && page_trylock(p)) {
                young = rmap_referenced(p, &exec);
                swapcache_unlock(p); // its last user may have gone meanwhile
            }
            if (young && exec)
                continue;
            page_clear(p, PG_ACTIVE);
            mm_stat_add(PGDEACTIVATE, 1);
        }
        lru_putback(pages, got);
        n -= min(n, got);
        cond_resched();
    }
}

static void shrink_pair(struct scan *s, enum lru_list inactive, uint64_t share) {
    uint64_t n = (lru_pages(inactive) * share / 100) >> s->priority;
    uint64_t least = DIV_ROUND_UP(BATCH * share, 100); // both lists of a machine share one batch
    if (share == 0)
        return;
    if (lru_pages(inactive) < lru_pages(inactive + 1))
        shrink_active(inactive + 1, max(lru_pages(inactive + 1) >> s->priority, least));
    shrink_inactive(s, inactive, max(n, least));
}

uint64_t reclaim_pages(enum reclaimer by, uint64_t wanted, int priority, uint64_t *dirty) {
    struct scan s = {.wanted = wanted, .by = by, .priority = priority};

    assertf(priority >= 0 && priority <= RECLAIM_PRIORITY, "priority %d", priority);
    uint64_t swap = swap_total_pages() ? min(READ_ONCE(swappiness), 200UL) / 2 : 0;
    s.may_unmap_file = (uint64_t)mm_stat_read(NR_FILE) >= mem_total_pages() / 16;
    if (swap && !s.may_unmap_file)
        swap = 100;
    shrink_pair(&s, LRU_INACTIVE_FILE, 100 - min(swap, 99UL));
    shrink_pair(&s, LRU_INACTIVE_ANON, priority ? swap : swap ? 100 : 0);
    if (s.freed < wanted)
        s.freed += shrink_all(priority);
    *dirty += s.dirty;
    return s.freed;
}

// ---- waiting for the disk

static uint32_t writes_ended; // [a]
static struct waitq ended_q = WAITQ_INIT(ended_q);

void reclaim_note_written(void) {
    atomic_add(&writes_ended, 1);
    waitq_wake_all(&ended_q);
}

uint32_t reclaim_writes_ended(void) { return atomic_load(&writes_ended); }

void reclaim_wait(uint32_t ended) {
    uint64_t deadline = ktime_ns() + WAIT_NS;
    struct wait_entry e = {0};
    waitq_prepare(&ended_q, &e, THREAD_SLEEPING);
    if (atomic_load(&writes_ended) == ended)
        schedule_until(deadline);
    waitq_finish(&ended_q, &e);
}

// Nothing could be had at once. True: pages are in flight, or dirty, and some time has passed. A
// transfer ends by itself; the writer may need what our caller has locked, so it gets less time.
static bool wait_for_disk(gfp_t gfp, int times) {
    bool writes = mm_stat_read(NR_WRITEBACK) > 0;
    bool dirty = mm_stat_read(NR_DIRTY) > 0 && (gfp & GFP_IO) && !writeback_is_current();
    if (times >= (writes ? WAITS_TRANSFER : WAITS_WRITER) || !(writes || dirty))
        return false;
    if (dirty)
        writeback_kick();
    reclaim_wait(reclaim_writes_ended());
    return true;
}

// Direct reclaim: the upcall of the page allocator.
static uint64_t reclaim_frames(gfp_t gfp, int order) {
    uint64_t wanted = max((uint64_t)BATCH, 2UL << order), freed = 0, dirty = 0;
    struct tcb *me = current_tcb;
    int waits = 0, rounds = 0;

    if (me->in_reclaim)
        return 0;
    me->in_reclaim = true;
    mm_stat_add(ALLOCSTALL, 1);
    for (int priority = RECLAIM_PRIORITY; freed < wanted && priority >= 0; priority--) {
        uint64_t before = dirty;
        uint32_t ended = reclaim_writes_ended();
        freed += reclaim_pages(BY_REQUEST, wanted - freed, priority, &dirty);
        if (freed < wanted && dirty - before >= BATCH && mm_stat_read(NR_WRITEBACK) > 0)
            reclaim_wait(ended); // enough is on its way: to look at more pages would not help
        // The first time through, every page may have been found used, and is not any more.
        if (priority == 0 && freed == 0 && (rounds++ == 0 || wait_for_disk(gfp, waits++)))
            priority = 3;
    }
    me->in_reclaim = false;
    return freed;
}

void reclaim_init(void) {
    mm_set_reclaim(reclaim_frames, kswapd_wake);
    kswapd_init();
}
