// fork: a second address space that looks the same.
//
//   parent PTE  RW page  ->  parent R- COW page, child R- COW page     private: copied by writes
//   parent PTE  R- page  ->  the same in both
//   parent PTE  shared   ->  the same in both, writable stays writable
//   parent PTE  swapped  ->  the same in both: one entry more names the slot
//
// A page's counts are all that says how many share it; the first write in either process copies it,
// and the last owner finds mapcount 1 and keeps the frame (cow.c).
//
// The cost is one pass over the populated last-level tables: a loop with one atomic operation for
// each count and one on the parent's entry, no call for each page. Large read-only file mappings
// are not copied: the child gets those PTEs back by fault-around, if it ever uses them.
//
// Invariants: 1. the parent's TLB is flushed after its PTEs lost W and before anybody can rely on
// the pages staying as they are (mm_fork returns). 2. a child's VMA is on its mapping's list before
// the first PTE of it is made (rmap.c). 3. child tables are linked only by the forking thread; its
// entries change under both ptls.
//
// Rejected: copying every table of the parent (most of a small process's mappings are file text).
#include "abi/errno.h"
#include "mm/stat.h"
#include "sched/sched.h"
#include "vm/commit.h"
#include "vm/mm.h"
#include "vm/pagecache.h"
#include "vm/rmap.h"
#include "vm/swap.h"
#include "vm/tlb.h"
#include "vm/vma.h"

#define REFAULT_PAGES 64 // file mappings without private pages larger than this are left to faults

struct copy {
    struct mm *from, *to;
    bool private;           // writable PTEs become copy-on-write in both
    long anon, file, swap, entries;
    bool protected;         // some PTE of the parent lost W
};

static inline void copy_slot(struct copy *c, pte_t *src, pte_t *dst, pte_t pte) {
    if (likely(!pte_special(pte))) {
        struct page *p = pfn_to_page(pte_pfn(pte));
        int refs = atomic_add_relaxed(&p->refcount, 1), maps = atomic_add_relaxed(&p->mapcount, 1);
        // Other processes map and unmap the page meanwhile, so the two cannot be compared.
        assertf(maps > 0 && refs > 0, "page %#lx: %d references, %d PTEs", page_to_pfn(p), refs,
                maps);
        if (page_test(p, PG_ANON))
            c->anon++;
        else
            c->file++;
    } else if (unlikely(pte_is_swap(pte))) {
        swap_dup(pte_swp(pte));
        c->swap++;
    }
    if (c->private && pte_writable(pte)) {
        atomic_xor(&src->v, PTE_W | PTE_COW); // W is set, COW is not
        pte.v ^= PTE_W | PTE_COW;
        c->protected = true;
    }
    assertf(pte_none(*dst), "the child has %#lx already", dst->v);
    dst->v = pte.v;
    c->entries++;
}

// Copies [slot, stop) of a last-level table. Both ptls are held.
static void copy_slots(struct copy *c, pte_t *slot, pte_t *stop, pte_t *dst, uint64_t left) {
    long before = c->entries;
    for (; slot != stop && left; slot++, dst++) {
        pte_t pte = *slot;
        if (pte_none(pte))
            continue;
        left--;
        copy_slot(c, slot, dst, pte);
    }
    if (c->entries > before)
        pt_count_set(dst - 1, c->entries - before);
}

static int copy_range(struct copy *c, uaddr_t start, uaddr_t end) {
    struct pt_cursor at;
    while (pt_first(&at, c->from->root, start, end)) { // mm->lock keeps the tables
        pte_t *dst = pt_find_alloc(c->to->root, at.va, 0, GFP_KERNEL);
        if (!dst)
            return -ENOMEM;
        c->anon = c->file = 0;
        spin_lock_two(&c->from->ptl, &c->to->ptl);
        copy_slots(c, at.slot, at.stop, dst, virt_to_page(at.slot)->private);
        c->to->rss_anon += c->anon;
        c->to->rss_file += c->file;
        if (unlikely(c->swap)) {
            c->to->swap_entries += c->swap;
            swap_note_mm(c->to);
            c->swap = 0;
        }
        spin_unlock_two(&c->from->ptl, &c->to->ptl);
        start = at.va + ((vaddr_t)(at.stop - at.slot) << PAGE_SHIFT);
        if (start >= end)
            break;
        cond_resched();
    }
    return 0;
}

static bool refaults(const struct vma *v) {
    return v->mapping && !(v->flags & VM_HAS_ANON) && vma_pages(v) > REFAULT_PAGES;
}

static int copy_vma(struct copy *c, const struct vma *v) {
    struct vma *new = vma_alloc(c->to);
    if (!new)
        return -ENOMEM;
    new->start = v->start;
    new->end = v->end;
    new->flags = v->flags & ~VM_LOCKED; // locks are not inherited, see mlock(2)
    new->pgoff = v->pgoff;
    new->mapping = v->mapping;
    new->file = v->file;
    new->moved = v->moved;
    vma_open(new);
    vma_insert(c->to, new);
    mm_account(c->to, new->flags, vma_pages(new));
    c->private = !(v->flags & VM_SHARED);
    int err = refaults(v) ? 0 : copy_range(c, v->start, v->end);
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
    to->limits = from->limits;
    for (size_t i = 0; i < ARRAY_SIZE(to->auxv); i++)
        to->auxv[i] = from->auxv[i];
    to->exe_ops = from->exe_ops;
    to->exe = from->exe;
    if (to->exe && to->exe_ops)
        to->exe_ops->hold(to->exe);
}

struct mm *mm_fork(struct mm *old) {
    struct mm *new = mm_create_member(old->family);
    struct copy c = {.from = old, .to = new};
    struct vma *v;
    int err = 0;

    if (!new)
        return NULL;
    down_write(&old->lock);
    if (READ_ONCE(overcommit_memory) == OVERCOMMIT_NEVER)
        err = commit_check(old->committed); // else each area was honest when it was made
    copy_landmarks(new, old);
    list_for_each(v, &old->vma_list, link) {
        if (err)
            break;
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
