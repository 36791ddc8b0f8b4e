// Frames that a test holds: a model of who owns what, for the host tests of mm/.
//
// Every frame has one owner: the model or the allocator. The first and the last word of each frame
// held carry a stamp, so a frame that is handed out twice, or written by the allocator, is seen.
#pragma once

#include "host.h"

#include "board.h"
#include "mm/bootmem.h"
#include "mm/stat.h"
#include "mm/zone.h"

#define FRAMES_MAX 20480

struct block {
    struct page *page;
    int order;
    uint64_t stamp;
    int how; // the test's: by which call it was had
};

static struct block blocks[FRAMES_MAX];
static uint64_t block_count, frames_held;
static bool held[FRAMES_MAX]; // by index in mem_map

// 32 MiB on both sides of 4 GiB, so both zones have 16 MiB; a kernel image of 2.5 MiB.
static const struct machine two_zones = {
    .ram = {{0xff000000, 32UL << 20}},
    .ram_count = 1,
    .reserved = {{0xff000000, 0x281234}},
    .reserved_count = 1,
    .cpu_count = 3,
};

static inline uint64_t *frame_word(const struct page *p, bool last) {
    return (uint64_t *)page_to_virt(p) + (last ? PAGE_SIZE / 8 - 1 : 0);
}

static inline bool frame_is_zero(const struct page *p) {
    const uint64_t *word = page_to_virt(p);
    return word[0] == 0 && !memcmp(word, word + 1, PAGE_SIZE - 8);
}

// The entry of a new block, as mm/page.h promises.
static inline void block_check_new(const struct page *p, gfp_t gfp, int order) {
    uint64_t i = (uint64_t)(p - mem_map);
    CHECK(i < mem_map_pages && IS_ALIGNED(page_to_pfn(p), 1UL << order), "%lu order %d", i, order);
    CHECK(p->flags == 0 && p->refcount == 1 && p->mapcount == 0 && p->order == order,
          "flags %#x refcount %d mapcount %d order %d", p->flags, p->refcount, p->mapcount,
          p->order);
    CHECK(!p->owner && !p->index && !p->private && !p->private_ptr, "%p %lu %lu %p", p->owner,
          p->index, p->private, p->private_ptr);
    CHECK(p->zone == zone_of_pfn(page_to_pfn(p)) && !(gfp & GFP_DMA32 && p->zone != ZONE_DMA32),
          "pfn %#lx is of zone %d", page_to_pfn(p), p->zone);
    for (uint64_t n = 0; n < 1UL << order; n++) {
        CHECK(!held[i + n], "pfn %#lx has two owners", page_to_pfn(p + n));
        CHECK(n == 0 || p[n].refcount == 0, "tail refcount %d", p[n].refcount);
        CHECK(!(gfp & GFP_ZERO) || frame_is_zero(p + n), "pfn %#lx is not zero", page_to_pfn(p));
    }
}

// A block that the allocator has just handed out.
static inline void block_add(struct page *p, gfp_t gfp, int order) {
    struct block *b = &blocks[block_count++];

    block_check_new(p, gfp, order);
    *b = (struct block){p, order, host_random(), 0};
    for (uint64_t n = 0; n < 1UL << order; n++) {
        held[p - mem_map + n] = true;
        *frame_word(p + n, false) = *frame_word(p + n, true) = b->stamp + n;
    }
    frames_held += 1UL << order;
    p->owner = p->private_ptr = b; // as users do: the next one must not see it
    p->index = p->private = b->stamp;
}

// Takes block i out of the model; it is to be freed now.
static inline struct page *block_remove_at(uint64_t i) {
    struct block b = blocks[i];

    for (uint64_t n = 0; n < 1UL << b.order; n++) {
        uint64_t first = *frame_word(b.page + n, false), last = *frame_word(b.page + n, true);
        CHECK(first == b.stamp + n && last == b.stamp + n, "pfn %#lx was written: %#lx %#lx",
              page_to_pfn(b.page + n), first, last);
        held[b.page - mem_map + n] = false;
    }
    frames_held -= 1UL << b.order;
    blocks[i] = blocks[--block_count];
    return b.page;
}

static inline struct page *block_alloc(gfp_t gfp, int order) {
    struct page *p = page_alloc(gfp, order);
    if (p)
        block_add(p, gfp, order);
    return p;
}

static inline void block_free_all(void) {
    while (block_count)
        page_put(block_remove_at(block_count - 1));
}

static inline void drain_all_cpus(void) {
    for (int cpu = 0; cpu < machine.cpu_count; cpu++) {
        board_set_cpu((uint32_t)cpu);
        pcp_drain_local();
    }
    board_set_cpu(0);
}
