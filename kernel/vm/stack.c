// Stacks that grow down.
//
//   prev VMA |<-- at least STACK_GUARD_GAP -->| new start ... old start |#### stack ####| end
//                                               ^ faulting address
//
// A fault below a VM_GROWSDOWN VMA moves its start down to the faulting page, as far as
// RLIMIT_STACK and the guard gap allow. Nothing else may be placed within the gap
// (vma_guard_start), so an overrun stack faults instead of running into other memory.
#include "abi/errno.h"
#include "sched/limits.h"
#include "vm/mmap.h"

static int grow_to(struct mm *mm, struct vma *v, uaddr_t start) {
    struct vma *prev = vma_prev(mm, v);
    uint64_t pages = (v->start - start) >> PAGE_SHIFT;

    if (start < PAGE_SIZE || v->end - start > current_limit(RLIMIT_STACK))
        return -EFAULT;
    if (prev && !(prev->flags & VM_GROWSDOWN) && (prev->flags & (VM_READ | VM_WRITE | VM_EXEC)) &&
        start - prev->end < STACK_GUARD_GAP)
        return -EFAULT;
    if (mm_may_grow(mm, v->flags, pages))
        return -EFAULT;
    vma_set_range(mm, v, start, v->end, v->pgoff - pages);
    mm_account(mm, v->flags, pages);
    return 0;
}

int vm_grow_stack(struct mm *mm, uaddr_t addr) {
    down_write(&mm->lock);
    struct vma *v = vma_find(mm, addr);
    int err = 0;
    if (!v || (v->start > addr && !(v->flags & VM_GROWSDOWN)))
        err = -EFAULT;
    else if (v->start > addr) // else another thread was faster
        err = grow_to(mm, v, addr & PAGE_MASK);
    up_write(&mm->lock);
    return err;
}

int vm_map_stack(struct mm *mm, uaddr_t top, uint64_t size) {
    const uint32_t flags =
        VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_GROWSDOWN | VM_STACK |
        VM_ACCOUNT;
    assertf(IS_ALIGNED(top | size, PAGE_SIZE) && size < top && top <= USER_END, "%#lx, %#lx", top,
            size);
    uaddr_t start = top - size;
    down_write(&mm->lock);
    int err = vma_intersect(mm, start, top) ? -EEXIST : mm_may_grow(mm, flags, size >> PAGE_SHIFT);
    if (!err)
        err = vm_add_area(mm, start, top, flags, NULL, NULL, start >> PAGE_SHIFT);
    up_write(&mm->lock);
    return err;
}
