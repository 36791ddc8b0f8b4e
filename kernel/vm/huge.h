// Large pages: 2 MiB of anonymous private memory in one block of frames, mapped by one entry of a
// level-1 table. What they are, and how they are split: huge.c.
#pragma once

#include "vm/mm.h"

#define HUGE_ORDER 9
#define HUGE_PAGES (1UL << HUGE_ORDER)
#define HUGE_SIZE (PAGE_SIZE << HUGE_ORDER)

struct cow_copy;
struct vma;

// Who may have large pages: /sys/kernel/mm/transparent_hugepage/enabled.
enum huge_setting { HUGE_ALWAYS, HUGE_MADVISE, HUGE_NEVER };
extern const char *const huge_setting_names[3];
extern enum huge_setting huge_setting; // [a]
void huge_init(void);                  // reads transparent_hugepage= of the command line
bool huge_allowed(const struct vma *v); // by its kind, the setting and its advice; its size apart

// Head of a large page. Does not change while huge_hold() holds it, or while nobody maps it.
static inline bool page_is_huge(const struct page *p) {
    return READ_ONCE(p->order) == HUGE_ORDER && page_test(p, PG_ANON);
}
// An entry of a user's level-1 table that maps 2 MiB, also under PROT_NONE.
static inline bool pte_is_huge(pte_t pte) { return pte_has_page(pte) && !pte_is_table(pte); }

// All of the following hold, or take, mm->ptl.

// ptl held, *slot is the leaf that maps va (2 MiB aligned). The head of its large page, which stays
// one until huge_release(); NULL: it was split before, and the leaf is a table now.
struct page *huge_hold(struct mm *mm, pte_t *slot, uaddr_t va);
void huge_release(void);
// ptl held. A new leaf, for a page that is counted already; `table` is put aside for its split.
void huge_set(struct mm *mm, pte_t *slot, pte_t leaf, pte_t *table);
// ptl held. Takes the leaf out, with all counts; flushes unless the mm dies. The reference is the
// caller's. NULL: it is a table now.
struct page *huge_unmap(struct mm *mm, pte_t *slot, uaddr_t va, bool flush, bool locked);
// ptl held. The leaf, and its page, become small.
void huge_split_leaf(struct mm *mm, pte_t *slot, uaddr_t va);
// ptl held. For the reverse map: the entry by which mm maps p at va, where there is no table: p is
// the head of a large page, or a page that was part of one. NULL: none.
pte_t *huge_find(struct mm *mm, uaddr_t va, const struct page *p);
// The page becomes 512 pages, each with the head's counts; its leaves follow when they are looked
// at. False: nobody maps it any more. The caller has a reference. Any context.
bool huge_split_page(struct page *head);
// Every leaf of [start, end) becomes small.
void huge_split_range(struct mm *mm, uaddr_t start, uaddr_t end);
// fork: the leaf at `at` is copied, copy-on-write in both. 0, -ENOMEM; -ERESTART: a table by now.
int __must_check huge_copy(struct cow_copy *c, const struct pt_cursor *at);
void huge_split_at_slow(struct mm *mm, uaddr_t va);
// After this no leaf maps both sides of va.
static inline void huge_split_at(struct mm *mm, uaddr_t va) {
    if (unlikely(READ_ONCE(mm->huge_leaves)) && !IS_ALIGNED(va, HUGE_SIZE))
        huge_split_at_slow(mm, va);
}
void huge_check(const struct mm *mm); // the tables put aside; ptl held
