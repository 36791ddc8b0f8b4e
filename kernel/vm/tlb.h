// TLB upkeep: ASIDs, and batched shootdown. A page leaves its last PTE before it is freed, and it
// is freed only after every hart that may hold the translation has flushed it: tlb_gather collects
// pages and tables, tlb_finish flushes once and then frees.
#pragma once

#include "vm/mm.h"

#define TLB_LOCAL_PAGES 16 // pages that a gather holds without asking for a frame

struct tlb_gather {
    struct mm *mm;
    uaddr_t start, end;   // range that needs a flush; empty when start >= end
    bool whole;           // the mm is dying: nobody runs it, so nothing is flushed
    uint32_t count, room;
    struct page **pages;  // one reference each to drop; local, or a frame for more
                          // (whole: pages whose last reference is gone)
    struct page *local[TLB_LOCAL_PAGES];
    pte_t *tables;        // table pages to free, linked through their first entries
};

void tlb_gather_init(struct tlb_gather *g, struct mm *mm, bool whole);
void tlb_gather_full(struct tlb_gather *g); // makes room for at least one page more
// Flushes, then frees pages and tables. The gather is empty and usable again. Spin locks may be
// held: the firmware flushes other harts without their help.
void tlb_flush_gathered(struct tlb_gather *g);
void tlb_finish(struct tlb_gather *g); // the same, and gives the gather's own frame back
// An unlinked table (for pt_free_empty).
void tlb_gather_table(void *gather, pte_t *table);

static inline void tlb_gather_range(struct tlb_gather *g, uaddr_t start, uaddr_t end) {
    if (start < g->start)
        g->start = start;
    if (end > g->end)
        g->end = end;
}
// The caller has noted the address by tlb_gather_range() already.
static inline void tlb_gather_page(struct tlb_gather *g, struct page *p) {
    if (g->whole) {
        int old = atomic_sub(&p->refcount, 1);
        assertf(old > 0, "page %#lx refcount %d", page_to_pfn(p), old);
        if (old > 1)
            return;
    }
    if (g->count == g->room)
        tlb_gather_full(g);
    g->pages[g->count++] = p;
}

// Flushes [start, end) of mm on every hart that may hold it, e.g. after write-protecting.
void tlb_flush_range(struct mm *mm, uaddr_t start, uaddr_t end);
// The same on this hart alone: for hints (A) that others may see late.
void tlb_flush_here(const struct mm *mm, uaddr_t start, uaddr_t end);
// ASIDs: mm->satp gets one; given back when the mm ends.
void tlb_mm_init(struct mm *mm);
void tlb_mm_destroy(struct mm *mm);
void tlb_init(void);
