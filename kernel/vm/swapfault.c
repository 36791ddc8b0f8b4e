// Faults on swap entries.
//
//   entry --swapcache_find--> page, or swap_read() and wait
//     | lock it; is it still the entry's page, and was it read?
//     v
//   nobody else names the slot: a store takes it out of the cache and maps it writable
//   others do, or it is only read: mapped read-only; the page keeps its slot, and is clean. The
//   first store finds it by copy-on-write (cow.c), which keeps the frame if it is the last owner
//
// A page that is only read keeps its slot so that it need not be written again. When swap is more
// than half full the slot is worth more: it is freed.
//
// Invariants: 1. a page of the cache is mapped under its page lock, after it was found up to date.
// 2. the entry is exchanged for the PTE under ptl, together with all counts. 3. all who name a slot
// are of one family and have it at the same address at birth, so whoever maps the page first may
// say whose it is.
//
// Errors: a page that cannot be read is -EIO (SIGBUS); the next fault tries it again.
#include "abi/errno.h"
#include "mm/stat.h"
#include "sched/thread.h"
#include "vm/faultcase.h"
#include "vm/icache.h"
#include "vm/mlock.h"
#include "vm/prot.h"
#include "vm/swapmap.h"

// The page of the entry: referenced, locked, up to date. 0, -ENOMEM, -ERESTART; -EIO: not read.
static int get_page(swp_t e, bool alone, bool *major, struct page **out) {
    struct page *p = swapcache_find(e);
    bool cached = p;
    int err = cached ? 0 : swap_read(e, alone, &p);
    if (err)
        return err;
    *major |= !cached || !page_test(p, PG_UPTODATE); // the read may have ended already
    page_lock(p);
    bool ours = page_test(p, PG_SWAPCACHE) && page_swp(p).v == e.v;
    if (likely(ours && page_test(p, PG_UPTODATE))) {
        *out = p;
        return 0;
    }
    if (ours) // it cannot be used, and the next attempt must not find it
        swapcache_delete(p);
    swapcache_unlock(p);
    page_put(p);
    return ours ? -EIO : -ERESTART;
}

// One bad page fails the request that reads it with its neighbours, so it is tried alone, too.
static int get_locked(swp_t e, bool *major, struct page **out) {
    int err = get_page(e, false, major, out);
    return err == -EIO ? get_page(e, true, major, out) : err;
}

static void count_major(void) {
    current()->minflt--;
    current()->majflt++;
    mm_stat_add(PGMAJFAULT, 1);
}

// ptl held, the page locked, the slot holds entry e.
static void map_page(struct fault *f, struct page *p, swp_t e) {
    struct mm *mm = f->mm;
    bool alone = swap_count(e) == 1 && atomic_load(&p->mapcount) == 0;
    bool writes = alone && fault_writes(f);
    uint64_t bits = writes ? vma_pte_bits(f->vma->flags) : vma_pte_bits_readonly(f->vma->flags);

    assertf(!(f->vma->flags & VM_SHARED), "va %#lx: a swap entry in a shared area", f->addr);
    if (writes || (alone && swap_nearly_full() && !page_test(p, PG_WRITEBACK)))
        swapcache_delete(p);
    if (!alone && f->vma->flags & VM_WRITE)
        bits |= PTE_COW;
    if (atomic_load(&p->mapcount) == 0) {
        p->owner = mm->family;
        p->index = vma_birth_index(f->vma, f->addr);
    }
    if (atomic_add(&p->mapcount, 1) == 0)
        mm_stat_add(NR_ANON, 1);
    page_get(p);
    pt_count_special(f->slot, *f->slot, -1);
    WRITE_ONCE(f->slot->v, pte_make(page_to_phys(p), bits).v);
    mm->rss_anon++;
    vma_note_mapped(f->vma, p);
    mm->swap_entries--;
    swap_free(e);
    swap_page_sync(p);
}

int fault_swap(struct fault *f) {
    swp_t e = pte_swp(f->pte);
    struct page *p;
    bool major = false;

    int err = get_locked(e, &major, &p);
    if (err)
        return err;
    if (major)
        count_major();
    if (page_test_clear(p, PG_READAHEAD))
        swap_readahead_hit();
    if (fault_writes(f))
        page_wait_writeback(p); // a slot that is being written cannot be given up
    if (f->vma->flags & VM_EXEC)
        icache_sync_pages(&p, 1);
    spin_lock(&f->mm->ptl);
    bool same = f->slot->v == f->pte.v;
    if (likely(same))
        map_page(f, p, e);
    bool again = !same || (fault_writes(f) && !pte_writable(*f->slot));
    spin_unlock(&f->mm->ptl);
    swapcache_unlock(p);
    page_put(p);
    return again ? -ERESTART : 0;
}
