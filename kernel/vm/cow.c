// Copy-on-write: a store to a page that this process may write but does not own alone.
//
//   before          parent RW --> page                     mapcount 1
//   after fork      parent R- --> page <-- R- child        mapcount 2
//   child stores    parent R- --> page     RW --> copy     the child gets a copy, mapcount 1 each
//   parent stores   parent RW --> page                     last owner: keeps the frame, no copy
//
// Fork copies the PTEs of a table in one loop: an atomic operation for each count and one on the
// parent's entry, no call for each page. A page's counts are all that says how many share it. What
// is read-only, or of a shared mapping, is the same in both; a swap entry too: one more names it.
//
// The zero page and a file's page in a private mapping are never owned: they are always copied (the
// zero page by a cleared frame).
//
// The copy is made under ptl: the old page is then held by its PTE, nothing has to be pinned or
// checked twice, and at a thousand instructions it is a short hold of a lock that only this
// process's threads want. The new frame is allocated before.
//
// A page that is also in the swap cache (it was read back and kept its slot) leaves the cache when
// its owner keeps it.
//
// Invariants: 1. "owns alone" is mapcount 1 and refcount 1: no other PTE, no pin, no cache. 2. the
// old translation is flushed on every hart before the new one is set, so no two harts see different
// frames, and before the old frame's reference is dropped. 3. a child's table is filled under both
// ptls. Tables that are shared whole until somebody uses them: lend.c; runs of stores: cowrun.c.
//
// Rejected: eager copies at fork; a flag per page instead of the counts.
#include "abi/errno.h"
#include "mm/lru.h"
#include "mm/stat.h"
#include "riscv/mmu.h"
#include "riscv/pagecopy.h"
#include "vm/cow.h"
#include "vm/faultcase.h"
#include "vm/mlock.h"
#include "vm/prot.h"
#include "vm/swap.h"
#include "vm/tlb.h"

// ---- fork ----

struct books {
    long anon, file, swap;
};

static inline void copy_slot(struct cow_copy *c, struct books *b, pte_t *src, pte_t *dst,
                             pte_t pte) {
    if (likely(!pte_special(pte))) {
        struct page *p = pfn_to_page(pte_pfn(pte));
        int refs = atomic_add_relaxed(&p->refcount, 1), maps = atomic_add_relaxed(&p->mapcount, 1);
        // Other processes map and unmap the page meanwhile, so the two cannot be compared.
        assertf(maps > 0 && refs > 0, "page %#lx: %d references, %d PTEs", page_to_pfn(p), refs,
                maps);
        if (page_test(p, PG_ANON))
            b->anon++;
        else
            b->file++;
    } else {
        if (pte_is_swap(pte)) {
            swap_dup(pte_swp(pte));
            b->swap++;
        }
        pt_count_special(dst, pte, 1);
    }
    if (c->private && pte_writable(pte)) {
        atomic_xor(&src->v, PTE_W | PTE_COW); // W is set, COW is not
        pte.v ^= PTE_W | PTE_COW;
        c->protected = true;
    }
    assertf(pte_none(*dst), "the child has %#lx already", dst->v);
    dst->v = pte.v;
}

int cow_copy_table(struct cow_copy *c, const struct pt_cursor *at) {
    pte_t *dst = pt_find_alloc(c->to->root, at->va, 0, GFP_KERNEL), *stop = at->stop;
    struct books b = {0};

    if (!dst)
        return -ENOMEM;
    spin_lock_two(&c->from->ptl, &c->to->ptl);
    uint64_t all = virt_to_page(at->slot)->private, left = all;
    for (pte_t *src = at->slot; src != stop && left; src++, dst++) {
        pte_t pte = *src;
        if (pte_none(pte))
            continue;
        left--;
        copy_slot(c, &b, src, dst, pte);
    }
    if (left < all)
        pt_count_set(dst - 1, all - left);
    c->to->rss_anon += b.anon;
    *(c->shmem ? &c->to->rss_shmem : &c->to->rss_file) += b.file;
    if (unlikely(b.swap)) {
        c->to->swap_entries += b.swap;
        swap_note_mm(c->to);
    }
    spin_unlock_two(&c->from->ptl, &c->to->ptl);
    return 0;
}

// ---- stores ----

static inline bool owned_alone(const struct page *p) {
    return page_test(p, PG_ANON) && atomic_load(&p->mapcount) == 1 &&
           atomic_load(&p->refcount) == 1;
}

// The last owner writes in place. True: done. False: it must be copied (or all has changed).
static bool reuse(struct fault *f) {
    pte_t pte = f->pte;
    if (pte_special(pte))
        return false;
    struct page *p = pfn_to_page(pte_pfn(pte));
    bool cached = page_test(p, PG_SWAPCACHE);
    if (!owned_alone(p) && !cached)
        return false;
    spin_lock(&f->mm->ptl);
    bool mine = f->slot->v == pte.v && (owned_alone(p) || (cached && swap_reuse(p)));
    if (mine)
        WRITE_ONCE(f->slot->v, (pte.v & ~PTE_COW) | vma_pte_bits(f->vma->flags));
    spin_unlock(&f->mm->ptl);
    if (mine)
        tlb_flush_page_local(f->addr); // other harts fault once more and find it solved
    return mine;
}

// ptl held, the slot still holds f->pte. p has the copy. The old frame, whose reference from the
// PTE is now the caller's, or NULL.
static struct page *replace(struct fault *f, struct page *p) {
    struct page *old = pte_special(f->pte) ? NULL : pfn_to_page(pte_pfn(f->pte));

    if (old)
        copy_page(page_to_virt(p), page_to_virt(old));
    else
        pt_count_special(f->slot, f->pte, -1);
    atomic_swap(&f->slot->v, 0UL); // for the moment: the table's count stays
    tlb_flush_range(f->mm, f->addr, f->addr + PAGE_SIZE);
    WRITE_ONCE(f->slot->v, pte_make(page_to_phys(p), vma_pte_bits(f->vma->flags)).v);
    vma_note_mapped(f->vma, p);
    if (f->vma->mapping)
        atomic_or(&f->vma->flags, VM_HAS_ANON);
    lru_add(p); // as in anon.c
    bool anon = old && page_test(old, PG_ANON); // then rss stays as it is
    f->mm->rss_anon += !anon;
    if (!old)
        return NULL;
    if (unlikely(f->vma->flags & VM_LOCKED))
        page_munlock(old);
    int maps = atomic_sub(&old->mapcount, 1);
    assertf(maps > 0, "page %#lx mapcount %d", page_to_pfn(old), maps);
    if (!anon)
        --*mm_rss_of(f->mm, old);
    if (maps == 1)
        mm_stat_add(anon ? NR_ANON : NR_MAPPED, -1);
    if (unlikely(page_test(old, PG_SWAPCACHE)))
        swap_page_sync(old);
    return old;
}

int fault_cow(struct fault *f) {
    struct mm *mm = f->mm;

    assertf(!(f->vma->flags & VM_SHARED), "va %#lx is shared", f->addr);
    if (reuse(f))
        return 0;
    struct page *p = anon_page_new(f, pte_special(f->pte)), *old = NULL;
    if (!p)
        return -ENOMEM;
    spin_lock(&mm->ptl);
    bool same = f->slot->v == f->pte.v;
    if (same)
        old = replace(f, p);
    spin_unlock(&mm->ptl);
    if (!same) {
        anon_page_discard(p);
        return -ERESTART;
    }
    mm_stat_add(NR_ANON, 1);
    mm_stat_add(COW_COPIES, 1);
    if (old)
        page_put(old);
    return 0;
}
