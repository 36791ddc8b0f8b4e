// Inside the page allocator: zones, per-CPU lists, and the calls between zone.c, buddy.c, pcp.c and
// bootmem.c. Others include mm/buddy.h.
#pragma once

#include "mm/buddy.h"
#include "riscv/machine.h"
#include "riscv/tcb.h"
#include "sync/cpu.h"
#include "sync/spinlock.h"

// Free memory of one zone. Lock key: [lock] lock  [I] immutable after boot
struct zone {
    struct spinlock lock;
    struct list free[MAX_ORDER + 1];     // [lock] heads of free blocks, by order
    uint64_t free_blocks[MAX_ORDER + 1]; // [lock] lengths of these lists
    uint64_t free_pages;                 // [lock] in these lists
    uint64_t present, managed;           // [I] frames of RAM; frames given to the buddy
    uint64_t min, low, high;             // [a] watermarks, in pages
    const char *name;                    // [I]
};

extern struct zone zones[ZONE_COUNT];
extern int zone_preferred; // [I] where requests that may use any zone begin

// Pages that a request must leave in the zone. A task that is being ended for memory, or reclaims,
// may take half of what is kept for interrupts.
static inline uint64_t zone_reserve(const struct zone *z, gfp_t gfp) {
    if (gfp & GFP_HIGH)
        return 0;
    return (current_tcb->use_reserves | current_tcb->in_reclaim) ? z->min / 2 : z->min;
}

// Single free pages of one zone kept by one CPU, as stacks. Owned by the CPU: interrupts off.
// 512 bytes, so that finding one is shifts and additions.
#define PCP_PAGES 48
#define PCP_ZEROED 12

struct pcp {
    uint64_t count;  // in pages[]
    uint64_t zeroed; // in zeroes[]
    uint64_t frees;  // pages freed by users
    int64_t refills; // pages that came from the buddy, less those that went there
    struct page *pages[PCP_PAGES];
    struct page *zeroes[PCP_ZEROED]; // known to hold only zero bytes
} __aligned(64);

_Static_assert(sizeof(struct pcp) == 512, "a power of two");

extern struct pcp pcps[CPU_MAX][ZONE_COUNT];

// Pages allocated by users: what came in and is no longer here. Saves the count in the fast path.
static inline int64_t pcp_allocs(const struct pcp *pcp) {
    return pcp->refills + (int64_t)pcp->frees - (int64_t)(pcp->count + pcp->zeroed);
}

// What must not be set on a frame that is being freed.
#define PAGE_FLAGS_BAD_AT_FREE                                                                     \
    (1u << PG_RESERVED | 1u << PG_BUDDY | 1u << PG_PCP | 1u << PG_SLAB | 1u << PG_LOCKED |         \
     1u << PG_WRITEBACK | 1u << PG_LRU | 1u << PG_SWAPCACHE | 1u << PG_UNEVICTABLE)

// zone.c
void zone_init(void);
int zone_of_pfn(pfn_t pfn);
pfn_t zone_end_pfn(int zone); // exclusive
void zone_add_free(int zone, pfn_t from, pfn_t to);
void zone_add_present(pfn_t from, pfn_t to);
void zone_set_watermarks(void); // and the sizes of the per-CPU lists

// buddy.c. The zone's lock is held.
struct page *buddy_take(struct zone *z, int order); // NULL: no block that large
void buddy_give(struct zone *z, struct page *p, int order);

// pcp.c
void pcp_set_size(uint64_t managed);
// A page of zone z after the list ran dry: refills from the buddy. NULL when z is below its
// watermark (GFP_HIGH: empty).
struct page *pcp_alloc_slow(int zone, gfp_t gfp);
struct page *pcp_pop_zeroed(int zone); // a page of zeroes, if this CPU has one
uint64_t pcp_pages(int zone); // in the lists of all CPUs
