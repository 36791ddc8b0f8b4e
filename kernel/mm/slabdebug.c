// The slab allocator's detective, in DEBUG and KASAN builds (slab_error() in all): every object has
// a red zone on both sides and remembers who had it last; free objects are filled with a pattern.
//
//   red zones   ALIVE while a caller has the object, FREE otherwise: a second free is seen at once
//   contents    FRESH when its slab was made, FREED afterwards: a write to a free object is seen
//               when the object is next allocated, or by slab_check()
//
// Objects with a constructor keep their contents while free, so only their red zones tell.

#include "mm/slab_impl.h"

#include "klog/backtrace.h"
#include "klog/panic.h"
#include "klog/printk.h"
#include "lib/string.h"

#define WORD sizeof(uint64_t)
#define RED_ALIVE 0x5ad0a11e5ad0a11eUL
#define RED_FREE 0x5ad0f4ee5ad0f4eeUL
#define FRESH 0xa5
#define FREED 0xdb

static inline uint64_t *left_zone(const void *obj) { return (uint64_t *)obj - 1; }

static inline uint64_t *right_zone(const struct slab_cache *c, const void *obj) {
    return (uint64_t *)((char *)obj + ALIGN_UP(c->size, WORD));
}

static inline vaddr_t *last_owner(const struct slab_cache *c, const void *obj) {
    return (vaddr_t *)right_zone(c, obj) + 1;
}

size_t slab_debug_layout(struct slab_cache *c, size_t align) {
    c->size = ALIGN_UP(c->size, WORD);
    c->offset = max(align, WORD);
    c->link_offset = c->size + 2 * WORD;
    return ALIGN_UP(c->offset + c->link_offset + WORD + KASAN_OBJECT_EXTRA, align);
}

// The object in whose slot addr lies; NULL: the slab's rest.
static const void *object_of(const struct slab_cache *c, const void *addr) {
    const char *first = slab_first(slab_of(c, addr));
    size_t slot = (size_t)((const char *)addr + c->offset - first) / c->stride;
    return slot < c->objs_per_slab ? first + slot * c->stride : NULL;
}

void slab_error(const struct slab_cache *c, const void *obj, const char *crime) {
    const char *who = NULL;
    uint64_t offset = 0;

    if (SLAB_DEBUG && c && virt_to_page(obj)->owner == c && object_of(c, obj))
        who = symbol_name(*last_owner(c, object_of(c, obj)), &offset);
    if (!c)
        panic("slab: %s: %p", crime, obj);
    panic("slab %s: %s: object %p of %zu bytes, last allocated or freed by %s+%#lx", c->name, crime,
          obj, c->size, who ? who : "?", offset);
}

void slab_debug_fresh(const struct slab_cache *c, void *obj) {
    memset(obj, FRESH, c->size);
    *left_zone(obj) = *right_zone(c, obj) = RED_FREE;
    *last_owner(c, obj) = 0;
}

// Are all bytes of a free object still the pattern?
static bool poison_intact(const struct slab_cache *c, const void *obj) {
    const uint8_t *p = obj;

    if (c->ctor)
        return true;
    for (size_t i = 0; i < c->size; i++)
        if (p[i] != p[0] || (p[i] != FRESH && p[i] != FREED))
            return false;
    return true;
}

void slab_debug_check(const struct slab_cache *c, const void *obj) {
    if (*left_zone(obj) != RED_FREE || *right_zone(c, obj) != RED_FREE)
        slab_error(c, obj, "red zone of a free object overwritten");
    if (!poison_intact(c, obj))
        slab_error(c, obj, "written to after it was freed");
}

void slab_debug_alloc(const struct slab_cache *c, void *obj, vaddr_t caller) {
    slab_debug_check(c, obj);
    if (!c->ctor)
        memset(obj, FRESH, c->size);
    *left_zone(obj) = *right_zone(c, obj) = RED_ALIVE;
    *last_owner(c, obj) = caller;
}

void slab_debug_free(const struct slab_cache *c, void *obj, vaddr_t caller) {
    if (obj != object_of(c, obj))
        slab_error(c, obj, "freed address is not the start of an object");
    if (*left_zone(obj) == RED_FREE && *right_zone(c, obj) == RED_FREE)
        slab_error(c, obj, "freed twice");
    if (*left_zone(obj) != RED_ALIVE)
        slab_error(c, obj, "written before its start");
    if (*right_zone(c, obj) != RED_ALIVE)
        slab_error(c, obj, "written beyond its end");
    if (!c->ctor)
        memset(obj, FREED, c->size);
    *left_zone(obj) = *right_zone(c, obj) = RED_FREE;
    *last_owner(c, obj) = caller;
}
