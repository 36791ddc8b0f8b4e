// What must not be done with the kernel's mappings, and spoilt areas: each dies in words that name
// it.
#include "frames.h"

#include "mm/area.h"
#include "mm/kspace.h"
#include "mm/pgtable.h"
#include "mm/slab.h"

#define MMIO 0x10000000UL // device registers, below RAM

static void start(void) {
    board_power_on(&two_zones);
    mem_init();
    slab_init();
    kernel_pt_init();
    kspace_init();
}

static void crime_vfree_twice(void) {
    start();
    void *p = vmalloc(10);
    vfree(p);
    vfree(p);
}

static void crime_vfree_within(void) {
    start();
    vfree((char *)vmalloc(3 * PAGE_SIZE) + PAGE_SIZE);
}

static void crime_vfree_stack(void) {
    start();
    vfree((char *)kstack_alloc() - KSTACK_SIZE);
}

static void crime_no_stack(void) {
    start();
    char *p = vmalloc(10);
    for (int i = 0; i < 5; i++) // four are kept, unseen
        kstack_free(p + KSTACK_SIZE);
}

static void map_here(vaddr_t va, size_t size, uint64_t bits) {
    start();
    for (int i = 0; i < 2; i++)
        CHECK(!kernel_map(va, MMIO, size, bits), "no memory");
}

static void crime_map_twice(void) { map_here(VMALLOC_START, PAGE_SIZE, PTE_R); }
static void crime_map_wx(void) { map_here(VMALLOC_START, PAGE_SIZE, PTE_R | PTE_W | PTE_X); }
static void crime_map_unaligned(void) { map_here(VMALLOC_START, 100, PTE_R); }
static void crime_map_linear(void) { map_here(PAGE_OFFSET, PAGE_SIZE, PTE_R); }
static void crime_map_beyond(void) {
    map_here(VMALLOC_START + (1UL << 30) - PAGE_SIZE, 2 * PAGE_SIZE, PTE_R);
}

static void crime_unmapped(void) {
    start();
    void *p = vmalloc(2 * PAGE_SIZE);
    kernel_unmap((vaddr_t)p, PAGE_SIZE); // behind its owner's back
    vfree(p);
}

static struct area *spoilt(void) {
    start();
    void *first = vmalloc(10), *second = vmalloc(10);
    CHECK(first && second, "no memory");
    return area_find((vaddr_t)second);
}

static void spoil_gap(void) {
    spoilt()->gap += PAGE_SIZE;
    kspace_check();
}

static void spoil_largest(void) {
    spoilt()->max_gap++;
    kspace_check();
}

static void spoil_size(void) {
    struct area *a = spoilt();
    a->size = a->end - a->start + PAGE_SIZE;
    kspace_check();
}

static void spoil_end(void) {
    spoilt()->end += PAGE_SIZE;
    kspace_check();
}

static const struct host_case cases[] = {
    {"vfree twice", crime_vfree_twice, "which vmalloc did not give"},
    {"vfree within an area", crime_vfree_within, "which vmalloc did not give"},
    {"vfree of a stack", crime_vfree_stack, "which vmalloc did not give"},
    {"no kernel stack", crime_no_stack, "is not a kernel stack"},
    {"mapped twice", crime_map_twice, "is mapped already"},
    {"writable and executable", crime_map_wx, "bits 0xe"},
    {"a range of bytes", crime_map_unaligned, "kernel range 0x406000000000 + 0x64"},
    {"a range of the linear map", crime_map_linear, "kernel range 0x404000000000"},
    {"a range beyond the area", crime_map_beyond, "kernel range"},
    {"a page that is not there", crime_unmapped, "no page at"},
    {"check: gap", spoil_gap, "gap 0x1000 after"},
    {"check: largest gap", spoil_largest, "largest gap"},
    {"check: size", spoil_size, "of 0x5000"},
    {"check: end", spoil_end, "area ["},
};

HOST_MAIN("kspacemisuse_test", cases)
