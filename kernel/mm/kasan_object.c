// What the address sanitizer does for slab objects: who had them, and a quarantine for freed ones.
//
//   | red zone | object | red zone | owner | link | struct kasan_owners | (next) red zone | ...
//   |  GAP                |  GAP ......................................................   |
//                0 while a caller has it, FREE otherwise
//
// The red zones are slabdebug.c's, which is part of KASAN builds as well: it finds what is written
// by code that is not checked (assembly, devices).
//
// A freed object that is handed out again at once would hide a late access. So each CPU keeps the
// objects that it freed last in a ring, first in, first out; only what falls out of it is really
// free. Objects in there count as free in all figures (magazine_objects()). The ring holds at most
// QUARANTINE objects, and all rings together 1/64 of memory; reaping empties it.
//
// Locks: none. A ring is its CPU's own, touched with interrupts off.
#include "mm/kasan_impl.h"

#include "mm/buddy.h"

#define QUARANTINE 512 // objects, a power of two
#define QUARANTINE_SHARE 64

static struct quarantine {
    uint64_t first, end; // ring indices that only grow; [first, end) are kept
    uint64_t bytes;
    void *obj[QUARANTINE];
} quarantines[CPU_MAX];

struct kasan_owners *kasan_owners(const struct slab_cache *c, const void *obj) {
    return (struct kasan_owners *)((char *)obj + c->link_offset + sizeof(void *));
}

// The return addresses from `caller` on. Frames are walked by s0 (klog/backtrace.c tells how), and
// only within this stack.
static void record(struct kasan_track *t, vaddr_t caller) {
    const vaddr_t *fp = __builtin_frame_address(0);
    vaddr_t stack = (vaddr_t)fp >> KSTACK_SHIFT;
    size_t n = 0;

    t->ms = (uint32_t)(ticks_to_ns(time_read() - machine.boot_ticks) / 1000000);
    t->cpu = cpu_id() + 1;
    while (n < ARRAY_SIZE(t->pc) && ((vaddr_t)fp - 1) >> KSTACK_SHIFT == stack) {
        vaddr_t pc = fp[-1], at = pc - (vaddr_t)__text_start;
        if (at >= (vaddr_t)(__text_end - __text_start) || fp[-2] <= (vaddr_t)fp)
            break;
        if (n || pc == caller)
            t->pc[n++] = (uint32_t)at;
        fp = (const vaddr_t *)fp[-2];
    }
    while (n < ARRAY_SIZE(t->pc))
        t->pc[n++] = 0;
}

void kasan_slab_fresh(const struct slab_cache *c, struct page *slab) {
    char *start = page_to_virt(slab);

    kasan_poison(start, PAGE_SIZE << c->order, KASAN_SLAB_GAP);
    for (uint32_t i = 0; i < c->objs_per_slab; i++) {
        char *obj = slab_first(slab) + i * c->stride;
        kasan_poison(obj, c->size, KASAN_SLAB_FREE);
        kasan_owners(c, obj)->allocated.cpu = kasan_owners(c, obj)->freed.cpu = 0;
    }
}

void kasan_slab_alloc(const struct slab_cache *c, void *obj, vaddr_t caller) {
    struct kasan_owners *o = kasan_owners(c, obj);

    assertf(*shadow_of((vaddr_t)obj) == KASAN_SLAB_FREE, "%s: %p handed out, shadow %#x", c->name,
            obj, *shadow_of((vaddr_t)obj));
    kasan_unpoison(obj, c->size);
    record(&o->allocated, caller);
    o->freed.cpu = 0;
}

void kasan_slab_check_free(const struct slab_cache *c, void *obj, vaddr_t caller) {
    if (*shadow_of((vaddr_t)obj) == KASAN_SLAB_FREE)
        kasan_report_free(obj, caller);
    if (IS_ALIGNED((vaddr_t)obj, GRANULE)) // else slab_debug_free() has words for it
        kasan_unpoison(obj, c->size);
}

static struct slab_cache *cache_of(const void *obj) { return virt_to_page(obj)->owner; }

// Lets the oldest object go. Interrupts are off.
static void release_oldest(struct quarantine *q) {
    void *obj = q->obj[q->first++ % QUARANTINE];
    struct slab_cache *c = cache_of(obj);

    q->bytes -= c->stride;
    atomic_sub(&c->quarantined, 1);
    slab_put_away(c, obj);
}

bool kasan_slab_free(struct slab_cache *c, void *obj, vaddr_t caller) {
    uint64_t limit = (mem_total_pages() << PAGE_SHIFT) / QUARANTINE_SHARE;

    kasan_poison(obj, c->size, KASAN_SLAB_FREE);
    record(&kasan_owners(c, obj)->freed, caller);
    if (!c->magazine_size)
        return false; // a magazine, or before there are any
    uint64_t irq = irq_save();
    struct quarantine *q = &quarantines[cpu_id()];
    q->obj[q->end++ % QUARANTINE] = obj;
    q->bytes += c->stride;
    atomic_add(&c->quarantined, 1);
    while (q->end - q->first == QUARANTINE || q->bytes > limit / (uint64_t)machine.cpu_count)
        release_oldest(q);
    irq_restore(irq);
    return true;
}

void kasan_quarantine_drain(void) {
    uint64_t irq = irq_save();
    struct quarantine *q = &quarantines[cpu_id()];
    while (q->first != q->end)
        release_oldest(q);
    irq_restore(irq);
}
