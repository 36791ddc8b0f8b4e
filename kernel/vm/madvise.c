// madvise(2) and msync(2).
//
// MADV_DONTNEED drops the pages of the range: anonymous memory reads as zero afterwards, file
// mappings as the file. The other kinds of advice that are known are hints, and accepted.
//
// Both calls go through the VMAs of the range; a hole makes them answer -ENOMEM, after the rest was
// done (manual pages).
#include "abi/errno.h"
#include "abi/mman.h"
#include "vm/mmap.h"
#include "vm/pagecache.h"
#include "vm/pageout.h"
#include "vm/readahead.h"
#include "vm/zap.h"

static int advise_dontneed(struct vma *v, uaddr_t start, uaddr_t end) {
    struct tlb_gather g;
    if (v->flags & (VM_LOCKED | VM_SPECIAL))
        return -EINVAL;
    tlb_gather_init(&g, v->mm, false);
    zap_range(&g, start, end, 0);
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

static bool is_hint(int advice) {
    switch (advice) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
        return true;
    }
    return false;
}

int vm_madvise(struct mm *mm, uaddr_t addr, uint64_t len, int advice) {
    if (advice != MADV_DONTNEED && advice != MADV_WILLNEED && advice != MADV_PAGEOUT &&
        !is_hint(advice))
        return -EINVAL;
    if (!IS_ALIGNED(addr, PAGE_SIZE) || len > USER_END)
        return -EINVAL;
    uaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE), at = addr;
    if (end > USER_END)
        return -ENOMEM;
    int err = 0;
    down_read(&mm->lock);
    for (struct vma *v = vma_find(mm, addr); !err && v && v->start < end; v = vma_next(mm, v)) {
        uaddr_t from = max(v->start, addr), to = min(v->end, end);
        bool hole = v->start > at;
        if (advice == MADV_DONTNEED)
            err = advise_dontneed(v, from, to);
        else if (advice == MADV_WILLNEED)
            err = advise_willneed(v, from, to);
        else if (advice == MADV_PAGEOUT)
            err = vm_pageout(v, from, to);
        at = hole ? at : to; // stays at the first hole
    }
    up_read(&mm->lock);
    return err ? err : at < end ? -ENOMEM : 0;
}

// The first shared file mapping at or above *at and below end: its file held. NULL: none left.
// *at moves past what was looked at; *hole notes unmapped addresses.
static struct mapping *next_shared(struct mm *mm, uaddr_t *at, uaddr_t end, bool *hole, void **file,
                                   uint64_t *first, uint64_t *last) {
    struct mapping *m = NULL;
    down_read(&mm->lock);
    while (*at < end && !m) {
        struct vma *v = vma_find(mm, *at);
        if (!v || v->start > *at)
            *hole = true;
        if (!v || v->start >= end) {
            *at = end;
            break;
        }
        uaddr_t from = max(v->start, *at), to = min(v->end, end);
        *at = to;
        if (!v->file || !(v->flags & VM_SHARED))
            continue;
        m = v->mapping;
        *file = v->file;
        *first = vma_pgoff(v, from) << PAGE_SHIFT;
        *last = (vma_pgoff(v, to - 1) << PAGE_SHIFT) + PAGE_SIZE - 1;
        m->ops->hold(*file);
    }
    up_read(&mm->lock);
    return m;
}

int vm_msync(struct mm *mm, uaddr_t addr, uint64_t len, int flags) {
    if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || !IS_ALIGNED(addr, PAGE_SIZE))
        return -EINVAL;
    if ((flags & MS_ASYNC) && (flags & MS_SYNC))
        return -EINVAL;
    if (len > USER_END || addr > USER_END - len)
        return -ENOMEM;
    uaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE), at = addr;
    bool hole = false;
    int err = 0;
    struct mapping *m;
    uint64_t first, last;
    void *file;
    while (!err && (m = next_shared(mm, &at, end, &hole, &file, &first, &last))) {
        if (flags & MS_SYNC)
            err = page_cache_sync(m, first, last, true);
        m->ops->release(file);
    }
    return err ? err : hole ? -ENOMEM : 0;
}
