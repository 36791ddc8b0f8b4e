// madvise(2): advice on a range.
//
//   DONTNEED, _LOCKED   drops the pages: anonymous memory reads as zero then, a file as it is
//   FREE                the same: the kernel may do it at any time, and does it at once
//   WILLNEED            reads the file ahead
//   COLD, PAGEOUT       the pages go first when memory is short; they go now (pageout.c)
//   POPULATE_*          faults now (populate.c)
//   DONTFORK, WIPEONFORK and their opposites: flags of the VMA, for fork.c
//   HUGEPAGE, NOHUGEPAGE                      the same, for hugefault.c
//
// Other advice that is known is a hint, and accepted.
//
// It goes through the VMAs of the range; a hole makes it answer -ENOMEM, after the rest was done
// (manual page).
#include "abi/errno.h"
#include "abi/mman.h"
#include "mm/lru.h"
#include "vm/huge.h"
#include "vm/lend.h"
#include "vm/mmap.h"
#include "vm/pagecache.h"
#include "vm/pageout.h"
#include "vm/readahead.h"
#include "vm/zap.h"

static int advise_dontneed(struct vma *v, uaddr_t start, uaddr_t end, uint32_t refused) {
    struct tlb_gather g;
    if (v->flags & refused)
        return -EINVAL;
    int err = lend_take(v->mm, start, end, LEND_EDGES);
    if (err)
        return err;
    huge_split_at(v->mm, start);
    huge_split_at(v->mm, end);
    tlb_gather_init(&g, v->mm, false);
    zap_range(&g, start, end, zap_locked(v));
    tlb_finish(&g);
    return 0;
}

static int advise_willneed(struct vma *v, uaddr_t start, uaddr_t end) {
    if (!v->mapping)
        return 0;
    for (uaddr_t va = start; va < end; va += READAROUND_PAGES * PAGE_SIZE)
        readahead_around(v->mapping, vma_pgoff(v, va));
    return 0;
}

static int advise_cold(struct vma *v, uaddr_t start, uaddr_t end) {
    struct mm *mm = v->mm;
    struct pt_cursor c;
    if (v->flags & (VM_LOCKED | VM_SPECIAL))
        return -EINVAL;
    huge_split_at(mm, start);
    huge_split_at(mm, end);
    for (uaddr_t at = start; mm_lock_table(mm, &c, &at, end); spin_unlock(&mm->ptl))
        for (; c.slot != c.stop; c.slot++)
            if (pte_present(*c.slot) && !pte_special(*c.slot)) {
                atomic_and(&c.slot->v, ~PTE_A);
                page_clear(pfn_to_page(pte_pfn(*c.slot)), PG_REFERENCED);
                lru_rotate(pfn_to_page(pte_pfn(*c.slot)));
            }
    tlb_flush_range(mm, start, end);
    return 0;
}

// Advice that is kept in the VMA's flags.
static const struct {
    int advice;
    uint32_t set, clear;
} flag_advice[] = {
    {MADV_DONTFORK, VM_DONTFORK, 0},           {MADV_DOFORK, 0, VM_DONTFORK},
    {MADV_WIPEONFORK, VM_WIPEONFORK, 0},       {MADV_KEEPONFORK, 0, VM_WIPEONFORK},
    {MADV_HUGEPAGE, VM_HUGEPAGE, VM_NOHUGEPAGE}, {MADV_NOHUGEPAGE, VM_NOHUGEPAGE, VM_HUGEPAGE},
};

// Its index there, or -1.
static int find_flags(int advice) {
    for (int i = 0; i < (int)ARRAY_SIZE(flag_advice); i++)
        if (flag_advice[i].advice == advice)
            return i;
    return -1;
}

// mm write-locked. *v becomes the VMA that has the part.
static int advise_flags(struct vma **v, uaddr_t start, uaddr_t end, int i) {
    uint32_t old = (*v)->flags, new = (old | flag_advice[i].set) & ~flag_advice[i].clear;
    if ((flag_advice[i].set & VM_WIPEONFORK) && (*v)->mapping)
        return -EINVAL;
    if (new == old)
        return 0;
    if (vma_isolate((*v)->mm, v, start, end))
        return -EAGAIN;
    (*v)->flags = new;
    *v = vma_merge((*v)->mm, *v);
    return 0;
}

static int advise(struct vma **v, uaddr_t start, uaddr_t end, int advice) {
    switch (advice) {
    case MADV_WILLNEED:
        return advise_willneed(*v, start, end);
    case MADV_FREE:
        if ((*v)->mapping)
            return -EINVAL;
        // fall through
    case MADV_DONTNEED:
        return advise_dontneed(*v, start, end, VM_LOCKED | VM_SPECIAL);
    case MADV_DONTNEED_LOCKED:
        return advise_dontneed(*v, start, end, VM_SPECIAL);
    case MADV_COLD:
        return advise_cold(*v, start, end);
    case MADV_PAGEOUT:
        return vm_pageout(*v, start, end);
    }
    int i = find_flags(advice);
    return i < 0 ? 0 : advise_flags(v, start, end, i);
}

static bool is_known(int advice) {
    switch (advice) {
    case MADV_REMOVE:
    case MADV_MERGEABLE:
    case MADV_UNMERGEABLE:
    case MADV_COLLAPSE:
        return false;
    }
    return (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) ||
           (advice >= MADV_FREE && advice <= MADV_DONTNEED_LOCKED);
}

static int populate(struct mm *mm, uaddr_t start, uaddr_t end, int advice) {
    int err = vm_populate(mm, start, end,
                          advice == MADV_POPULATE_READ ? POPULATE_READ : POPULATE_WRITE);
    switch (err) { // as madvise(2) names them
    case -EFAULT:
        return -ENOMEM;
    case -EACCES:
        return -EINVAL;
    case -EIO:
        return -EFAULT;
    }
    return err;
}

static int advise_range(struct mm *mm, uaddr_t start, uaddr_t end, int advice) {
    struct vma *v = vma_find(mm, start);
    uaddr_t at = start;
    bool hole = false;
    while (at < end && v && v->start < end) {
        uaddr_t from = max(v->start, at), to = min(v->end, end);
        int err = advise(&v, from, to, advice);
        if (err)
            return err;
        hole |= from > at;
        at = to;
        if (v->end <= at) // else it has merged with the next
            v = vma_next(mm, v);
    }
    return hole || at < end ? -ENOMEM : 0;
}

int vm_madvise(struct mm *mm, uaddr_t addr, uint64_t len, int advice) {
    if (!is_known(advice) || !IS_ALIGNED(addr, PAGE_SIZE) || len > USER_END)
        return -EINVAL;
    uaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE);
    if (end > USER_END)
        return -ENOMEM;
    if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE)
        return populate(mm, addr, end, advice);
    bool edits = find_flags(advice) >= 0;
    (edits ? down_write : down_read)(&mm->lock);
    int err = advise_range(mm, addr, end, advice);
    (edits ? up_write : up_read)(&mm->lock);
    return err;
}
