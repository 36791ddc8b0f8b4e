// Object caches after Bonwick (USENIX 1994) with per-CPU magazines and a depot (Bonwick and Adams,
// USENIX 2001).
//
//   slab_alloc -> CPU magazine -> depot of full magazines -> partial slab -> new slab from the
//   buddy
//
// Objects are constructed once when their slab is made and must be given back constructed.
// In DEBUG builds free objects are poisoned and have red zones; slab_error() names the crime and
// the previous owner.
#pragma once

#include "lib/list.h"
#include "mm/gfp.h"
#include "sync/spinlock.h"

struct slab_cache;

// size and align in bytes (align 0: 8). ctor may be NULL. Panics only at boot (no memory at all).
struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align,
                                     void (*ctor)(void *));
// Counts its pages as memory that a shrinker can get back. Right after it is made.
void slab_cache_set_reclaimable(struct slab_cache *c);
void slab_cache_destroy(struct slab_cache *c); // all objects must have been freed: asserts
// Any context with GFP_ATOMIC. NULL when out of memory. GFP_ZERO is for caches without ctor.
void *__must_check slab_alloc(struct slab_cache *c, gfp_t gfp);
void slab_free(struct slab_cache *c, void *obj); // NULL is ignored
// Gives empty slabs and full magazines back; returns pages freed. The shrinker calls it.
uint64_t slab_reap(struct slab_cache *c);
uint64_t slab_reap_all(void);
void slab_check(void); // walks every cache

// General sizes: classes 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096; larger from the
// buddy.
void *__must_check kmalloc(size_t size, gfp_t gfp);
void *__must_check kzalloc(size_t size, gfp_t gfp);
// n * size with overflow checked.
void *__must_check kmalloc_array(size_t n, size_t size, gfp_t gfp);
void *__must_check krealloc(void *p, size_t size, gfp_t gfp);
char *__must_check kstrdup(const char *s, gfp_t gfp);
void kfree(void *p); // NULL is ignored
size_t ksize(const void *p); // usable bytes

// For /proc/slabinfo and the leak checks: the i-th cache. False past the end.
struct slab_info {
    const char *name;
    uint64_t active_objs; // allocated to callers (magazines not counted)
    uint64_t total_objs, objsize, objs_per_slab, pages_per_slab, active_slabs, total_slabs;
};
bool slab_get_info(int i, struct slab_info *out);
void slab_init(void);
