// What callers must not do with frames, and spoilt free lists: each dies in words that name it.
#include "frames.h"

#include "mm/shrink.h"

static void start(void) {
    board_power_on(&two_zones);
    mem_init();
}

static struct page *held_page(int order) {
    start();
    struct page *p = page_alloc(0, order);
    CHECK(p, "no page");
    return p;
}

static void crime_double_free(void) {
    struct page *p = held_page(0);
    page_put(p);
    page_put(p);
}

static void crime_double_free_block(void) {
    struct page *p = held_page(3);
    page_free(p, 3);
    page_free(p, 3);
}

static void crime_use_after_free(void) {
    struct page *p = held_page(0);
    page_put(p);
    page_get(p);
}

static void crime_wrong_order(void) { page_free(held_page(3), 2); }
static void crime_tail(void) { page_put(held_page(3) + 1); }
static void crime_too_large(void) { held_page(MAX_ORDER + 1); }
static void crime_negative(void) { held_page(-1); }

static void crime_unaligned(void) {
    struct page *p = held_page(3) + 1;
    p->order = 3;
    p->refcount = 1;
    page_put(p);
}

static void crime_locked(void) {
    struct page *p = held_page(0);
    page_set(p, PG_LOCKED);
    page_put(p);
}

static void crime_mapped(void) {
    struct page *p = held_page(2);
    p->mapcount = 1;
    page_put(p);
}

static void crime_zeroed_shared(void) {
    struct page *p = held_page(0);
    page_get(p);
    page_free_zeroed(p);
}

static void crime_reserved(void) {
    start();
    page_put(phys_to_page(ram_base));
}

static uint64_t reclaim(gfp_t gfp, int order) { return 0; }

static void crime_two_reclaims(void) {
    mm_set_reclaim(reclaim, NULL);
    mm_set_reclaim(reclaim, NULL);
}

static void crime_sleep(void) {
    start();
    spin_lock(&zones[0].lock);
    mm_drain_all();
}

// A free block of at least two pages, for buddy_check() to find spoilt.
static struct page *free_block(void) {
    start();
    int order = 1;
    while (list_empty(&zones[ZONE_DMA32].free[order]))
        order++;
    return list_first(&zones[ZONE_DMA32].free[order], struct page, link);
}

static void spoil_flags(void) {
    free_block()->flags |= 1u << PG_DIRTY;
    buddy_check();
}

static void spoil_order(void) {
    free_block()->order++;
    buddy_check();
}

static void spoil_zone(void) {
    free_block()->zone ^= 1;
    buddy_check();
}

static void spoil_refcount(void) {
    free_block()[1].refcount = 1;
    buddy_check();
}

static void spoil_blocks(void) {
    list_remove(&free_block()->link);
    buddy_check();
}

static void spoil_pages(void) {
    zones[free_block()->zone].free_pages++;
    buddy_check();
}

// Two free halves that are not one block.
static void spoil_merge(void) {
    struct page *p = free_block();
    struct zone *z = &zones[p->zone];
    int half = p->order - 1;
    list_remove(&p->link);
    z->free_blocks[half + 1]--;
    for (int i = 0; i < 2; i++, p += 1UL << half) {
        p->flags = 1u << PG_BUDDY;
        p->order = (uint8_t)half;
        list_push_front(&z->free[half], &p->link);
        z->free_blocks[half]++;
    }
    buddy_check();
}

static const struct host_case cases[] = {
    {"freed twice", crime_double_free, "freed twice"},
    {"a block freed twice", crime_double_free_block, "freed twice"},
    {"used after it was freed", crime_use_after_free, "is free"},
    {"freed as another order", crime_wrong_order, "of order 3 freed as 2"},
    {"the second page of a block freed", crime_tail, "freed twice, or not the head of its block"},
    {"order 11", crime_too_large, "order 11"},
    {"order -1", crime_negative, "order -1"},
    {"not the start of a block", crime_unaligned, "IS_ALIGNED"},
    {"freed while locked", crime_locked, "flags 0x80"},
    {"freed while mapped", crime_mapped, "mapcount 1"},
    {"zeroes with a second user", crime_zeroed_shared, "refcount 2"},
    {"reserved memory freed", crime_reserved, "free of pfn 0xff000 flags 0x1"},
    {"two reclaimers", crime_two_reclaims, "reclaim"},
    {"draining with a spin lock held", crime_sleep, "sleeping with spin lock zone DMA32 held"},
    {"check: flags", spoil_flags, "flags 0x202"},
    {"check: order", spoil_order, "in list"},
    {"check: zone", spoil_zone, "zone"},
    {"check: a free page with a user", spoil_refcount, "refcount 1"},
    {"check: a lost block", spoil_blocks, "blocks, counted"},
    {"check: a lost page", spoil_pages, "pages, counted"},
    {"check: buddies that did not merge", spoil_merge, "its buddy is free as well"},
};

HOST_MAIN("buddymisuse_test", cases)
