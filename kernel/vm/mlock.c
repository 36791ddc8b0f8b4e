// mlock(2) and its like: pages that stay in memory.
//
//   mlock        VM_LOCKED                    what is there counts, the rest is faulted in
//   mlock2       VM_LOCKED | VM_LOCKONFAULT   what is there counts, the rest when it is touched
//   mlockall     the same for all VMAs (MCL_CURRENT) and for those to come (mm->lock_flags)
//
// A VMA's flag says that each page under its PTEs is counted once in page->mlocked. The flag and
// the counts change together: mm->lock held for writing keeps faults out, rmap_lock truncation,
// which takes the flag's word for the counts. Reclaim looks at the count itself, under the ptl.
//
// A page that is locked 65,535 times at once is locked until it is freed: its count stays there.
//
// Invariants: 1. locked_pages == pages of VMAs with VM_LOCKED. 2. VM_LOCKONFAULT only with
// VM_LOCKED.
#include "vm/mlock.h"

#include "abi/errno.h"
#include "abi/mman.h"
#include "mm/lru.h"
#include "mm/stat.h"
#include "sched/limits.h"
#include "vm/huge.h"
#include "vm/lend.h"
#include "vm/mmap.h"
#include "vm/rmap.h"

#define MLOCKED_MAX 65535U // what page->mlocked holds

// By half a word, whose other half (order, zone) stays as it is while a page is mapped, and held if
// it is a large one. The old count; at MLOCKED_MAX it stays.
static uint32_t mlocked_add(struct page *p, uint32_t by) {
    _Static_assert(offsetof(struct page, mlocked) % 4 == 2, "the upper half of its word");
    uint32_t *word = (uint32_t *)(&p->mlocked - 1), old = atomic_load_relaxed(word);
    while (old >> 16 != MLOCKED_MAX && !atomic_cas(word, old, old + (by << 16)))
        old = atomic_load_relaxed(word);
    return old >> 16;
}

void page_mlock(struct page *p) {
    uint32_t old = mlocked_add(p, 1);
    long pages = 1L << p->order;
    if (old == 0 || old == MLOCKED_MAX - 1) // from there on nobody knows when it ends
        mm_stat_add(NR_MLOCK, old ? -pages : pages);
    if (old == 0)
        lru_update_mlocked(p);
}

void page_munlock(struct page *p) {
    uint32_t old = mlocked_add(p, -1U);
    assertf(old > 0, "page %#lx is not locked", page_to_pfn(p));
    if (old > 1)
        return;
    mm_stat_add(NR_MLOCK, -(1L << p->order));
    lru_update_mlocked(p);
}

// The cursor is on the leaf of a large page. False: it was split meanwhile.
static bool count_leaf(struct mm *mm, const struct pt_cursor *c, bool locked) {
    struct page *head = huge_hold(mm, c->slot, c->va);
    if (!head)
        return false;
    (locked ? page_mlock : page_munlock)(head);
    huge_release();
    return true;
}

static void count_pages(struct vma *v, uaddr_t start, uaddr_t end, bool locked) {
    struct mm *mm = v->mm;
    struct pt_cursor c;
    while (mm_lock_table(mm, &c, &start, end)) {
        if (unlikely(c.level)) {
            start = count_leaf(mm, &c, locked) ? start : c.va;
            c.slot = c.stop;
        }
        for (; c.slot != c.stop; c.slot++)
            if (pte_has_page(*c.slot) && !pte_special(*c.slot))
                (locked ? page_mlock : page_munlock)(pfn_to_page(pte_pfn(*c.slot)));
        spin_unlock(&mm->ptl);
    }
}

void mlock_forget(struct vma *v, uaddr_t start, uaddr_t end) {
    if (v->flags & VM_LOCKED)
        count_pages(v, start, end, false);
}

// Gives [start, end) of *v these flags of VM_LOCK_MASK. *v becomes the VMA that has it then.
static int lock_part(struct mm *mm, struct vma **v, uaddr_t start, uaddr_t end, uint32_t flags) {
    uint32_t old = (*v)->flags & VM_LOCK_MASK;
    if (old == flags || ((*v)->flags & VM_SPECIAL))
        return 0;
    int err = vma_isolate(mm, v, start, end);
    if (err)
        return err;
    rmap_edit_begin((*v)->mapping);
    (*v)->flags ^= old ^ flags;
    if ((old ^ flags) & VM_LOCKED) {
        count_pages(*v, start, end, flags & VM_LOCKED);
        mm->locked_pages += flags ? vma_pages(*v) : -vma_pages(*v);
    }
    rmap_edit_end((*v)->mapping);
    *v = vma_merge(mm, *v);
    return 0;
}

// All of [start, end); -ENOMEM at the first hole, or when no VMA can be had.
static int lock_range(struct mm *mm, uaddr_t start, uaddr_t end, uint32_t flags) {
    struct vma *v = vma_find(mm, start);
    for (uaddr_t at = start; at < end; v = v->end > at ? v : vma_next(mm, v)) {
        if (!v || v->start > at)
            return -ENOMEM;
        uaddr_t stop = min(v->end, end);
        int err = lock_part(mm, &v, at, stop, flags);
        if (err)
            return err;
        at = stop;
    }
    return 0;
}

static uint64_t locked_in(struct mm *mm, uaddr_t start, uaddr_t end) {
    uint64_t n = 0;
    for (struct vma *v = vma_find(mm, start); v && v->start < end; v = vma_next(mm, v))
        if (v->flags & VM_LOCKED)
            n += (min(v->end, end) - max(v->start, start)) >> PAGE_SHIFT;
    return n;
}

// ---- the calls

static int may_lock(void) { return current_memlock_limit() ? 0 : -EPERM; }

// The page range of [addr, addr + len): 0, or -EINVAL when it wraps.
static int page_range(uaddr_t addr, uint64_t len, uaddr_t *start, uaddr_t *end) {
    *start = ALIGN_DOWN(addr, PAGE_SIZE);
    *end = *start + ALIGN_UP(len + addr % PAGE_SIZE, PAGE_SIZE);
    return *end < *start ? -EINVAL : 0;
}

int vm_mlock(struct mm *mm, uaddr_t addr, uint64_t len, bool on_fault) {
    uaddr_t start, end;
    int err = may_lock();
    if (!err)
        err = page_range(addr, len, &start, &end);
    if (err)
        return err;
    down_write(&mm->lock);
    uint64_t after = mm->locked_pages + ((end - start) >> PAGE_SHIFT) - locked_in(mm, start, end);
    err = after > current_memlock_limit() >> PAGE_SHIFT ? -ENOMEM : 0;
    if (!err)
        err = lend_take(mm, start, end, LEND_ALL);
    if (!err)
        err = lock_range(mm, start, end, VM_LOCKED | (on_fault ? VM_LOCKONFAULT : 0));
    up_write(&mm->lock);
    if (err || on_fault)
        return err;
    err = vm_populate(mm, start, end, POPULATE_LOCKED);
    return err == -ENOMEM ? -EAGAIN : err ? -ENOMEM : 0; // mlock(2): some page could not be had
}

int vm_munlock(struct mm *mm, uaddr_t addr, uint64_t len) {
    uaddr_t start, end;
    int err = page_range(addr, len, &start, &end);
    if (err)
        return err;
    down_write(&mm->lock);
    err = lock_range(mm, start, end, 0);
    up_write(&mm->lock);
    return err;
}

// mm write-locked. What cannot be split stays as it is, as on Linux; nothing is split here.
static void lock_all(struct mm *mm, uint32_t flags) {
    struct vma *v = list_empty(&mm->vma_list) ? NULL
                                              : list_first(&mm->vma_list, struct vma, link);
    for (; v; v = vma_next(mm, v)) {
        int err = lock_part(mm, &v, v->start, v->end, flags);
        assertf(!err, "a whole VMA was split: %d", err);
    }
}

int vm_mlockall(struct mm *mm, int flags) {
    uint32_t lock = VM_LOCKED | (flags & MCL_ONFAULT ? VM_LOCKONFAULT : 0);
    if (!flags || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
        return -EINVAL;
    int err = may_lock();
    if (err)
        return err;
    down_write(&mm->lock);
    if ((flags & MCL_CURRENT) && mm->total_pages > current_memlock_limit() >> PAGE_SHIFT)
        err = -ENOMEM;
    if (!err && (flags & MCL_CURRENT))
        err = lend_take(mm, 0, USER_END, LEND_ALL);
    if (!err) {
        mm->lock_flags = flags & MCL_FUTURE ? lock : 0;
        if (flags & MCL_CURRENT)
            lock_all(mm, lock);
    }
    up_write(&mm->lock);
    if (!err && (flags & MCL_CURRENT))
        (void)!vm_populate(mm, 0, USER_END, POPULATE_LOCKED); // a VMA without rights has no pages
    return err;
}

void vm_munlockall(struct mm *mm) {
    down_write(&mm->lock);
    mm->lock_flags = 0;
    lock_all(mm, 0);
    up_write(&mm->lock);
}
