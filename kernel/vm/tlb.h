// TLB upkeep: ASIDs, and batched shootdown. A page leaves its last PTE before it is freed, and it is
// freed only after every hart that may hold the translation has flushed it: tlb_gather collects
// pages and tables, tlb_finish flushes once and then frees.
#pragma once

#include "vm/mm.h"

#define TLB_BATCH_PAGES 64

struct tlb_gather {
    struct mm *mm;
    uaddr_t start, end; // range that needs a flush; empty when start >= end
    bool tables;        // table pages were removed as well
    bool whole;         // the mm is dying: one flush of its ASID, or none
    int count;
    struct page *pages[TLB_BATCH_PAGES]; // one reference each to drop
};

void tlb_gather_init(struct tlb_gather *g, struct mm *mm, bool whole);
void tlb_gather_page(struct tlb_gather *g, uaddr_t va, struct page *p); // flushes when full
void tlb_gather_range(struct tlb_gather *g, uaddr_t start, uaddr_t end); // flush only, no page
void tlb_finish(struct tlb_gather *g); // may be called with the ptl held or not; see tlb.c
void tlb_flush_range(struct mm *mm, uaddr_t start, uaddr_t end); // e.g. after write-protecting
// Gives mm a valid ASID on this CPU and returns the satp value to load.
uint64_t tlb_activate(struct mm *mm);
