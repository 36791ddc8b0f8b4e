// Faults ahead of time: MAP_POPULATE, mlock(2), MADV_POPULATE_READ and _WRITE.
//
// VMA by VMA: mm->lock is held only to see the next one, as the fault takes it itself. So the areas
// may change meanwhile; whoever changes them gets what he asked for.
#include "abi/errno.h"
#include "sched/sched.h"
#include "vm/fault.h"
#include "vm/mmap.h"

struct part {
    uaddr_t start, end;
    enum fault_access access; // so that its pages are there for good
    bool locked;              // its pages are to be in memory
};

static enum fault_access access_of(const struct vma *v) {
    if ((v->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
        return FAULT_WRITE;
    return v->flags & (VM_READ | VM_WRITE) ? FAULT_READ : FAULT_EXEC;
}

// The next VMA's part of [at, end). False: there is none.
static bool next_part(struct mm *mm, uaddr_t at, uaddr_t end, struct part *p) {
    down_read(&mm->lock);
    struct vma *v = vma_find(mm, at);
    bool found = v && v->start < end;
    if (found)
        *p = (struct part){max(at, v->start), min(end, v->end), access_of(v),
                           (v->flags & VM_LOCK_MASK) == VM_LOCKED};
    up_read(&mm->lock);
    return found;
}

int vm_populate(struct mm *mm, uaddr_t start, uaddr_t end, enum populate how) {
    bool holes = how == POPULATE_ALL || how == POPULATE_LOCKED;
    struct part p;
    assertf(IS_ALIGNED(start | end, PAGE_SIZE), "%#lx-%#lx", start, end);
    for (uaddr_t at = start; at < end; at = p.end) {
        bool found = next_part(mm, at, end, &p);
        if (!holes && (!found || p.start > at))
            return -EFAULT;
        if (!found)
            break;
        if (!holes)
            p.access = how == POPULATE_READ ? FAULT_READ : FAULT_WRITE;
        for (at = p.start; at < p.end && (p.locked || how != POPULATE_LOCKED); at += PAGE_SIZE) {
            int err = vm_fault(mm, at, p.access);
            if (err)
                return err;
            cond_resched();
        }
    }
    return 0;
}
