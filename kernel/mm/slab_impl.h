// Inside the slab allocator: the layers and the locks of each, for slab.c, magazine.c, slabdebug.c
// and kmalloc.c. Others include mm/slab.h.
#pragma once

#include "mm/kasan.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "mm/stat.h"
#include "riscv/machine.h"
#include "sync/cpu.h"

#if defined(DEBUG) || defined(KASAN)
#define SLAB_DEBUG 1 // red zones, poison, owners
#else
#define SLAB_DEBUG 0
#endif

#define MAGAZINE_MAX 30 // a magazine is 256 bytes

struct magazine {
    struct magazine *next; // in the depot
    uint64_t unused;
    void *obj[MAGAZINE_MAX];
};

// One CPU's front end. Touched by that CPU only, with interrupts off; others read the counts.
// `previous` is always empty or full: swapping the two absorbs a caller that goes back and forth
// over the border of one magazine.
struct slab_cpu {
    uint64_t rounds;   // objects in loaded
    uint64_t capacity; // of loaded: 0 while there is none
    struct magazine *loaded, *previous;
    uint64_t previous_rounds;
} __aligned(64);

// Lock key: [I] immutable  [lock] lock
struct slab_cache {
    const char *name;        // [I]
    size_t size;             // [I] what callers may use
    size_t stride;           // [I] of a slot: from object to object
    size_t offset;           // [I] of an object in its slot (a red zone before it)
    size_t link_offset;      // [I] of a free object's link, from the object
    size_t colour_step;      // [I] a cache line, or the alignment
    uint32_t colours;        // [I] how many such steps a slab's rest has room for, and one
    uint32_t next_colour;    // [a] of the next slab, modulo colours
    uint32_t objs_per_slab;  // [I]
    uint32_t magazine_size;  // [I] 0: no magazines
    int order;               // [I] of a slab's block of pages
    void (*ctor)(void *);    // [I]
    enum mm_stat stat;       // [I] its pages are counted there
    struct list all;         // [list of caches]

    struct spinlock lock;
    // depot
    struct magazine *full_mags, *empty_mags; // [lock]
    uint32_t full_count, full_max;           // [lock], [I]
    // slabs: heads of their pages by page->link
    struct list partial, full, empty;        // [lock]
    uint64_t slabs, empty_slabs;             // [lock]
    uint64_t inuse;                          // [lock] objects not in a slab's free list
    uint64_t quarantined;                    // [a] KASAN: freed, but kept for a while

    struct slab_cpu cpu[]; // machine.cpu_count
};

// slab.c: the slab layer. The lock is held by the caller of the first two.
void *slab_take(struct slab_cache *c); // NULL: no slab has a free object
void slab_put(struct slab_cache *c, void *obj);
bool slab_grow(struct slab_cache *c,
               gfp_t gfp); // one slab more. No lock held; sleeps with GFP_WAIT
struct page *slab_of(const struct slab_cache *c, const void *obj); // head page

// The slab's first object: page->index of its head says how far from the start (slab_cut()).
static inline char *slab_first(const struct page *slab) {
    return (char *)page_to_virt(slab) + slab->index;
}
void slab_free_empty(struct slab_cache *c);      // lock held
void slab_for_each(void (*fn)(struct slab_cache *c, void *arg), void *arg);

// kmalloc.c
void kmalloc_init(void);

// magazine.c
void magazine_init(void);
void magazine_flush(struct slab_cache *c); // this CPU's and the depot's go to the slabs
// Free objects that the slab layer takes for used: in all magazines, and in quarantine.
uint64_t magazine_objects(const struct slab_cache *c);
void slab_put_away(struct slab_cache *c, void *obj); // the end of slab_free(), after all checks

// slabdebug.c. Objects with an outsider's view: red zones around, poison inside, owner behind.
//
//   | red zone | object ........ | red zone | owner | link | KASAN: struct kasan_owners |
size_t slab_debug_layout(struct slab_cache *c, size_t align); // sets offsets; bytes per object
void slab_debug_fresh(const struct slab_cache *c, void *obj);
void slab_debug_alloc(const struct slab_cache *c, void *obj, vaddr_t caller);
void slab_debug_free(const struct slab_cache *c, void *obj, vaddr_t caller);
void slab_debug_check(const struct slab_cache *c, const void *obj); // a free one
// Panics: names the crime, the cache, the object and (in DEBUG builds) who had it last.
__noreturn void slab_error(const struct slab_cache *c, const void *obj, const char *crime);
