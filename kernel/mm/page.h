// struct page: one for each frame of RAM, in one array sized at boot.
//
//   mem_map[0] .. mem_map[n-1]   frame pfn = mem_map_base_pfn + i
//
// A frame is in exactly one state: free in the buddy (PG_BUDDY, refcount 0), in a CPU's page list
// (refcount 0), reserved (PG_RESERVED: kernel image, firmware, this array), or in use
// (refcount > 0). The members say who may touch them; nothing is overlaid.
//
//   refcount   users of the frame: one for each mapping PTE, one for the page cache, one for each
//              pin in flight. The last page_put() frees it.
//   mapcount   PTEs that map it in user page tables: 0 = none.
//
// A new block's head has flags 0, refcount 1, mapcount 0, and owner, index, private and private_ptr
// zero; link is not initialised, and nothing of the other frames' entries but refcount 0 is.
//
// Locks: [a] atomic  [buddy] zone lock while free  [owner] whoever allocated it
//        [cache] the mapping's tree lock and the page lock
#pragma once

#include "lib/assert.h"
#include "lib/list.h"
#include "mm/gfp.h"
#include "riscv/atomic.h"
#include "riscv/layout.h"

enum page_flag { // bit numbers in page->flags
    PG_RESERVED,   // not for allocation, ever
    PG_BUDDY,      // head of a free block in the buddy
    PG_SLAB,       // belongs to a slab (owner: its cache)
    PG_TABLE,      // a page table (private: entries in use)
    PG_KSTACK,     // a kernel stack
    PG_VMALLOC,
    PG_ANON,       // anonymous user memory (owner: its family, vm/family.h)
    PG_LOCKED,     // page lock: I/O or truncation in progress (vm/pagelock.h)
    PG_UPTODATE,   // contents are valid
    PG_DIRTY,      // newer than the disk
    PG_WRITEBACK,  // being written
    PG_ERROR,      // the last I/O failed
    PG_REFERENCED, // second chance
    PG_ACTIVE,     // on the active list
    PG_LRU,        // on a reclaim list
    PG_SWAPCACHE,
    PG_WAITERS,    // somebody sleeps for LOCKED or WRITEBACK
    PG_READAHEAD,  // reaching this page starts the next window
    PG_PCP,        // free, in a CPU's list
    PG_ISYNC,      // every hart has fenced since the contents changed: may be executed
    PG_SWAPBACKED, // a page-cache page whose place is swap: shared memory, tmpfs
    PG_UNEVICTABLE, // on the list of locked pages
};

struct page {
    uint32_t flags;    // [a] bits of enum page_flag
    int refcount;      // [a]
    int mapcount;      // [a]
    uint8_t order;     // [buddy] of the free block; [owner] of an allocated block's head
    uint8_t zone;      // [I] index of its zone
    uint16_t mlocked;  // [a] PTEs of VMAs under mlock(2) that map it (vm/mlock.h)
    struct list link;  // [buddy] free list | slab list | [lru] reclaim list
    void *owner;       // mapping, family, slab cache: by flags
    uint64_t index;    // [cache] page number in its mapping; of anonymous memory: va at birth >> 12
                       // [owner] of a slab: where its first object lies
    uint64_t private;  // [owner] small data: slab state, table entries, swap slot
    void *private_ptr; // [owner]
};

_Static_assert(sizeof(struct page) == 64, "one cache line each");

extern struct page *mem_map;
extern pfn_t mem_map_base_pfn;
extern uint64_t mem_map_pages; // entries


// Where the entry of pfn 0, and that of the linear map's address 0, would lie: with these a
// conversion is one load, a shift and an addition. Integers, as no such objects exist.
extern uintptr_t page_of_pfn_zero;
extern uintptr_t page_of_virt_zero;
#define PAGE_STRUCT_SHIFT 6 // log2 of sizeof(struct page)

static inline struct page *pfn_to_page(pfn_t pfn) {
    return (struct page *)(page_of_pfn_zero + (pfn << PAGE_STRUCT_SHIFT));
}
static inline pfn_t page_to_pfn(const struct page *p) {
    return ((uintptr_t)p - page_of_pfn_zero) >> PAGE_STRUCT_SHIFT;
}
static inline bool pfn_valid(pfn_t pfn) { return pfn - mem_map_base_pfn < mem_map_pages; }
static inline paddr_t page_to_phys(const struct page *p) { return page_to_pfn(p) << PAGE_SHIFT; }
static inline struct page *phys_to_page(paddr_t pa) { return pfn_to_page(pa >> PAGE_SHIFT); }
// The linear map's address of the frame, and back (any address within the frame).
static inline void *page_to_virt(const struct page *p) {
    return (void *)(((uintptr_t)p - page_of_virt_zero) >> PAGE_STRUCT_SHIFT << PAGE_SHIFT);
}
static inline struct page *virt_to_page(const void *va) {
    return (struct page *)(page_of_virt_zero +
                           ((uintptr_t)va >> PAGE_SHIFT << PAGE_STRUCT_SHIFT));
}

static inline bool page_test(const struct page *p, enum page_flag f) {
    return atomic_load_relaxed(&p->flags) >> f & 1;
}
static inline void page_set(struct page *p, enum page_flag f) { atomic_or(&p->flags, 1u << f); }
static inline void page_clear(struct page *p, enum page_flag f) {
    atomic_and(&p->flags, ~(1u << f));
}
// The old value of the bit.
static inline bool page_test_set(struct page *p, enum page_flag f) {
    return atomic_or(&p->flags, 1u << f) >> f & 1;
}
static inline bool page_test_clear(struct page *p, enum page_flag f) {
    return atomic_and(&p->flags, ~(1u << f)) >> f & 1;
}

// Frees an order-0..10 block whose last reference went (buddy.c). Not for callers: page_put().
void page_release(struct page *p);

static inline void page_get(struct page *p) {
    int old = atomic_add_relaxed(&p->refcount, 1);
    assertf(old > 0, "page %#lx is free: refcount %d", page_to_pfn(p), old);
}
static inline void page_put(struct page *p) {
    int old = atomic_sub(&p->refcount, 1);
    assertf(old > 0, "page %#lx freed twice, or not the head of its block: refcount %d",
            page_to_pfn(p), old);
    if (old == 1)
        page_release(p);
}
