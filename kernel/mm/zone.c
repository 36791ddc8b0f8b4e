// Zones: which frames a request may come from, how many must stay free, and the books.
//
//   frame number   0 ............ 4 GiB ............
//                  DMA32          NORMAL               a request begins at NORMAL and falls back to
//                                                      DMA32; GFP_DMA32 begins at DMA32
//
// Watermarks, in pages of the zone:   0 .. min .. low .. high .. managed
//   below low   reclaim in the background is due (kswapd, once it exists)
//   below min   only GFP_HIGH is served: what is left is for interrupts and for reclaim itself
//
// 1. A block never crosses a zone border: 4 GiB is a multiple of the largest block.
// 2. free_pages is the sum over orders of free_blocks << order.
// 3. mem_free_pages() = frames in buddy lists + frames in per-CPU lists, all of them.

#include "mm/zone.h"

#define DMA32_END_PFN (1UL << (32 - PAGE_SHIFT))

struct zone zones[ZONE_COUNT] = {
    [ZONE_DMA32] = {.lock = SPINLOCK_INIT("zone DMA32", RANK_BUDDY), .name = "DMA32"},
    [ZONE_NORMAL] = {.lock = SPINLOCK_INIT("zone Normal", RANK_BUDDY), .name = "Normal"},
};
int zone_preferred = ZONE_DMA32;

void zone_init(void) {
    for (int z = 0; z < ZONE_COUNT; z++)
        for (int order = 0; order <= MAX_ORDER; order++)
            list_init(&zones[z].free[order]);
}

int zone_of_pfn(pfn_t pfn) { return pfn < DMA32_END_PFN ? ZONE_DMA32 : ZONE_NORMAL; }

pfn_t zone_end_pfn(int zone) { return zone == ZONE_DMA32 ? DMA32_END_PFN : ~0UL; }

// Cuts [from, to) into the largest aligned blocks and frees them.
void zone_add_free(int zone, pfn_t from, pfn_t to) {
    struct zone *z = &zones[zone];

    assertf(from <= to && zone_of_pfn(from) == zone, "zone %d [%#lx, %#lx)", zone, from, to);
    spin_lock(&z->lock);
    z->managed += to - from;
    while (from < to) {
        int order = MAX_ORDER;
        while (!IS_ALIGNED(from, 1UL << order) || to - from < 1UL << order)
            order--;
        buddy_give(z, pfn_to_page(from), order);
        from += 1UL << order;
    }
    spin_unlock(&z->lock);
}

void zone_add_present(pfn_t from, pfn_t to) {
    while (from < to) {
        int zone = zone_of_pfn(from);
        pfn_t stop = min(to, zone_end_pfn(zone));
        zones[zone].present += stop - from;
        from = stop;
    }
}

static void set_watermarks(struct zone *z, uint64_t min_pages) {
    z->min = min_pages;
    z->low = min_pages + min_pages / 4;
    z->high = min_pages + min_pages / 2;
}

// min is 1/128 of the zone, at most 16 MiB: 28 pages of a machine with 16 MiB, 4 MiB at 512 MiB.
void zone_set_watermarks(void) {
    for (int i = 0; i < ZONE_COUNT; i++) {
        struct zone *z = &zones[i];
        set_watermarks(z, min(z->managed / 128, 4096UL));
        if (z->managed)
            zone_preferred = i;
    }
    pcp_set_size(mem_total_pages());
}

uint64_t mem_min_free_pages(void) {
    uint64_t n = 0;
    for (int i = 0; i < ZONE_COUNT; i++)
        n += zones[i].min;
    return n;
}

void mem_set_min_free(uint64_t pages) {
    for (int i = 0; i < ZONE_COUNT; i++)
        set_watermarks(&zones[i], pages * zones[i].managed / mem_total_pages());
}

uint64_t mem_total_pages(void) {
    uint64_t n = 0;
    for (int i = 0; i < ZONE_COUNT; i++)
        n += zones[i].managed;
    return n;
}

uint64_t mem_reserved_pages(void) {
    uint64_t n = 0;
    for (int i = 0; i < ZONE_COUNT; i++)
        n += zones[i].present - zones[i].managed;
    return n;
}

uint64_t mem_free_pages(void) {
    uint64_t n = 0;
    for (int i = 0; i < ZONE_COUNT; i++)
        n += READ_ONCE(zones[i].free_pages) + pcp_pages(i);
    return n;
}

bool zone_get_info(int zone, struct zone_info *out) {
    if (zone < 0 || zone >= ZONE_COUNT || !zones[zone].present)
        return false;
    struct zone *z = &zones[zone];

    spin_lock(&z->lock);
    *out = (struct zone_info){
        .name = z->name,
        .present = z->present,
        .managed = z->managed,
        .free = z->free_pages,
        .min = z->min,
        .low = z->low,
        .high = z->high,
    };
    for (int order = 0; order <= MAX_ORDER; order++)
        out->free_blocks[order] = z->free_blocks[order];
    spin_unlock(&z->lock);
    out->pcp_pages = pcp_pages(zone);
    out->free += out->pcp_pages;
    return true;
}

static void block_check(const struct zone *z, const struct page *p, int order) {
    pfn_t pfn = page_to_pfn(p);
    const struct page *buddy = pfn_to_page(pfn ^ 1UL << order);

    assertf(pfn_valid(pfn), "pfn %#lx", pfn);
    assertf(p->flags == 1u << PG_BUDDY, "pfn %#lx flags %#x", pfn, p->flags);
    assertf(p->order == order, "pfn %#lx order %d in list %d", pfn, p->order, order);
    assertf(IS_ALIGNED(pfn, 1UL << order), "pfn %#lx order %d", pfn, order);
    assertf(&zones[p->zone] == z, "pfn %#lx zone %d", pfn, p->zone);
    assertf(order == MAX_ORDER || buddy->flags != 1u << PG_BUDDY || buddy->order != order,
            "pfn %#lx order %d: its buddy is free as well", pfn, order);
    for (pfn_t i = 0; i < 1UL << order; i++)
        assertf(pfn_to_page(pfn + i)->refcount == 0, "free pfn %#lx refcount %d", pfn + i,
                pfn_to_page(pfn + i)->refcount);
}

void buddy_check(void) {
    for (int i = 0; i < ZONE_COUNT; i++) {
        struct zone *z = &zones[i];
        uint64_t pages = 0;

        spin_lock(&z->lock);
        for (int order = 0; order <= MAX_ORDER; order++) {
            const struct page *p;
            uint64_t blocks = 0;
            list_for_each(p, &z->free[order], link) {
                block_check(z, p, order);
                blocks++;
            }
            assertf(blocks == z->free_blocks[order], "zone %s order %d: %lu blocks, counted %lu",
                    z->name, order, blocks, z->free_blocks[order]);
            pages += blocks << order;
        }
        assertf(pages == z->free_pages, "zone %s: %lu pages, counted %lu", z->name, pages,
                z->free_pages);
        spin_unlock(&z->lock);
    }
}
