// The first allocator and the hand-over to the buddy on the host: random machines, and a model of
// which frames they may use.
#include "frames.h"

#define ARENA 0xfe000000UL // the random machines lie in 64 MiB from here
#define ARENA_SIZE (64UL << 20)

static struct mem_range boot_blocks[40];
static int boot_block_count;

static void random_range(struct mem_range *r, paddr_t from, uint64_t room) {
    r->base = from + host_below(room / 2);
    r->size = 1 + host_below(room - (r->base - from));
    if (host_below(2)) {
        r->base = ALIGN_UP(r->base, PAGE_SIZE);
        r->size = ALIGN_UP(r->size, PAGE_SIZE);
    }
}

// 1 to 4 ranges of RAM, the lowest not first; up to 8 reserved ranges, which may overlap.
static struct machine random_machine(void) {
    struct machine m = {.cpu_count = 1 + (int)host_below(4)};
    int n = 1 + (int)host_below(4);
    uint64_t room = ARENA_SIZE / 4;

    for (int i = 0; i < n; i++)
        random_range(&m.ram[(i + 1) % n], ARENA + (uint64_t)i * room, room - PAGE_SIZE);
    m.ram[0].base = ALIGN_DOWN(m.ram[0].base, PAGE_SIZE);
    m.ram[0].size += 4UL << 20; // there is room for mem_map
    m.ram_count = n;
    m.reserved_count = (int)host_below(9);
    for (int i = 0; i < m.reserved_count; i++)
        random_range(&m.reserved[i], ARENA + host_below(ARENA_SIZE), 64 * PAGE_SIZE);
    return m;
}

static bool meets(const struct mem_range *r, paddr_t from, paddr_t to) {
    return r->base < to && r->base + r->size > from;
}

// What the model says: a whole frame of RAM that nothing blocks.
static bool frame_usable(paddr_t pa) {
    bool in_ram = false;

    for (int i = 0; i < machine.ram_count; i++)
        in_ram |= pa >= machine.ram[i].base &&
                  pa + PAGE_SIZE <= machine.ram[i].base + machine.ram[i].size;
    for (int i = 0; i < machine.reserved_count; i++)
        in_ram &= !meets(&machine.reserved[i], pa, pa + PAGE_SIZE);
    for (int i = 0; i < boot_block_count; i++)
        in_ram &= !meets(&boot_blocks[i], pa, pa + PAGE_SIZE);
    return in_ram;
}

static void boot_block_take(size_t size, size_t align) {
    struct mem_range *r = &boot_blocks[boot_block_count];
    char *p = bootmem_alloc(size, align);

    *r = (struct mem_range){virt_to_phys(p), size};
    CHECK(IS_ALIGNED(r->base, align), "%#lx aligned to %#lx", r->base, align);
    for (int i = 0; i < machine.reserved_count; i++)
        CHECK(!meets(&machine.reserved[i], r->base, r->base + size), "%#lx is reserved", r->base);
    for (int i = 0; i < boot_block_count; i++)
        CHECK(!meets(&boot_blocks[i], r->base, r->base + size), "%#lx given twice", r->base);
    for (size_t i = 0; i < size; i++)
        CHECK(p[i] == 0, "byte %zu is %d", i, p[i]);
    memset(p, 0xee, size);
    boot_block_count++;
}

static void boot_one(void) {
    struct machine m = random_machine();
    uint64_t usable = 0;

    board_power_on(&m);
    for (int i = 0; i < m.ram_count; i++) { // what was there before
        paddr_t from = ALIGN_UP(m.ram[i].base, PAGE_SIZE);
        if (m.ram[i].size > PAGE_SIZE)
            memset(phys_to_virt(from), 0x5a, min(m.ram[i].size - PAGE_SIZE, 3UL << 20));
    }
    for (uint64_t n = host_below(12); n > 0; n--)
        boot_block_take(1 + host_below(20000), 1UL << host_below(14));
    mem_init();
    boot_blocks[boot_block_count++] =
        (struct mem_range){virt_to_phys(mem_map), mem_map_pages * sizeof(struct page)};
    buddy_check();
    for (paddr_t pa = ARENA; pa < ARENA + ARENA_SIZE + (8UL << 20); pa += PAGE_SIZE) {
        usable += frame_usable(pa);
        CHECK(frame_usable(pa) || !pfn_valid(pa >> PAGE_SHIFT) || phys_to_page(pa)->refcount == 1,
              "pa %#lx is not for use, refcount %d", pa, phys_to_page(pa)->refcount);
    }
    CHECK(mem_total_pages() == usable && mem_free_pages() == usable, "%lu pages, %lu free, not %lu",
          mem_total_pages(), mem_free_pages(), usable);
    while (block_alloc(GFP_HIGH, 0))
        CHECK(frame_usable(page_to_phys(blocks[block_count - 1].page)), "pa %#lx",
              page_to_phys(blocks[block_count - 1].page));
    CHECK(frames_held == usable && mem_free_pages() == 0, "%lu of %lu", frames_held, usable);
}

static void test_boot(void) {
    for (int i = 0; i < 40; i++) {
        host_apart(boot_one);
        host_random();
    }
}

// A machine below 4 GiB has one zone, and begins there.
static void test_one_zone(void) {
    struct machine small = {.ram = {{0x80000000, 16UL << 20}}, .ram_count = 1, .cpu_count = 1};
    struct zone_info info;
    board_power_on(&small);
    mem_init();
    CHECK(zone_preferred == ZONE_DMA32 && !zone_get_info(ZONE_NORMAL, &info), "two zones");
    CHECK(zone_get_info(ZONE_DMA32, &info) && info.present == 4096, "%lu", info.present);
    CHECK(mem_reserved_pages() == 64 && info.managed == 4032, "%lu reserved", mem_reserved_pages());
    CHECK(block_alloc(0, 0) && block_alloc(GFP_DMA32, 0), "both kinds");
}

static void crime_bootmem_late(void) {
    board_power_on(&two_zones);
    mem_init();
    bootmem_alloc(8, 8);
}

static void crime_bootmem_huge(void) {
    board_power_on(&two_zones);
    bootmem_alloc(32UL << 20, PAGE_SIZE);
}

static const struct host_case cases[] = {
    {"boot: random RAM and reserved ranges", test_boot},
    {"one zone", test_one_zone},
    {"bootmem after boot", crime_bootmem_late, "bootmem_alloc after mem_init"},
    {"bootmem has no room", crime_bootmem_huge, "bootmem: no room for 33554432 bytes"},
};

HOST_MAIN("bootmem_test", cases)
