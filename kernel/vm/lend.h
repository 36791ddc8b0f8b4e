// Lent page tables: address spaces of a family share last-level tables from fork until they use
// them.
#pragma once

#include "vm/family.h"
#include "vm/mm.h"

struct cow_copy;
struct vma;

#define LEND_MIN 64 // entries: copying fewer costs less than a fault

extern bool lend_on; // [I] `lend=off` on the command line: fork copies every table
void lend_init(void);

// Is the cursor on a table with enough entries, or on something else than a table?
static inline bool lend_worthwhile(const struct pt_cursor *at) {
    return at->level || (virt_to_page(at->slot)->private >= LEND_MIN && lend_on);
}
// fork: shares the table of c->from that `at` is in, if it may be shared, and those behind it in v.
// 1: done, *next is the address behind them (or that of a table that has to be copied after all).
// 0: nothing changed, the table is to be copied. -ENOMEM.
int __must_check lend_tables(struct cow_copy *c, struct vma *v, const struct pt_cursor *at,
                             uaddr_t *next);

// Makes the table of va mm's own, if it is a lent one. mm->lock held. 0 or -ENOMEM.
int __must_check lend_take_table(struct mm *mm, uaddr_t va);

enum lend_which {
    LEND_ALL,
    LEND_EDGES,   // those that lie only partly in the range: before it is unmapped
    LEND_ALONE,   // those that nobody else has any more: never fails
    LEND_SWAPPED, // those with swap entries
};
int __must_check lend_take_range(struct mm *mm, uaddr_t start, uaddr_t end, enum lend_which which);

// Makes lent tables of [start, end) mm's own, before something is done to them that the others must
// not see. mm->lock held. 0, or -ENOMEM: some may be its own now, nothing else has changed.
static inline int __must_check lend_take(struct mm *mm, uaddr_t start, uaddr_t end,
                                         enum lend_which which) {
    return likely(!READ_ONCE(mm->lent)) ? 0 : lend_take_range(mm, start, end, which);
}

// Unmapping, ptl held: the cursor is on a lent entry. Gives up the shares of those that follow in
// [start, end), or in all they map when mm dies. Where to go on: there may be a table of mm's own.
uaddr_t lend_drop(struct mm *mm, const struct pt_cursor *c, uaddr_t start, uaddr_t end, bool dying);

// ptl held: the level-1 entry over va if it is a lent one, or NULL.
static inline pte_t *lend_entry(const struct mm *mm, uaddr_t va) {
    pte_t *entry = mm->lent ? pt_find(mm->root, va, 1) : NULL;
    return entry && pte_is_lent(*entry) ? entry : NULL;
}
// ptl and table_lock held: mm's books learn what reclaim did to the table.
void lend_settle(struct mm *mm, pte_t *entry);

// Reading: as mm_lock_table(), but c goes into lent tables as if they were mm's own, and nobody
// changes them meanwhile. Only to look. virt_to_page(c->slot)->refcount tells how many share one.
bool lend_lock_table(struct mm *mm, struct pt_cursor *c, uaddr_t *at, uaddr_t end);
static inline void lend_unlock_table(struct mm *mm) {
    spin_unlock(&mm->family->table_lock);
    spin_unlock(&mm->ptl);
}
// Puts c, on a lent entry, on its table's slots of [start, end).
void lend_enter(struct pt_cursor *c, uaddr_t start, uaddr_t end);
