// Unmapping: munmap, brk down, exit, truncation, MADV_DONTNEED.
//
// The inner loop is what exit costs for each resident page, so it works on one last-level table
// with everything that can wait kept in registers: entry counts, resident counts and statistics are
// added once for each table, and the loop ends when the table is empty.
//
//   for each table in the range (cursor)        ptl taken
//     for each entry: take out, drop mapcount, hand the frame to the gather
//     books; is the table empty now? unlink it  ptl dropped
//
// Invariants: 1. a PTE's reference goes to the gather, and so is dropped only after the flush; so
// do tables. 2. rss counts and the table's entry count change under ptl together with the entries.
// 3. only callers that keep faults out (mm->lock held for writing, or no users left) unlink tables,
// so a fault may remember a slot without ptl.
//
// Locks: mm->lock for writing, or for reading (MADV_DONTNEED), or the mapping's rmap_lock
// (truncation). ptl for the entries. Rejected: a second pass for empty tables (costs a scan of the
// upper levels).
#include "vm/zap.h"

#include "mm/stat.h"
#include "sched/sched.h"
#include "vm/huge.h"
#include "vm/lend.h"
#include "vm/mlock.h"
#include "vm/swap.h"

struct zap {
    struct tlb_gather *g;
    bool file_only, locked;
    long anon, file, shmem;     // PTEs taken out
    long anon_gone, file_gone;  // pages whose last PTE that was
    long entries;
};

static inline void zap_page(struct zap *z, struct page *p) {
    const uint32_t anon = 1u << PG_ANON, cached = 1u << PG_SWAPCACHE, shmem = 1u << PG_SWAPBACKED;
    int old = atomic_add(&p->mapcount, -1); // before the look at PG_SWAPCACHE (swapmap.c)
    assertf(old > 0, "page %#lx mapcount %d", page_to_pfn(p), old);
    if (unlikely(z->locked))
        page_munlock(p);
    uint32_t kind = atomic_load_relaxed(&p->flags) & (anon | cached | shmem);
    if (likely(kind == anon)) {
        z->anon++;
        z->anon_gone += old == 1;
    } else if (kind == 0) {
        z->file++;
        z->file_gone += old == 1;
    } else if (kind == shmem) {
        z->shmem++;
        z->file_gone += old == 1;
    } else {
        z->anon++;
        z->anon_gone += old == 1;
        swap_page_sync(p); // its slot may be nobody's now
    }
    tlb_gather_page(z->g, p);
}

// The zero page, or a swap entry.
static __noinline void zap_special(struct mm *mm, const pte_t *slot, pte_t pte) {
    pt_count_special(slot, pte, -1);
    if (!pte_is_swap(pte))
        return;
    assertf(mm->swap_entries > 0, "entry %#lx is not counted", pte.v);
    mm->swap_entries--;
    swap_free(pte_swp(pte));
}

static inline bool spares(pte_t pte) {
    return pte_special(pte) || page_test(pfn_to_page(pte_pfn(pte)), PG_ANON);
}

// Entries [slot, stop) of one table that has `left` entries in all.
static void zap_slots(struct zap *z, pte_t *slot, pte_t *stop, uint64_t left) {
    for (; slot != stop && left; slot++) {
        pte_t pte = *slot;
        if (pte_none(pte))
            continue;
        left--;
        if (unlikely(z->file_only) && spares(pte))
            continue;
        pte.v = atomic_swap_relaxed(&slot->v, 0UL); // the hardware may set A and D meanwhile
        z->entries++;
        if (likely(!pte_special(pte)))
            zap_page(z, pfn_to_page(pte_pfn(pte)));
        else
            zap_special(z->g->mm, slot, pte);
    }
}

static void zap_books(struct zap *z, struct mm *mm, struct page *table) {
    assertf((long)table->private >= z->entries, "table of %lu entries lost %ld", table->private,
            z->entries);
    assertf((long)mm->rss_anon >= z->anon && (long)mm->rss_file >= z->file &&
                (long)mm->rss_shmem >= z->shmem,
            "rss %lu anon %lu file %lu shmem, unmapped %ld, %ld and %ld", mm->rss_anon,
            mm->rss_file, mm->rss_shmem, z->anon, z->file, z->shmem);
    table->private -= z->entries;
    mm->rss_anon -= z->anon;
    mm->rss_file -= z->file;
    mm->rss_shmem -= z->shmem;
    if (z->anon_gone)
        mm_stat_add(NR_ANON, -z->anon_gone);
    if (z->file_gone)
        mm_stat_add(NR_MAPPED, -z->file_gone);
}

// Takes the cursor's table of this level out of the one above it, if it is empty. False: it isn't.
static inline bool unlink_level(struct tlb_gather *g, const struct pt_cursor *c, int level) {
    if (virt_to_page(c->table[level])->private)
        return false;
    pte_t *slot = c->table[level + 1] + pt_index(c->va, level + 1);
    pt_clear(slot);
    if (pt_index(c->va, level + 1) + 1 == virt_to_page(slot)->index)
        pt_trim_used(slot);
    tlb_gather_table(g, c->table[level]);
    return true;
}

// The cursor is on a large page's leaf, or a lent table. Returns where to go on: here, if that is a
// table of our own now. A leaf that is only partly in the range came after MADV_DONTNEED had split
// what was there: stays.
static __noinline uaddr_t zap_2m(struct tlb_gather *g, const struct pt_cursor *c, uaddr_t start,
                                 unsigned how) {
    uaddr_t next = c->va + HUGE_SIZE;
    if (pte_is_lent(*c->slot)) {
        next = lend_drop(g->mm, c, start, c->end, g->whole);
        if (how & ZAP_TABLES)
            unlink_level(g, c, 1);
        return next;
    }
    bool whole = c->va >= start && c->end - c->va >= HUGE_SIZE;
    assertf(!(how & ZAP_FILE_ONLY) && (whole || !(how & ZAP_TABLES)), "leaf %#lx, zap from %#lx",
            c->va, start);
    if (!whole)
        return next;
    struct page *head = huge_unmap(g->mm, c->slot, c->va, !g->whole, how & ZAP_LOCKED);
    if (!head)
        return c->va;
    tlb_gather_page(g, head);
    if (how & ZAP_TABLES)
        unlink_level(g, c, 1);
    return next;
}

void zap_range(struct tlb_gather *g, uaddr_t start, uaddr_t end, unsigned how) {
    struct mm *mm = g->mm;
    struct pt_cursor c;

    assertf(start < end && end <= USER_END, "zap %#lx-%#lx", start, end);
    while (start < end) {
        struct zap z = {.g = g, .file_only = how & ZAP_FILE_ONLY, .locked = how & ZAP_LOCKED};
        spin_lock(&mm->ptl);
        if (!pt_first(&c, mm->root, start, end)) {
            spin_unlock(&mm->ptl);
            return;
        }
        if (unlikely(c.level)) {
            start = zap_2m(g, &c, start, how);
            spin_unlock(&mm->ptl);
            continue;
        }
        start = c.va + ((vaddr_t)(c.stop - c.slot) << PAGE_SHIFT);
        tlb_gather_range(g, c.va, start);
        struct page *table = virt_to_page(c.slot);
        zap_slots(&z, c.slot, c.stop, table->private);
        zap_books(&z, mm, table);
        if (!z.file_only && c.stop == c.table[0] + table->index)
            pt_trim_used(c.slot);
        if ((how & ZAP_TABLES) && unlink_level(g, &c, 0))
            unlink_level(g, &c, 1);
        spin_unlock(&mm->ptl);
    }
}
