// Page tables: finding, making and freeing tables, and the cursor.
//
//   root (level 2)          512 x 1 GiB
//     `-- table (level 1)   512 x 2 MiB     an entry is empty, a leaf (R, W or X), a table
//           `-- table (0)   512 x 4 KiB     (V alone), or not V and not zero: a swap entry at
//                                           level 0, at level 1 a lent table (vm/lend.h), which
//                                           the cursor shows like a leaf
//
// 1. page->private of a table is the number of its entries that are not zero, so "empty" is one
//    load, and freeing a table is only putting it back: it holds nothing but zero bytes, and is
//    kept for the next GFP_ZERO request as it is (page_free_zeroed).
// 2. A table's entry is written after the table is cleared, and cleared before it is freed.
// 3. Loops go down by level and up again by address: no recursion, no address visited twice.
//
// Locks: the caller's page-table lock. Rejected: one walker per purpose (xv6, old Linux): the
// cursor is the only loop over tables besides pt_free_empty, which needs them bottom-up.

#include "mm/pgtable.h"

#include "mm/buddy.h"
#include "mm/stat.h"
#include "riscv/atomic.h"

pte_t *pt_table_alloc(gfp_t gfp) {
    struct page *p = page_alloc(gfp | GFP_ZERO, 0);

    if (!p)
        return NULL;
    p->flags = 1u << PG_TABLE;
    mm_stat_add(NR_PAGETABLE, 1);
    return page_to_virt(p);
}

void pt_table_free(pte_t *table) {
    struct page *p = virt_to_page(table);

    assertf(p->flags == 1u << PG_TABLE, "table %p flags %#x", table, p->flags);
    p->flags = 0;
    p->mapcount = 0;
    p->mlocked = 0;
    mm_stat_add(NR_PAGETABLE, -1);
    if (p->private == 0)
        page_free_zeroed(p);
    else
        page_put(p);
}

pte_t *pt_find(pte_t *root, vaddr_t va, int level) {
    pte_t *slot = root + pt_index(va, 2);

    if (unlikely(level == 2))
        return slot;
    if (!pte_is_table(*slot))
        return NULL;
    slot = pte_to_table(*slot) + pt_index(va, 1);
    if (level == 1)
        return slot;
    return pte_is_table(*slot) ? pte_to_table(*slot) + pt_index(va, 0) : NULL;
}

pte_t *pt_find_leaf(pte_t *root, vaddr_t va, int *level) {
    pte_t *slot = root + pt_index(va, PT_LEVELS - 1);
    int l = PT_LEVELS - 1;

    for (; pte_is_table(*slot); l--) {
        assertf(l > 0, "table entry %#lx at level 0, va %#lx", slot->v, va);
        slot = pte_to_table(*slot) + pt_index(va, l - 1);
    }
    *level = l;
    return pte_none(*slot) ? NULL : slot;
}

pte_t *pt_find_alloc(pte_t *root, vaddr_t va, int level, gfp_t gfp) {
    pte_t *slot = root + pt_index(va, PT_LEVELS - 1);

    for (int l = PT_LEVELS - 1; l > level; l--) {
        pte_t pte = *slot;
        if (unlikely(pte_none(pte))) {
            pte_t *table = pt_table_alloc(gfp);
            if (!table)
                return NULL;
            pte = pte_table(virt_to_phys(table));
            __atomic_thread_fence(__ATOMIC_RELEASE); // its zeroes first
            pt_set(slot, pte);
            virt_to_page(root)->mapcount++;
        }
        assertf(pte_is_table(pte), "va %#lx: leaf %#lx at level %d", va, pte.v, l);
        slot = pte_to_table(pte) + pt_index(va, l - 1);
    }
    return slot;
}

// End of the part of a table that was ever used, as a slot number.
static inline size_t used_end(const pte_t *table) { return virt_to_page(table)->index; }

// Puts c on the slot of va at `level` of its table.
static inline void cursor_set(struct pt_cursor *c, vaddr_t va, int level, pte_t *slot) {
    c->va = ALIGN_DOWN(va, pt_level_size(level));
    c->slot = slot;
    c->level = level;
    c->stop = slot + 1;
    if (level == 0) {
        size_t left = (c->end - c->va + PAGE_SIZE - 1) >> PAGE_SHIFT;
        c->stop = slot + min(used_end(c->table[0]) - pt_index(va, 0), left);
    }
}

// Moves c from its empty level-0 slot to the next used one of the same table. False: there is none.
static inline bool cursor_skip(struct pt_cursor *c) {
    pte_t *slot = c->slot;
    while (++slot != c->stop)
        if (slot->v) {
            c->va += (vaddr_t)(slot - c->slot) << PAGE_SHIFT;
            c->slot = slot;
            return true;
        }
    return false;
}

// Finds the first non-empty leaf slot at or after va. c->table[level] is the table for va; loop
// invariant: c->table[l] holds va for all l >= level, and everything before va has been seen.
static bool cursor_seek(struct pt_cursor *c, vaddr_t va, int level) {
    while (va < c->end) {
        pte_t *table = c->table[level], *slot = table + pt_index(va, level);
        int step = level; // how much of the address space the slot's emptiness says
        if (level == PT_LEVELS - 1 || pt_index(va, level) < used_end(table)) {
            if (level && pte_is_table(*slot)) {
                c->table[--level] = pte_to_table(*slot);
                continue;
            }
            cursor_set(c, va, level, slot);
            if (!pte_none(*slot) || (level == 0 && cursor_skip(c)))
                return true;
        }
        if (level == 0 || (level < PT_LEVELS - 1 && pt_index(va, level) >= used_end(table)))
            step = level + 1; // nothing more in this table
        va = ALIGN_DOWN(va, pt_level_size(step)) + pt_level_size(step);
        while (level < PT_LEVELS - 1 && (level < step || pt_index(va, level) == 0))
            level++; // va begins another table
    }
    return false;
}

bool pt_first(struct pt_cursor *c, pte_t *root, vaddr_t start, vaddr_t end) {
    c->root = root;
    c->end = end;
    c->table[PT_LEVELS - 1] = root;
    return cursor_seek(c, start, PT_LEVELS - 1);
}

bool pt_next_table(struct pt_cursor *c) {
    vaddr_t va = c->va + ((vaddr_t)(c->stop - c->slot) << pt_level_shift(c->level));
    int level = c->level;

    if (va >= c->end)
        return false;
    while (level < PT_LEVELS - 1 && pt_index(va, level) == 0)
        level++;
    return cursor_seek(c, va, level);
}

// The first index in [i, end) whose entry is not empty, or end. Four entries a turn.
static size_t next_used(const pte_t *table, size_t i, size_t end) {
    while (i + 4 <= end && !(table[i].v | table[i + 1].v | table[i + 2].v | table[i + 3].v))
        i += 4;
    while (i < end && pte_none(table[i]))
        i++;
    return i;
}

static bool table_empty(const pte_t *table) { return virt_to_page(table)->private == 0; }

// Number of the first index past `end` in a table of this level that covers from `base` on.
static size_t index_end(vaddr_t base, vaddr_t end, int level) {
    vaddr_t bytes = end - base;
    return min((bytes + pt_level_size(level) - 1) >> pt_level_shift(level), (vaddr_t)PT_ENTRIES);
}

struct table_sink {
    void (*free_table)(void *arg, pte_t *table);
    void *arg;
};

// Unlinks the empty level-0 tables of a level-1 table that covers from base on, in [start, end).
static void free_level0(pte_t *table, vaddr_t base, vaddr_t start, vaddr_t end,
                        const struct table_sink *sink) {
    size_t last = index_end(base, end, 1);

    for (size_t i = start > base ? pt_index(start, 1) : 0; (i = next_used(table, i, last)) < last;
         i++) {
        vaddr_t va = base + i * pt_level_size(1);
        pte_t pte = table[i];
        if (va < start || end - va < pt_level_size(1) || !pte_is_table(pte))
            continue;
        if (table_empty(pte_to_table(pte))) {
            pt_clear(&table[i]);
            sink->free_table(sink->arg, pte_to_table(pte));
        }
    }
}

void pt_free_empty(pte_t *root, vaddr_t start, vaddr_t end,
                   void (*free_table)(void *arg, pte_t *table), void *arg) {
    struct table_sink sink = {free_table, arg};
    size_t last = pt_index(end - 1, 2) + 1;

    assertf(start < end, "[%#lx, %#lx)", start, end);
    for (size_t i = pt_index(start, 2); (i = next_used(root, i, last)) < last; i++) {
        vaddr_t base = ALIGN_DOWN(start, pt_level_size(2)) +
                       (i - pt_index(start, 2)) * pt_level_size(2);
        if (!pte_is_table(root[i]))
            continue;
        pte_t *table = pte_to_table(root[i]);
        free_level0(table, base, start, end, &sink);
        if (table_empty(table) && base >= start && end - base >= pt_level_size(2)) {
            pt_clear(&root[i]);
            free_table(arg, table);
        }
    }
}

// Entries of the table that are not empty, after checking that it is a table and counts right.
static void table_check(const pte_t *table, int level) {
    const struct page *p = virt_to_page(table);
    uint64_t used = 0;

    assertf(p->flags == 1u << PG_TABLE, "table %p flags %#x", table, p->flags);
    for (size_t i = 0; i < PT_ENTRIES; i++) {
        used += !pte_none(table[i]);
        assertf(i < p->index || pte_none(table[i]), "table %p[%zu] lies past %lu", table, i,
                p->index);
        assertf(level || !pte_is_table(table[i]), "table %p[%zu] = %#lx", table, i, table[i].v);
    }
    assertf(used == p->private, "table %p: %lu entries, counted %lu", table, used, p->private);
}

uint64_t pt_check(pte_t *root, vaddr_t start, vaddr_t end) {
    uint64_t tables = 0;

    for (vaddr_t va = ALIGN_DOWN(start, pt_level_size(1)); va < end; va += pt_level_size(1)) {
        pte_t *slot2 = pt_find(root, va, 2), *slot1 = pt_find(root, va, 1);
        if (slot2 && pte_is_table(*slot2) && (tables == 0 || pt_index(va, 1) == 0)) {
            table_check(pte_to_table(*slot2), 1);
            tables++;
        }
        if (slot1 && (pte_is_table(*slot1) || pte_is_lent(*slot1))) {
            table_check(pte_to_table(*slot1), 0);
            tables++;
        }
        if (!slot1)
            va = ALIGN_DOWN(va, pt_level_size(2)) + pt_level_size(2) - pt_level_size(1);
    }
    return tables;
}
