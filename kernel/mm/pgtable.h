// Page tables: one cursor that every walk uses (map, unmap, copy, free, dump), and kernel mappings.
//
// A table page is PG_TABLE and keeps the number of its non-empty entries in page->private, so an
// empty table is known without a scan, and in page->index the end of its used part: all entries
// from there on are empty, so a search stops there. A user root counts the entries of its user half
// only, has no used part, and keeps the number of tables below it in page->mapcount:
// pt_find_alloc() counts up, who frees a table down. A last-level table of user memory counts its
// swap entries in page->mapcount and those of the zero page in page->mlocked (pt_count_special), so
// how many pages it maps is known without a look at them. Reference count > 1: lent (vm/lend.h).
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
    pte_t *stop;  // first slot after it that is not of this table, or not below end
    int level;    // of the slot: 0 = 4 KiB, 1 = 2 MiB, 2 = 1 GiB
    pte_t *table[PT_LEVELS]; // table[l]: the table at level l on the path to slot
};

// Points c at the first non-empty leaf slot (present, or swap entry) of [start, end); false: none.
// A large leaf that only partly lies in the range counts. The body may clear or change the slot.
bool pt_first(struct pt_cursor *c, pte_t *root, vaddr_t start, vaddr_t end);

// The search's next step: from c->slot, which is at its stop. Not for callers: pt_next().
bool pt_next_table(struct pt_cursor *c);

// The next such slot. About 12 instructions while it is in the same table.
static inline bool pt_next(struct pt_cursor *c) {
    pte_t *slot = c->slot;
    while (++slot != c->stop)
        if (slot->v) {
            c->va += (vaddr_t)(slot - c->slot) << PAGE_SHIFT; // level 0: else stop is slot + 1
            c->slot = slot;
            return true;
        }
    return pt_next_table(c);
}

// Where the cursor's table, or range, or large slot ends.
static inline vaddr_t pt_cursor_end(const struct pt_cursor *c) {
    return c->va + ((vaddr_t)(c->stop - c->slot) << pt_level_shift(c->level));
}

// The slot for va at `level`, or NULL when a table on the way (or a leaf above it) is missing.
pte_t *pt_find(pte_t *root, vaddr_t va, int level);
// The leaf that maps va, whatever its level (returned in *level), or NULL.
pte_t *pt_find_leaf(pte_t *root, vaddr_t va, int *level);
// The same, making tables as needed. NULL: out of memory. gfp is the tables' (may be GFP_ATOMIC).
// No leaf may stand above that level.
pte_t *__must_check pt_find_alloc(pte_t *root, vaddr_t va, int level, gfp_t gfp);
// The slot and how many consecutive level-0 slots from va stay in the same table.
static inline size_t pt_slots_left(vaddr_t va) { return PT_ENTRIES - pt_index(va, 0); }

static inline pte_t *pte_to_table(pte_t pte) { return phys_to_virt(pte_paddr(pte)); }
static inline bool pte_is_table(pte_t pte) {
    return (pte.v & (PTE_V | PTE_R | PTE_W | PTE_X)) == PTE_V;
}

// For loops that fill slots of one table themselves: n entries that were empty are set now, the
// last of them is `last`.
static inline void pt_count_set(const pte_t *last, size_t n) {
    struct page *table = virt_to_page(last);
    size_t end = ((uintptr_t)last % PAGE_SIZE) / sizeof(pte_t) + 1;
    table->private += n;
    if (end > table->index)
        table->index = end;
}

// For loops that empty slots of one table themselves: all from `first` on are empty now. Looks at a
// few more below, so that slots emptied in rising order don't stay in the used part.
static inline void pt_trim_used(pte_t *first) {
    struct page *table = virt_to_page(first);
    table->index = table->private ? ((uintptr_t)first % PAGE_SIZE) / sizeof(pte_t) : 0;
    for (int n = 64; n && table->index && pte_none(*--first); n--)
        table->index--;
}

// n (may be negative) more entries like pte, special ones, are in the last-level table of slot.
static inline void pt_count_special(const pte_t *slot, pte_t pte, int n) {
    struct page *table = virt_to_page(slot);
    if (pte_is_swap(pte))
        table->mapcount += n;
    else
        table->mlocked += n;
}

// Writes an entry and keeps the table's count. Every store to a table goes through these. About 15
// instructions. The old entry must be empty, or one that the hardware does not change meanwhile.
static inline void pt_set(pte_t *slot, pte_t pte) {
    if (slot->v == 0)
        pt_count_set(slot, pte.v != 0);
    else if (pte.v == 0)
        virt_to_page(slot)->private--;
    WRITE_ONCE(slot->v, pte.v);
}
// Takes the entry out: an atomic swap with zero, as the hardware may set A and D meanwhile.
static inline pte_t pt_clear(pte_t *slot) {
    struct page *table = virt_to_page(slot);
    pte_t old = {atomic_swap(&slot->v, 0UL)};
    table->private -= old.v != 0;
    return old;
}

// A table of zeroes (order 0, PG_TABLE, counted in NR_PAGETABLE); free one (must be empty of user
// leaves).
pte_t *__must_check pt_table_alloc(gfp_t gfp);
void pt_table_free(pte_t *table);
// Unlinks the tables below root that are empty and cover only addresses in [start, end), and calls
// free_table for each: it frees the table after the TLB flush that makes it unreachable. root
// stays.
void pt_free_empty(pte_t *root, vaddr_t start, vaddr_t end,
                   void (*free_table)(void *arg, pte_t *table), void *arg);
// Walks the tables of [start, end), lent ones too: PG_TABLE, counts. Asserts on a breach; returns
// the number of tables below root.
uint64_t pt_check(pte_t *root, vaddr_t start, vaddr_t end);

// What is in [start, end) as text, a line for each run (ptprint.c): up to size bytes, ended by a
// zero byte. Returns the length of the whole text. pt_print_init() makes it a debug command.
size_t pt_print(pte_t *root, vaddr_t start, vaddr_t end, char *buf, size_t size);
void pt_print_init(void);

// The kernel's own: built by kernel_pt_init (linear map with 1 GiB and 2 MiB leaves, 4 KiB over the
// kernel image for W^X), which also loads it.
#define PTE_KERNEL (PTE_V | PTE_A | PTE_D | PTE_G) // of every leaf there
extern pte_t *kernel_root;
void kernel_pt_init(void);
// A user root: zeroed user half, kernel half copied. NULL: out of memory.
pte_t *__must_check pt_root_alloc(void);
void pt_root_free(pte_t *root); // user half empty
uint64_t kernel_satp(void);
// End of the part of the vmalloc area in use on this machine: see kpgtable.c.
vaddr_t kernel_vmalloc_end(void);

// Maps [va, va + size) of the kernel half to pa with 4 KiB pages (vmalloc area). 0 or -ENOMEM
// (nothing mapped then). bits: PTE_R | PTE_W ... Flushes on all harts.
int __must_check kernel_map(vaddr_t va, paddr_t pa, size_t size, uint64_t bits);
// Flushes on all harts. The frames are the caller's.
void kernel_unmap(vaddr_t va, size_t size);
// The same without the flush, for callers that flush several ranges at once, or whose ranges are
// flushed before they are used again.
int __must_check kernel_map_noflush(vaddr_t va, paddr_t pa, size_t size, uint64_t bits);
void kernel_unmap_noflush(vaddr_t va, size_t size);
void kernel_flush(vaddr_t va, size_t size);
