// General sizes: a slab cache for each size class, and blocks of pages above 4096 bytes.
//
//   size       1-16  -32  -64  -96  -128  -192  -256  -512  -1024  -2048  -4096 | larger
//   class        0     1    2    3     4     5     6     7      8      9     10 | buddy
//
// Classes are at most a third apart up to 256 bytes, then double. kfree() finds the cache through
// the page: slab pages name their cache, a block's head page has none.
//
// A class is found by a table of one byte per 16 bytes of size, filled at boot.

#include "mm/slab.h"

#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/slab_impl.h"
#include "mm/stat.h"

#define KMALLOC_SLAB_MAX 4096
#define GRAIN 16

static const struct {
    const char *name;
    size_t size;
} classes[] = {
    {"kmalloc-16", 16},     {"kmalloc-32", 32},     {"kmalloc-64", 64},    {"kmalloc-96", 96},
    {"kmalloc-128", 128},   {"kmalloc-192", 192},   {"kmalloc-256", 256},  {"kmalloc-512", 512},
    {"kmalloc-1024", 1024}, {"kmalloc-2048", 2048}, {"kmalloc-4096", 4096},
};

static struct slab_cache *caches[ARRAY_SIZE(classes)];
static uint8_t class_of[KMALLOC_SLAB_MAX / GRAIN + 1]; // by size in grains, rounded up

void kmalloc_init(void) {
    size_t grains = 0;
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
        // Objects of a power of two are aligned to their size (up to a cache line), others to 16.
        size_t align = classes[i].size % 64 == 0 ? 64 : GRAIN;
        caches[i] = slab_cache_create(classes[i].name, classes[i].size, align, NULL);
        for (; grains <= classes[i].size / GRAIN; grains++)
            class_of[grains] = (uint8_t)i;
    }
}

static int order_of(size_t size) {
    int order = 0;
    while (PAGE_SIZE << order < size)
        order++;
    return order;
}

static __noinline void *kmalloc_large(size_t size, gfp_t gfp) {
    if (size > PAGE_SIZE << MAX_ORDER)
        return NULL;
    int order = order_of(size);
    struct page *p = page_alloc(gfp, order);
    if (!p)
        return NULL;
    mm_stat_add(NR_SLAB, 1L << order);
    return kasan_sized(page_to_virt(p), size, PAGE_SIZE << order);
}

void *kmalloc(size_t size, gfp_t gfp) {
    if (unlikely(size > KMALLOC_SLAB_MAX))
        return kmalloc_large(size, gfp);
    struct slab_cache *c = caches[class_of[(size + GRAIN - 1) / GRAIN]];
    return kasan_sized(slab_alloc(c, gfp), size, c->size);
}

void *kzalloc(size_t size, gfp_t gfp) { return kmalloc(size, gfp | GFP_ZERO); }

void *kmalloc_array(size_t n, size_t size, gfp_t gfp) {
    size_t bytes;
    return __builtin_mul_overflow(n, size, &bytes) ? NULL : kmalloc(bytes, gfp);
}

void *krealloc(void *p, size_t size, gfp_t gfp) {
    if (p && size <= ksize(p))
        return kasan_sized(p, size, ksize(p));
    void *new = kmalloc(size, gfp);
    if (new && p) {
        kasan_sized(p, ksize(p), ksize(p));
        memcpy(new, p, ksize(p));
        kfree(p);
    }
    return new;
}

char *kstrdup(const char *s, gfp_t gfp) {
    size_t n = strlen(s) + 1;
    char *copy = kmalloc(n, gfp);
    return copy ? memcpy(copy, s, n) : NULL;
}

void kfree(void *p) {
    if (!p)
        return;
    struct page *page = virt_to_page(p);
    if (likely(page->flags == 1u << PG_SLAB)) {
        slab_free(page->owner, p);
        return;
    }
    if (page->flags || page->refcount != 1 || !IS_ALIGNED((vaddr_t)p, PAGE_SIZE))
        slab_error(NULL, p, "kfree of what kmalloc did not give");
    mm_stat_add(NR_SLAB, -(1L << page->order));
    page_free(page, page->order);
}

size_t ksize(const void *p) {
    const struct page *page = virt_to_page(p);
    if (page->flags == 1u << PG_SLAB)
        return ((struct slab_cache *)page->owner)->size;
    return PAGE_SIZE << page->order;
}
