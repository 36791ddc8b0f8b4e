// Per-CPU lists: two stacks of single free pages for each CPU and zone, so that nearly every
// request costs neither a lock nor a list operation.
//
//     page_alloc -> pages[count - 1]        page_put -> pages[count]
//     empty:  half a stack from the buddy   full: its older half to the buddy, which merges
//     zeroes[]: frames known to hold only zero bytes (page tables that were emptied), kept for
//               GFP_ZERO requests
//
// 1. A page in a stack has flags PG_PCP, refcount 0, order 0.
// 2. A stack is touched by its CPU only, with interrupts off (an interrupt may free pages).
// 3. Other CPUs read the counts, for mem_free_pages(); nobody else takes their pages.
//
// Arrays instead of lists: a push is one store, and the page's own line is touched once less.
// The size follows the memory: 14 pages a CPU at 16 MiB, 48 from 48 MiB on.

#include "mm/zone.h"

#include "mm/kasan.h"
#include "mm/lru.h"
#include "mm/stat.h"

struct pcp pcps[CPU_MAX][ZONE_COUNT];
static uint64_t pcp_high = 8;   // [I] pages kept at most
static uint64_t zeroed_high = 2;

void pcp_set_size(uint64_t managed) {
    uint64_t share = max(managed / 256, 8UL);
    pcp_high = min(share, (uint64_t)PCP_PAGES) & ~1UL;
    zeroed_high = min(pcp_high / 4, (uint64_t)PCP_ZEROED);
}

// The largest order that fits the wish, or the smallest that has a free block if that is less:
// fragments are used up before larger blocks are broken.
static int refill_order(const struct zone *z, uint64_t wish) {
    int order = 0;
    while (list_empty(&z->free[order]) && 2UL << order <= wish)
        order++;
    return order;
}

// Fills half the stack from the buddy, leaving `reserve` pages there. One block gives many pages;
// they are stacked so that they come out in rising order. Returns how many.
static uint64_t refill(struct pcp *pcp, struct zone *z, uint64_t reserve) {
    uint64_t got = 0;

    spin_lock(&z->lock);
    while (got < pcp_high / 2 && z->free_pages > reserve) {
        uint64_t wish = min(pcp_high / 2 - got, z->free_pages - reserve);
        int order = refill_order(z, wish);
        struct page *block = buddy_take(z, order);
        assertf(block, "zone %s: %lu pages free, none found", z->name, z->free_pages);
        for (struct page *p = block + (1UL << order); p-- != block;) {
            p->flags = 1u << PG_PCP;
            p->order = 0;
            pcp->pages[pcp->count++] = p;
        }
        got += 1UL << order;
    }
    spin_unlock(&z->lock);
    pcp->refills += (int64_t)got;
    return got;
}

struct page *pcp_alloc_slow(int zone, gfp_t gfp) {
    struct zone *z = &zones[zone];
    struct page *p = NULL;
    uint64_t irq = irq_save();
    struct pcp *pcp = &pcps[cpu_id()][zone];

    if (pcp->count || refill(pcp, z, zone_reserve(z, gfp)))
        p = pcp->pages[--pcp->count];
    else if (pcp->zeroed)
        p = pcp->zeroes[--pcp->zeroed];
    irq_restore(irq);
    return p;
}

struct page *pcp_pop_zeroed(int zone) {
    uint64_t irq = irq_save();
    struct pcp *pcp = &pcps[cpu_id()][zone];
    struct page *p = pcp->zeroed ? pcp->zeroes[--pcp->zeroed] : NULL;
    irq_restore(irq);
    return p;
}

// Gives the n oldest pages of a stack back. Interrupts are off.
static void drain(struct pcp *pcp, struct zone *z, struct page **stack, uint64_t *count,
                  uint64_t n) {
    assertf(n <= *count, "drain %lu of %lu", n, *count);
    spin_lock(&z->lock);
    for (uint64_t i = 0; i < n; i++)
        buddy_give(z, stack[i], 0);
    spin_unlock(&z->lock);
    pcp->refills -= (int64_t)n;
    for (uint64_t i = n; i < *count; i++)
        stack[i - n] = stack[i];
    *count -= n;
}

static inline void free_check(const struct page *p) {
    assertf(!(p->flags & PAGE_FLAGS_BAD_AT_FREE) && p->mapcount == 0,
            "free of pfn %#lx flags %#x mapcount %d", page_to_pfn(p), p->flags, p->mapcount);
}

static __noinline void free_block(struct page *p) {
    struct zone *z = &zones[p->zone];
    uint64_t pages = 1UL << p->order;

    spin_lock(&z->lock);
    buddy_give(z, p, p->order);
    spin_unlock(&z->lock);
    mm_stat_add(PGFREE, (long)pages);
}

// A page for a full stack.
static __noinline void release_slow(struct page *p) {
    uint64_t irq = irq_save();
    struct pcp *pcp = &pcps[cpu_id()][p->zone];

    if (pcp->count >= pcp_high)
        drain(pcp, &zones[p->zone], pcp->pages, &pcp->count, pcp->count / 2);
    pcp->pages[pcp->count++] = p;
    pcp->frees++;
    irq_restore(irq);
}

// As page_alloc(): no frame, calls only in the last place.
void page_release(struct page *p) {
    if (page_test(p, PG_LRU)) // most come by pages_release(), which took them off
        lru_remove(p);
    free_check(p);
    kasan_page_free(p);
    if (unlikely(p->order))
        return free_block(p);
    p->flags = 1u << PG_PCP;
    uint64_t irq = irq_save();
    struct pcp *pcp = &pcps[cpu_id()][p->zone];
    bool room = pcp->count < pcp_high;
    if (likely(room)) {
        pcp->pages[pcp->count++] = p;
        pcp->frees++;
    }
    irq_restore(irq);
    if (unlikely(!room))
        release_slow(p);
}

void page_free_zeroed(struct page *p) {
    assertf(p->refcount == 1 && p->order == 0, "pfn %#lx refcount %d order %d", page_to_pfn(p),
            p->refcount, p->order);
    uint64_t irq = irq_save();
    struct pcp *pcp = &pcps[cpu_id()][p->zone];
    bool keep = pcp->zeroed < zeroed_high;

    if (keep) {
        free_check(p);
        kasan_page_free(p);
        p->refcount = 0;
        p->flags = 1u << PG_PCP;
        pcp->zeroes[pcp->zeroed++] = p;
        pcp->frees++;
    }
    irq_restore(irq);
    if (!keep)
        page_put(p);
}

void pcp_drain_local(void) {
    uint64_t irq = irq_save();
    for (int zone = 0; zone < ZONE_COUNT; zone++) {
        struct pcp *pcp = &pcps[cpu_id()][zone];
        if (pcp->count)
            drain(pcp, &zones[zone], pcp->pages, &pcp->count, pcp->count);
        if (pcp->zeroed)
            drain(pcp, &zones[zone], pcp->zeroes, &pcp->zeroed, pcp->zeroed);
    }
    irq_restore(irq);
}

uint64_t pcp_pages(int zone) {
    uint64_t n = 0;
    for (int cpu = 0; cpu < machine.cpu_count; cpu++)
        n += READ_ONCE(pcps[cpu][zone].count) + READ_ONCE(pcps[cpu][zone].zeroed);
    return n;
}
