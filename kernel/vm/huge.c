// Large pages: 2 MiB of anonymous private memory in one block of frames, under a leaf of level 1.
//
//   level-1 entry                 frames
//   [ table ] --> 512 PTEs -----> page | page | page | ...      ordinary pages
//   [ leaf  ] ------------------> head | tail | tail | ...      a large page: order 9
//   [ leaf  ] ------------------> page | page | page | ...      a stale leaf: its page was split
//
// One fault brings 512 pages, one entry of the TLB maps them, and fork copies one entry. The head
// speaks for all: its refcount and mapcount count leaves, it is one entry of the reclaim lists, and
// the tails say nothing. No PTE of level 0 ever maps a part of a large page.
//
// Whoever needs a part only (munmap, mprotect, madvise or mremap of less than 2 MiB, reclaim, a
// store that finds no second block) splits it. That is two steps that know nothing of each other:
//
//   the page   huge_split_page: the 512 frames become pages of their own, each with the counts of
//              the head. No memory and no look at any page table.
//   a leaf     huge_split_leaf: a table with 512 PTEs takes its place. That table was put aside
//              when the leaf was made (mm->spare_tables), so this cannot fail either.
//
// So other address spaces keep leaves on a page that was split: stale ones. A stale leaf maps 512
// pages that count it, each. It is split by whoever comes upon it first: huge_hold() stands before
// every change of a count through a leaf.
//
//   fault (hugefault.c) --> large page --+--> last leaf taken out (huge_unmap): the block is free
//                                        `--> huge_split_page: pages as others, swapped as others
//
// Pages are not joined again: memory that was split, or first touched in small pieces, stays so.
//
// Invariants: 1. a leaf lies in one VMA without a file, whole (vma_split; huge_split_at before a
// range of another kind). 2. mm->huge_leaves leaves, and as many tables put aside, which count as
// tables of the mm. 3. A large page is in no swap cache, and pinned by nobody but reclaim.
// 4. Counts and order of a large page change under huge_lock. 5. A leaf is flushed on every hart
// before its count goes: the tails have no references that would wait for a flush. 6. A leaf and
// the table in its place are exchanged by one store: who walks without ptl finds either of them.
//
// Locks: ptl > huge_lock > the reclaim lists'.
// Rejected: splitting all leaves of a page at once through the reverse map (tables for all of them
// must be had, under locks that reclaim wants); PTEs to parts of a large page (Linux: three kinds
// of counts); collapsing small pages in the background (khugepaged).
#include "vm/huge.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/lru.h"
#include "mm/stat.h"
#include "riscv/machine.h"
#include "vm/cow.h"
#include "vm/mlock.h"
#include "vm/tlb.h"
#include "vm/vma.h"

const char *const huge_setting_names[3] = {"always", "madvise", "never"};
enum huge_setting huge_setting = HUGE_MADVISE;

static struct spinlock huge_lock = SPINLOCK_INIT("huge", RANK_HUGE);

void huge_init(void) {
    char value[16];
    if (!cmdline_get("transparent_hugepage", value, sizeof(value)))
        return;
    for (int i = 0; i < 3; i++)
        if (strcmp(value, huge_setting_names[i]) == 0)
            huge_setting = (enum huge_setting)i;
}

bool huge_allowed(const struct vma *v) {
    enum huge_setting setting = READ_ONCE(huge_setting);
    if (v->mapping || v->flags & (VM_SPECIAL | VM_NOHUGEPAGE) || setting == HUGE_NEVER)
        return false;
    return setting == HUGE_ALWAYS || v->flags & VM_HUGEPAGE;
}

// ---- the tables put aside: a list through their first words

static void spare_push(struct mm *mm, pte_t *table) {
    table->v = (uint64_t)mm->spare_tables;
    mm->spare_tables = table;
    mm->huge_leaves++;
    virt_to_page(mm->root)->mapcount++; // pgtable.h: the number of tables
}

// All zero again. A leaf is gone.
static pte_t *spare_pop(struct mm *mm) {
    pte_t *table = mm->spare_tables;
    assertf(mm->huge_leaves > 0 && table, "%lu leaves, no table", mm->huge_leaves);
    mm->spare_tables = (pte_t *)table->v;
    table->v = 0;
    mm->huge_leaves--;
    return table;
}

void huge_check(const struct mm *mm) {
    uint64_t n = 0;
    for (const pte_t *table = mm->spare_tables; table; table = (const pte_t *)table->v, n++)
        assertf(virt_to_page(table)->private == 0, "table %p is in use", (const void *)table);
    assertf(n == mm->huge_leaves, "%lu leaves, %lu tables", mm->huge_leaves, n);
}

// ---- splitting

// The tails become pages like the head.
static void fill_tails(struct page *head) {
    const uint32_t kept = 1u << PG_ANON | 1u << PG_UPTODATE | 1u << PG_DIRTY | 1u << PG_REFERENCED |
                          1u << PG_ACTIVE;
    uint32_t flags = head->flags & kept;
    for (uint64_t i = 1; i < HUGE_PAGES; i++) {
        struct page *p = head + i;
        assertf(p->refcount == 0 && p->mapcount == 0, "tail %lu of %#lx: %d references, %d PTEs", i,
                page_to_pfn(head), p->refcount, p->mapcount);
        p->flags = flags;
        p->order = 0;
        p->mlocked = head->mlocked;
        p->owner = head->owner;
        p->index = head->index + i;
        p->private = 0;
        p->private_ptr = NULL;
        p->mapcount = p->refcount = head->mapcount;
    }
}

bool huge_split_page(struct page *head) {
    spin_lock(&huge_lock);
    bool mapped = head->mapcount > 0;
    if (page_is_huge(head) && mapped) {
        fill_tails(head);
        lru_split(head);
        mm_stat_add(NR_ANON_THPS, -(long)HUGE_PAGES);
        mm_stat_add(THP_SPLIT_PAGE, 1);
    }
    spin_unlock(&huge_lock);
    return mapped;
}

void huge_split_leaf(struct mm *mm, pte_t *slot, uaddr_t va) {
    pte_t leaf = *slot, *table = spare_pop(mm);

    assertf(pte_is_huge(leaf) && IS_ALIGNED(va, HUGE_SIZE), "va %#lx: %#lx is no leaf", va, leaf.v);
    huge_split_page(pfn_to_page(pte_pfn(leaf)));
    for (uint64_t i = 0; i < HUGE_PAGES; i++)
        table[i].v = leaf.v + (i << PTE_PPN_SHIFT);
    pt_count_set(&table[HUGE_PAGES - 1], HUGE_PAGES);
    // A and D that the hardware sets meanwhile may be lost: no anonymous page is clean by its D.
    atomic_swap(&slot->v, pte_table(virt_to_phys(table)).v);
    tlb_flush_range(mm, va, va + HUGE_SIZE);
    mm_stat_add(THP_SPLIT_PMD, 1);
}

void huge_split_at_slow(struct mm *mm, uaddr_t va) {
    spin_lock(&mm->ptl);
    pte_t *slot = pt_find(mm->root, va, 1);
    if (slot && pte_is_huge(*slot))
        huge_split_leaf(mm, slot, ALIGN_DOWN(va, HUGE_SIZE));
    spin_unlock(&mm->ptl);
}

void huge_split_range(struct mm *mm, uaddr_t start, uaddr_t end) {
    struct pt_cursor c;
    while (READ_ONCE(mm->huge_leaves) && mm_lock_table(mm, &c, &start, end)) {
        if (c.level && pte_is_huge(*c.slot))
            huge_split_leaf(mm, c.slot, c.va);
        spin_unlock(&mm->ptl);
    }
}

// ---- leaves

struct page *huge_hold(struct mm *mm, pte_t *slot, uaddr_t va) {
    struct page *head = pfn_to_page(pte_pfn(*slot));
    spin_lock(&huge_lock);
    if (likely(page_is_huge(head)))
        return head;
    spin_unlock(&huge_lock);
    huge_split_leaf(mm, slot, va);
    return NULL;
}

bool huge_settle(struct mm *mm, const struct pt_cursor *c) {
    if (!pte_is_huge(*c->slot) || page_is_huge(pfn_to_page(pte_pfn(*c->slot))))
        return true;
    huge_split_leaf(mm, c->slot, c->va);
    return false;
}

void huge_release(void) { spin_unlock(&huge_lock); }

void huge_set(struct mm *mm, pte_t *slot, pte_t leaf, pte_t *table) {
    assertf(pte_none(*slot) && pte_is_huge(leaf), "%#lx over %#lx", leaf.v, slot->v);
    pt_set(slot, leaf);
    mm->rss_anon += HUGE_PAGES;
    spare_push(mm, table);
}

struct page *huge_unmap(struct mm *mm, pte_t *slot, uaddr_t va, bool flush, bool locked) {
    struct page *head = huge_hold(mm, slot, va);
    if (!head)
        return NULL;
    pt_clear(slot);
    if (flush)
        tlb_flush_range(mm, va, va + HUGE_SIZE);
    if (locked)
        page_munlock(head);
    int maps = atomic_sub(&head->mapcount, 1);
    assertf(maps > 0 && mm->rss_anon >= HUGE_PAGES, "page %#lx mapcount %d, rss %lu",
            page_to_pfn(head), maps, mm->rss_anon);
    if (maps == 1) {
        mm_stat_add(NR_ANON, -(long)HUGE_PAGES);
        mm_stat_add(NR_ANON_THPS, -(long)HUGE_PAGES);
    }
    huge_release();
    mm->rss_anon -= HUGE_PAGES;
    virt_to_page(mm->root)->mapcount--;
    pt_table_free(spare_pop(mm));
    return head;
}

pte_t *huge_find(struct mm *mm, uaddr_t va, const struct page *p) {
    pte_t *slot = mm->huge_leaves ? pt_find(mm->root, va, 1) : NULL;
    if (!slot || !pte_is_huge(*slot))
        return NULL;
    if (pte_pfn(*slot) == page_to_pfn(p) && page_is_huge(p))
        return slot;
    if (pte_pfn(*slot) + pt_index(va, 0) != page_to_pfn(p))
        return NULL;
    huge_split_leaf(mm, slot, ALIGN_DOWN(va, HUGE_SIZE));
    return pt_find(mm->root, va, 0);
}

// Both ptls are held, and the page. *table is used up.
static void copy_leaf(struct cow_copy *c, struct page *head, pte_t *src, pte_t *dst,
                      pte_t **table) {
    pte_t pte = *src;
    int refs = atomic_add(&head->refcount, 1), maps = atomic_add(&head->mapcount, 1);
    assertf(maps > 0 && refs > 0, "page %#lx: %d references, %d leaves", page_to_pfn(head), refs,
            maps);
    if (pte_writable(pte)) {
        atomic_xor(&src->v, PTE_W | PTE_COW); // W is set, COW is not
        pte.v ^= PTE_W | PTE_COW;
        c->protected = true;
    }
    huge_set(c->to, dst, pte, *table);
    *table = NULL;
}

int huge_copy(struct cow_copy *c, const struct pt_cursor *at) {
    pte_t *dst = pt_find_alloc(c->to->root, at->va, 1, GFP_KERNEL);
    pte_t *table = dst ? pt_table_alloc(GFP_KERNEL) : NULL;

    if (!table)
        return -ENOMEM;
    spin_lock_two(&c->from->ptl, &c->to->ptl);
    struct page *head = pte_is_huge(*at->slot) ? huge_hold(c->from, at->slot, at->va) : NULL;
    if (head) {
        copy_leaf(c, head, at->slot, dst, &table);
        huge_release();
    }
    spin_unlock_two(&c->from->ptl, &c->to->ptl);
    if (table)
        pt_table_free(table);
    return head ? 0 : -ERESTART;
}
