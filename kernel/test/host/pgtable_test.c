// The page-table cursor and its tables on the host, against a model of a few windows of addresses:
// 6 slots of 1 GiB, 7 of 2 MiB in each, all pages in those.
#include "frames.h"

#include "mm/pgtable.h"
#include "mm/slab.h"

#define GIB_SLOTS 6
#define MIB_SLOTS 7
#define OPS 8000

static const size_t gib_slot[GIB_SLOTS] = {0, 1, 2, 100, 254, 255};
static const size_t mib_slot[MIB_SLOTS] = {0, 1, 2, 255, 256, 510, 511};

// The model: entries by window, 0 = empty; and which tables exist.
static uint64_t huge[GIB_SLOTS], large[GIB_SLOTS][MIB_SLOTS];
static uint64_t small[GIB_SLOTS][MIB_SLOTS][PT_ENTRIES];
static bool table1[GIB_SLOTS], table0[GIB_SLOTS][MIB_SLOTS];

struct leaf {
    vaddr_t va;
    int level;
    uint64_t *v; // in the model
};

static struct leaf leaves[GIB_SLOTS * MIB_SLOTS * PT_ENTRIES];
static size_t leaf_count;
static pte_t *root;
static long kernel_tables;

static void start(void) {
    board_power_on(&two_zones);
    mem_init();
    slab_init();
    kernel_pt_init();
    kernel_tables = mm_stat_read(NR_PAGETABLE);
    root = pt_root_alloc();
    CHECK(root, "no memory");
}

static vaddr_t address(size_t g, size_t m, size_t page) {
    return gib_slot[g] << 30 | mib_slot[m] << 21 | page << 12;
}

static void add_leaf(vaddr_t va, int level, uint64_t *v, vaddr_t from, vaddr_t to) {
    if (*v && va < to && va + pt_level_size(level) > from)
        leaves[leaf_count++] = (struct leaf){va, level, v};
}

// leaves[] = what the model has in [from, to), in order.
static void find_leaves(vaddr_t from, vaddr_t to) {
    leaf_count = 0;
    for (size_t g = 0; g < GIB_SLOTS; g++) {
        add_leaf(gib_slot[g] << 30, 2, &huge[g], from, to);
        for (size_t m = 0; m < MIB_SLOTS; m++) {
            add_leaf(address(g, m, 0), 1, &large[g][m], from, to);
            for (size_t i = 0; i < PT_ENTRIES && table0[g][m]; i++)
                add_leaf(address(g, m, i), 0, &small[g][m][i], from, to);
        }
    }
}

// ---- operations ---------------------------------------------------------------------------------

static uint64_t random_leaf(int level) {
    paddr_t pa = host_below(1UL << 20) << pt_level_shift(level);
    uint64_t kind = level ? 0 : host_below(4);
    if (kind == 1)
        return pte_swap(1 + host_below(1UL << 30)).v;
    if (kind == 2)
        return pte_make(pa, PTE_PROTNONE | PTE_U).v;
    return pte_make(pa, PTE_V | PTE_R | PTE_U | (host_below(2) ? PTE_W : PTE_X)).v;
}

// Asks for the slot, with little luck at times. What tables there are now goes into the model.
static pte_t *slot_alloc(size_t g, size_t m, size_t i, int level) {
    vaddr_t va = address(g, m, i);
    failalloc_set(host_below(4) ? 0 : 1 + host_below(2));
    pte_t *slot = pt_find_alloc(root, va, level, GFP_KERNEL);
    bool may_fail = failalloc_every;
    failalloc_set(0);

    CHECK(slot || may_fail, "no slot for %#lx", va);
    CHECK(!slot || slot == pt_find(root, va, level), "another slot is found for %#lx", va);
    table1[g] = level < 2 && pte_is_table(root[gib_slot[g]]);
    if (slot && level == 0)
        CHECK(table1[g] && pte_is_table(*pt_find(root, va, 1)), "no tables above %#lx", va);
    if (slot && level == 0)
        table0[g][m] = true;
    return slot;
}

// One entry, at a level where that is possible.
static void op_set(size_t g, size_t m, size_t i) {
    int level = host_below(8) ? 0 : table1[g] ? 1 : 2;
    uint64_t *v = level == 2 ? &huge[g] : level == 1 ? &large[g][m] : &small[g][m][i];

    if ((level < 2 && huge[g]) || (level == 0 && large[g][m]) || (level == 1 && table0[g][m]))
        return;
    pte_t *slot = slot_alloc(g, m, i, level);
    if (!slot)
        return;
    CHECK(slot->v == *v, "entry %#lx, model %#lx", slot->v, *v);
    *v = level == 0 && host_below(8) == 0 ? 0 : random_leaf(level);
    pt_set(slot, (pte_t){*v});
}

// A run of slots of one table, as fork and fault-around fill them.
static void op_run(size_t g, size_t m, size_t i) {
    size_t n = 1 + host_below(pt_slots_left(address(g, m, i))), set = 0;
    pte_t *slot = huge[g] || large[g][m] ? NULL : slot_alloc(g, m, i, 0), *last = slot;

    for (size_t k = 0; slot && k < n; k++)
        if (pte_none(slot[k]) && host_below(4)) {
            slot[k].v = small[g][m][i + k] = random_leaf(0);
            last = &slot[k];
            set++;
        }
    if (set)
        pt_count_set(last, set);
}

// An end of a range: mostly near what there is.
static vaddr_t random_end(void) {
    if (host_below(10) == 0)
        return host_below(USER_END >> PAGE_SHIFT) << PAGE_SHIFT;
    vaddr_t va = address(host_below(GIB_SLOTS), host_below(MIB_SLOTS), 0);
    return host_below(2) ? va : va + host_below(PT_ENTRIES) * PAGE_SIZE;
}

static void random_range(vaddr_t *from, vaddr_t *to) {
    vaddr_t a = random_end(), b = host_below(10) ? random_end() : USER_END;
    *from = min(a, b);
    *to = max(a, b);
    if (*from == *to)
        *to += PAGE_SIZE;
}

// The cursor shows just what the model has, in order; fn may change each entry.
static void walk(vaddr_t from, vaddr_t to, void (*fn)(struct pt_cursor *c, uint64_t *v)) {
    struct pt_cursor c;
    size_t n = 0;

    find_leaves(from, to);
    for (bool more = pt_first(&c, root, from, to); more; more = pt_next(&c), n++) {
        CHECK(n < leaf_count, "[%#lx, %#lx): %#lx is not there", from, to, c.va);
        CHECK(c.va == leaves[n].va && c.level == leaves[n].level && c.slot->v == *leaves[n].v,
              "[%#lx, %#lx): %#lx level %d %#lx, model %#lx level %d %#lx", from, to, c.va, c.level,
              c.slot->v, leaves[n].va, leaves[n].level, *leaves[n].v);
        CHECK(c.table[c.level] == (pte_t *)ALIGN_DOWN((uintptr_t)c.slot, PAGE_SIZE), "its table");
        if (fn)
            fn(&c, leaves[n].v);
    }
    CHECK(n == leaf_count, "[%#lx, %#lx): %zu of %zu entries, then none", from, to, n, leaf_count);
}

static void clear_one(struct pt_cursor *c, uint64_t *v) {
    CHECK(pt_clear(c->slot).v == *v && pte_none(*c->slot), "the old entry of %#lx", c->va);
    *v = 0;
}

static void protect_one(struct pt_cursor *c, uint64_t *v) {
    *v ^= PTE_COW;
    pt_set(c->slot, (pte_t){*v});
}

// The tables of the range whose last entries went are told that their used part ends sooner.
static void trim_tables(vaddr_t from, vaddr_t to) {
    for (size_t g = 0; g < GIB_SLOTS; g++)
        for (size_t m = 0; m < MIB_SLOTS; m++) {
            vaddr_t base = address(g, m, 0);
            if (!table0[g][m] || base + pt_level_size(1) <= from || base >= to)
                continue;
            size_t first = from > base ? (from - base) >> PAGE_SHIFT : 0, i = first;
            while (i < PT_ENTRIES && !small[g][m][i])
                i++;
            if (i == PT_ENTRIES)
                pt_trim_used(pt_find(root, base + (first << PAGE_SHIFT), 0));
        }
}

static void free_table(void *arg, pte_t *table) {
    CHECK(frame_is_zero(virt_to_page(table)), "a table with entries is freed");
    ++*(size_t *)arg;
    virt_to_page(root)->mapcount--; // the number of tables below
    pt_table_free(table);
}

static bool has_entries(size_t g, size_t m) {
    for (size_t i = 0; i < PT_ENTRIES; i++)
        if (small[g][m][i])
            return true;
    return false;
}

// What pt_free_empty() must take out of the model. Returns how many.
static size_t model_free_empty(vaddr_t from, vaddr_t to) {
    size_t freed = 0;
    for (size_t g = 0; g < GIB_SLOTS; g++) {
        bool used = false;
        for (size_t m = 0; m < MIB_SLOTS; m++) {
            vaddr_t base = address(g, m, 0);
            bool inside = base >= from && base + pt_level_size(1) <= to;
            if (table0[g][m] && inside && !has_entries(g, m)) {
                table0[g][m] = false;
                freed++;
            }
            used |= table0[g][m] || large[g][m];
        }
        vaddr_t base = gib_slot[g] << 30;
        if (table1[g] && !used && base >= from && base + pt_level_size(2) <= to) {
            table1[g] = false;
            freed++;
        }
    }
    return freed;
}

static void op_free_empty(vaddr_t from, vaddr_t to) {
    size_t freed = 0, expected = model_free_empty(from, to);
    pt_free_empty(root, from, to, free_table, &freed);
    CHECK(freed == expected, "[%#lx, %#lx): %zu tables freed, not %zu", from, to, freed, expected);
}

// One address, asked in all ways, against the walk of the hardware.
static void op_find(size_t g, size_t m, size_t i) {
    vaddr_t va = address(g, m, i) + host_below(PAGE_SIZE);
    uint64_t v = huge[g] ? huge[g] : large[g][m] ? large[g][m] : small[g][m][i];
    int level = -1, walked;
    pte_t *leaf = pt_find_leaf(root, va, &level);

    CHECK(board_walk(root, va, &walked).v == v && walked == level, "va %#lx: levels %d %d", va,
          walked, level);
    CHECK(leaf ? v && leaf->v == v : v == 0, "va %#lx: %#lx", va, v);
    CHECK(level == (huge[g] || !table1[g] ? 2 : large[g][m] || !table0[g][m] ? 1 : 0), "%d", level);
    for (int l = 0; l < PT_LEVELS; l++) {
        pte_t *slot = pt_find(root, va, l);
        CHECK(!slot == (l < level), "va %#lx: slot at level %d, leaf at %d", va, l, level);
        CHECK(l != level || slot->v == v, "va %#lx: another slot", va);
    }
}

static void check_tables(void) {
    long tables = 0;
    for (size_t g = 0; g < GIB_SLOTS; g++) {
        tables += table1[g];
        for (size_t m = 0; m < MIB_SLOTS; m++)
            tables += table0[g][m];
    }
    CHECK(pt_check(root, 0, USER_END) == (uint64_t)tables, "%ld tables", tables);
    CHECK(mm_stat_read(NR_PAGETABLE) == kernel_tables + 1 + tables &&
              virt_to_page(root)->mapcount == tables,
          "%ld tables are counted, %d below the root", mm_stat_read(NR_PAGETABLE),
          virt_to_page(root)->mapcount);
}

static void random_op(void) {
    size_t g = host_below(GIB_SLOTS), m = host_below(MIB_SLOTS), i = host_below(PT_ENTRIES);
    vaddr_t from, to;

    random_range(&from, &to);
    switch (host_below(8)) {
    case 0:
    case 1:
    case 2: op_set(g, m, i); break;
    case 3: op_run(g, m, host_below(2) ? i : 0); break;
    case 4: walk(from, to, host_below(2) ? protect_one : NULL); break;
    case 5:
        walk(from, to, clear_one);
        if (host_below(4))
            trim_tables(from, to);
        break;
    case 6: op_free_empty(from, to); break;
    case 7: op_find(g, m, i); break;
    }
}

static void test_random(void) {
    start();
    uint64_t most = 0;
    for (int op = 0; op < OPS; op++) {
        random_op();
        if (op % 16 == 0)
            check_tables();
        find_leaves(0, USER_END);
        most = max(most, leaf_count);
    }
    CHECK(most > 2000, "never more than %lu entries", most);
    walk(0, USER_END, clear_one);
    op_free_empty(0, USER_END);
    check_tables();
    for (size_t i = 0; i < PT_ENTRIES; i++)
        CHECK(root[i].v == (i < 256 ? 0 : kernel_root[i].v), "slot %zu", i);
    pt_root_free(root);
    CHECK(mm_stat_read(NR_PAGETABLE) == kernel_tables && mm_stat_in_transit() == 0, "lost tables");
}

// Tables that were emptied hold only zeroes, and are kept for requests of such pages.
static void test_root(void) {
    start();
    pte_t *slot = pt_find_alloc(root, 0, 0, GFP_KERNEL);
    size_t freed = 0;
    CHECK(slot, "no memory");
    pt_set(slot, (pte_t){random_leaf(0)});
    pt_clear(slot);
    pt_free_empty(root, 0, USER_END, free_table, &freed);
    pt_root_free(root);
    CHECK(freed == 2 && pcps[0][zone_preferred].zeroed == 3, "%lu kept", pcps[0][0].zeroed);
    while (block_count < 3)
        CHECK(block_alloc(GFP_ZERO, 0), "no memory"); // block_alloc() looks
    CHECK(pcps[0][zone_preferred].zeroed == 0, "others were taken");
}

// ---- the used part ------------------------------------------------------------------------------

#define USED(table) (virt_to_page(table)->index)

static void test_used_part(void) {
    start();
    pte_t *slot = pt_find_alloc(root, 0, 0, GFP_KERNEL), leaf = {random_leaf(1)};
    CHECK(slot && USED(slot) == 0, "a new table is empty");
    for (size_t i = 0; i < 100; i++)
        pt_set(slot + i, leaf);
    CHECK(USED(slot) == 100 && virt_to_page(slot)->private == 100, "%lu", USED(slot));
    pt_set(slot + 300, leaf);
    pt_clear(slot + 300);
    CHECK(USED(slot) == 301, "a hint may be late: %lu", USED(slot));
    CHECK(pt_clear(slot + 300).v == 0 && virt_to_page(slot)->private == 100, "it was empty");
    pt_trim_used(slot + 300);
    CHECK(USED(slot) > 100 && USED(slot) <= 300, "64 are looked at: %lu", USED(slot));
    for (size_t i = 50; i < 100; i++)
        pt_clear(slot + i);
    pt_trim_used(slot + 90);
    CHECK(USED(slot) == 50, "emptied in rising order: %lu", USED(slot));
    for (size_t i = 0; i < 50; i++)
        pt_clear(slot + i);
    pt_trim_used(slot + 49);
    CHECK(USED(slot) == 0, "empty: %lu", USED(slot));
    pt_set(slot + 400, leaf);
    pt_clear(slot + 400);
    pt_trim_used(slot + 400);
    CHECK(USED(slot) == 0, "known to be empty without a look: %lu", USED(slot));
}

// A search of an empty address space, or beyond the used part, looks at few entries: counted in
// what it reads, which is spoilt here.
static void test_skips(void) {
    start();
    struct pt_cursor c;
    pte_t *slot = pt_find_alloc(root, 0, 0, GFP_KERNEL);
    CHECK(slot, "no memory");
    pt_set(slot + 10, (pte_t){random_leaf(1)});
    slot[11].v = slot[400].v = 0xbad; // past the used part: must not be looked at
    CHECK(pt_first(&c, root, 0, USER_END) && c.va == 10 * PAGE_SIZE && !pt_next(&c), "%#lx", c.va);
    CHECK(!pt_first(&c, root, 20 * PAGE_SIZE, USER_END), "%#lx", c.va);
}

// ---- crimes -------------------------------------------------------------------------------------

static pte_t *some_slot(void) {
    start();
    pte_t *slot = pt_find_alloc(root, 0x200000, 0, GFP_KERNEL);
    CHECK(slot, "no memory");
    pt_set(slot, pte_make(0x80000000, PTE_V | PTE_R));
    return slot;
}

static void crime_below_leaf(void) {
    some_slot();
    pt_set(pt_find(root, 0, 1), pte_make(0x80000000, PTE_V | PTE_R));
    if (pt_find_alloc(root, 0x1000, 0, GFP_KERNEL))
        return;
}

static void crime_empty_range(void) {
    start();
    pt_free_empty(root, 0x1000, 0x1000, free_table, NULL);
}

static void crime_no_table(void) {
    start();
    pt_table_free(page_to_virt(page_alloc(0, 0)));
}

static void crime_root_in_use(void) {
    some_slot();
    pt_root_free(root);
}

static void crime_kernel_root(void) {
    start();
    pt_root_free(kernel_root);
}

static void spoil_count(void) {
    virt_to_page(some_slot())->private ++;
    pt_check(root, 0, USER_END);
}

static void spoil_used(void) {
    virt_to_page(some_slot())->index = 0;
    pt_check(root, 0, USER_END);
}

static void spoil_flags(void) {
    virt_to_page(some_slot())->flags = 0;
    pt_check(root, 0, USER_END);
}

static void spoil_level(void) {
    some_slot()->v = PTE_V;
    pt_check(root, 0, USER_END);
}

static void spoil_level_found(void) {
    int level;
    some_slot()->v = PTE_V;
    pt_find_leaf(root, 0x200000, &level);
}

static const struct host_case cases[] = {
    {"random operations against the model", test_random},
    {"emptied tables", test_root},
    {"the used part", test_used_part},
    {"beyond the used part", test_skips},
    {"a table below a leaf", crime_below_leaf, "leaf 0x20000003 at level 1"},
    {"an empty range", crime_empty_range, "[0x1000, 0x1000)"},
    {"freed, but no table", crime_no_table, "flags 0"},
    {"a root in use", crime_root_in_use, "1 entries in use"},
    {"the kernel's root", crime_kernel_root, "root != kernel_root"},
    {"check: count", spoil_count, "1 entries, counted 2"},
    {"check: used part", spoil_used, "lies past 0"},
    {"check: flags", spoil_flags, "flags 0"},
    {"check: table at level 0", spoil_level, "level || !pte_is_table"},
    {"found: table at level 0", spoil_level_found, "table entry 0x1 at level 0"},
};

HOST_MAIN("pgtable_test", cases)
