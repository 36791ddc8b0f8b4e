// The kernel's own mappings on the host: the linear map, vmalloc, device registers and kernel
// stacks. The board's MMU maps what the page table says, so memory is used at its own addresses.
#include "frames.h"

#include "abi/errno.h"
#include "mm/area.h"
#include "mm/kspace.h"
#include "mm/pgtable.h"
#include "mm/shrink.h"
#include "mm/slab.h"

#define AREAS 120
#define MMIO 0x10000000UL // device registers, below RAM

static void start_machine(const struct machine *m) {
    board_power_on(m);
    mem_init();
    slab_init();
    kernel_pt_init();
    kspace_init();
}

static void start(void) { start_machine(&two_zones); }

// Nothing is mapped; the tables stay.
static void finish(void) {
    struct kspace_info info;
    mm_drain_all();
    kspace_check();
    CHECK(!kspace_get_info(0, &info), "%s [%#lx, %#lx)", info.what, info.start, info.end);
    CHECK(mm_stat_read(NR_VMALLOC) == 0 && mm_stat_read(NR_KSTACK) == 0, "%ld %ld pages",
          mm_stat_read(NR_VMALLOC), mm_stat_read(NR_KSTACK));
    CHECK(mm_stat_in_transit() == 0, "%ld pages are lost", mm_stat_in_transit());
    struct slab_info objects;
    for (int i = 0; slab_get_info(i, &objects); i++)
        CHECK(strcmp(objects.name, "vmalloc_area") || !objects.active_objs, "%lu areas are lost",
              objects.active_objs);
    buddy_check();
    slab_check();
}

static bool mapped(vaddr_t va) {
    int level;
    return pte_present(board_walk(kernel_root, va, &level));
}

// ---- the linear map -----------------------------------------------------------------------------

#define ALL_BITS (PTE_V | PTE_R | PTE_W | PTE_X | PTE_U | PTE_G | PTE_A | PTE_D)

static uint64_t bits_of(vaddr_t va) {
    const char *p = (const char *)va;
    uint64_t image = p >= __text_start && p < __text_end       ? PTE_R | PTE_X
                     : p >= __rodata_start && p < __rodata_end ? PTE_R
                                                               : PTE_R | PTE_W;
    return image | PTE_V | PTE_G | PTE_A | PTE_D;
}

// Every page of the linear map: RAM at its place with its rights, nothing else. Returns the leaves
// of each level.
static void check_linear_map(uint64_t leaves[PT_LEVELS]) {
    for (vaddr_t va = PAGE_OFFSET; va < PAGE_OFFSET + (3UL << 30); va += PAGE_SIZE) {
        paddr_t pa = virt_to_phys((void *)va);
        int level;
        pte_t pte = board_walk(kernel_root, va, &level);
        bool ram = false;
        for (int i = 0; i < machine.ram_count; i++)
            ram |= pa >= machine.ram[i].base &&
                   pa + PAGE_SIZE <= machine.ram[i].base + machine.ram[i].size;
        CHECK(ram == !pte_none(pte), "va %#lx pte %#lx", va, pte.v);
        if (!ram)
            continue;
        CHECK(pte_paddr(pte) + (va & (pt_level_size(level) - 1)) == pa, "va %#lx is %#lx", va,
              pte.v);
        CHECK((pte.v & ALL_BITS) == bits_of(va), "va %#lx pte %#lx", va, pte.v);
        leaves[level] += IS_ALIGNED(va, pt_level_size(level));
    }
}

static void test_linear_map(void) {
    uint64_t leaves[PT_LEVELS] = {0};
    start();
    check_linear_map(leaves);
    CHECK(leaves[0] == 512 && leaves[1] == 15 && leaves[2] == 0, "%lu %lu %lu", leaves[0],
          leaves[1], leaves[2]);
    CHECK(kernel_satp() == (SATP_SV39 | virt_to_phys(kernel_root) >> 12), "%#lx", kernel_satp());
}

// 2 GiB from 2 GiB on, a hole, and a rest that is no multiple of 2 MiB.
static void test_large_leaves(void) {
    struct machine m = {.ram = {{0x80000000, 2UL << 30}, {0x100400000, 5UL << 20}},
                        .ram_count = 2,
                        .reserved = {{0x80000000, 0x300000}},
                        .reserved_count = 1,
                        .cpu_count = 1};
    uint64_t leaves[PT_LEVELS] = {0};
    start_machine(&m);
    check_linear_map(leaves);
    CHECK(leaves[0] == 512 + 256 && leaves[1] == 511 + 2 && leaves[2] == 1, "%lu %lu %lu",
          leaves[0], leaves[1], leaves[2]);
    CHECK(kernel_vmalloc_end() == VMALLOC_START + (5UL << 30), "2 GiB for each of RAM, rounded up");
    CHECK(mm_stat_read(NR_PAGETABLE) == 1 + 4 + 5, "%ld tables", mm_stat_read(NR_PAGETABLE));
}

// RAM that begins at an odd MiB, so no large leaf fits; and a piece of RAM that is no whole page.
static void test_small_leaves(void) {
    struct machine m = {.ram = {{0x80100000, 8UL << 20}, {0x81000800, 0x700}},
                        .ram_count = 2,
                        .reserved = {{0x80100000, 0x300000}},
                        .reserved_count = 1,
                        .cpu_count = 1};
    uint64_t leaves[PT_LEVELS] = {0};
    start_machine(&m);
    check_linear_map(leaves);
    CHECK(leaves[0] == 2048 && leaves[1] == 0, "%lu %lu", leaves[0], leaves[1]);
}

// ---- areas --------------------------------------------------------------------------------------

enum kind { VMALLOC, IOREMAP, KSTACK };

struct held_area {
    char *p;
    size_t size;
    enum kind kind;
    uint8_t fill;
};

static struct held_area areas_held[AREAS];
static size_t area_count;
static long vmalloc_pages;

static bool alloc(struct held_area *a) {
    size_t size = 1 + host_below(host_below(10) ? 5 * PAGE_SIZE : 100 * PAGE_SIZE);
    *a = (struct held_area){NULL, size, (enum kind)host_below(3), (uint8_t)host_random()};
    if (a->kind == VMALLOC)
        a->p = vmalloc(size);
    else if (a->kind == IOREMAP)
        a->p = ioremap(MMIO + host_below(1000), size);
    else
        a->p = kstack_alloc();
    a->size = a->kind == KSTACK ? KSTACK_SIZE : size;
    return a->p;
}

// What a new area looks like.
static void check_new(const struct held_area *a) {
    vaddr_t va = (vaddr_t)a->p;
    vaddr_t first = ALIGN_DOWN(va, PAGE_SIZE), end = ALIGN_UP(va + a->size, PAGE_SIZE);
    int level;

    CHECK(va >= VMALLOC_START && va + a->size <= kernel_vmalloc_end(), "%#lx", va);
    for (vaddr_t page = first; page < end; page += PAGE_SIZE) {
        pte_t pte = board_walk(kernel_root, page, &level);
        CHECK((pte.v & ALL_BITS) == (PTE_V | PTE_R | PTE_W | PTE_G | PTE_A | PTE_D), "%#lx", pte.v);
        CHECK(a->kind == IOREMAP ? pte_paddr(pte) - MMIO == page - first
                                 : pfn_to_page(pte_pfn(pte))->flags ==
                                       1u << (a->kind == KSTACK ? PG_KSTACK : PG_VMALLOC),
              "va %#lx is %#lx", page, pte.v);
    }
    CHECK(!mapped(end) || a->kind == KSTACK, "no guard behind %#lx", va);
    if (a->kind == KSTACK) {
        CHECK(IS_ALIGNED(va - KSTACK_SIZE, 2UL * KSTACK_SIZE), "a stack at %#lx", va);
        CHECK(!mapped(va - PAGE_SIZE) && !mapped(va - KSTACK_SIZE), "no guard below %#lx", va);
    }
    for (size_t i = 0; i < a->size && a->kind == VMALLOC; i++)
        CHECK(a->p[i] == 0, "byte %zu is not zero", i);
}

// No gap below it would have done.
static void check_lowest(vaddr_t va) {
    struct kspace_info own, info;
    vaddr_t end = VMALLOC_START;
    int n = 0;

    while (kspace_get_info(n, &own) && own.end <= va)
        n++;
    for (int i = 0; i <= n; i++, end = info.end)
        CHECK(kspace_get_info(i, &info) && info.start - end < (i < n ? own.end - own.start : 1),
              "%#lx could be at %#lx", va, end);
}

static void add(void) {
    struct held_area *a = &areas_held[area_count];
    CHECK(alloc(a), "no memory");
    check_new(a);
    if (a->kind != KSTACK) // that may have been kept
        check_lowest((vaddr_t)a->p);
    if (a->kind != IOREMAP)
        memset(a->p, a->fill, a->size);
    if (a->kind == VMALLOC)
        vmalloc_pages += (long)DIV_ROUND_UP(a->size, PAGE_SIZE);
    area_count++;
}

static void free_area(const struct held_area *a) {
    vaddr_t start = ALIGN_DOWN((vaddr_t)a->p, PAGE_SIZE);

    if (a->kind == KSTACK)
        kstack_free(a->p);
    else if (a->kind == VMALLOC)
        vfree(a->p);
    else { // drivers stay, so there is no iounmap()
        kernel_unmap(start, area_find(start)->size);
        area_free(area_find(start));
    }
    CHECK(a->kind == KSTACK || !mapped(start), "%#lx is still mapped", start);
}

static void drop(size_t i) {
    struct held_area a = areas_held[i];
    for (size_t n = 0; n < a.size && a.kind != IOREMAP; n++)
        CHECK((uint8_t)a.p[n] == a.fill, "%p: byte %zu was written", (void *)a.p, n);
    if (a.kind == VMALLOC)
        vmalloc_pages -= (long)DIV_ROUND_UP(a.size, PAGE_SIZE);
    areas_held[i] = areas_held[--area_count];
    free_area(&a);
}

// The i-th area is told in order of addresses, and the held ones are among them.
static void check_infos(void) {
    struct kspace_info info;
    vaddr_t end = VMALLOC_START;
    size_t found = 0;

    for (int i = 0; kspace_get_info(i, &info); i++) {
        CHECK(info.start >= end && info.end - info.start > info.pages << PAGE_SHIFT,
              "[%#lx, %#lx) after %#lx", info.start, info.end, end);
        end = info.end;
        for (size_t k = 0; k < area_count; k++) {
            vaddr_t va = (vaddr_t)areas_held[k].p;
            found += va >= info.start && va < info.end &&
                     info.what[0] == "vik"[areas_held[k].kind] &&
                     info.pages >= areas_held[k].size >> PAGE_SHIFT;
        }
    }
    CHECK(found == area_count, "%zu of %zu areas", found, area_count);
    CHECK(mm_stat_read(NR_VMALLOC) == vmalloc_pages, "%ld pages, counted %ld", vmalloc_pages,
          mm_stat_read(NR_VMALLOC));
}

static void test_random(void) {
    uint64_t wish = 70;
    start();
    for (int op = 0; op < 2500; op++) {
        if (host_below(300) == 0)
            wish = 100 - wish;
        if (host_below(10) == 0)
            board_set_cpu((uint32_t)host_below(3));
        if (host_below(100) < wish && area_count < AREAS)
            add();
        else if (area_count)
            drop(host_below(area_count));
        if (op % 16 == 0) {
            kspace_check();
            check_infos();
        }
    }
    board_set_cpu(0);
    while (area_count)
        drop(0);
    finish();
}

// Every mapping is flushed on all harts; a range of which nothing can be mapped is not taken.
static void test_flush(void) {
    start();
    uint64_t before = board_remote_flushes;
    void *p = vmalloc(3 * PAGE_SIZE);
    CHECK(p && board_remote_flushes == before + 2, "%lu flushes", board_remote_flushes - before);
    vfree(p);
    before = board_remote_flushes;
    CHECK(!kernel_map(VMALLOC_START, MMIO, 2 * PAGE_SIZE, PTE_R), "no memory");
    CHECK(mapped(VMALLOC_START + PAGE_SIZE), "the second page");
    kernel_unmap(VMALLOC_START, 2 * PAGE_SIZE);
    CHECK(board_remote_flushes == before + 4, "%lu flushes", board_remote_flushes - before);
    CHECK(!mapped(VMALLOC_START) && !mapped(VMALLOC_START + PAGE_SIZE), "still mapped");
    finish();
}

// The second page needs a table, for which there is no memory: the first is unmapped again.
static void test_half(void) {
    vaddr_t va = VMALLOC_START + pt_level_size(1) - PAGE_SIZE;
    start();
    CHECK(!kernel_map(va, MMIO, PAGE_SIZE, PTE_R), "no memory");
    kernel_unmap(va, PAGE_SIZE);
    failalloc_set(1);
    CHECK(kernel_map(va, MMIO, 2 * PAGE_SIZE, PTE_R) == -ENOMEM && !mapped(va), "half is mapped");
    failalloc_set(0);
    CHECK(!kernel_map(va, MMIO, 2 * PAGE_SIZE, PTE_R) && mapped(va + PAGE_SIZE), "no memory");
}

// ---- when memory or addresses end ---------------------------------------------------------------

static void *try_kind(enum kind kind) {
    return kind == VMALLOC   ? vmalloc(30 * PAGE_SIZE)
           : kind == IOREMAP ? ioremap(MMIO, 30 * PAGE_SIZE)
                             : kstack_alloc();
}

// Each request on the way fails once: nothing is lost, nothing stays mapped.
static void test_failures(void) {
    static const uint64_t least[] = {3 + 30, 2, 3 + 2}; // itself, area, its slab's page, pages
    start();
    for (enum kind kind = VMALLOC; kind <= KSTACK; kind++) {
        void *p = NULL;
        for (uint64_t every = 1; !p; every++) {
            failalloc_set(every);
            p = try_kind(kind);
            failalloc_set(0);
            CHECK(!p || every > least[kind], "kind %d needs a request that may fail", kind);
            CHECK(p || every <= least[kind] + 2, "kind %d: request %lu fails", kind, every);
            if (p)
                free_area(&(struct held_area){p, 0, kind, 0});
            finish();
        }
    }
}

// All memory, in vmalloc areas and in stacks.
static void test_exhaustion(void) {
    static void *p[8000];
    size_t n = 0, stacks = 0;

    start();
    while (n < 64 && (p[n] = vmalloc(1UL << 20)))
        n++;
    CHECK(n > 20 && n < 30 && mm_stat_in_transit() == 0, "%zu MiB of 32, %ld pages lost", n,
          mm_stat_in_transit());
    kspace_check();
    while (n)
        vfree(p[--n]);
    while (stacks < 8000 && (p[stacks] = kstack_alloc()))
        stacks++;
    CHECK(stacks > 3000 && stacks < 4000 && mm_stat_in_transit() == 0, "%zu stacks", stacks);
    kspace_check();
    while (stacks)
        kstack_free(p[--stacks]);
    finish();
}

// 1 GiB of addresses: registers need no memory.
static void test_addresses(void) {
    start();
    char *a = ioremap(MMIO, 400UL << 20), *b = ioremap(MMIO + 5, (400UL << 20) - 5);
    CHECK(a && b == a + (400UL << 20) + 2 * KSTACK_SIZE + 5, "%p %p", (void *)a, (void *)b);
    CHECK(!ioremap(MMIO, 400UL << 20) && !vmalloc(1UL << 30), "no such range");
    CHECK(!vmalloc(0) && !vmalloc(~0UL) && !vmalloc(~0UL - PAGE_SIZE) && !ioremap(MMIO, 0) &&
              !ioremap(MMIO, ~0UL) && !ioremap(MMIO + 1, ~0UL - PAGE_SIZE),
          "no such size");
    kspace_check();
    char *c = ioremap(MMIO, 100UL << 20);
    CHECK(c > b, "what is left");
    free_area(&(struct held_area){a, 0, IOREMAP, 0});
    char *d = vmalloc(5);
    CHECK(d == a, "the lowest gap: %p", (void *)d);
    vfree(d);
    vfree(NULL);
    free_area(&(struct held_area){b, 0, IOREMAP, 0});
    free_area(&(struct held_area){c, 0, IOREMAP, 0});
    finish();
}

// Each CPU keeps 4 stacks, mapped; pressure takes them.
static void test_stacks(void) {
    void *stack[6];
    start();
    for (int i = 0; i < 6; i++)
        CHECK((stack[i] = kstack_alloc()), "no memory");
    CHECK(mm_stat_read(NR_KSTACK) == 12, "%ld pages", mm_stat_read(NR_KSTACK));
    for (int i = 0; i < 6; i++)
        kstack_free(stack[i]);
    CHECK(mm_stat_read(NR_KSTACK) == 8, "%ld pages are kept", mm_stat_read(NR_KSTACK));
    CHECK(!mapped((vaddr_t)stack[5]) && mapped((vaddr_t)stack[0]), "the last two went");
    board_set_cpu(1);
    void *other = kstack_alloc();
    CHECK(other && mm_stat_read(NR_KSTACK) == 10, "another CPU makes its own");
    board_set_cpu(0);
    failalloc_set(1);
    void *again = kstack_alloc();
    CHECK(again == stack[0], "a kept one needs no memory");
    failalloc_set(0);
    kstack_free(again);
    kstack_free(other);
    finish();
}

static const struct host_case cases[] = {
    {"linear map", test_linear_map},
    {"linear map: large leaves", test_large_leaves},
    {"linear map: no large leaf fits", test_small_leaves},
    {"random areas against the model", test_random},
    {"flushes", test_flush},
    {"half a range", test_half},
    {"each request fails once", test_failures},
    {"all memory", test_exhaustion},
    {"no addresses", test_addresses},
    {"kernel stacks", test_stacks},
};

HOST_MAIN("kspace_test", cases)
