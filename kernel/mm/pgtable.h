// Page tables: one cursor that every walk uses (map, unmap, copy, free, dump), and kernel mappings.
//
// A table page is PG_TABLE and keeps the number of its non-empty entries in page->private, so an
// empty table is known without a scan. (Reference count > 1 will mean: shared by forks.)
//
// Cursor invariant: c->va is the address that c->slot maps at c->level, c->va is aligned to that
// level's size, all tables above it exist, and no entry in [start, c->va) was skipped unless empty.
// The caller holds the lock that guards the tables (an mm's page-table lock).
#pragma once

#include "mm/page.h"
#include "riscv/pte.h"

struct pt_cursor {
    pte_t *root;
    vaddr_t va;   // of the current slot
    vaddr_t end;  // exclusive
    pte_t *slot;  // current entry
    int level;    // of the slot: 0 = 4 KiB, 1 = 2 MiB, 2 = 1 GiB
    pte_t *table[PT_LEVELS]; // table[l]: the table at level l on the path to slot
};

// Points c at the first non-empty leaf slot (present, or swap entry) of [start, end); false: none.
bool pt_first(struct pt_cursor *c, pte_t *root, vaddr_t start, vaddr_t end);
bool pt_next(struct pt_cursor *c);

// The slot for va at `level`, or NULL when a table on the way (or a leaf above it) is missing.
pte_t *pt_find(pte_t *root, vaddr_t va, int level);
// The leaf that maps va, whatever its level (returned in *level), or NULL.
pte_t *pt_find_leaf(pte_t *root, vaddr_t va, int *level);
// The same, making tables as needed. NULL: out of memory. gfp is the tables' (may be GFP_ATOMIC).
pte_t *__must_check pt_find_alloc(pte_t *root, vaddr_t va, int level, gfp_t gfp);
// The slot and how many consecutive level-0 slots from va stay in the same table.
static inline size_t pt_slots_left(vaddr_t va) { return PT_ENTRIES - pt_index(va, 0); }

// Writes an entry and keeps the table's count. Every store to a table goes through these.
void pt_set(pte_t *slot, pte_t pte);
pte_t pt_clear(pte_t *slot); // atomic swap with zero: the hardware may set A and D meanwhile

// A table of zeroes (order 0, PG_TABLE, counted in NR_PAGETABLE); free one (must be empty of user
// leaves).
pte_t *__must_check pt_table_alloc(gfp_t gfp);
void pt_table_free(pte_t *table);
// Frees the tables below root that are empty and cover only addresses in [start, end). The TLB
// flush that makes them unreachable comes first. root stays. Calls free_table for each.
void pt_free_empty(pte_t *root, vaddr_t start, vaddr_t end, void (*free_table)(void *arg, pte_t *table),
                   void *arg);

// The kernel's own: built by kernel_pt_init (linear map with 1 GiB and 2 MiB leaves, 4 KiB over the
// kernel image for W^X).
extern pte_t *kernel_root;
void kernel_pt_init(void);
// A user root: zeroed user half, kernel half copied. NULL: out of memory.
pte_t *__must_check pt_root_alloc(void);
void pt_root_free(pte_t *root);
uint64_t kernel_satp(void);

// Maps [va, va + size) of the kernel half to pa with 4 KiB pages (vmalloc area). 0 or -ENOMEM
// (nothing mapped then). bits: PTE_R | PTE_W ...
int __must_check kernel_map(vaddr_t va, paddr_t pa, size_t size, uint64_t bits);
// Flushes on all harts.
void kernel_unmap(vaddr_t va, size_t size);
