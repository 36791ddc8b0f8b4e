// The page allocator. A free block of order n is 2^n frames whose number is a multiple of 2^n; the
// two halves of a block of order n + 1 are buddies. Allocation splits, freeing merges:
//
//   order 2   |               8               |        take(0):  8 -> 8 | 10 -> 8 | 9 | 10
//   order 1   |       8       |      10       |        give(8):  buddy 9 free? -> 8 of order 1, ...
//   order 0   |   8   |   9   |  10   |  11   |        buddy of block b, order n: b ^ 2^n
//
// 1. Blocks in zone->free[n] are PG_BUDDY, of order n, aligned, and no two of them are buddies.
// 2. A frame within a free block that isn't its head has flags 0. So a flags word with exactly
//    PG_BUDDY means: head of a free block, and its order can be trusted (under the zone lock).
// 3. Frames are in one place: a block, a CPU's stack (PG_PCP), or with a user (refcount > 0).
//
// Order 0, nearly all requests, is served by the per-CPU stacks without a lock (pcp.c).
// When all zones are below their watermark: a request that may sleep asks reclaim (an upcall) and
// the shrinkers, and tries again while they free something, then the OOM killer; others get NULL.
//
// Locks: zone->lock (RANK_BUDDY, nothing below it). Rejected: bitmaps of buddy pairs (one load from
// struct page says the same); lazy merging (fragmentation that lasts).

#include "mm/buddy.h"

#include "mm/kasan.h"
#include "mm/shrink.h"
#include "mm/stat.h"
#include "mm/zone.h"
#include "riscv/pagecopy.h"

#define RECLAIM_ROUNDS 16
#define OOM_ROUNDS 16
#define OOM_ORDER_MAX 3

static bool (*end_somebody)(void);
static uint64_t (*reclaim_pages)(gfp_t gfp, int order);
static void (*low_water)(void);

void mm_set_reclaim(uint64_t (*reclaim)(gfp_t gfp, int order), void (*low)(void)) {
    assert(!reclaim_pages || !reclaim);
    reclaim_pages = reclaim;
    low_water = low;
}

void mm_set_oom(bool (*oom)(void)) { end_somebody = oom; }

static inline void block_insert(struct zone *z, struct page *p, int order) {
    p->flags = 1u << PG_BUDDY;
    p->order = (uint8_t)order;
    list_push_front(&z->free[order], &p->link);
    z->free_blocks[order]++;
}

static inline void block_remove(struct zone *z, struct page *p, int order) {
    p->flags = 0;
    list_remove(&p->link);
    z->free_blocks[order]--;
}

struct page *buddy_take(struct zone *z, int order) {
    int found = order;

    while (found <= MAX_ORDER && list_empty(&z->free[found]))
        found++;
    if (found > MAX_ORDER)
        return NULL;
    struct page *p = list_first(&z->free[found], struct page, link);
    assertf(p->flags == 1u << PG_BUDDY && p->order == found,
            "pfn %#lx flags %#x order %d in list %d", page_to_pfn(p), p->flags, p->order, found);
    block_remove(z, p, found);
    while (found > order) { // keep the lower half, free the upper
        found--;
        block_insert(z, p + (1UL << found), found);
    }
    z->free_pages -= 1UL << order;
    return p;
}

void buddy_give(struct zone *z, struct page *p, int order) {
    uint64_t i = (uint64_t)(p - mem_map); // agrees with the frame number in the low bits

    assertf(p->refcount == 0 && IS_ALIGNED(i, 1UL << order), "pfn %#lx order %d refcount %d",
            page_to_pfn(p), order, p->refcount);
    z->free_pages += 1UL << order;
    p->flags = 0;
    for (; order < MAX_ORDER; order++) {
        struct page *buddy = mem_map + (i ^ 1UL << order);
        if (buddy->flags != 1u << PG_BUDDY || buddy->order != order)
            break;
        block_remove(z, buddy, order);
        i &= ~(1UL << order);
    }
    block_insert(z, mem_map + i, order);
}

// Makes a user's page of frames that were free. Their mapcount is 0 already: invariant of freeing.
static inline struct page *hand_out(struct page *p) {
    p->flags = 0;
    p->refcount = 1;
    p->mlocked = 0; // it may have been full (vm/mlock.c)
    p->owner = NULL;
    p->index = 0;
    p->private = 0;
    p->private_ptr = NULL;
    kasan_page_alloc(p);
    return p;
}

// A block of the zone, if that leaves its minimum free.
static struct page *zone_alloc(int zone, gfp_t gfp, int order) {
    struct zone *z = &zones[zone];
    uint64_t reserve = zone_reserve(z, gfp);
    struct page *p = NULL;

    spin_lock(&z->lock);
    if (z->free_pages >= reserve + (1UL << order))
        p = buddy_take(z, order);
    spin_unlock(&z->lock);
    if (p) {
        p->order = (uint8_t)order;
        mm_stat_add(PGALLOC, 1L << order);
    }
    return p;
}

static struct page *alloc_from_zones(gfp_t gfp, int order) {
    for (int zone = gfp & GFP_DMA32 ? ZONE_DMA32 : zone_preferred; zone >= 0; zone--) {
        struct page *p = order ? zone_alloc(zone, gfp, order) : pcp_alloc_slow(zone, gfp);
        // The first zone is the last resort of all: while it is full, nothing is short.
        if (zone == 0 && READ_ONCE(zones[0].free_pages) < zones[0].low && low_water)
            low_water();
        if (p)
            return p;
    }
    return NULL;
}

// Tries to make memory free for the request. False: nothing more can be done.
static bool make_room(gfp_t gfp, int order, int round) {
    if (round == 0 && order > 0) {
        pcp_drain_local(); // pages parked there may complete a block
        return true;
    }
    if (!(gfp & GFP_WAIT) || round >= RECLAIM_ROUNDS || current_tcb->in_reclaim)
        return false;
    return (reclaim_pages && reclaim_pages(gfp, order)) || shrink_all(0);
}

// The last resort, for requests that may wait and are small enough that one process's end helps.
static bool out_of_memory(gfp_t gfp, int order, int times) {
    return (gfp & GFP_KERNEL) == GFP_KERNEL && order <= OOM_ORDER_MAX && times < OOM_ROUNDS &&
           end_somebody && end_somebody();
}

// Every zone, then reclaim, and again; then somebody ends, and again.
static struct page *take_or_reclaim(gfp_t gfp, int order) {
    for (int round = 0, ended = 0;; round++) {
        struct page *p = alloc_from_zones(gfp, order);
        if (p)
            return p;
        if (make_room(gfp, order, round))
            continue;
        if (!out_of_memory(gfp, order, ended++))
            return NULL;
        round = -1;
    }
}

static struct page *clear_block(struct page *p, int order) {
    char *va = page_to_virt(p);
    for (char *end = va + (PAGE_SIZE << order); va != end; va += PAGE_SIZE)
        clear_page(va);
    return p;
}

// The whole way.
static __noinline struct page *alloc_slow(gfp_t gfp, int order) {
    struct page *p = NULL;

    assertf(order >= 0 && order <= MAX_ORDER, "order %d", order);
    if (failalloc_now(gfp))
        return NULL;
    if (gfp & GFP_ZERO && order == 0)
        p = pcp_pop_zeroed(gfp & GFP_DMA32 ? ZONE_DMA32 : zone_preferred);
    if (p)
        return hand_out(p);
    p = take_or_reclaim(gfp, order);
    if (!p)
        return NULL;
    hand_out(p);
    return gfp & GFP_ZERO ? clear_block(p, order) : p;
}

// The usual case calls nothing, so the compiler saves no registers: every call is in the last
// place.
struct page *page_alloc(gfp_t gfp, int order) {
    if (unlikely((gfp & (GFP_ZERO | GFP_DMA32)) | (unsigned)order || failalloc_every))
        return alloc_slow(gfp, order);
    uint64_t irq = irq_save();
    struct pcp *pcp = &pcps[cpu_id()][zone_preferred];
    uint64_t count = pcp->count;
    if (unlikely(count == 0)) {
        irq_restore(irq);
        return alloc_slow(gfp, 0);
    }
    struct page *p = pcp->pages[count - 1];
    pcp->count = count - 1;
    irq_restore(irq);
    return hand_out(p);
}

void page_free(struct page *p, int order) {
    assertf(p->order == order || p->refcount <= 0, // free already: page_put() says it
            "pfn %#lx of order %d freed as %d", page_to_pfn(p), p->order, order);
    page_put(p);
}

void *frame_alloc(gfp_t gfp, int order) {
    struct page *p = page_alloc(gfp, order);
    if (!p)
        return NULL;
    mm_stat_add(NR_KERNEL, 1L << order);
    return page_to_virt(p);
}

void frame_free(void *va, int order) {
    if (!va)
        return;
    mm_stat_add(NR_KERNEL, -(1L << order));
    page_free(virt_to_page(va), order);
}
