// Inside the address sanitizer: shadow arithmetic and the calls between kasan.c, kasan_object.c and
// kasan_report.c. Others include mm/kasan.h.
#pragma once

#include "mm/kasan.h"
#include "mm/slab_impl.h"

#define GRANULE 8UL // bytes of memory for one byte of shadow

// Values of a shadow byte besides 0 (all eight bytes may be touched) and 1 to 7 (the first ones).
enum {
    KASAN_STACK_LEFT = 0xf1, // the compiler's, below the first variable of a frame ...
    KASAN_STACK_MID = 0xf2,
    KASAN_STACK_RIGHT = 0xf3,
    KASAN_STACK_SCOPE = 0xf8, // ... and a variable whose block has ended
    KASAN_GLOBAL = 0xf9,      // behind a global
    KASAN_SLAB_GAP = 0xfa,    // between the objects of a slab
    KASAN_SLAB_FREE = 0xfb,
    KASAN_UNASKED = 0xfc,     // behind the bytes that kmalloc or vmalloc was asked for
    KASAN_STACK_FREE = 0xfd,  // a kernel stack without a thread
    KASAN_PAGE_FREE = 0xfe,
};

static inline uint8_t *shadow_of(vaddr_t addr) {
    return (uint8_t *)((addr >> 3) + KASAN_SHADOW_OFFSET);
}

// p is a multiple of a granule, and so is the size of what is poisoned.
void kasan_unpoison(const void *p, size_t size);
void kasan_poison(const void *p, size_t size, uint8_t value);

// The compiler's description of a global, as it hands it over.
struct kasan_global {
    vaddr_t start;
    size_t size, room; // with the redzone
    const char *name, *file;
    uint64_t unused[3];
};

// The global whose bytes or redzone hold addr, or NULL. For the last report: it ends the poisoning.
const struct kasan_global *kasan_find_global(vaddr_t addr);

// kasan_object.c
struct kasan_owners *kasan_owners(const struct slab_cache *c, const void *obj);

// kasan_report.c. `pc` is where the access was made or the object given back; bad is the first byte
// of [addr, addr + size) that may not be touched.
struct kasan_access {
    vaddr_t addr;
    size_t size;
    bool write;
    bool dead; // it is in a frame of this stack that is gone
    vaddr_t bad;
    vaddr_t pc;
};
__noreturn void kasan_report(const struct kasan_access *a);
__noreturn void kasan_report_free(const void *obj, vaddr_t pc);
