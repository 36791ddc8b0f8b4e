// The vmalloc area: who has which kernel addresses.
//
//   VMALLOC_START                                              kernel_vmalloc_end()
//   |  gap  [ area A ][ area B ]      gap       [ area C ]  gap  [end]
//
// A red-black tree by address; each area knows the gap before it, and each node the largest gap in
// its subtree, so the lowest fitting gap is found in one descent. The area `end` is a sentinel of
// no size: every gap lies before some area.
//
// 1. Areas do not overlap; a->gap = a->start - end of the one before.
// 2. All addresses and sizes are multiples of GRAIN (16 KiB): a kernel stack's alignment, so one
// kind
//    of gap fits all. Addresses are not scarce.
// 3. Memory is [start, start + size); the rest up to `end` is never mapped: the guard. A stack's
// guard
//    is below it: memory is the upper half.
// 4. Freed ranges are not flushed from the TLBs: kernel_map() flushes before a range is used again.
//    A stray access to freed memory may thus go unnoticed for a while on another hart.
//
// Locks: kspace_lock (RANK_VMALLOC) for the tree; page tables have their own, never taken inside.

#include "mm/kspace.h"

#include "abi/errno.h"
#include "lib/rbtree.h"
#include "mm/area.h"
#include "mm/buddy.h"
#include "mm/kasan.h"
#include "mm/pgtable.h"
#include "mm/slab.h"
#include "mm/stat.h"
#include "riscv/layout.h"
#include "sync/spinlock.h"

#define GRAIN (2UL * KSTACK_SIZE)

static void area_summarise(struct rb_node *n);

static struct rb_root areas = {.augment = area_summarise};
static struct area end_area = {.what = "end"};
static struct spinlock kspace_lock = SPINLOCK_INIT("vmalloc areas", RANK_VMALLOC);
static struct slab_cache *area_cache;

static struct area *area_of(struct rb_node *n) { return rb_entry(n, struct area, node); }

static void area_summarise(struct rb_node *n) {
    struct area *a = area_of(n);
    a->max_gap = a->gap;
    if (n->left)
        a->max_gap = max(a->max_gap, area_of(n->left)->max_gap);
    if (n->right)
        a->max_gap = max(a->max_gap, area_of(n->right)->max_gap);
}

// The lowest area with a gap of at least `bytes` before it, or NULL.
static struct area *find_gap(uint64_t bytes) {
    struct rb_node *n = areas.node;

    if (area_of(n)->max_gap < bytes)
        return NULL;
    for (;;) { // invariant: the subtree at n has such a gap
        if (n->left && area_of(n->left)->max_gap >= bytes)
            n = n->left;
        else if (area_of(n)->gap >= bytes)
            return area_of(n);
        else
            n = n->right;
    }
}

// Links a right before `next` in address order.
static void link_before(struct area *a, struct area *next) {
    struct rb_node *parent = &next->node, **link = &parent->left;
    while (*link) {
        parent = *link;
        link = &parent->right;
    }
    rb_insert(&areas, &a->node, parent, link);
}

struct area *area_alloc(size_t size, size_t reserve, const char *what) {
    struct area *a = slab_alloc(area_cache, GFP_KERNEL);

    if (!a)
        return NULL;
    uint64_t bytes = ALIGN_UP(reserve, GRAIN);
    spin_lock(&kspace_lock);
    struct area *next = bytes >= size ? find_gap(bytes) : NULL;
    if (next) {
        *a = (struct area){.start = next->start - next->gap, .size = size, .what = what};
        a->end = a->start + bytes;
        next->gap -= bytes;
        link_before(a, next); // below next, so next is summarised again
    }
    spin_unlock(&kspace_lock);
    if (!next)
        slab_free(area_cache, a);
    return next ? a : NULL;
}

void area_free(struct area *a) {
    spin_lock(&kspace_lock);
    struct area *next = area_of(rb_next(&a->node));
    next->gap += a->gap + (a->end - a->start);
    rb_remove(&areas, &a->node);
    rb_update(&areas, &next->node);
    spin_unlock(&kspace_lock);
    slab_free(area_cache, a);
}

struct area *area_find(vaddr_t start) {
    spin_lock(&kspace_lock);
    struct rb_node *n = areas.node;
    while (n && area_of(n)->start != start)
        n = start < area_of(n)->start ? n->left : n->right;
    spin_unlock(&kspace_lock);
    return n && area_of(n) != &end_area ? area_of(n) : NULL;
}

static void unmap_pages(vaddr_t va, size_t size) {
    for (vaddr_t end = va + size; va < end; va += PAGE_SIZE) {
        const pte_t *slot = pt_find(kernel_root, va, 0);
        assertf(slot && pte_present(*slot), "no page at %#lx", va);
        struct page *p = pfn_to_page(pte_pfn(*slot));
        kernel_unmap_noflush(va, PAGE_SIZE);
        p->flags = 0;
        page_put(p);
    }
}

int pages_map(vaddr_t va, size_t size, gfp_t gfp, enum page_flag flag) {
    if (kasan_area_map(va, size))
        return -ENOMEM;
    for (size_t done = 0; done < size; done += PAGE_SIZE) {
        struct page *p = page_alloc(gfp, 0);
        int err = p ? kernel_map_noflush(va + done, page_to_phys(p), PAGE_SIZE, PTE_R | PTE_W)
                    : -ENOMEM;
        if (err) {
            if (p)
                page_put(p);
            unmap_pages(va, done);
            kasan_area_unmap(va, size);
            return err;
        }
        p->flags = 1u << flag;
    }
    kernel_flush(va, size);
    return 0;
}

void pages_unmap(vaddr_t va, size_t size) {
    unmap_pages(va, size);
    kasan_area_unmap(va, size);
}

void *vmalloc(size_t size) {
    size_t bytes = ALIGN_UP(size, PAGE_SIZE);

    if (size == 0 || bytes < size || failalloc_now(GFP_KERNEL))
        return NULL;
    struct area *a = area_alloc(bytes, bytes + PAGE_SIZE, "vmalloc");
    if (!a)
        return NULL;
    if (pages_map(a->start, bytes, GFP_KERNEL | GFP_ZERO, PG_VMALLOC)) {
        area_free(a);
        return NULL;
    }
    mm_stat_add(NR_VMALLOC, (long)(bytes >> PAGE_SHIFT));
    return kasan_sized((void *)a->start, size, bytes);
}

void vfree(void *p) {
    if (!p)
        return;
    struct area *a = area_find((vaddr_t)p);

    assertf(a && a->what[0] == 'v', "vfree of %p, which vmalloc did not give", p);
    mm_stat_add(NR_VMALLOC, -(long)(a->size >> PAGE_SHIFT));
    pages_unmap(a->start, a->size);
    area_free(a);
}

void *ioremap(paddr_t pa, size_t size) {
    size_t offset = pa & ~PAGE_MASK, bytes = ALIGN_UP(size + offset, PAGE_SIZE);

    if (size == 0 || bytes < size)
        return NULL;
    struct area *a = area_alloc(bytes, bytes + PAGE_SIZE, "ioremap");
    if (!a)
        return NULL;
    if (kernel_map(a->start, pa - offset, bytes, PTE_R | PTE_W)) {
        area_free(a);
        return NULL;
    }
    return (char *)a->start + offset;
}

bool kspace_get_info(int i, struct kspace_info *out) {
    spin_lock(&kspace_lock);
    struct rb_node *n = rb_first(&areas);
    while (n && i-- > 0)
        n = rb_next(n);
    bool found = n && area_of(n) != &end_area;
    if (found) {
        const struct area *a = area_of(n);
        *out = (struct kspace_info){a->start, a->end, a->what, a->size >> PAGE_SHIFT};
    }
    spin_unlock(&kspace_lock);
    return found;
}

void kspace_check(void) {
    vaddr_t at = VMALLOC_START;

    spin_lock(&kspace_lock);
    assert(rb_check(&areas));
    for (struct rb_node *n = rb_first(&areas); n; n = rb_next(n)) {
        const struct area *a = area_of(n);
        assertf(a->start == at + a->gap, "area %#lx, gap %#lx after %#lx", a->start, a->gap, at);
        assertf(IS_ALIGNED(a->start | a->end, GRAIN) && a->size <= a->end - a->start,
                "area [%#lx, %#lx) of %#lx", a->start, a->end, a->size);
        uint64_t below = max(n->left ? area_of(n->left)->max_gap : 0,
                             n->right ? area_of(n->right)->max_gap : 0);
        assertf(a->max_gap == (below > a->gap ? below : a->gap), "area %#lx: largest gap %#lx",
                a->start, a->max_gap);
        at = a->end;
    }
    assertf(at == kernel_vmalloc_end(), "the last area ends at %#lx", at);
    spin_unlock(&kspace_lock);
}

void kspace_init(void) {
    area_cache = slab_cache_create("vmalloc_area", sizeof(struct area), 0, NULL);
    end_area.start = end_area.end = kernel_vmalloc_end();
    end_area.gap = end_area.start - VMALLOC_START;
    rb_insert(&areas, &end_area.node, NULL, &areas.node);
    kstack_init();
}
