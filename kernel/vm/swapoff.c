// swapoff(2): everything comes back into memory.
//
//   close the area (no new slots) | every mm that has entries: a fault for each entry of the area
//                                 | every shared object likewise (shmemswap.c)
//                                 | the cache: pages that no entry names give up their slots
//                                 | again, until no slot is in use; then the area is gone
//
// Processes go on meanwhile, and fork and exit: so passes are made until there is nothing left. A
// page that cannot be had (no memory, a read error) or a signal ends the attempt; the area is
// opened again, and nothing is lost.
//
// Locks: swapon_lock over all. mm->lock of one mm at a time, for reading, as a fault has it.
#include "vm/swapoff.h"

#include "abi/errno.h"
#include "klog/printk.h"
#include "mm/kspace.h"
#include "mm/slab.h"
#include "sched/thread.h"
#include "sched/timer.h"
#include "vm/commit.h"
#include "vm/faultcase.h"
#include "vm/lend.h"
#include "vm/pagelock.h"
#include "vm/shmemswap.h"

#define RETRY_NS 1000000UL // somebody else is on the way out with the last entries

// The next entry of area `number` at or after *va: its slot, or NULL. Takes ptl, a table at a time.
static pte_t *next_entry(struct mm *mm, uint32_t number, uaddr_t *va, pte_t *out) {
    pte_t *found = NULL;
    struct pt_cursor c;
    uaddr_t at = *va;
    while (!found && mm_lock_table(mm, &c, &at, USER_END)) {
        for (; !found && c.slot != c.stop; c.slot++, c.va += pt_level_size(c.level))
            if (pte_is_swap(*c.slot) && swp_area(pte_swp(*c.slot)) == number) {
                found = c.slot;
                *out = *c.slot;
                *va = c.va;
            }
        spin_unlock(&mm->ptl);
    }
    return found;
}

// mm->lock held. Brings in what the area has of mm. 0, -ENOMEM, -EIO, -EINTR.
static int bring_in(struct mm *mm, uint32_t number) {
    struct fault f = {.mm = mm, .access = FAULT_READ};
    int err = lend_take(mm, 0, USER_END, LEND_SWAPPED);
    while (!err && (f.slot = next_entry(mm, number, &f.addr, &f.pte))) {
        f.vma = vma_lookup(mm, f.addr);
        assertf(f.vma, "va %#lx has an entry and no VMA", f.addr);
        current()->minflt++; // as vm_fault() does; a major one takes it back
        err = fault_swap(&f);
        if (err == -ERESTART) // it has changed: look again
            err = 0;
        if (!err && signal_pending())
            err = -EINTR;
        cond_resched();
    }
    return err;
}

// The mm at the head of the list, which moves to its end; NULL: it is dying.
static struct mm *next_mm(void) {
    struct mm *mm = NULL;
    spin_lock(&swap_lock);
    if (!list_empty(&swap_mms)) {
        mm = list_first(&swap_mms, struct mm, swap_link);
        list_move_back(&swap_mms, &mm->swap_link);
        if (!ref_try_get(&mm->users))
            mm = NULL;
    }
    spin_unlock(&swap_lock);
    return mm;
}

static uint64_t mm_count(void) {
    uint64_t n = 0;
    spin_lock(&swap_lock);
    for (struct list *l = swap_mms.next; l != &swap_mms; l = l->next)
        n++;
    spin_unlock(&swap_lock);
    return n;
}

// Pages of the cache that no entry names any more.
static void drop_cache(struct swap_area *a) {
    for (uint64_t slot = 1; slot < a->slots.count; slot++) {
        if (!READ_ONCE(a->map[slot].pfn))
            continue;
        struct page *p = swapcache_find(swp_make(a->number, slot));
        if (!p)
            continue;
        page_lock(p);
        page_wait_writeback(p);
        bool ours = page_test(p, PG_SWAPCACHE) && page_swp(p).v == swp_make(a->number, slot).v;
        if (ours && swap_count(page_swp(p)) == 0)
            swapcache_delete(p);
        swapcache_unlock(p);
        page_put(p);
    }
}

static int pass(struct swap_area *a) {
    int err = 0;
    for (uint64_t left = mm_count(); left && !err; left--) {
        struct mm *mm = next_mm();
        if (!mm)
            continue;
        down_read(&mm->lock);
        err = bring_in(mm, a->number);
        up_read(&mm->lock);
        mm_put(mm);
    }
    if (!err)
        err = shmem_bring_in(a->number);
    if (!err)
        drop_cache(a);
    return err;
}

static int empty_area(struct swap_area *a) {
    int err = commit_check(0); // in mode 2 the rest must hold what is promised
    while (!err && !swap_area_unused(a)) {
        err = pass(a);
        if (!err && signal_pending())
            err = -EINTR;
        if (!err && !swap_area_unused(a))
            (void)sleep_until(ktime_ns() + RETRY_NS);
    }
    return err;
}

static int off_locked(struct mapping *m, struct swap_source *src) {
    struct swap_area *a = swap_area_find(m);
    if (!a)
        return -EINVAL;
    swap_area_open(a, false);
    int err = empty_area(a);
    if (err) {
        swap_area_open(a, true);
        return err;
    }
    swap_area_remove(a);
    page_cache_drop_range(m, 0, LAST_INDEX); // what was read meanwhile is not what is there now
    *src = a->src;
    swap_area_free(a);
    return 0;
}

int swap_off(struct mapping *m) {
    struct swap_source src;
    mutex_lock(&swapon_lock);
    int err = off_locked(m, &src);
    mutex_unlock(&swapon_lock);
    if (err)
        return err;
    vfree(src.extents);
    kfree(src.name);
    src.release(src.file);
    return 0;
}
