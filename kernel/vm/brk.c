// brk(2): the end of the heap.
//
//   bss | start_brk [ heap                ] brk      ... next VMA
//                      page aligned up ---^ free room, guard gap of a stack excluded
//
// Growing and shrinking move the end of one VMA (that of the bss, if it is anonymous and meets the
// heap); frames come at the faults. A request that cannot be met returns the old break, which is
// how Linux tells failure.
//
// Invariants: start_brk <= brk; no VMA but the heap's and the bss's is ever moved here.
#include "abi/errno.h"
#include "sched/limits.h"
#include "vm/mmap.h"

#define HEAP_FLAGS (VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_ACCOUNT)

static bool within_data_limit(const struct mm *mm, uaddr_t brk) {
    uint64_t data = mm->end_data - mm->start_data, limit = current_limit(RLIMIT_DATA);
    return limit == RLIM_INFINITY || brk - mm->start_brk + data <= limit;
}

static int grow(struct mm *mm, uaddr_t from, uaddr_t to) {
    struct vma *heap = vma_lookup(mm, from - 1);
    struct vma *next = heap ? vma_next(mm, heap) : vma_find(mm, from);
    if (next && to > vma_guard_start(next))
        return -ENOMEM;
    uint32_t flags = HEAP_FLAGS | mm->lock_flags;
    int err = mm_may_grow(mm, flags, (to - from) >> PAGE_SHIFT);
    if (err)
        return err;
    if (!heap || heap->flags != flags || heap->mapping || (next && next->start == to))
        return vm_add_area(mm, from, to, flags, NULL, NULL, from >> PAGE_SHIFT);
    vma_set_range(mm, heap, heap->start, to, heap->pgoff); // the usual case
    mm_account(mm, flags, (to - from) >> PAGE_SHIFT);
    return 0;
}

// mm write-locked.
static int set_brk(struct mm *mm, uaddr_t brk, struct list *dead) {
    uaddr_t old = ALIGN_UP(mm->brk, PAGE_SIZE), new = ALIGN_UP(brk, PAGE_SIZE);
    int err = 0;

    if (brk < mm->start_brk || brk > USER_END || !within_data_limit(mm, brk))
        return -ENOMEM;
    if (new > old)
        err = grow(mm, old, new);
    else if (new < old)
        err = vm_unmap_locked(mm, new, old, dead);
    if (!err)
        mm->brk = brk;
    return err;
}

bool vma_is_heap(const struct vma *v) {
    return !v->mapping && v->start < v->mm->brk && v->end > v->mm->start_brk;
}

uaddr_t vm_brk(struct mm *mm, uaddr_t brk) {
    struct list dead = LIST_INIT(dead);

    down_write(&mm->lock);
    assertf(mm->start_brk <= mm->brk, "break %#lx below its start %#lx", mm->brk, mm->start_brk);
    uaddr_t old = mm->brk;
    int err = set_brk(mm, brk, &dead);
    uaddr_t result = mm->brk;
    up_write(&mm->lock);
    vm_free_dead(&dead); // a file may have been mapped over the heap
    if (unlikely(mm->lock_flags) && !err && result > old)
        (void)!vm_populate(mm, ALIGN_UP(old, PAGE_SIZE), ALIGN_UP(result, PAGE_SIZE),
                           POPULATE_LOCKED);
    return err ? result : brk;
}
