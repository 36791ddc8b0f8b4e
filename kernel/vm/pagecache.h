// The page cache: one for read, write, mmap and file system metadata. A struct mapping holds the
// pages of one inode (or one block device, whose pages are "buffers").
//
//   absent --insert, locked--> reading --I/O end--> up to date --mark_dirty--> dirty
//     ^                           | error: PG_ERROR, retried at the next use   |  ^
//     |                           v                                  write_page|  | redirtied
//     +------- remove (truncate, reclaim: only clean, unmapped) <-- clean <-- writeback
//
// The cache holds one reference for a page in the tree. Lock key: [tree] lock  [page] page lock
// [rmap] rmap_lock  [a] atomic  [I] immutable
#pragma once

#include "lib/radix.h"
#include "mm/page.h"
#include "sched/mutex.h"

struct uio;
struct mapping;

#define PAGE_CACHE_BATCH 32 // most pages that go to read_pages and write_pages in one call

struct mapping_ops { // filled by file systems
    // Starts reading n pages of consecutive index: locked, in the tree, not up to date. For each,
    // sooner or later, page_end_read(page, err). Holes are zero-filled. -ENOMEM: may be tried
    // again.
    void (*read_pages)(struct mapping *m, struct page **pages, int n);
    // Starts writing n consecutive pages: locked, PG_WRITEBACK set, PG_DIRTY cleared. For each,
    // page_end_write(page, err); this function unlocks them. -ENOMEM: the page becomes dirty again.
    // NULL: memory only (tmpfs).
    void (*write_pages)(struct mapping *m, struct page **pages, int n);
    // Makes sure that [from, to) of the locked page has disk blocks: 0, -ENOSPC, -EIO, -ENOMEM.
    // May be NULL.
    int (*prepare_write)(struct mapping *m, struct page *page, uint32_t from, uint32_t to);
    // Where page `index` lies on the disk: *sector, and how many pages follow one another there (0:
    // it lies in pieces). -EINVAL: a hole. NULL: no file of it can be a swap file.
    int (*locate)(struct mapping *m, uint64_t index, uint64_t *sector, uint64_t *pages);
    void (*hold)(void *file);    // a VMA or an mm keeps the open file
    void (*release)(void *file); // may sleep
};

struct mapping {
    struct spinlock lock;           // RANK_PAGECACHE
    struct radix pages;             // [tree] struct page *; tags: MAPPING_TAG_*
    uint64_t nrpages;               // [tree]
    struct radix swapped;           // [tree] of shared memory: entries of pages that are out
    uint64_t nrswapped;             // [tree] of these
    const struct mapping_ops *ops;  // [I]
    void *host;                     // [I] struct inode or struct blkdev
    uint64_t size;                  // [a] bytes; for files this is the size of the inode
    struct mutex rmap_lock;         // RANK_RMAP
    struct list vmas;               // [rmap] every VMA that maps it
    int error;                      // [a] last write error not yet reported by fsync
    struct list all_link;           // [mappings] every mapping that ever had a page
    struct list dirty_link;         // [mappings] on the list of mappings with dirty pages
    struct list sync_link;          // [RANK_WRITEBACK] what one sync(2) has started
    uint64_t dirtied_ns;            // [mappings] when it joined the dirty list
    uint32_t pins;                  // [mappings] passes at work on it: mapping_destroy waits
    bool is_bdev, is_shmem;         // [I]
    bool in_memory;                 // [a] shmem: its pages are not to go to swap
    bool promised;                  // [I] shmem: counted by vm/commit.h as a whole, not by page
    bool metadata;                  // [I] page_cache_get and _grab wait for memory, never -ENOMEM
};

#define MAPPING_TAG_DIRTY 0
#define MAPPING_TAG_WRITEBACK 1

void mapping_init(struct mapping *m, const struct mapping_ops *ops, void *host);
// Drops every page (dirty ones too: the inode is gone). No user left.
void mapping_destroy(struct mapping *m);

// The page, referenced and up to date, reading it if needed (and more after it, by ra).
// 0, -EIO, -ENOMEM. ra may be NULL.
struct readahead {
    uint64_t start, size, async_size, prev; // window, in pages (as in Linux's on-demand readahead)
};
int __must_check page_cache_get(struct mapping *m, uint64_t index, struct readahead *ra,
                                struct page **out);
// The page, referenced, or NULL if absent. No I/O, no sleep.
struct page *page_cache_find(struct mapping *m, uint64_t index);
// The page, referenced and locked; made (not up to date) when absent. 0 or -ENOMEM.
int __must_check page_cache_grab(struct mapping *m, uint64_t index, struct page **out);
// The next four are the cache's own parts, for vm/ and for file systems that fill pages themselves.
// Adds a locked page of no mapping; the tree takes a reference. 0, -EEXIST, -ENOMEM.
int __must_check page_cache_add(struct mapping *m, uint64_t index, struct page *p);
// A new page, locked, referenced, in the tree, not up to date. 0, -EEXIST, -ENOMEM.
int __must_check page_cache_make(struct mapping *m, uint64_t index, struct page **out);
// Takes a page out: the caller holds the tree lock, the page lock, a reference, and no PTE maps it.
// The tree's reference becomes the caller's.
void page_cache_delete(struct mapping *m, struct page *p);
// Makes the locked page up to date by reading it if needed. 0, -EIO, or -ERESTART: it was
// truncated. Returns with the page locked.
int __must_check page_cache_read_locked(struct mapping *m, struct page *p);
// The page is newer than the disk now. The caller holds a reference, and the page lock unless the
// mapping is a block device's.
void page_mark_dirty(struct page *p);
void page_end_read(struct page *p, int err);  // any context
void page_end_write(struct page *p, int err); // any context

// Page lock (sleeps); see sync order RANK_PAGE.
void page_lock(struct page *p);
bool page_trylock(struct page *p);
void page_unlock(struct page *p); // any context
void page_wait_unlocked(struct page *p);
void page_wait_writeback(struct page *p);

// read(2) and write(2) of a mapping: bytes moved, or -errno when none. write extends m->size; the
// caller holds the inode lock for write and then marks the inode dirty.
ssize_t page_cache_read(struct mapping *m, struct uio *u, off_t pos, struct readahead *ra);
ssize_t page_cache_write(struct mapping *m, struct uio *u, off_t pos);
// Shrinks to size: unmaps and drops whole pages beyond it, zeroes the rest of the last one, sets
// m->size. Also for growing (sets the size only). 0 or -errno.
int page_cache_truncate(struct mapping *m, uint64_t size);
// Grows to size (at least the present one): the bytes between read as zero.
void page_cache_extend(struct mapping *m, uint64_t size);
// Drops the pages [first, last], whatever their state; waits for I/O. Unmaps them.
#define LAST_INDEX (UINT64_MAX >> PAGE_SHIFT)
void page_cache_drop_range(struct mapping *m, uint64_t first, uint64_t last);
// One page, while its blocks go: page_cache_hide() takes a locked page out of all page tables and
// makes it not up to date, so that everybody waits for the lock; page_cache_drop_hidden() takes it
// out of the tree and unlocks it. The caller's reference stays.
void page_cache_hide(struct mapping *m, struct page *p);
void page_cache_drop_hidden(struct mapping *m, struct page *p);
// Zeroes bytes [from, to) of a locked page, and makes it dirty if they were not zero.
void page_cache_zero(struct page *p, size_t from, size_t to);

// Parts of a file, for fallocate(2) (hole.c); the caller holds the inode lock.
// Zeroes what [start, end) has of pages that are partly in it. *first, *past: those wholly in it.
int __must_check page_cache_zero_edges(struct mapping *m, uint64_t start, uint64_t end,
                                       uint64_t *first, uint64_t *past);
// Makes sure of blocks for [start, end): what has none reads as zero. The size stays.
int __must_check page_cache_allocate(struct mapping *m, uint64_t start, uint64_t end);

// Writes dirty pages of [start, end] (bytes, inclusive) and, if wait, waits for them and reports
// and clears m->error.
int page_cache_sync(struct mapping *m, uint64_t start, uint64_t end, bool wait);
// A writer has made many pages dirty: too many? Then it writes first.
void page_cache_throttle(struct mapping *m);
// A writer that is too fast: starts writing m's dirty pages, and waits for those in flight.
void page_cache_write_behind(struct mapping *m);
// Writes everything of every mapping (sync(2)); wait as above.
void page_cache_sync_all(bool wait);
// Drops clean, unmapped, unused pages of every mapping; returns how many (drop_caches).
uint64_t page_cache_drop_all(void);
void page_cache_init(void); // caches and wait queues
void writeback_init(void);  // starts the periodic writer
void page_cache_check(struct mapping *m);
