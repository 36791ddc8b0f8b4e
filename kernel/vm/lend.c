// Lent page tables: fork shares them, and copies one when somebody comes to use it.
//
//   level 1 of   parent        child
//   before       table --> T                       T: a last-level table, 512 PTEs
//   fork         lent ---> T <--- lent             no PTE is looked at
//   parent uses  table --> T'     T <--- lent      T' is a copy; what was writable is copy-on-write
//   child uses                    T <--- table     nobody else has T: it is the child's, as it is
//
// A hart cannot be told that a table is read-only: RISC-V's entries of upper levels have no W. So a
// lent entry is invalid for it (V clear, PTE_LENT), and the first access of any kind, by whichever
// side, is a fault that takes the table. Until then no hart walks T, so its PTEs keep their W, and
// fork has only counts to keep: that is why forking 1 GiB costs little more than forking 1 MiB.
//
// Only tables of anonymous private memory are lent, whose reverse map can cope (rmap.c): the
// family's members have them at the same address. Reclaim changes the PTEs of a lent table in
// place: pages become swap entries for all who share it. Each share's entry notes how many of T's
// PTEs its mm has counted as swapped, so the books are mended one mm at a time (lend_settle).
//
// What must not show on the other side takes tables first: mprotect, mremap and mlock all, munmap
// and madvise those that lie only partly in their range. That may fail with -ENOMEM, before
// anything else has changed. Whole tables that are unmapped, and exit, drop a share.
//
// Invariants: 1. the reference count of a table is the number of entries that name it, all of one
// family; a table under a valid entry has 1. 2. in a lent table are anonymous pages, the zero page
// and swap entries, each counted once in mapcount, refcount and swap map, however many share the
// table. 3. mm->lent is the number of mm's lent entries. Entries become lent only in fork, under
// mm->lock held for writing; so whoever holds it sees them only go. 4. the lender's TLB is flushed
// before its fork returns; until then only reclaim looks at the table, and flushes, too.
//
// Locks: ptl for an mm's entries, then the family's table_lock for what lent tables hold, and for
// their reference counts. Rejected: lending level 1 too (512 tables are few enough); taking a table
// for reading only, without W in its PTEs (each first read would have to visit them).
#include "vm/lend.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "riscv/machine.h"
#include "vm/cow.h"
#include "vm/swap.h"
#include "vm/vma.h"

#define TABLE_SIZE pt_level_size(1) // what a last-level table maps
#define UNFIT (VM_SHARED | VM_LOCKED | VM_SPECIAL | VM_DONTFORK | VM_WIPEONFORK)

bool lend_on = true;

void lend_init(void) {
    char value[4];
    lend_on = !cmdline_get("lend", value, sizeof(value)) || strcmp(value, "off") != 0;
}

static inline struct page *table_of(pte_t entry) { return pfn_to_page(pte_pfn(entry)); }

// Pages of the table in the books of an mm with this lent entry.
static inline uint64_t counted_pages(const struct page *t, pte_t entry) {
    return t->private - t->mlocked - pte_lent_note(entry);
}

void lend_settle(struct mm *mm, pte_t *entry) {
    const struct page *t = table_of(*entry);
    uint64_t swapped = (uint64_t)t->mapcount, known = pte_lent_note(*entry);
    assertf(swapped >= known && swapped <= PT_ENTRIES, "%lu swap entries, known %lu", swapped,
            known);
    if (swapped == known)
        return;
    swap_count_out(mm, swapped - known);
    entry->v = pte_lend(pte_pfn(*entry), swapped).v;
}

// ---- fork ----

static bool fit(const struct vma *v) { return !v->mapping && !(v->flags & UNFIT); }

// Everything that has its place in v's table at base may be lent.
static bool all_fit(struct vma *v, uaddr_t base) {
    struct mm *mm = v->mm;
    bool ok = fit(v);
    for (struct vma *p = v; ok && p->start > base && (p = vma_prev(mm, p)) && p->end > base;)
        ok = fit(p);
    for (struct vma *n = v; ok && n->end < base + TABLE_SIZE && (n = vma_next(mm, n)) &&
                            n->start < base + TABLE_SIZE;)
        ok = fit(n);
    return ok;
}

// Both ptls and table_lock held. Shares the tables under [src, stop) of a level-1 table, up to the
// first that has too few entries, or a large leaf. How many slots it went.
static size_t share_run(struct cow_copy *c, pte_t *src, const pte_t *stop, pte_t *dst) {
    uint64_t pages = 0, swapped = 0, n = 0, lent = 0;
    pte_t *first = src, *last = dst;

    for (; src != stop; src++, dst++) {
        pte_t entry = *src;
        if (pte_none(entry))
            continue;
        struct page *t = table_of(entry);
        if (!pte_is_lent(entry)) {
            if (!pte_is_table(entry) || t->private < LEND_MIN)
                break;
            entry = pte_lend(pte_pfn(entry), (uint64_t)t->mapcount);
            WRITE_ONCE(src->v, entry.v);
            lent++;
        }
        if (!pte_none(*dst)) // it came with the VMA before
            continue;
        t->refcount++;
        dst->v = entry.v;
        last = dst;
        n++;
        swapped += pte_lent_note(entry);
        pages += counted_pages(t, entry);
    }
    c->from->lent += lent;
    c->protected |= lent > 0;
    if (n) {
        pt_count_set(last, n);
        virt_to_page(c->to->root)->mapcount += n;
        c->to->lent += n;
        c->to->rss_anon += pages;
        c->to->swap_entries += swapped;
    }
    if (swapped)
        swap_note_mm(c->to);
    return (size_t)(src - first);
}

int lend_tables(struct cow_copy *c, struct vma *v, const struct pt_cursor *at, uaddr_t *next) {
    uaddr_t base = ALIGN_DOWN(at->va, TABLE_SIZE);
    pte_t *src = at->table[1] + pt_index(base, 1);
    bool lent = at->level == 1 && pte_is_lent(*src);

    if (at->level && !lent) // a large leaf
        return 0;
    if (!all_fit(v, base)) {
        if (!lent)
            return 0;
        *next = max(base, v->start); // once more: to be copied
        int err = lend_take_table(c->from, base);
        return err ? err : 1;
    }
    pte_t *dst = pt_find_alloc(c->to->root, base, 1, GFP_KERNEL);
    if (!dst)
        return -ENOMEM;
    size_t whole = (v->end - base) / TABLE_SIZE; // tables that v fills, but for its beginning
    size_t n = min(whole, PT_ENTRIES - pt_index(base, 1));
    spin_lock_two(&c->from->ptl, &c->to->ptl);
    spin_lock(&c->from->family->table_lock);
    n = share_run(c, src, src + max(n, (size_t)1), dst);
    spin_unlock(&c->from->family->table_lock);
    spin_unlock_two(&c->from->ptl, &c->to->ptl);
    assertf(n > 0, "the table of %#lx is not shared", base);
    *next = base + n * TABLE_SIZE;
    return 1;
}

// ---- the first access ----

// The entries of a lent table are in `to`, a new table, as well. No hart walks either.
static void copy_entries(pte_t *from, pte_t *to) {
    const struct page *t = virt_to_page(from);
    struct page *copy = virt_to_page(to);
    uint64_t left = t->private;

    for (size_t i = 0; left; i++) {
        pte_t pte = from[i];
        if (pte_none(pte))
            continue;
        left--;
        if (likely(!pte_special(pte))) {
            struct page *p = pfn_to_page(pte_pfn(pte));
            int refs = atomic_add_relaxed(&p->refcount, 1);
            int maps = atomic_add_relaxed(&p->mapcount, 1);
            assertf(maps > 0 && refs > 0, "page %#lx: %d references, %d PTEs", page_to_pfn(p),
                    refs, maps);
        } else if (pte_is_swap(pte)) {
            swap_dup(pte_swp(pte));
        }
        if (pte_writable(pte)) {
            pte.v ^= PTE_W | PTE_COW; // W is set, COW is not
            from[i].v = pte.v;
        }
        to[i].v = pte.v;
    }
    copy->private = t->private;
    copy->index = t->index;
    copy->mapcount = t->mapcount;
    copy->mlocked = t->mlocked;
}

// ptl and table_lock held. *spare, if needed and there, is used up. False: there is none.
static bool take_locked(struct mm *mm, pte_t *entry, pte_t **spare) {
    struct page *t = table_of(*entry);

    assertf(t->refcount > 0 && mm->lent > 0, "table %#lx: %d shares", page_to_pfn(t), t->refcount);
    if (t->refcount > 1 && !*spare)
        return false;
    lend_settle(mm, entry);
    pte_t *table = page_to_virt(t);
    if (t->refcount > 1) {
        copy_entries(table, *spare);
        t->refcount--;
        table = *spare;
        *spare = NULL;
    }
    mm->lent--;
    __atomic_thread_fence(__ATOMIC_RELEASE); // its entries first
    WRITE_ONCE(entry->v, pte_table(virt_to_phys(table)).v);
    return true;
}

static bool try_take(struct mm *mm, uaddr_t va, pte_t **spare) {
    bool done = true;
    spin_lock(&mm->ptl);
    pte_t *entry = lend_entry(mm, va); // NULL: another thread was faster
    if (entry) {
        spin_lock(&mm->family->table_lock);
        done = take_locked(mm, entry, spare);
        spin_unlock(&mm->family->table_lock);
    }
    spin_unlock(&mm->ptl);
    return done;
}

int lend_take_table(struct mm *mm, uaddr_t va) {
    pte_t *spare = NULL;
    bool done;
    while (!(done = try_take(mm, va, &spare)) && (spare = pt_table_alloc(GFP_KERNEL)))
        continue;
    if (spare)
        pt_table_free(spare);
    return done ? 0 : -ENOMEM;
}

static bool wanted(pte_t pte, enum lend_which which) {
    if (!pte_is_lent(pte))
        return false;
    const struct page *t = table_of(pte);
    return which == LEND_ALL || (which == LEND_ALONE && READ_ONCE(t->refcount) == 1) ||
           (which == LEND_SWAPPED && READ_ONCE(t->mapcount) > 0);
}

int lend_take_range(struct mm *mm, uaddr_t start, uaddr_t end, enum lend_which which) {
    struct pt_cursor c;
    int err = 0;
    if (which == LEND_EDGES) {
        if (!IS_ALIGNED(start, TABLE_SIZE))
            err = lend_take_table(mm, start);
        return err || IS_ALIGNED(end, TABLE_SIZE) ? err : lend_take_table(mm, end);
    }
    while (!err && mm_lock_table(mm, &c, &start, end)) {
        bool found = c.level == 1 && wanted(*c.slot, which);
        spin_unlock(&mm->ptl);
        if (found)
            err = lend_take_table(mm, c.va);
    }
    return err;
}

// ---- unmapping ----

// ptl and table_lock held. False: nobody else has the table, it is mm's own now.
static bool drop_share(struct mm *mm, pte_t *entry) {
    struct page *t = table_of(*entry);
    pte_t *none = NULL;

    assertf(mm->rss_anon >= counted_pages(t, *entry), "rss %lu, %lu go", mm->rss_anon,
            counted_pages(t, *entry));
    if (t->refcount == 1)
        return !take_locked(mm, entry, &none);
    mm->rss_anon -= counted_pages(t, *entry);
    mm->swap_entries -= pte_lent_note(*entry);
    t->refcount--;
    mm->lent--;
    virt_to_page(mm->root)->mapcount--;
    pt_clear(entry);
    return true;
}

uaddr_t lend_drop(struct mm *mm, const struct pt_cursor *c, uaddr_t start, uaddr_t end,
                  bool dying) {
    pte_t *entry = c->slot, *stop = c->table[1] + PT_ENTRIES;
    uaddr_t va = c->va;

    assertf(c->level == 1 && pte_is_lent(*entry), "va %#lx: %#lx", va, entry->v);
    spin_lock(&mm->family->table_lock);
    for (; entry != stop && va < end; entry++, va += TABLE_SIZE) {
        bool whole = va >= start && end - va >= TABLE_SIZE;
        if (pte_none(*entry) || (pte_is_lent(*entry) && !whole && !dying))
            continue; // partly: a truncated file has nothing there, the others took it before
        if (!pte_is_lent(*entry) || !drop_share(mm, entry))
            break;
    }
    spin_unlock(&mm->family->table_lock);
    return max(va, start);
}

// ---- reading ----

void lend_enter(struct pt_cursor *c, uaddr_t start, uaddr_t end) {
    assertf(pte_is_lent(*c->slot), "va %#lx: %#lx", c->va, c->slot->v);
    uaddr_t last = min(c->va + TABLE_SIZE, end);
    c->table[0] = pte_to_table(*c->slot);
    c->va = max(c->va, start);
    c->level = 0;
    c->slot = c->table[0] + pt_index(c->va, 0);
    c->stop = c->slot + ((last - c->va) >> PAGE_SHIFT);
}

bool lend_lock_table(struct mm *mm, struct pt_cursor *c, uaddr_t *at, uaddr_t end) {
    uaddr_t start = *at;
    if (!mm_lock_table(mm, c, at, end))
        return false;
    spin_lock(&mm->family->table_lock);
    if (c->level == 1 && pte_is_lent(*c->slot)) {
        lend_enter(c, start, end);
        *at = pt_cursor_end(c);
    }
    return true;
}
