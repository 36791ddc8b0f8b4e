// Families: the address spaces that descend by fork from one exec. An anonymous page stays in the
// family it was born in, so the family is where its PTEs are looked for (rmap.c).
#pragma once

#include "vm/mm.h"

// Lock key: [lock] lock  [f] families_lock
struct family {
    uint64_t refs;    // [f] members, and walks at work
    struct mutex lock; // RANK_RMAP: who is a member
    struct list mms;  // [lock] mm->family_link
    uint64_t size;    // [lock] members
    struct spinlock table_lock; // RANK_LENT: the tables that members share (vm/lend.h)
};

// A new family with one member, or NULL: out of memory. mm is not shared yet.
struct family *__must_check family_create(struct mm *mm);
// mm, a copy that has no page yet, becomes a member of f.
void family_join(struct mm *mm, struct family *f);
// The member has no PTE left. The last one ends the family.
void family_leave(struct mm *mm);
// The family of an anonymous page that some PTE maps, referenced; NULL: nobody maps it any more.
struct family *family_of_page(const struct page *p);
void family_put(struct family *f);
void family_init(void);
