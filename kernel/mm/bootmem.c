// The first allocator and the hand-over to the real one.
//
//   RAM of the device tree   |--------------------------------------------|      |---------|
//   blocked                  |firmware| |kernel| |mem_map..|   |initrd|
//   to the buddy                      |-|      |-|         |---|      |---|      |---------|
//
// 1. An allocation lies in one RAM range and meets no blocked range; blocked ranges are
//    machine.reserved and what was allocated here. First fit from the lowest address.
// 2. mem_init() gives each whole frame of RAM that no blocked range touches to the buddy, once.
//
// mem_map costs 64 bytes a frame: 256 KiB at 16 MiB, 128 MiB at 8 GiB. Two of its eight words are
// written for each frame (flags, counts, zone); page_alloc() sets the others when it hands out.
// That is 2.5 instructions a frame; clearing everything would be 9.
//
// Locks: none, one hart runs. Rejected: a bitmap of frames (the ranges are few).

#include "mm/bootmem.h"

#include "klog/panic.h"
#include "klog/printk.h"
#include "lib/string.h"
#include "mm/kasan.h"
#include "mm/zone.h"
#include "riscv/machine.h"

#define TAKEN_MAX 32
#define BLOCK_PAGES (1UL << MAX_ORDER)
#define LINEAR_MAP_SIZE (VMALLOC_START - PAGE_OFFSET)

static struct mem_range taken[TAKEN_MAX];
static int taken_count;

static paddr_t range_end(const struct mem_range *r) { return r->base + r->size; }

// The blocked range that meets [from, to) and begins first, or NULL.
static const struct mem_range *first_blocked(paddr_t from, paddr_t to) {
    const struct mem_range *best = NULL;

    for (int i = 0; i < machine.reserved_count + taken_count; i++) {
        const struct mem_range *r = i < machine.reserved_count
                                        ? &machine.reserved[i]
                                        : &taken[i - machine.reserved_count];
        if (r->size && r->base < to && range_end(r) > from && (!best || r->base < best->base))
            best = r;
    }
    return best;
}

// RAM range i, whole frames only, cut to what the linear map can show. May be empty.
static struct mem_range ram_range(int i) {
    paddr_t limit = ram_base + LINEAR_MAP_SIZE;
    paddr_t from = ALIGN_UP(max(machine.ram[i].base, ram_base), PAGE_SIZE);
    paddr_t to = ALIGN_DOWN(min(range_end(&machine.ram[i]), limit), PAGE_SIZE);
    return (struct mem_range){from, to > from ? to - from : 0};
}

// First fit in one RAM range; 0 when nothing fits (address 0 is never RAM here).
static paddr_t fit(const struct mem_range *ram, size_t size, size_t align) {
    paddr_t at = ALIGN_UP(ram->base, align);

    while (at + size <= range_end(ram)) {
        const struct mem_range *hit = first_blocked(at, at + size);
        if (!hit)
            return at;
        at = ALIGN_UP(range_end(hit), align);
    }
    return 0;
}

static void take(paddr_t base, size_t size) {
    struct mem_range *last = taken_count ? &taken[taken_count - 1] : NULL;

    if (last && range_end(last) == base) {
        last->size += size;
        return;
    }
    assertf(taken_count < TAKEN_MAX, "bootmem: more than %d ranges", TAKEN_MAX);
    taken[taken_count++] = (struct mem_range){base, size};
}

static paddr_t bootmem_take(size_t size, size_t align) {
    assertf(size && align && (align & (align - 1)) == 0, "size %zu align %zu", size, align);
    for (int i = 0; i < machine.ram_count; i++) {
        struct mem_range ram = ram_range(i);
        paddr_t at = ram.size ? fit(&ram, size, align) : 0;
        if (at) {
            take(at, size);
            return at;
        }
    }
    panic("bootmem: no room for %zu bytes", size);
}

void *bootmem_alloc(size_t size, size_t align) {
    assertf(!mem_map, "bootmem_alloc after mem_init: use page_alloc");
    void *p = phys_to_virt(bootmem_take(size, align));
    memset(p, 0, size);
    return p;
}

// The first two words of an entry: flags, refcount, mapcount, order, zone, node.
struct entry_model {
    uint64_t word[2];
};

_Static_assert(sizeof(struct entry_model) == offsetof(struct page, link), "the model is the front");

static inline void init_entry(struct page *p, uint64_t word0, uint64_t word1) {
    struct entry_model *front = (struct entry_model *)p;
    front->word[0] = word0;
    front->word[1] = word1;
}

// Sets up the entries of [from, to). Four a turn, from registers: millions of them are waiting.
static void init_entries(pfn_t from, pfn_t to, const struct page *model) {
    struct page *p = pfn_to_page(from), *end = pfn_to_page(to);
    const struct entry_model *front = (const struct entry_model *)model;
    uint64_t word0 = front->word[0], word1 = front->word[1];

    for (; p + 4 <= end; p += 4) {
        init_entry(&p[0], word0, word1);
        init_entry(&p[1], word0, word1);
        init_entry(&p[2], word0, word1);
        init_entry(&p[3], word0, word1);
    }
    for (; p < end; p++)
        init_entry(p, word0, word1);
}

// Describes frames [from, to): free for use, or reserved. Splits at zone borders.
static void add_frames(pfn_t from, pfn_t to, bool usable) {
    while (from < to) {
        int zone = zone_of_pfn(from);
        pfn_t stop = min(to, zone_end_pfn(zone));
        struct page model = {.zone = (uint8_t)zone};
        if (!usable) {
            model.flags = 1u << PG_RESERVED;
            model.refcount = 1;
        }
        init_entries(from, stop, &model);
        if (usable)
            zone_add_free(zone, from, stop);
        from = stop;
    }
}

// Walks [from, to) of RAM: what is blocked becomes reserved, the rest goes to the buddy.
static void add_ram(paddr_t from, paddr_t to) {
    while (from < to) {
        const struct mem_range *hit = first_blocked(from, to);
        paddr_t stop = hit ? max(ALIGN_DOWN(hit->base, PAGE_SIZE), from) : to;
        add_frames(from >> PAGE_SHIFT, stop >> PAGE_SHIFT, true);
        if (!hit)
            break;
        paddr_t after = min(ALIGN_UP(range_end(hit), PAGE_SIZE), to);
        add_frames(stop >> PAGE_SHIFT, after >> PAGE_SHIFT, false);
        from = after;
    }
}

// The RAM range with the lowest base >= from, or -1. The tree need not have them in order.
static int next_ram(paddr_t from) {
    int best = -1;
    for (int i = 0; i < machine.ram_count; i++) {
        struct mem_range r = ram_range(i);
        if (r.size && r.base >= from && (best < 0 || r.base < ram_range(best).base))
            best = i;
    }
    return best;
}

// Sizes mem_map from the lowest to the highest frame, in whole blocks of the largest order: then a
// block's buddy always has an entry, and numbers in mem_map and frame numbers agree in their low
// bits.
static void mem_map_alloc(void) {
    pfn_t first = ~0UL, last = 0;

    for (int i = 0; i < machine.ram_count; i++) {
        struct mem_range r = ram_range(i);
        if (r.size) {
            first = min(first, r.base >> PAGE_SHIFT);
            last = max(last, range_end(&r) >> PAGE_SHIFT);
        }
    }
    assertf(first < last, "no RAM: %d ranges", machine.ram_count);
    assertf(IS_ALIGNED(ram_base, PAGE_SIZE), "ram_base %#lx", ram_base);
    mem_map_base_pfn = ALIGN_DOWN(first, BLOCK_PAGES);
    mem_map_pages = ALIGN_UP(last, BLOCK_PAGES) - mem_map_base_pfn;

    uint64_t bytes = mem_map_pages * sizeof(struct page);
    mem_map = phys_to_virt(bootmem_take(bytes, PAGE_SIZE));
    page_of_pfn_zero = (uintptr_t)mem_map - (mem_map_base_pfn << PAGE_STRUCT_SHIFT);
    page_of_virt_zero = (uintptr_t)mem_map - (PAGE_OFFSET >> PAGE_SHIFT << PAGE_STRUCT_SHIFT) +
                        (((ram_base >> PAGE_SHIFT) - mem_map_base_pfn) << PAGE_STRUCT_SHIFT);
}

void mem_init(void) {
    kasan_reserve();
    mem_map_alloc();
    zone_init();

    pfn_t done = mem_map_base_pfn; // entries below it are set up
    for (int i; (i = next_ram(done << PAGE_SHIFT)) >= 0;) {
        struct mem_range r = ram_range(i);
        add_frames(done, r.base >> PAGE_SHIFT, false); // a hole in RAM
        add_ram(r.base, range_end(&r));
        zone_add_present(r.base >> PAGE_SHIFT, range_end(&r) >> PAGE_SHIFT);
        done = range_end(&r) >> PAGE_SHIFT;
    }
    add_frames(done, mem_map_base_pfn + mem_map_pages, false);
    zone_set_watermarks();
    pr_info("mm: %lu KiB of RAM, %lu KiB free, %lu KiB for struct page\n",
            (mem_total_pages() + mem_reserved_pages()) * (PAGE_SIZE / 1024),
            mem_free_pages() * (PAGE_SIZE / 1024), mem_map_pages * sizeof(struct page) / 1024);
}
