// msync(2): stores to shared mappings of files reach the disk.
//
//   mm->lock: the next VMA of the range that is shared and has a file; the file held | write and
//   wait | mm->lock again: the VMAs may have changed meanwhile
//
// Stores are known by PG_DIRTY: a shared page is writable only while it is dirty (filefault.c). A
// hole makes the call answer -ENOMEM, after the rest was done (manual page).
#include "abi/errno.h"
#include "abi/mman.h"
#include "vm/mmap.h"
#include "vm/pagecache.h"

struct sync_walk {
    uaddr_t at, end;      // what is left of the range
    bool hole;            // unmapped addresses were met
    bool invalidate;      // MS_INVALIDATE
    int err;              // -EBUSY: a locked mapping cannot be invalidated
    void *file;           // of the mapping that was found: held
    uint64_t first, last; // its bytes
};

// The next shared file mapping of the range, or NULL: none left, or an error.
static struct mapping *next_shared(struct mm *mm, struct sync_walk *w) {
    struct mapping *m = NULL;
    down_read(&mm->lock);
    while (w->at < w->end && !m && !w->err) {
        struct vma *v = vma_find(mm, w->at);
        w->hole |= !v || v->start > w->at;
        if (!v || v->start >= w->end)
            break;
        uaddr_t from = max(v->start, w->at), to = min(v->end, w->end);
        w->at = to;
        if (w->invalidate && (v->flags & VM_LOCKED))
            w->err = -EBUSY;
        if (w->err || !v->file || !(v->flags & VM_SHARED))
            continue;
        m = v->mapping;
        w->file = v->file;
        w->first = vma_pgoff(v, from) << PAGE_SHIFT;
        w->last = (vma_pgoff(v, to - 1) << PAGE_SHIFT) + PAGE_SIZE - 1;
        m->ops->hold(w->file);
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
    struct sync_walk w = {.at = addr, .end = addr + ALIGN_UP(len, PAGE_SIZE),
                          .invalidate = flags & MS_INVALIDATE};
    struct mapping *m;
    while ((m = next_shared(mm, &w))) {
        if (flags & MS_SYNC)
            w.err = page_cache_sync(m, w.first, w.last, true);
        m->ops->release(w.file);
    }
    return w.err ? w.err : w.hole ? -ENOMEM : 0;
}
