// Swap: places on disks for memory that has no file.
//
//   PTE -> page           swapped out:  PTE = swap entry (area, slot) -> slot on the disk
//
// A slot is in use while swap PTEs (or a shared object's tree) name it, or while the swap cache has
// a page for it. The swap cache joins the two: a page in it has a slot, so whoever wants the page
// under that entry gets the one copy in memory, and a page that is not dirty can be dropped without
// writing it again.
//
//                 swapcache_add           PTEs -> entries         swap_write       reclaim
//   anonymous page -----------> in cache ---------------> unmapped --------> clean --------> slot
//      ^   swap_reuse             dirty                                 ^                     |
//      +-----------------------------------  mapped, clean, in cache  <-+------ swap_read ----+
//                                                          fault_swap
//
// A page in the cache: PG_SWAPCACHE, page->private is its entry, one reference is the cache's.
// PG_DIRTY: newer than the slot. No PTE that maps it is writable unless it is dirty.
#pragma once

#include "dev/blk.h"
#include "riscv/pte.h"
#include "vm/pagecache.h"

struct mm;
struct textbuf;

#define SWAP_AREAS_MAX 32

typedef struct {
    uint64_t v; // area << 32 | slot
} swp_t;

static inline swp_t swp_make(uint32_t area, uint64_t slot) {
    return (swp_t){(uint64_t)area << 32 | slot};
}
static inline uint32_t swp_area(swp_t e) { return (uint32_t)(e.v >> 32); }
static inline uint64_t swp_slot(swp_t e) { return (uint32_t)e.v; }
static inline swp_t pte_swp(pte_t pte) { return (swp_t){pte_swap_slot(pte)}; }
static inline swp_t page_swp(const struct page *p) { return (swp_t){p->private}; }

// ---- slots and the swap cache (swapmap.c): any context, a ptl may be held ----

// Gives the locked page a slot: it enters the swap cache, dirty. 0; -ENOSPC: swap is full.
int __must_check swapcache_add(struct page *p);
// A page for what the slot holds, to be read: locked, of no cache. 0; -EEXIST: there is one;
// -ENOENT: nobody uses the slot any more.
int __must_check swapcache_add_unread(struct page *p, swp_t e);
// The page of the entry, referenced, or NULL.
struct page *swapcache_find(swp_t e);
// Takes the locked page, not under writeback, out. Drops the cache's reference (the caller has
// one). Its slot is free when no entry names it. The page becomes dirty: it is the only copy.
void swapcache_delete(struct page *p);
// Reclaim: the same if the page is clean, unmapped, not being written, and nobody but the cache and
// the caller has a reference. True: done, the caller's reference is the last.
bool swapcache_reclaim(struct page *p);
// page_unlock() for pages that may be in the cache: frees the slot and the page when its last user
// went meanwhile. The caller has a reference.
void swapcache_unlock(struct page *p);
// The mapcount of a page with PG_SWAPCACHE has left 0 or become 0: counts it, and drops the page if
// nobody wants it any more. The caller has a reference.
void swap_page_sync(struct page *p);
// Copy-on-write: ptl held. True: the page, mapped by the caller's PTE alone and named by no entry,
// has left the cache and may be written.
bool swap_reuse(struct page *p);

// A slot that one entry names, for pages with a place of their own (shmemswap.c). 0, -ENOSPC.
int __must_check swap_slot_alloc(swp_t *e);
void swap_dup(swp_t e);  // one more entry names the slot
void swap_free(swp_t e); // one less; the last frees the slot, and its page if nobody maps it
uint32_t swap_count(swp_t e); // entries that name it
// The table's lock held: the PTE in *slot, which maps p (in the swap cache), becomes a swap entry,
// with all counts but those of the address space. The PTE's reference becomes the caller's, to be
// dropped after a flush of the TLB.
void swap_out_pte(pte_t *slot, struct page *p);
// ptl held: n pages of mm are swap entries now.
void swap_count_out(struct mm *mm, uint64_t n);
// ptl held: mm has swap entries now, swapoff must look at it. And: it has none for good.
void swap_note_mm(struct mm *mm);
void swap_forget_mm(struct mm *mm);

uint64_t swap_total_pages(void);
uint64_t swap_free_pages(void);
bool swap_nearly_full(void); // more than half: pages that are in memory better give up their slots
void swap_check(void);       // asserts the invariants of every area

// ---- transfers (swapio.c) ----

// Pages of consecutive slots go by one request. Begins as {0}; whoever fills it calls swap_flush()
// before it sleeps for anything else.
struct swap_batch {
    struct bio *bio;
    uint64_t next_sector;
};
// Starts writing the page: locked, in the cache, unmapped, dirty. It is unlocked and under
// writeback when this returns. If the write fails, it stays dirty and the slot is never used again.
// False: this slot has failed already, or the page is being written; it is unlocked, and stays.
bool swap_write(struct swap_batch *b, struct page *p);
void swap_flush(struct swap_batch *b);
// Adds the page, which gets a reference, to be transferred to or from the slot.
void swap_batch_add(struct swap_batch *b, swp_t e, struct page *p, enum bio_op op,
                    void (*end_io)(struct bio *));
// The same for writing the locked page: from here on clean and under writeback. Unlocks it.
void swap_batch_write(struct swap_batch *b, swp_t e, struct page *p, void (*end_io)(struct bio *));
// Starts reading the page of an entry, and some of its neighbours unless alone. *out: referenced,
// being read. 0, -ENOMEM; -ERESTART: it is in the cache, or nobody uses the entry any more.
int __must_check swap_read(swp_t e, bool alone, struct page **out);
void swap_readahead_hit(void); // a page with PG_READAHEAD was wanted after all
extern uint64_t swap_page_cluster; // log2 of the most pages read at once (vm.page-cluster)
extern uint64_t swappiness;        // [a] vm.swappiness, 0 to 200: used by reclaim

// ---- areas (swaparea.c, swapoff.c) ----

struct swap_extent {
    uint64_t slot, count; // slots [slot, slot + count) ...
    uint64_t sector;      // ... lie from this sector on
};

// What swapon(2) was given. The extents are in rising order; slots between them cannot be used.
struct swap_source {
    struct blkdev *dev;
    struct mapping *mapping;     // of the file or device: header, identity
    struct swap_extent *extents; // vmalloc'd
    uint64_t extent_count;
    uint64_t pages;              // its size
    bool is_file;
    char *name;                  // kmalloc'd
    void *file;                  // held: released by release()
    void (*release)(void *file);
};

// Takes over src on success. prio: 0 and up, or -1: below all others so far.
// 0; -EINVAL: no swap area in it; -EBUSY; -EPERM: too many areas; -ENOMEM; -EIO.
int __must_check swap_on(const struct swap_source *src, int prio);
// 0; -EINVAL: no area there; -ENOMEM, -EIO, -EINTR: it stays on.
int __must_check swap_off(struct mapping *m);
void swap_init(void);
// Calls row for each area, for /proc/swaps: sizes in pages.
void swaps_show(void (*row)(void *arg, const char *name, bool is_file, uint64_t pages,
                            uint64_t used, int prio), void *arg);
