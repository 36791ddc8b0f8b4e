// mremap(2): a mapping grows, shrinks or moves.
//
//   shrink         the tail is unmapped                  AAAAAAAA -> AAAA
//   grow in place  the end moves, if there is room       AAAA.... -> AAAAAAAA
//   move           the VMA takes another place, and its page tables go with it:
//
//     level 1   [ t0 | t1 | t2 | .. ]   ->   [ .. | t0 | t1 | t2 ]    whole tables: one entry each,
//     level 0   entries at the ends,                                  2 MiB at a step
//               or where old and new address differ within 2 MiB      entry by entry
//
// No page is copied or looked at. An anonymous page keeps its index, so the VMA notes how far it
// has moved (v->moved, mm->moved) and keeps its pgoff.
//
// Everything that can fail is done first: the checks, the split, the tables at the new place. What
// MREMAP_FIXED replaces is gone even if the call fails afterwards, as on Linux.
//
// Locks: mm->lock for writing keeps faults out. Who walks the reverse map does without it. A file's
// waits for rmap_lock, held until VMA and entries agree again; that of anonymous memory may miss
// entries on their way (rmap.c), but never meets one whose old address a TLB still has.
#include "abi/errno.h"
#include "abi/mman.h"
#include "vm/huge.h"
#include "vm/lend.h"
#include "vm/mmap.h"
#include "vm/rmap.h"
#include "vm/tlb.h"

#define TABLE_SIZE pt_level_size(1) // what a last-level table maps

struct move {
    struct mm *mm;
    uaddr_t from, to;
    uint64_t old_len, new_len; // pages of [from, from + old_len) move; 0: they stay, shared
    int flags;
};

// ---- page tables

// The next piece of the old range with entries: c is on its first. *whole: its table can move.
static bool next_piece(const struct move *m, uaddr_t at, struct pt_cursor *c, bool *whole) {
    uaddr_t end = m->from + m->old_len;
    if (at >= end || !pt_first(c, m->mm->root, at, end))
        return false;
    uaddr_t table = ALIGN_DOWN(c->va, TABLE_SIZE);
    *whole = IS_ALIGNED(m->to - m->from, TABLE_SIZE) && table >= m->from &&
             table + TABLE_SIZE <= end;
    return true;
}

static uaddr_t piece_end(const struct pt_cursor *c) {
    return ALIGN_DOWN(c->va, TABLE_SIZE) + TABLE_SIZE;
}

// Tables for all that will move. Others take entries out meanwhile, but put none in.
static int make_tables(const struct move *m) {
    struct pt_cursor c;
    bool whole;
    for (uaddr_t at = m->from; next_piece(m, at, &c, &whole); at = piece_end(&c)) {
        uaddr_t last = min(piece_end(&c), m->from + m->old_len) - PAGE_SIZE;
        uaddr_t to = c.va - m->from + m->to, to_last = last - m->from + m->to;
        if (!pt_find_alloc(m->mm->root, to, whole, GFP_KERNEL) ||
            !pt_find_alloc(m->mm->root, to_last, whole, GFP_KERNEL))
            return -ENOMEM;
    }
    return 0;
}

static void move_table(const struct move *m, uaddr_t va) {
    pte_t *from = pt_find(m->mm->root, va, 1), *to = pt_find(m->mm->root, va - m->from + m->to, 1);
    pte_t empty = *to; // a table without entries may hang there
    assertf(pte_none(empty) || (pte_is_table(empty) && !virt_to_page(pte_to_table(empty))->private),
            "%#lx moves to %#lx: %#lx", va, va - m->from + m->to, empty.v);
    pte_t table = pt_clear(from);
    pt_clear(to);
    pt_set(to, table);
    pt_set(from, empty);
}

static void move_entries(const struct move *m, const struct pt_cursor *c) {
    uaddr_t to = c->va - m->from + m->to;
    pte_t *dst = NULL;
    for (pte_t *slot = c->slot; slot != c->stop; slot++, dst++, to += PAGE_SIZE) {
        if (slot == c->slot || pt_index(to, 0) == 0)
            dst = pt_find(m->mm->root, to, 0);
        if (pte_none(*slot))
            continue;
        assertf(pte_none(*dst), "%#lx is in use: %#lx", to, dst->v);
        pt_set(dst, pt_clear(slot));
        if (pte_special(*dst)) {
            pt_count_special(slot, *dst, -1);
            pt_count_special(dst, *dst, 1);
        }
    }
}

static void move_pages(const struct move *m) {
    struct mm *mm = m->mm;
    struct tlb_gather g;
    struct pt_cursor c;
    uaddr_t end = m->from + m->old_len;
    bool whole, moved = false;

    tlb_gather_init(&g, mm, false);
    spin_lock(&mm->ptl);
    for (uaddr_t at = m->from; next_piece(m, at, &c, &whole); at = piece_end(&c)) {
        if (whole)
            move_table(m, ALIGN_DOWN(c.va, TABLE_SIZE));
        else
            move_entries(m, &c);
        // before anybody finds a page at the new place: who takes it from there flushes only that
        tlb_flush_range(mm, whole ? 0 : c.va, whole ? USER_END : min(piece_end(&c), end));
        moved = true;
        spin_unlock(&mm->ptl); // lets interrupts in
        spin_lock(&mm->ptl);
    }
    if (moved)
        pt_free_empty(mm->root, ALIGN_DOWN(m->from, TABLE_SIZE), ALIGN_UP(end, TABLE_SIZE),
                      tlb_gather_table, &g);
    spin_unlock(&mm->ptl);
    tlb_finish(&g);
}

// ---- VMAs

// A VMA like v for [start, start + len), from the page of v that addr has on; not in the tree yet.
static struct vma *copy_vma(struct vma *v, uaddr_t addr, uaddr_t start, uint64_t len) {
    struct vma *new = vma_alloc(v->mm);
    if (!new)
        return NULL;
    new->start = start;
    new->end = start + len;
    new->flags = v->flags;
    new->mapping = v->mapping;
    new->file = v->file;
    new->pgoff = v->mapping ? vma_pgoff(v, addr) : start >> PAGE_SHIFT;
    vma_open(new);
    return new;
}

// v, which is the whole old range, and its pages take the new place.
static void relocate(const struct move *m, struct vma *v) {
    rmap_edit_begin(v->mapping);
    move_pages(m);
    vma_remove(m->mm, v);
    v->start = m->to;
    v->end = m->to + m->new_len;
    if (!(v->flags & VM_SHARED))
        v->moved += (int64_t)(m->to - m->from);
    vma_insert(m->mm, v);
    rmap_edit_end(v->mapping);
}

// MREMAP_DONTUNMAP: the old place keeps a VMA without pages, and no lock.
static int move_vma(const struct move *m, struct vma *v) {
    struct mm *mm = m->mm;
    struct vma *stay = NULL;
    int err = lend_take(mm, m->from, m->from + m->old_len, LEND_ALL);
    if (!err) // neighbours of the new place may have lent theirs
        err = lend_take(mm, m->to, m->to + m->old_len, LEND_EDGES);
    if (!err)
        err = vma_isolate(mm, &v, m->from, m->from + m->old_len);
    if (err)
        return err;
    bool twice = m->flags & MREMAP_DONTUNMAP;
    if (!IS_ALIGNED(m->to - m->from, HUGE_SIZE))
        huge_split_range(mm, m->from, m->from + m->old_len);
    err = make_tables(m);
    if (!err && twice && !(stay = copy_vma(v, m->from, m->from, m->old_len)))
        err = -ENOMEM;
    if (err) {
        vma_merge(mm, v);
        return err;
    }
    relocate(m, v);
    mm_account(mm, v->flags, (int64_t)((m->new_len - m->old_len) >> PAGE_SHIFT));
    if (stay) {
        stay->flags &= ~VM_LOCK_MASK;
        vma_insert(mm, stay);
        mm_account(mm, stay->flags, vma_pages(stay));
        vma_merge(mm, stay);
    }
    vma_merge(mm, v);
    return 0;
}

// Old length 0: a second mapping of shared pages.
static int duplicate(const struct move *m, struct vma *v) {
    struct vma *new = copy_vma(v, m->from, m->to, m->new_len);
    if (!new)
        return -ENOMEM;
    vma_insert(m->mm, new);
    mm_account(m->mm, new->flags, vma_pages(new));
    vma_merge(m->mm, new);
    return 0;
}

// ---- the call

static int check_args(const struct move *m) {
    bool chosen = m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
    if (m->flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
        return -EINVAL;
    if (chosen && !(m->flags & MREMAP_MAYMOVE))
        return -EINVAL;
    if ((m->flags & MREMAP_DONTUNMAP) && m->old_len != m->new_len)
        return -EINVAL;
    if (!IS_ALIGNED(m->from, PAGE_SIZE) || m->new_len == 0)
        return -EINVAL;
    if (!chosen)
        return 0;
    if (!IS_ALIGNED(m->to, PAGE_SIZE) || m->new_len > USER_END || m->to > USER_END - m->new_len)
        return -EINVAL;
    bool overlap = m->from + m->old_len > m->to && m->to + m->new_len > m->from;
    return overlap ? -EINVAL : 0;
}

// The VMA that is to become larger or to move: may it?
static int check_vma(const struct move *m, const struct vma *v) {
    uint64_t more = m->new_len - m->old_len;
    if (m->old_len == 0 && !(v->flags & VM_SHARED))
        return -EINVAL;
    if (m->old_len > v->end - m->from)
        return -EFAULT;
    bool fixed_size = v->flags & (VM_DONTEXPAND | VM_SPECIAL), twice = m->flags & MREMAP_DONTUNMAP;
    if (twice)
        more = m->old_len;
    if (more == 0)
        return 0;
    if (fixed_size)
        return twice ? -EINVAL : -EFAULT;
    if (more > USER_END)
        return -ENOMEM;
    uint64_t pgoff = vma_pgoff(v, m->from);
    if (v->mapping && pgoff + (m->new_len >> PAGE_SHIFT) < pgoff)
        return -EINVAL;
    return mm_may_grow(m->mm, v->flags, more >> PAGE_SHIFT);
}

static bool room_behind(const struct move *m, struct vma *v) {
    struct vma *next = vma_next(m->mm, v);
    uaddr_t limit = next ? vma_guard_start(next) : USER_END;
    return m->from + m->old_len == v->end && v->end < limit &&
           m->new_len - m->old_len <= limit - v->end;
}

static void grow(const struct move *m, struct vma *v) {
    mm_account(m->mm, v->flags, (int64_t)((m->new_len - m->old_len) >> PAGE_SHIFT));
    rmap_edit_begin(v->mapping);
    vma_set_range(m->mm, v, v->start, m->from + m->new_len, v->pgoff);
    rmap_edit_end(v->mapping);
    vma_merge(m->mm, v);
}

// Makes room at the new place.
static int take_place(struct move *m, struct list *dead) {
    if (!(m->flags & MREMAP_FIXED))
        return vm_find_place(m->mm, &m->to, m->new_len);
    return m->to < MMAP_MIN_ADDR ? -EPERM : vm_unmap_locked(m->mm, m->to, m->to + m->new_len, dead);
}

// Gives up [from + new_len, from + old_len).
static int shrink(struct move *m, struct list *dead) {
    uaddr_t end = m->from + m->new_len;
    uint64_t less = m->old_len - m->new_len;
    if (m->old_len <= m->new_len)
        return 0;
    if (less > USER_END || end > USER_END - less)
        return -EINVAL;
    m->old_len = m->new_len;
    return vm_unmap_locked(m->mm, end, end + less, dead);
}

static int64_t mremap_locked(struct move *m, struct list *dead) {
    bool chosen = m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
    int err = 0;
    if (!vma_lookup(m->mm, m->from))
        return -EFAULT;
    if (m->flags & MREMAP_FIXED)
        err = take_place(m, dead);
    bool shrinks = m->old_len >= m->new_len;
    if (!err)
        err = shrink(m, dead);
    if (err || (shrinks && !chosen))
        return err ? err : (int64_t)m->from;
    struct vma *v = vma_lookup(m->mm, m->from);
    err = v ? check_vma(m, v) : -EFAULT;
    if (err)
        return err;
    if (!chosen && room_behind(m, v)) {
        grow(m, v);
        return (int64_t)m->from;
    }
    if (!(m->flags & MREMAP_MAYMOVE))
        return -ENOMEM;
    if (!(m->flags & MREMAP_FIXED))
        err = take_place(m, dead);
    if (!err)
        err = m->old_len ? move_vma(m, v) : duplicate(m, v);
    return err ? err : (int64_t)m->to;
}

int64_t vm_mremap(struct mm *mm, uaddr_t addr, uint64_t old_len, uint64_t new_len, int flags,
                  uaddr_t new_addr) {
    struct list dead = LIST_INIT(dead);
    struct move m = {mm, addr, new_addr, ALIGN_UP(old_len, PAGE_SIZE),
                     ALIGN_UP(new_len, PAGE_SIZE), flags};
    int err = check_args(&m);
    if (err)
        return err;
    if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)))
        m.to = 0; // no hint
    down_write(&mm->lock);
    int64_t ret = mremap_locked(&m, &dead);
    up_write(&mm->lock);
    vm_free_dead(&dead);
    if (ret >= 0 && m.new_len > m.old_len) // what is new in a locked area; errors do not count
        (void)!vm_populate(mm, ret + m.old_len, ret + m.new_len, POPULATE_LOCKED);
    return ret;
}
