// Unmapping: munmap, brk down, exit, truncation, MADV_DONTNEED.
//
// The inner loop is what exit costs for each resident page, so it works on one last-level table with
// everything that can wait kept in registers: entry counts, resident counts and statistics are added
// once for each table, and the loop ends when the table is empty.
//
//   for each table in the range (cursor)        ptl taken
//     for each entry: take out, drop mapcount, hand the frame to the gather
//     books                                     ptl dropped
//
// Invariants: 1. a PTE's reference goes to the gather, and so is dropped only after the flush. 2. rss
// counts and the table's entry count change under ptl together with the entries.
//
// Locks: mm->lock for writing, or for reading (MADV_DONTNEED), or the mapping's rmap_lock (truncation):
// each keeps the tables in place. ptl for the entries.
#include "vm/zap.h"

#include "mm/stat.h"
#include "sched/sched.h"

struct zap {
    struct tlb_gather *g;
    bool private_copies;
    long anon, file;            // PTEs taken out
    long anon_gone, file_gone;  // pages whose last PTE that was
    long entries;
};

static inline void zap_page(struct zap *z, struct page *p) {
    int old = atomic_sub(&p->mapcount, 1);
    assertf(old > 0, "page %#lx mapcount %d", page_to_pfn(p), old);
    if (page_test(p, PG_ANON)) {
        z->anon++;
        z->anon_gone += old == 1;
    } else {
        z->file++;
        z->file_gone += old == 1;
    }
    tlb_gather_page(z->g, p);
}

static inline bool spares(const struct zap *z, pte_t pte) {
    return pte_special(pte) || page_test(pfn_to_page(pte_pfn(pte)), PG_ANON);
}

// Entries [slot, stop) of one table, the first for address va.
static void zap_slots(struct zap *z, pte_t *slot, pte_t *stop, uint64_t left) {
    for (; slot != stop && left; slot++) {
        pte_t pte = *slot;
        if (pte_none(pte))
            continue;
        left--;
        if (unlikely(!z->private_copies) && spares(z, pte))
            continue;
        pte.v = atomic_swap(&slot->v, 0UL); // the hardware may set A and D meanwhile
        z->entries++;
        if (likely(!pte_special(pte)))
            zap_page(z, pfn_to_page(pte_pfn(pte)));
    }
}

static void zap_books(struct zap *z, struct mm *mm, struct page *table) {
    assertf((long)table->private >= z->entries, "table of %lu entries lost %ld", table->private,
            z->entries);
    assertf((long)mm->rss_anon >= z->anon && (long)mm->rss_file >= z->file,
            "rss %lu anon %lu file, unmapped %ld and %ld", mm->rss_anon, mm->rss_file, z->anon, z->file);
    table->private -= z->entries;
    mm->rss_anon -= z->anon;
    mm->rss_file -= z->file;
    if (z->anon_gone)
        mm_stat_add(NR_ANON, -z->anon_gone);
    if (z->file_gone)
        mm_stat_add(NR_MAPPED, -z->file_gone);
}

bool zap_range(struct tlb_gather *g, uaddr_t start, uaddr_t end, bool private_copies) {
    struct mm *mm = g->mm;
    struct pt_cursor c;
    bool some = false;

    assertf(start < end && end <= USER_END, "zap %#lx-%#lx", start, end);
    while (start < end) {
        struct zap z = {.g = g, .private_copies = private_copies};
        spin_lock(&mm->ptl);
        if (!pt_first(&c, mm->root, start, end)) {
            spin_unlock(&mm->ptl);
            break;
        }
        some = true;
        start = c.va + ((vaddr_t)(c.stop - c.slot) << PAGE_SHIFT);
        tlb_gather_range(g, c.va, start);
        struct page *table = virt_to_page(c.slot);
        zap_slots(&z, c.slot, c.stop, table->private);
        zap_books(&z, mm, table);
        spin_unlock(&mm->ptl);
    }
    return some;
}

// Is the 1 GiB around va without any table now?
static bool level1_empty(pte_t *root, uaddr_t va) {
    pte_t *slot = pt_find(root, va, 1);
    return slot && virt_to_page(slot)->private == 0;
}

void zap_tables(struct tlb_gather *g, uaddr_t start, uaddr_t end, uaddr_t floor, uaddr_t ceiling) {
    struct mm *mm = g->mm;
    assertf(floor <= start && start < end && end <= ceiling, "%#lx-%#lx in %#lx-%#lx", start, end,
            floor, ceiling);
    uaddr_t from = max(floor, ALIGN_DOWN(start, pt_level_size(1)));
    uaddr_t to = min(ceiling, ALIGN_UP(end, pt_level_size(1)));
    spin_lock(&mm->ptl);
    pt_free_empty(mm->root, from, to, tlb_gather_table, g);
    if (level1_empty(mm->root, start) || level1_empty(mm->root, end - 1)) {
        from = max(floor, ALIGN_DOWN(start, pt_level_size(2)));
        to = min(ceiling, ALIGN_UP(end, pt_level_size(2)));
        pt_free_empty(mm->root, from, to, tlb_gather_table, g);
    }
    spin_unlock(&mm->ptl);
}
