// Swap's transfers: clustered writing, reading ahead, what happens to errors.
//
//   out   pages whose slots follow one another on the disk join one request (struct swap_batch)
//   in    the page wanted, and pages of the aligned window around its slot that are in use: what
//         went out together is likely to be wanted together
//
// The window adapts (after Linux's swapin_nr_pages): a neighbour read ahead and then used makes it
// larger, up to 1 << vm.page-cluster; without hits it shrinks to the page alone, unless slots are
// asked for in rising or falling order.
//
// Errors: a page that cannot be read is marked PG_ERROR, and its users get SIGBUS (swapfault.c). A
// page that cannot be written is still in memory: it stays, dirty, and its slot is marked bad.
//
// Invariants: 1. a transfer holds a reference of its page, and the page lock (reading) or
// PG_WRITEBACK (writing). 2. memory for a neighbour is never waited for. 3. no bio is held
// unsubmitted while another is waited for.
#include "abi/errno.h"
#include "klog/printk.h"
#include "mm/buddy.h"
#include "mm/lru.h"
#include "mm/stat.h"
#include "vm/pagelock.h"
#include "vm/reclaim.h"
#include "vm/swapmap.h"

#define PAGE_SECTORS (PAGE_SIZE / SECTOR_SIZE)

uint64_t swap_page_cluster = 3;
uint64_t swappiness = 60;

uint64_t swap_sector(const struct swap_area *a, uint64_t slot) {
    uint64_t low = 0, high = a->src.extent_count;
    while (high - low > 1) { // the last extent that begins at or before slot
        uint64_t mid = (low + high) / 2;
        if (a->src.extents[mid].slot <= slot)
            low = mid;
        else
            high = mid;
    }
    const struct swap_extent *x = &a->src.extents[low];
    assertf(slot >= x->slot && slot - x->slot < x->count, "slot %lu has no place", slot);
    return x->sector + (slot - x->slot) * PAGE_SECTORS;
}

void swap_batch_add(struct swap_batch *b, swp_t e, struct page *p, enum bio_op op,
                    void (*end_io)(struct bio *)) {
    const struct swap_area *a = swap_area_of(e);
    struct blkdev *dev = a->src.dev;
    uint64_t sector = swap_sector(a, swp_slot(e));

    page_get(p); // the transfer's
    bool continues = b->bio && b->bio->dev == dev && b->bio->end_io == end_io &&
                     b->next_sector == sector;
    if (!continues || !bio_add_page(b->bio, p, 0, PAGE_SIZE)) {
        swap_flush(b);
        b->bio = bio_alloc(GFP_NOIO);
        assert(b->bio); // it waits rather than fail
        b->bio->dev = dev;
        b->bio->op = op;
        b->bio->sector = sector;
        b->bio->end_io = end_io;
        bool added = bio_add_page(b->bio, p, 0, PAGE_SIZE);
        assert(added);
    }
    b->next_sector = sector + PAGE_SECTORS;
}

void swap_flush(struct swap_batch *b) {
    if (b->bio)
        bio_submit(b->bio);
    b->bio = NULL;
}

// ---- out ----

static void write_failed(const struct bio *bio, struct page *p) {
    pr_err("swap: write error on %s, sector %lu\n", bio->dev->name, bio->sector);
    page_set(p, PG_DIRTY);
    swap_slot_failed(page_swp(p));
}

static void write_done(struct bio *bio) {
    for (int i = 0; i < bio->nvecs; i++) {
        struct page *p = bio->vec[i].page;
        if (bio->status)
            write_failed(bio, p);
        mm_stat_add(NR_WRITEBACK, -1);
        if (!bio->status)
            lru_rotate(p);     // clean now: the first to go
        page_put(p);           // while PG_WRITEBACK keeps it in the cache, which has another:
        page_end_writeback(p); // whoever waits for the end finds only the cache's
        swap_page_sync(p);     // its last user may have gone meanwhile. Any state of p will do
    }
    reclaim_note_written();
    bio_free(bio);
}

void swap_batch_write(struct swap_batch *b, swp_t e, struct page *p, void (*end_io)(struct bio *)) {
    page_clear(p, PG_DIRTY);
    page_set(p, PG_WRITEBACK);
    mm_stat_add(NR_WRITEBACK, 1);
    mm_stat_add(PSWPOUT, 1);
    swap_batch_add(b, e, p, BIO_WRITE, end_io);
    page_unlock(p);
}

bool swap_write(struct swap_batch *b, struct page *p) {
    swp_t e = page_swp(p);
    assertf(page_test(p, PG_LOCKED) && page_test(p, PG_SWAPCACHE) && p->mapcount == 0,
            "page %#lx flags %#x, %d PTEs", page_to_pfn(p), p->flags, p->mapcount);
    if (page_test(p, PG_WRITEBACK) || swap_slot_is_bad(e)) {
        swapcache_unlock(p);
        return false;
    }
    swap_batch_write(b, e, p, write_done);
    return true;
}

// ---- in ----

static uint32_t hits;        // [a] pages read ahead that somebody wanted since the last window
static uint64_t last_slot;   // [a] what was wanted last
static uint64_t last_window; // [a] pages of the last window

void swap_readahead_hit(void) { atomic_add_relaxed(&hits, 1); }

static uint64_t window_pages(uint64_t slot) {
    uint64_t most = 1UL << min(READ_ONCE(swap_page_cluster), 5UL), n = 1;
    uint64_t prev = atomic_swap_relaxed(&last_slot, slot);
    uint32_t used = atomic_swap_relaxed(&hits, 0u);
    if (used || slot == prev + 1 || slot + 1 == prev)
        while (n < used + 2)
            n *= 2;
    n = max(n, READ_ONCE(last_window) / 2);
    n = min(n, most);
    WRITE_ONCE(last_window, n);
    return n;
}

static void read_done(struct bio *bio) {
    for (int i = 0; i < bio->nvecs; i++) {
        struct page *p = bio->vec[i].page;
        page_set(p, bio->status ? PG_ERROR : PG_UPTODATE);
        swapcache_unlock(p);
        page_put(p);
    }
    bio_free(bio);
}

static struct page *make_page(swp_t e, gfp_t gfp, int *err) {
    struct page *p = page_alloc(gfp, 0);
    *err = p ? 0 : -ENOMEM;
    if (!p)
        return NULL;
    p->flags = 1u << PG_ANON | 1u << PG_LOCKED;
    *err = swapcache_add_unread(p, e);
    if (!*err) {
        lru_add(p);
        return p;
    }
    page_clear(p, PG_LOCKED);
    page_put(p);
    return NULL;
}

int swap_read(swp_t e, bool alone, struct page **out) {
    struct swap_batch b = {0};
    int err;
    struct page *target = make_page(e, GFP_USER, &err); // waits for memory: before any bio is held
    if (!target)
        return err == -ENOMEM ? err : -ERESTART;
    const struct swap_area *a = swap_area_of(e); // the page in the cache keeps it
    uint64_t n = alone ? 1 : window_pages(swp_slot(e)), slot = ALIGN_DOWN(swp_slot(e), n);
    uint64_t end = min(slot + n, a->slots.count);
    for (slot = max(slot, 1UL); slot < end; slot++) {
        bool wanted = slot == swp_slot(e);
        struct page *p = wanted ? target : make_page(swp_make(a->number, slot), GFP_MOVABLE, &err);
        if (!p)
            continue;
        if (!wanted)
            page_set(p, PG_READAHEAD);
        mm_stat_add(PSWPIN, 1);
        swap_batch_add(&b, swp_make(a->number, slot), p, BIO_READ, read_done);
        if (!wanted)
            page_put(p); // the cache and the transfer have theirs
    }
    swap_flush(&b);
    *out = target;
    return 0;
}
