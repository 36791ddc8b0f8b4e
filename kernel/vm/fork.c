// fork: a second address space that looks the same.
//
// VMAs and landmarks are copied here. Full tables of anonymous memory are shared as they are, until
// one side uses them (lend.c); others that are populated are copied at once by cow.c, which makes
// private pages copy-on-write. Large read-only file mappings are not copied: the child gets those
// PTEs back by fault-around, if it ever uses them.
//
// Invariants: 1. the parent's TLB is flushed after its PTEs lost W and before anybody can rely on
// the pages staying as they are (mm_fork returns). 2. a child's VMA is on its mapping's list before
// the first PTE of it is made (rmap.c).
//
// Rejected: copying every table of the parent (most of a small process's mappings are file text).
#include "abi/errno.h"
#include "sched/sched.h"
#include "vm/commit.h"
#include "vm/cow.h"
#include "vm/huge.h"
#include "vm/lend.h"
#include "vm/mm.h"
#include "vm/pagecache.h"
#include "vm/rmap.h"
#include "vm/tlb.h"
#include "vm/vma.h"

#define REFAULT_PAGES 64 // file mappings without private pages larger than this are left to faults

// Tables that exist are lent or copied; mm->lock keeps them.
static int copy_range(struct cow_copy *c, struct vma *v) {
    uaddr_t start = v->start;
    struct pt_cursor at;
    while (start < v->end && pt_first(&at, c->from->root, start, v->end)) {
        uint64_t small = (uint64_t)(at.stop - at.slot) << PAGE_SHIFT;
        start = at.va + (unlikely(at.level) ? HUGE_SIZE : small);
        int r = lend_worthwhile(&at) ? lend_tables(c, v, &at, &start) : 0;
        if (r == 0)
            r = unlikely(at.level) ? huge_copy(c, &at) : cow_copy_table(c, &at);
        if (unlikely(r == -ERESTART))
            start = at.va;
        else if (r < 0)
            return r;
        cond_resched();
    }
    return 0;
}

static bool refaults(const struct vma *v) {
    return v->mapping && !(v->flags & VM_HAS_ANON) && vma_pages(v) > REFAULT_PAGES;
}

static int copy_vma(struct cow_copy *c, struct vma *v) {
    struct vma *new = vma_alloc(c->to);
    if (!new)
        return -ENOMEM;
    new->start = v->start;
    new->end = v->end;
    new->flags = v->flags & ~VM_LOCK_MASK; // locks are not inherited, see mlock(2)
    new->pgoff = v->pgoff;
    new->moved = v->moved;
    new->mapping = v->mapping;
    new->file = v->file;
    vma_open(new);
    vma_insert(c->to, new);
    mm_account(c->to, new->flags, vma_pages(new));
    c->private = !(v->flags & VM_SHARED);
    c->shmem = v->mapping && v->mapping->is_shmem;
    int err = refaults(v) || (v->flags & VM_WIPEONFORK) ? 0 : copy_range(c, v);
    if (v->flags & VM_LOCKED) // the lock may have been all that kept it from its neighbour
        vma_merge(c->to, new);
    return err;
}

static void copy_landmarks(struct mm *to, const struct mm *from) {
    to->start_code = from->start_code;
    to->end_code = from->end_code;
    to->start_data = from->start_data;
    to->end_data = from->end_data;
    to->start_brk = from->start_brk;
    to->brk = from->brk;
    to->start_stack = from->start_stack;
    to->arg_start = from->arg_start;
    to->arg_end = from->arg_end;
    to->env_start = from->env_start;
    to->env_end = from->env_end;
    to->mmap_base = from->mmap_base;
    for (size_t i = 0; i < ARRAY_SIZE(to->auxv); i++)
        to->auxv[i] = from->auxv[i];
    to->exe_ops = from->exe_ops;
    to->exe = from->exe;
    if (to->exe && to->exe_ops)
        to->exe_ops->hold(to->exe);
}

struct mm *mm_fork(struct mm *old) {
    struct mm *new = mm_create_member(old->family);
    struct cow_copy c = {.from = old, .to = new};
    struct vma *v;
    int err = 0;

    if (!new)
        return NULL;
    down_write(&old->lock);
    if (READ_ONCE(overcommit_memory) == OVERCOMMIT_NEVER)
        err = commit_check(old->committed); // else each area was honest when it was made
    copy_landmarks(new, old);
    list_for_each(v, &old->vma_list, link) {
        if (!err && !(v->flags & VM_DONTFORK))
            err = copy_vma(&c, v);
    }
    if (c.protected)
        tlb_flush_range(old, 0, USER_END);
    up_write(&old->lock);
    if (err) {
        mm_put(new);
        return NULL;
    }
    return new;
}
