// The page allocator: binary buddies of order 0 to 10 in each zone (Knowlton 1965; Knuth, TAOCP 1,
// 2.5), with per-CPU lists of single pages in front.
//
// Zones: DMA32 (frames below 4 GiB) and NORMAL (above). A request tries NORMAL, then falls back to
// DMA32; GFP_DMA32 tries DMA32 only. Watermarks min < low < high per zone: below low kswapd is
// woken (once it exists), below min only GFP_HIGH passes.
#pragma once

#include "mm/page.h"
#include "mm/stat.h"

#define MAX_ORDER 10 // largest block: 4 MiB

enum zone_type { ZONE_DMA32, ZONE_NORMAL, ZONE_COUNT };

// 2^order frames, contiguous, naturally aligned; refcount 1 on the head, order kept in it.
// NULL when there is none (always check). With GFP_WAIT may sleep and reclaim.
struct page *__must_check page_alloc(gfp_t gfp, int order);
// Drops the reference; the same as page_put() on the head.
void page_free(struct page *p, int order);
// page_alloc(gfp, 0) and page_put() of pages with one user, counted as that kind of memory.
static inline struct page *__must_check page_alloc_counted(gfp_t gfp, enum mm_stat kind) {
    struct page *p = page_alloc(gfp, 0);
    if (p)
        mm_stat_add(kind, 1);
    return p;
}
static inline void page_free_counted(struct page *p, enum mm_stat kind) {
    mm_stat_add(kind, -1);
    page_put(p);
}
// The frames' linear-map address instead of struct page; counted in NR_KERNEL.
void *__must_check frame_alloc(gfp_t gfp, int order);
void frame_free(void *va, int order);
// page_put() of an order-0 frame that holds only zero bytes and has no other user: it is kept aside
// for the next GFP_ZERO request, which then need not clear it (page tables live on this).
void page_free_zeroed(struct page *p);

// Upcall (docs/floors.md), set once by vm/reclaim.c: frees memory for a request of this order,
// returns the number of frames freed; 0 = give up.
// low_water: a zone has come below its low watermark; any context, no lock of the allocator held.
void mm_set_reclaim(uint64_t (*reclaim)(gfp_t gfp, int order), void (*low_water)(void));

// Upcall, set once by vm/oom.c: nothing can be reclaimed. True: a process has ended, or will
// soon: try again.
void mm_set_oom(bool (*oom)(void));

// Books, in pages.
uint64_t mem_total_pages(void); // handed to the buddy at boot plus later
uint64_t mem_reserved_pages(void); // RAM that never was: firmware, kernel image, struct page
// The sum of the min watermarks, and how to set it: each zone gets its share.
uint64_t mem_min_free_pages(void);
void mem_set_min_free(uint64_t pages);
uint64_t mem_free_pages(void);  // exact: buddy and per-CPU lists, of all zones
// Watermark sums and per-order counts, for /proc/{buddyinfo,zoneinfo}.
struct zone_info {
    const char *name;
    uint64_t present, managed, free, min, low, high;
    uint64_t free_blocks[MAX_ORDER + 1];
    uint64_t pcp_pages;
};
bool zone_get_info(int zone, struct zone_info *out); // false: the zone is empty or unknown
// Pages in use by kind, kept exactly (for meminfo): see mm/stat.h.

// Empties this CPU's page lists into the buddy (before counting, and under pressure).
void pcp_drain_local(void);
// Walks all free lists: flags, alignment, buddies not both free, counts. Asserts on a breach.
void buddy_check(void);

// failalloc= on the command line (or written at run time): makes every n-th allocation that is not
// GFP_NOFAIL_TEST answer NULL. 0 turns it off. Covers page_alloc, kmalloc and slab_alloc.
void failalloc_set(uint64_t every);
extern uint64_t failalloc_every;
bool failalloc_hit(gfp_t gfp); // counts; true when this one must fail
static inline bool failalloc_now(gfp_t gfp) {
    return unlikely(failalloc_every) && failalloc_hit(gfp);
}
