// Swap for pages of shared memory and tmpfs.
//
//     in memory, no slot  --shmem_write--> in memory, slot, clean --shmem_leave--> out
//   (private_ptr NULL)  <--written, and ----+    (private_ptr)  <--shmem_read_pages--+
//                         swapoff, full                                        m->swapped[index]
//
// The page stays in its mapping's tree while it is written, so whoever wants it meanwhile finds it.
// Once clean and unmapped it leaves, and its entry takes its place in a second tree, m->swapped. A
// page that is read back keeps its slot, and is not written again unless it becomes dirty.
//
// Invariants: 1. an index has its slot in one place: page->private_ptr, or m->swapped when there is
// no page, or one that is being read. 2. a clean page without slot is all zero (it was never
// written): it may go without trace. 3. a slot in m->swapped counts as promised memory where pages
// do (!m->promised). 4. page->private is 1 for a page that was out: tmpfs charges for it.
//
// Locks: page lock; tree lock for m->swapped. Rejected: the swap cache that anonymous pages use (it
// finds a page by its slot; these have a mapping, which finds it by its index); entries in the tree
// of pages (all who walk it would have to tell them apart).
#include "vm/shmemswap.h"

#include "abi/errno.h"
#include "mm/lru.h"
#include "mm/stat.h"
#include "riscv/pagecopy.h"
#include "sched/thread.h"
#include "vm/commit.h"
#include "vm/mappings.h"
#include "vm/pagelock.h"
#include "vm/reclaim.h"
#include "vm/swapmap.h"

static void set_slot(struct page *p, swp_t e) { p->private_ptr = (void *)(uintptr_t)e.v; }

void shmem_free_slot(struct page *p) {
    if (!p->private_ptr)
        return;
    assertf(page_test(p, PG_LOCKED) && !page_test(p, PG_WRITEBACK), "page %#lx flags %#x",
            page_to_pfn(p), p->flags);
    swap_free(shmem_slot(p));
    set_slot(p, (swp_t){0});
    page_set(p, PG_DIRTY);
}

// ---- out ----

static void write_failed(struct page *p) {
    swap_slot_failed(shmem_slot(p));
    swap_free(shmem_slot(p));
    set_slot(p, (swp_t){0});
    page_set(p, PG_DIRTY);
}

static void write_done(struct bio *bio) {
    for (int i = 0; i < bio->nvecs; i++) {
        struct page *p = bio->vec[i].page;
        if (bio->status)
            write_failed(p);
        else
            lru_rotate(p); // clean now: the first to go
        mm_stat_add(NR_WRITEBACK, -1);
        page_put(p); // the tree's keeps it until the next line
        page_end_writeback(p);
    }
    reclaim_note_written();
    bio_free(bio);
}

bool shmem_write(struct swap_batch *b, struct page *p) {
    swp_t e = shmem_slot(p);
    assertf(page_test(p, PG_LOCKED) && page_test(p, PG_SWAPBACKED), "page %#lx flags %#x",
            page_to_pfn(p), p->flags); // fault-around may have mapped it again, for reading
    bool busy = page_test(p, PG_WRITEBACK) || !page_test(p, PG_UPTODATE);
    if (busy || (!p->private_ptr && swap_slot_alloc(&e))) {
        page_unlock(p);
        return false;
    }
    set_slot(p, e);
    swap_batch_write(b, e, p, write_done);
    return true;
}

bool shmem_leave(struct page *p) {
    const uint32_t busy = 1u << PG_DIRTY | 1u << PG_WRITEBACK;
    struct mapping *m = p->owner;
    void *slot = p->private_ptr;
    bool charged = p->private && !slot; // by a write that failed: tmpfs would lose count of it

    spin_lock(&m->lock);
    bool gone = !charged && atomic_load(&p->refcount) == 2 && atomic_load(&p->mapcount) == 0 &&
                !(p->flags & busy);
    if (gone && slot) // without memory for the tree's node it stays
        gone = radix_insert(&m->swapped, p->index, slot) == 0;
    if (gone) {
        m->nrswapped += slot != NULL;
        set_slot(p, (swp_t){0});
        page_cache_delete(m, p);
        if (slot && !m->promised)
            commit_add(1);
    }
    spin_unlock(&m->lock);
    if (gone)
        page_put(p); // the tree's
    return gone;
}

// ---- in ----

static void *entry_at(struct mapping *m, uint64_t index) {
    spin_lock(&m->lock);
    void *entry = radix_lookup(&m->swapped, index);
    spin_unlock(&m->lock);
    return entry;
}

bool shmem_is_out(struct mapping *m, uint64_t index) { return entry_at(m, index) != NULL; }

bool shmem_is_hole(struct mapping *m, uint64_t index) {
    spin_lock(&m->lock);
    bool hole = !radix_lookup(&m->pages, index) && !radix_lookup(&m->swapped, index);
    spin_unlock(&m->lock);
    return hole;
}

// Its contents are there: the slot is the page's now.
static void page_is_in(struct page *p) {
    struct mapping *m = p->owner;
    spin_lock(&m->lock);
    p->private_ptr = radix_remove(&m->swapped, p->index);
    p->private = 1;
    m->nrswapped--;
    spin_unlock(&m->lock);
    assertf(p->private_ptr, "page %lu was not out", p->index);
    if (!m->promised)
        commit_add(-1);
    if (swap_nearly_full())
        shmem_free_slot(p);
}

static void read_done(struct bio *bio) {
    for (int i = 0; i < bio->nvecs; i++) {
        struct page *p = bio->vec[i].page;
        if (!bio->status)
            page_is_in(p);
        page_put(p); // the tree's keeps it, as it is locked
        page_end_read(p, bio->status);
    }
    bio_free(bio);
}

void shmem_read_pages(struct mapping *m, struct page **pages, int n) {
    struct swap_batch b = {0};
    for (int i = 0; i < n; i++) {
        void *entry = entry_at(m, pages[i]->index);
        if (entry) {
            mm_stat_add(PSWPIN, 1);
            swap_batch_add(&b, (swp_t){(uintptr_t)entry}, pages[i], BIO_READ, read_done);
        } else {
            clear_page(page_to_virt(pages[i]));
            page_end_read(pages[i], 0);
        }
    }
    swap_flush(&b);
}

// ---- the end ----

bool shmem_drop_slots(struct mapping *m, uint64_t first, uint64_t last) {
    bool all = true;
    for (uint64_t index = first;; index++) {
        spin_lock(&m->lock);
        void *entry = radix_next(&m->swapped, &index);
        entry = index <= last ? entry : NULL;
        bool reading = entry && radix_lookup(&m->pages, index);
        if (entry && !reading) {
            radix_remove(&m->swapped, index);
            m->nrswapped--;
        }
        spin_unlock(&m->lock);
        if (!entry)
            return all;
        all = all && !reading;
        if (reading)
            continue;
        if (!m->promised)
            commit_add(-1);
        swap_free((swp_t){(uintptr_t)entry});
    }
}

// ---- swapoff ----

// The next index at or after *index that is in memory or out. *e: its slot, {0} if it has none.
static bool next_index(struct mapping *m, uint64_t *index, swp_t *e) {
    uint64_t out = *index, in = *index;
    spin_lock(&m->lock);
    void *entry = radix_next(&m->swapped, &out);
    const struct page *p = radix_next(&m->pages, &in);
    bool is_out = entry && (!p || out <= in); // the same index: it is being read
    *e = is_out ? (swp_t){(uintptr_t)entry} : p ? shmem_slot(p) : (swp_t){0};
    spin_unlock(&m->lock);
    *index = is_out ? out : in;
    return entry || p;
}

// The page at index comes in, if it is out, and gives up its slot of the area.
static int bring_in_page(struct mapping *m, uint64_t index, uint32_t area) {
    struct page *p;
    int err = page_cache_get(m, index, NULL, &p);
    if (err)
        return err;
    page_lock(p);
    page_wait_writeback(p);
    if (p->owner == m && p->private_ptr && swp_area(shmem_slot(p)) == area)
        shmem_free_slot(p);
    page_unlock(p);
    page_put(p);
    return signal_pending() ? -EINTR : 0;
}

static int bring_in(struct mapping *m, uint32_t area) {
    int err = 0;
    swp_t e;
    for (uint64_t index = 0; !err && next_index(m, &index, &e); index++) {
        if (e.v && swp_area(e) == area)
            err = bring_in_page(m, index, area);
        cond_resched();
    }
    return err;
}

int shmem_bring_in(uint32_t area) {
    int err = 0;
    for (uint64_t left = mappings_count(); left && !err; left--) {
        struct mapping *m = mappings_next();
        if (!m)
            break;
        if (m->is_shmem)
            err = bring_in(m, area);
        mapping_unpin(m);
    }
    return err;
}
