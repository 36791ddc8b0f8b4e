// The slab allocator of DEBUG builds on the host: red zones, poison, and who had the object last.
#include "objects.h"

static struct slab_cache *cells; // 20 bytes each

// Their names must be in the reports: calls that stay calls, from functions that stay functions.
static __noinline void *take_cell(void) {
    void *p = slab_alloc(cells, GFP_KERNEL);
    CHECK(p, "no memory");
    return p;
}

static __noinline void drop_cell(void *p) {
    slab_free(cells, p);
    CHECK(board_sstatus == SSTATUS_SIE, "interrupts are off");
}

static __noinline void *take_bytes(size_t size) {
    void *p = kmalloc(size, GFP_KERNEL);
    CHECK(p, "no memory");
    return p;
}

static __noinline void drop_bytes(void *p) {
    kfree(p);
    CHECK(board_sstatus == SSTATUS_SIE, "interrupts are off");
}

static void start_with(void (*ctor)(void *)) {
    static struct board_symbol symbols[] = {
        {"kmalloc", (vaddr_t)kmalloc},       {"kfree", (vaddr_t)kfree},
        {"slab_alloc", (vaddr_t)slab_alloc}, {"slab_free", (vaddr_t)slab_free},
        {"take_cell", (vaddr_t)take_cell},   {"drop_cell", (vaddr_t)drop_cell},
        {"take_bytes", (vaddr_t)take_bytes}, {"drop_bytes", (vaddr_t)drop_bytes},
        {NULL, 0}};
    board_symbols = symbols;
    start();
    cells = slab_cache_create("cells", 20, 0, ctor);
}

static uint8_t *cell(void) {
    start_with(NULL);
    return take_cell();
}

static uint8_t *freed_cell(void) {
    uint8_t *p = cell();
    drop_cell(p);
    return p;
}

// What a caller sees: never the last user's data, and bytes up to the rounded size are his.
static void test_poison(void) {
    uint8_t *p = cell();
    CHECK(filled_with(p, 20, 0xa5), "fresh: %#x", *p);
    memset(p, 0x11, 20);
    drop_cell(p);
    CHECK(filled_with(p, 20, 0xdb), "freed: %#x", *p);
    CHECK(take_cell() == p && filled_with(p, 20, 0xa5), "again: %#x", *p);
    drop_cell(p);
    slab_check();
    slab_cache_destroy(cells);
    finish();
}

static void test_constructed(void) {
    start_with(construct);
    uint64_t *p = take_cell();
    CHECK(p[0] == CTOR_WORD, "%#lx", p[0]);
    p[1] = 7;
    drop_cell(p);
    CHECK(take_cell() == p && p[0] == CTOR_WORD && p[1] == 7, "a constructed object stays");
    drop_cell(p);
    slab_cache_destroy(cells);
    finish();
}

// Each cell of a slab, in any order; the whole usable size may be written.
static void test_all_cells(void) {
    start_with(NULL);
    uint8_t *p[1000];
    for (int i = 0; i < 1000; i++)
        memset(p[i] = take_cell(), i, 20);
    slab_check();
    for (int i = 0; i < 1000; i++) {
        uint64_t n = host_below((uint64_t)(1000 - i));
        drop_cell(p[n]);
        p[n] = p[999 - i];
    }
    slab_cache_destroy(cells);
    finish();
}

static void test_alignment(void) {
    start_with(NULL);
    for (size_t size = 1; size <= 4096; size++) {
        void *p = kmalloc(size, GFP_KERNEL);
        CHECK(p && IS_ALIGNED((vaddr_t)p, ksize(p) % 64 ? 16UL : 64UL), "%p of %zu", p, size);
        kfree(p);
    }
    slab_cache_destroy(cells);
    finish();
}

static void crime_overrun(void) {
    uint8_t *p = cell();
    p[24] = 0; // 20 bytes are rounded up to words
    drop_cell(p);
}

static void crime_underrun(void) {
    uint8_t *p = cell();
    p[-1] = 0;
    drop_cell(p);
}

static void crime_twice(void) {
    uint8_t *p = freed_cell();
    drop_cell(p);
}

static void crime_within(void) { drop_cell(cell() + 8); }

// The slab's last bytes, where no object fits.
static void crime_rest(void) {
    start_with(NULL);
    cells = slab_cache_create("large", 1000, 0, NULL);
    uint8_t *p = take_cell();
    drop_cell((uint8_t *)page_to_virt(slab_of(cells, p)) + cells->offset +
              cells->objs_per_slab * cells->stride);
}

static void crime_late_write(void) {
    freed_cell()[19] = 1;
    take_cell();
}

static void crime_late_write_seen(void) {
    uint8_t *p = freed_cell();
    slab_reap(cells);
    p = take_cell();
    slab_reap(cells);
    p[cells->stride] = 1; // its neighbour, which is free
    slab_check();
}

static void crime_late_overrun(void) {
    freed_cell()[24] = 1;
    take_cell();
}

static void crime_constructed_overrun(void) {
    start_with(construct);
    uint8_t *p = take_cell();
    p[24] = 1;
    drop_cell(p);
}

static void crime_foreign(void) {
    start_with(NULL);
    drop_cell(take_bytes(16));
}

static void crime_bytes_overrun(void) {
    start_with(NULL);
    char *p = take_bytes(16);
    p[16] = 1;
    drop_bytes(p);
}

static void crime_bytes_twice(void) {
    start_with(NULL);
    void *p = take_bytes(100);
    drop_bytes(p);
    drop_bytes(p);
}

static void crime_bytes_late_write(void) {
    start_with(NULL);
    char *p = take_bytes(100);
    drop_bytes(p);
    p[50] = 1;
    take_bytes(100);
}

static void crime_large_twice(void) {
    start_with(NULL);
    void *p = take_bytes(10000);
    drop_bytes(p);
    drop_bytes(p);
}

#define ALLOCATED "last allocated or freed by take_cell+"
#define FREED "last allocated or freed by drop_cell+"

static const struct host_case cases[] = {
    {"random caches against the model", random_caches},
    {"poison", test_poison},
    {"constructed objects", test_constructed},
    {"all cells of many slabs", test_all_cells},
    {"kmalloc: alignment", test_alignment},
    {"written beyond the end", crime_overrun, "slab cells: written beyond its end: object"},
    {"... by whom", crime_overrun, ALLOCATED},
    {"written before the start", crime_underrun, "slab cells: written before its start"},
    {"... by whom", crime_underrun, ALLOCATED},
    {"freed twice", crime_twice, "slab cells: freed twice"},
    {"... by whom", crime_twice, FREED},
    {"freed from within", crime_within, "freed address is not the start of an object"},
    {"... whose", crime_within, ALLOCATED},
    {"freed address in the rest", crime_rest, "freed address is not the start of an object"},
    {"written after the free", crime_late_write, "slab cells: written to after it was freed"},
    {"... by whom", crime_late_write, FREED},
    {"written after the free, check", crime_late_write_seen, "written to after it was freed"},
    {"red zone written after the free", crime_late_overrun, "red zone of a free object"},
    {"... by whom", crime_late_overrun, FREED},
    {"constructed, beyond the end", crime_constructed_overrun, ALLOCATED},
    {"an object of another cache", crime_foreign, "freed object is not of this cache"},
    {"kmalloc: beyond the end", crime_bytes_overrun, "slab kmalloc-16: written beyond its end"},
    {"... by whom", crime_bytes_overrun, "last allocated or freed by take_bytes+"},
    {"kmalloc: freed twice", crime_bytes_twice, "slab kmalloc-128: freed twice"},
    {"... by whom", crime_bytes_twice, "last allocated or freed by drop_bytes+"},
    {"kmalloc: written after the free", crime_bytes_late_write, "freed by drop_bytes+"},
    {"large kmalloc: freed twice", crime_large_twice, "kfree of what kmalloc did not give"},
};

HOST_MAIN("slabdebug_test", cases)
