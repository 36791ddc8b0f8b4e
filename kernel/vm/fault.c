// Page faults.
//
// An address without a sufficient PTE is no error as long as a VMA allows the access. The VMA and
// the PTE together say which case it is:
//
//                         | VMA without file        VMA with file
//   ----------------------+----------------------------------------------------------------
//   PTE empty             | fault_anon              fault_file
//                         |   read: zero page         read: page cache, neighbours too
//                         |   write: new zero frame   private write: a copy; shared: + dirty
//   PTE read-only, store  | fault_cow               private: fault_cow, shared: fault_shared_write
//                         |   copy, or keep if last owner
//   PTE swap entry        | fault_swap: from the swap cache or the disk
//   PTE sufficient        | fault_spurious: another thread solved it
//
// A table that fork has lent (lend.c) is taken first, as if it had always been there.
//
// Each case is a function. fault_check() fills struct fault and decides nothing else; a case that
// finds the world changed under it answers -ERESTART and the loop looks again.
//
//   down_read(mm->lock) | find VMA, check rights, look at PTE | case | up_read
//                                                        \ -ERESTART -> once more
//   below a growing stack: vm_grow_stack() for writing, then once more
//
// Invariants: 1. no frame is allocated and no I/O waited for with a spin lock held. 2. a PTE is set
// only under ptl after the slot was found as expected. 3. tables can't vanish while mm->lock is
// held.
//
// Rejected: per-VMA locks (Linux 6.4): down_read is ten instructions when nobody writes.
#include "vm/fault.h"

#include "abi/errno.h"
#include "mm/buddy.h"
#include "mm/stat.h"
#include "riscv/mmu.h"
#include "sched/thread.h"
#include "vm/faultcase.h"
#include "vm/lend.h"
#include "vm/mmap.h"
#include "vm/oom.h"

struct page *zero_page;

void fault_init(void) {
    zero_page = page_alloc_counted(GFP_KERNEL | GFP_ZERO | GFP_NOFAIL_TEST, NR_KERNEL);
    assert(zero_page);
}

static inline bool may_access(const struct vma *v, enum fault_access access) {
    static const uint32_t needs[] = {
        [FAULT_READ] = VM_READ | VM_WRITE, // a writable page is readable in the hardware
        [FAULT_WRITE] = VM_WRITE,
        [FAULT_EXEC] = VM_EXEC,
    };
    return v->flags & needs[access];
}

// 0, -EFAULT, -EACCES, -ENOMEM. f->vma is then the VMA of addr, or above it, or NULL.
static inline int fault_check(struct fault *f) {
    struct vma *v = f->vma = vma_find(f->mm, f->addr);
    if (unlikely(!v || v->start > f->addr))
        return -EFAULT;
    if (unlikely(!may_access(v, f->access)))
        return -EACCES;
    f->slot = pt_find(f->mm->root, f->addr, 0);
    if (unlikely(!f->slot && READ_ONCE(f->mm->lent))) {
        int err = lend_take_table(f->mm, f->addr);
        if (err)
            return err;
        f->slot = pt_find(f->mm->root, f->addr, 0);
    }
    f->pte.v = f->slot ? READ_ONCE(f->slot->v) : 0;
    return 0;
}

// The PTE allows the access: it changed meanwhile, or the hart wants A or D set by us, or its TLB
// holds an older entry (the architecture lets it cache even invalid ones).
int fault_spurious(struct fault *f) {
    uint64_t bits = PTE_A | (fault_writes(f) ? PTE_D : 0);
    spin_lock(&f->mm->ptl);
    bool same = f->slot->v == f->pte.v;
    if (same && (f->pte.v & bits) != bits)
        atomic_or(&f->slot->v, bits);
    spin_unlock(&f->mm->ptl);
    tlb_flush_page_local(f->addr);
    return same ? 0 : -ERESTART;
}

static inline int fault_solve(struct fault *f) {
    struct vma *v = f->vma;
    if (likely(pte_none(f->pte)))
        return v->mapping ? fault_file(f) : fault_anon(f);
    if (unlikely(pte_is_swap(f->pte)))
        return fault_swap(f);
    assertf(pte_has_page(f->pte), "va %#lx: PTE %#lx", f->addr, f->pte.v);
    if (fault_writes(f) && !pte_writable(f->pte))
        return v->flags & VM_SHARED ? fault_shared_write(f) : fault_cow_run(f);
    return fault_spurious(f);
}

#ifdef DEBUG
#define CHECK_EVERY 1024 // faults
static void check_sometimes(struct mm *mm) {
    static uint32_t faults; // [a]
    if (atomic_add_relaxed(&faults, 1) % CHECK_EVERY == 0)
        mm_check(mm);
}
#else
static inline void check_sometimes(struct mm *mm) {}
#endif

int vm_fault(struct mm *mm, uaddr_t addr, enum fault_access access) {
    struct fault f = {.mm = mm, .addr = addr & PAGE_MASK, .access = access};
    int err;

    if (unlikely(addr >= USER_END))
        return -EFAULT;
    mm_stat_add(PGFAULT, 1);
    current()->minflt++; // filefault.c and swapfault.c turn it into a major one
    do {
        down_read(&mm->lock);
        err = fault_check(&f);
        if (likely(!err))
            err = fault_solve(&f);
        bool below_stack = unlikely(err == -EFAULT) && f.vma && (f.vma->flags & VM_GROWSDOWN);
        up_read(&mm->lock);
        if (unlikely(below_stack)) {
            err = vm_grow_stack(mm, addr);
            err = err ? err : -ERESTART;
        }
        if (unlikely(err == -ENOMEM) && oom_make_room())
            err = -ERESTART;
    } while (unlikely(err == -ERESTART));
    check_sometimes(mm);
    return err;
}

int fault_wait_table(void) {
    struct page *p = page_alloc(GFP_KERNEL, 0); // sleeps for memory, then leaves it to the next try
    if (!p)
        return -ENOMEM;
    page_put(p);
    return -ERESTART;
}
