// The address sanitizer, in KASAN=1 builds: what the allocators tell it. In other builds all of
// this is empty. kasan.c tells how it works, docs/checkers.md how its reports read.
#pragma once

#include "mm/page.h"

struct slab_cache;

// Who allocated an object, and who freed it: kept behind it.
struct kasan_track {
    uint32_t ms;    // since boot
    uint32_t cpu;   // and one more: 0 is nobody
    uint32_t pc[6]; // return addresses from the allocator outwards, relative to __text_start
};

struct kasan_owners {
    struct kasan_track allocated, freed;
};

#ifdef KASAN
#define KASAN_ON 1
#define KASAN_ROOT_SLOTS 32 // top-level entries of the shadow
#define KASAN_OBJECT_EXTRA sizeof(struct kasan_owners) // bytes behind a slab object

// Boot, in this order. The first is called by boot.S, before any compiled code.
void kasan_early_init(void);
void kasan_reserve(void); // takes the linear map's shadow from bootmem
void kasan_map(void);     // builds the shadow into kernel_root
void kasan_start(void);   // kernel_root is loaded: from here on accesses are checked

// Blocks of pages that were handed out or come back, of p->order.
void kasan_page_alloc(struct page *p);
void kasan_page_free(struct page *p);

// Shadow for memory that is to be mapped at [va, va + size) of the vmalloc area. 0 or -ENOMEM.
int __must_check kasan_area_map(vaddr_t va, size_t size);
void kasan_area_unmap(vaddr_t va, size_t size);

// A stack that nobody runs on: kept aside, or about to be used.
void kasan_stack_free(void *stack);
void kasan_stack_alloc(void *stack);

// Of an object with `room` bytes its user may touch the first `size`. Returns p, NULL too.
void *kasan_sized(void *p, size_t size, size_t room);

// Slabs. `caller` is the return address of slab_alloc() or slab_free().
void kasan_slab_fresh(const struct slab_cache *c, struct page *slab);
void kasan_slab_alloc(const struct slab_cache *c, void *obj, vaddr_t caller);
void kasan_slab_check_free(const struct slab_cache *c, void *obj, vaddr_t caller); // freed already?
bool kasan_slab_free(struct slab_cache *c, void *obj, vaddr_t caller); // true: kept in quarantine
void kasan_quarantine_drain(void); // this CPU's
#else
#define KASAN_ON 0
#define KASAN_ROOT_SLOTS 0
#define KASAN_OBJECT_EXTRA 0

static inline void kasan_reserve(void) {}
static inline void kasan_map(void) {}
static inline void kasan_start(void) {}
static inline void kasan_page_alloc(struct page *p) {}
static inline void kasan_page_free(struct page *p) {}
static inline int __must_check kasan_area_map(vaddr_t va, size_t size) { return 0; }
static inline void kasan_area_unmap(vaddr_t va, size_t size) {}
static inline void kasan_stack_free(void *stack) {}
static inline void kasan_stack_alloc(void *stack) {}
static inline void *kasan_sized(void *p, size_t size, size_t room) { return p; }
static inline void kasan_slab_fresh(const struct slab_cache *c, struct page *slab) {}
static inline void kasan_slab_alloc(const struct slab_cache *c, void *obj, vaddr_t caller) {}
static inline void kasan_slab_check_free(const struct slab_cache *c, void *obj, vaddr_t caller) {}
static inline bool kasan_slab_free(struct slab_cache *c, void *obj, vaddr_t caller) {
    return false;
}
static inline void kasan_quarantine_drain(void) {}
#endif
