// A page table as text: runs join what is alike; a short buffer holds the beginning.
#include "frames.h"

#include "mm/pgtable.h"
#include "mm/slab.h"

#define BITS (PTE_V | PTE_R | PTE_U)

static const char want[] =
    "0x0000000000200000-0x0000000000202000 4K 0x0000000080000000 VR--U---\n"
    "0x0000000000202000-0x0000000000203000 4K 0x0000000080002000 VRW-U---\n"
    "0x0000000000203000-0x0000000000204000 4K entry 0x1e00\n"
    "0x0000000040000000-0x0000000040400000 2M 0x0000000080200000 VR--U---\n";

static pte_t *table(void) {
    board_power_on(&two_zones);
    mem_init();
    slab_init();
    kernel_pt_init();
    pte_t *root = pt_root_alloc();
    CHECK(root, "no memory");
    pte_t *slot = pt_find_alloc(root, 0x200000, 0, GFP_KERNEL);
    for (size_t i = 0; i < 3; i++)
        pt_set(slot + i, pte_make(0x80000000 + i * PAGE_SIZE, i == 2 ? BITS | PTE_W : BITS));
    pt_set(slot + 3, pte_swap(7));
    slot = pt_find_alloc(root, 0x40000000, 1, GFP_KERNEL);
    for (size_t i = 0; i < 2; i++)
        pt_set(slot + i, pte_make(0x80200000 + i * pt_level_size(1), BITS));
    return root;
}

static void test_whole(void) {
    char text[512];
    size_t n = pt_print(table(), 0, USER_END, text, sizeof(text));
    CHECK(n == sizeof(want) - 1 && !strcmp(text, want), "%zu: %.400s", n, text);
}

static void test_short(void) {
    char text[512];
    memset(text, 'x', sizeof(text));
    size_t n = pt_print(table(), 0, USER_END, text, 100);
    CHECK(n == sizeof(want) - 1, "%zu", n);
    CHECK(!strncmp(text, want, 99) && !text[99] && text[100] == 'x', "%.99s", text);
}

static void test_nothing(void) {
    char text[512] = "old";
    size_t n = pt_print(table(), 0x300000, 0x400000, text, 9);
    CHECK(n == 0 && !text[0], "%zu: %.400s", n, text);
}

static const struct host_case cases[] = {
    {"all of it", test_whole},
    {"a short buffer", test_short},
    {"an empty range", test_nothing},
};

HOST_MAIN("ptprint_test", cases)
