// Faults on mapped files.
//
//   read, in the cache     fault_around() maps it and its neighbours; nothing sleeps
//   read, absent           read it and what surrounds it, then map the one page
//   store, private         a copy of the cached page becomes anonymous memory
//   store, shared          blocks made sure of (prepare_write), page dirty, PTE writable
//
// Shared pages are mapped read-only until the first store, and again after each writeback
// (rmap_clean_page): so PG_DIRTY is known exactly without looking at hardware bits.
//
// A page is mapped with its page lock held (or the tree lock, in fault_around) after checking that
// it still belongs to the file and lies below its end: truncation takes the same lock before it
// removes the page, and looks for PTEs then.
//
// Invariants: 1. no PTE maps a page beyond the end of the file once truncation has returned. 2. a
// writable PTE of a shared file page implies PG_DIRTY.
//
// Errors: beyond the end, failed reads and failed block allocation are -EIO: SIGBUS. -ENOMEM:
// SIGKILL.
#include "abi/errno.h"
#include "mm/lru.h"
#include "mm/stat.h"
#include "riscv/mmu.h"
#include "riscv/pagecopy.h"
#include "sched/thread.h"
#include "vm/faultcase.h"
#include "vm/icache.h"
#include "vm/mlock.h"
#include "vm/pagecache.h"
#include "vm/prot.h"
#include "vm/readahead.h"

static uint64_t file_pages(const struct mapping *m) {
    return DIV_ROUND_UP(atomic_load_relaxed(&m->size), PAGE_SIZE);
}

// The page of f->addr: referenced, locked, up to date, of the file. 0, -EIO, -ENOMEM, -ERESTART.
static int get_locked(struct fault *f, struct page **out) {
    struct mapping *m = f->vma->mapping;
    uint64_t index = vma_pgoff(f->vma, f->addr);

    if (index >= file_pages(m))
        return -EIO;
    struct page *p = page_cache_find(m, index);
    if (p) {
        page_put(p);
    } else {
        current()->minflt--;
        current()->majflt++;
        mm_stat_add(PGMAJFAULT, 1);
        readahead_around(m, index);
    }
    int err = page_cache_get(m, index, NULL, &p);
    if (err)
        return err;
    page_lock(p);
    if (p->owner != m || index >= file_pages(m) || !page_test(p, PG_UPTODATE)) {
        page_unlock(p);
        page_put(p);
        return -ERESTART;
    }
    *out = p;
    return 0;
}

// Maps the locked file page if the slot is empty. Takes over the reference.
static int map_file_page(struct fault *f, struct page *p, uint64_t bits) {
    struct mm *mm = f->mm;
    spin_lock(&mm->ptl);
    pte_t *slot = fault_slot_locked(f);
    bool ours = slot && pte_none(*slot);
    if (ours) {
        pt_set(slot, pte_make(page_to_phys(p), bits));
        ++*mm_rss_of(mm, p);
        vma_note_mapped(f->vma, p);
        if (atomic_add(&p->mapcount, 1) == 0)
            mm_stat_add(NR_MAPPED, 1);
    }
    spin_unlock(&mm->ptl);
    page_unlock(p);
    if (!ours)
        page_put(p);
    return slot ? 0 : fault_wait_table();
}

// The locked page's contents in a frame of our own. Drops page lock and reference.
static int map_private_copy(struct fault *f, struct page *p) {
    struct mm *mm = f->mm;
    struct page *copy = anon_page_new(f, false);
    int err = copy ? 0 : -ENOMEM;

    if (copy) {
        copy_page(page_to_virt(copy), page_to_virt(p));
        spin_lock(&mm->ptl);
        pte_t *slot = fault_slot_locked(f);
        bool ours = slot && pte_none(*slot);
        if (ours) {
            pt_set(slot, pte_make(page_to_phys(copy), vma_pte_bits(f->vma->flags)));
            mm->rss_anon++;
            vma_note_mapped(f->vma, copy);
            atomic_or(&f->vma->flags, VM_HAS_ANON);
            lru_add(copy); // as in anon.c
        }
        spin_unlock(&mm->ptl);
        if (ours) {
            mm_stat_add(NR_ANON, 1);
            mm_stat_add(COW_COPIES, 1);
        } else {
            anon_page_discard(copy);
            err = slot ? -ERESTART : fault_wait_table();
        }
    }
    page_unlock(p);
    page_put(p);
    return err;
}

// The locked page of a shared mapping is about to be stored to.
static int make_dirty(struct fault *f, struct page *p) {
    struct mapping *m = f->vma->mapping;
    uint64_t left = atomic_load_relaxed(&m->size) - p->index * PAGE_SIZE;
    int err = 0;
    if (m->ops->prepare_write)
        err = m->ops->prepare_write(m, p, 0, (uint32_t)min(PAGE_SIZE, left));
    if (err)
        return err == -ENOMEM ? err : -EIO;
    page_mark_dirty(p);
    return 0;
}

// The slot maps p read-only already: makes it writable. False: the slot has changed.
static bool upgrade(struct fault *f, struct page *p) {
    spin_lock(&f->mm->ptl);
    bool same = f->slot && pte_has_page(*f->slot) && pte_pfn(*f->slot) == page_to_pfn(p);
    if (same)
        atomic_or(&f->slot->v, vma_pte_bits(f->vma->flags));
    spin_unlock(&f->mm->ptl);
    if (same)
        tlb_flush_page_local(f->addr);
    return same;
}

int fault_shared_write(struct fault *f) {
    struct page *p;
    int err = get_locked(f, &p);
    if (err)
        return err;
    assertf(f->vma->flags & VM_SHARED, "va %#lx is private", f->addr);
    err = make_dirty(f, p);
    if (!err && pte_none(f->pte))
        return map_file_page(f, p, vma_pte_bits(f->vma->flags));
    if (!err && !upgrade(f, p))
        err = -ERESTART;
    page_unlock(p);
    page_put(p);
    return err;
}

int fault_file(struct fault *f) {
    struct page *p;
    assertf(f->vma->mapping && pte_none(f->pte), "va %#lx", f->addr);
    if (fault_writes(f) && (f->vma->flags & VM_SHARED))
        return fault_shared_write(f);
    if (!fault_writes(f) && fault_around(f))
        return 0;
    int err = get_locked(f, &p);
    if (err)
        return err;
    if (fault_writes(f))
        return map_private_copy(f, p);
    if (f->vma->flags & VM_EXEC)
        icache_sync_pages(&p, 1);
    return map_file_page(f, p, vma_pte_bits_readonly(f->vma->flags));
}
