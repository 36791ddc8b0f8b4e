// Page table entries of Sv39 (Privileged Architecture 4.4): the only place that knows their bits.
// A table has 512 entries of 8 bytes; levels are 2 (root, 1 GiB each), 1 (2 MiB), 0 (4 KiB).
#pragma once

#include "lib/compiler.h"

typedef struct {
    uint64_t v;
} pte_t;

#define PTE_V (1UL << 0)
#define PTE_R (1UL << 1)
#define PTE_W (1UL << 2)
#define PTE_X (1UL << 3)
#define PTE_U (1UL << 4)
#define PTE_G (1UL << 5)
#define PTE_A (1UL << 6)
#define PTE_D (1UL << 7)
#define PTE_COW (1UL << 8) // software: private page shared after fork, copy at the first write
#define PTE_SPECIAL (1UL << 9) // software: no struct page accounting (zero page, vDSO)
// software, in an entry with V clear: the page stays, but nobody may touch it (PROT_NONE).
#define PTE_PROTNONE PTE_G
// software, in a level-1 entry with V clear: a table that several address spaces share (vm/lend.h).
#define PTE_LENT PTE_COW
#define PTE_PPN_SHIFT 10
#define PTE_LENT_SHIFT 54 // above the frame number: ten bits that belong to whoever lends

#define PT_ENTRIES 512
#define PT_LEVELS 3

static inline size_t pt_level_shift(int level) { return 12 + 9 * level; }
static inline size_t pt_level_size(int level) { return 1UL << pt_level_shift(level); }
static inline size_t pt_index(uint64_t va, int level) { return va >> pt_level_shift(level) & 511; }

static inline pte_t pte_make(paddr_t pa, uint64_t bits) {
    return (pte_t){(pa >> 12) << PTE_PPN_SHIFT | bits};
}
static inline pte_t pte_table(paddr_t pa) { return pte_make(pa, PTE_V); }
static inline paddr_t pte_paddr(pte_t p) { return (p.v << 10 >> 20) << 12; }
static inline pfn_t pte_pfn(pte_t p) { return p.v << 10 >> 20; }
static inline bool pte_none(pte_t p) { return p.v == 0; }
static inline bool pte_present(pte_t p) { return p.v & PTE_V; }
// Names a frame: present, or kept under PROT_NONE.
static inline bool pte_has_page(pte_t p) { return p.v & (PTE_V | PTE_PROTNONE); }
static inline bool pte_leaf(pte_t p) { return p.v & (PTE_R | PTE_W | PTE_X); }
static inline bool pte_writable(pte_t p) { return p.v & PTE_W; }
static inline bool pte_dirty(pte_t p) { return p.v & PTE_D; }
static inline bool pte_young(pte_t p) { return p.v & PTE_A; }
static inline bool pte_special(pte_t p) { return p.v & PTE_SPECIAL; }
static inline pte_t pte_set(pte_t p, uint64_t bits) { return (pte_t){p.v | bits}; }
static inline pte_t pte_clear(pte_t p, uint64_t bits) { return (pte_t){p.v & ~bits}; }
// A non-present entry that names a swap slot: bit 0 clear, slot number above.
static inline pte_t pte_swap(uint64_t slot) { return (pte_t){slot << PTE_PPN_SHIFT | PTE_SPECIAL}; }
static inline bool pte_is_swap(pte_t p) {
    return (p.v & (PTE_V | PTE_PROTNONE | PTE_SPECIAL)) == PTE_SPECIAL; // not the zero page kept
}
static inline pte_t pte_lend(pfn_t table, uint64_t note) {
    return (pte_t){note << PTE_LENT_SHIFT | table << PTE_PPN_SHIFT | PTE_LENT};
}
static inline bool pte_is_lent(pte_t p) {
    return (p.v & (PTE_V | PTE_PROTNONE | PTE_SPECIAL | PTE_LENT)) == PTE_LENT;
}
static inline uint64_t pte_lent_note(pte_t p) { return p.v >> PTE_LENT_SHIFT; }
static inline uint64_t pte_swap_slot(pte_t p) { return p.v >> PTE_PPN_SHIFT; }
