// Magazines: what makes slab_alloc and slab_free cost some 25 instructions and no lock.
//
//                    CPU 0                CPU 1
//   loaded     [o o o o . . . .]    [o . . . . . . .]      pop and push here
//   previous   [. . . . . . . .]    [o o o o o o o o]      swapped in when that ends
//   ------------------------------------------------------
//   depot      full: [oooo] [oooo]      empty: [....]      cache->lock
//   slabs      partial, full, empty                        cache->lock
//
// 1. A magazine in the depot's full list has magazine_size objects, one in the empty list none;
//    `previous` is either. So no counts are kept in magazines.
// 2. Objects in magazines are constructed and free, but "in use" for the slab layer.
// 3. The depot holds at most full_max full magazines; beyond that objects go back to their slabs,
//    so that a burst of frees gives its pages back without being asked.
//
// Magazines are objects of a cache that has none itself: recursion ends there. When there is no
// memory for one, objects simply go directly to and from the slabs.

#include "mm/slab.h"

#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/slab_impl.h"

static struct slab_cache *magazine_cache;

void magazine_init(void) {
    struct slab_cache *c = slab_cache_create("magazine", sizeof(struct magazine), 64, NULL);
    c->magazine_size = 0;
    magazine_cache = c;
}

uint64_t magazine_objects(const struct slab_cache *c) {
    uint64_t n = (uint64_t)c->full_count * c->magazine_size + READ_ONCE(c->quarantined);
    for (int cpu = 0; cpu < machine.cpu_count; cpu++)
        n += READ_ONCE(c->cpu[cpu].rounds) + READ_ONCE(c->cpu[cpu].previous_rounds);
    return n;
}

static struct magazine *depot_pop(struct magazine **stack) {
    struct magazine *m = *stack;
    if (m)
        *stack = m->next;
    return m;
}

static void depot_push(struct magazine **stack, struct magazine *m) {
    m->next = *stack;
    *stack = m;
}

// An empty magazine: from the depot, else a new one. NULL: none to be had.
static struct magazine *empty_magazine(struct slab_cache *c) {
    if (!c->magazine_size || !magazine_cache)
        return NULL;
    spin_lock(&c->lock);
    struct magazine *m = depot_pop(&c->empty_mags);
    spin_unlock(&c->lock);
    return m ? m : slab_alloc(magazine_cache, GFP_ATOMIC | GFP_NOFAIL_TEST);
}

static void swap_magazines(struct slab_cpu *cc) {
    struct magazine *m = cc->loaded;
    uint64_t rounds = cc->rounds;

    cc->loaded = cc->previous;
    cc->rounds = cc->previous_rounds;
    cc->previous = m;
    cc->previous_rounds = rounds;
}

// Makes loaded hold objects, from previous, the depot or the slabs. False: there are none.
// Interrupts are off; so is every lock.
static bool reload(struct slab_cache *c, struct slab_cpu *cc) {
    if (cc->previous_rounds) {
        swap_magazines(cc);
        return true;
    }
    if (!cc->loaded) {
        cc->loaded = empty_magazine(c);
        cc->capacity = cc->loaded ? c->magazine_size : 0;
    }
    if (!cc->loaded)
        return false;

    spin_lock(&c->lock);
    struct magazine *full = depot_pop(&c->full_mags);
    if (full) {
        c->full_count--;
        depot_push(&c->empty_mags, cc->loaded);
        cc->loaded = full;
        cc->rounds = c->magazine_size;
    } else { // half a magazine: the other half is room for frees
        void *obj;
        uint64_t want = (c->magazine_size + 1) / 2;
        while (cc->rounds < want && (obj = slab_take(c)))
            cc->loaded->obj[cc->rounds++] = obj;
        // They are to come out in the order of the slab: neighbours in memory are used together.
        for (uint64_t i = 0, j = cc->rounds; i + 1 < j; i++) {
            void *first = cc->loaded->obj[i];
            cc->loaded->obj[i] = cc->loaded->obj[--j];
            cc->loaded->obj[j] = first;
        }
    }
    spin_unlock(&c->lock);
    return cc->rounds > 0;
}

// One object straight from the slabs.
static void *take_one(struct slab_cache *c) {
    spin_lock(&c->lock);
    void *obj = slab_take(c);
    spin_unlock(&c->lock);
    return obj;
}

// An object from wherever there is one. Sleeps with GFP_WAIT.
static void *find_object(struct slab_cache *c, gfp_t gfp) {
    void *obj = NULL;

    do {
        uint64_t irq = irq_save();
        struct slab_cpu *cc = &c->cpu[cpu_id()];
        if (cc->rounds || reload(c, cc)) // after a sleep in slab_grow: perhaps another CPU
            obj = cc->loaded->obj[--cc->rounds];
        else if (!cc->loaded)
            obj = take_one(c);
        irq_restore(irq);
    } while (!obj && slab_grow(c, gfp));
    return obj;
}

// The whole way.
static __noinline void *alloc_slow(struct slab_cache *c, gfp_t gfp, vaddr_t caller) {
    assertf(!(gfp & GFP_ZERO && c->ctor), "GFP_ZERO for %s, which has a constructor", c->name);
    if (failalloc_now(gfp))
        return NULL;
    void *obj = find_object(c, gfp);
    if (!obj)
        return NULL;
    kasan_slab_alloc(c, obj, caller);
    if (SLAB_DEBUG)
        slab_debug_alloc(c, obj, caller);
    return gfp & GFP_ZERO ? memset(obj, 0, c->size) : obj;
}

// The usual case calls nothing and has no stack frame: every call is in the last place.
void *slab_alloc(struct slab_cache *c, gfp_t gfp) {
    vaddr_t caller = SLAB_DEBUG ? (vaddr_t)__builtin_return_address(0) : 0;
    void *obj = NULL;

    if (SLAB_DEBUG || unlikely(failalloc_every))
        return alloc_slow(c, gfp, caller);
    uint64_t irq = irq_save();
    struct slab_cpu *cc = &c->cpu[cpu_id()];
    uint64_t rounds = cc->rounds;
    if (likely(rounds)) {
        obj = cc->loaded->obj[rounds - 1];
        cc->rounds = rounds - 1;
    }
    irq_restore(irq);
    if (unlikely(!obj))
        return alloc_slow(c, gfp, caller);
    return gfp & GFP_ZERO ? memset(obj, 0, c->size) : obj;
}

// Gives n objects of a magazine back to their slabs. The lock is held.
static void unload(struct slab_cache *c, struct magazine *m, uint64_t n) {
    for (uint64_t i = 0; i < n; i++)
        slab_put(c, m->obj[i]);
}

// Puts cc->previous (full, or NULL) away, loaded in its place, and loads an empty one.
static void exchange_full(struct slab_cache *c, struct slab_cpu *cc, struct magazine *empty) {
    spin_lock(&c->lock);
    if (cc->previous && c->full_count < c->full_max) {
        depot_push(&c->full_mags, cc->previous);
        c->full_count++;
    } else if (cc->previous) {
        unload(c, cc->previous, cc->previous_rounds);
        depot_push(&c->empty_mags, cc->previous);
    }
    spin_unlock(&c->lock);
    cc->previous = cc->loaded;
    cc->previous_rounds = cc->rounds;
    cc->loaded = empty;
    cc->rounds = 0;
    cc->capacity = c->magazine_size;
}

// Makes room in loaded. False: there is no magazine. Interrupts are off; so is every lock.
static bool make_room(struct slab_cache *c, struct slab_cpu *cc) {
    if (cc->previous && cc->previous_rounds == 0) {
        swap_magazines(cc);
        return true;
    }
    struct magazine *empty = empty_magazine(c);
    if (empty)
        exchange_full(c, cc, empty);
    return empty != NULL;
}

void slab_put_away(struct slab_cache *c, void *obj) {
    uint64_t irq = irq_save();
    struct slab_cpu *cc = &c->cpu[cpu_id()];
    if (cc->rounds < cc->capacity || make_room(c, cc)) {
        cc->loaded->obj[cc->rounds++] = obj;
    } else {
        spin_lock(&c->lock);
        slab_put(c, obj);
        spin_unlock(&c->lock);
    }
    irq_restore(irq);
}

static __noinline void free_slow(struct slab_cache *c, void *obj, vaddr_t caller) {
    if (!obj)
        return;
    if (virt_to_page(obj)->owner != c)
        slab_error(c, obj, "freed object is not of this cache");
    kasan_slab_check_free(c, obj, caller);
    if (SLAB_DEBUG)
        slab_debug_free(c, obj, caller);
    if (!kasan_slab_free(c, obj, caller))
        slab_put_away(c, obj);
}

// As slab_alloc(): no frame.
void slab_free(struct slab_cache *c, void *obj) {
    vaddr_t caller = SLAB_DEBUG ? (vaddr_t)__builtin_return_address(0) : 0;

    if (SLAB_DEBUG || unlikely(!obj || virt_to_page(obj)->owner != c))
        return free_slow(c, obj, caller);
    uint64_t irq = irq_save();
    struct slab_cpu *cc = &c->cpu[cpu_id()];
    uint64_t rounds = cc->rounds;
    bool room = rounds < cc->capacity;
    if (likely(room)) {
        cc->loaded->obj[rounds] = obj;
        cc->rounds = rounds + 1;
    }
    irq_restore(irq);
    if (unlikely(!room))
        free_slow(c, obj, caller);
}

static void free_magazines(struct magazine *m) {
    while (m) {
        struct magazine *next = m->next;
        slab_free(magazine_cache, m);
        m = next;
    }
}

void magazine_flush(struct slab_cache *c) {
    uint64_t irq = irq_save();
    struct slab_cpu *cc = &c->cpu[cpu_id()];
    struct magazine *m, *emptied;

    spin_lock(&c->lock);
    if (cc->loaded) {
        unload(c, cc->loaded, cc->rounds);
        depot_push(&c->empty_mags, cc->loaded);
    }
    if (cc->previous) {
        unload(c, cc->previous, cc->previous_rounds);
        depot_push(&c->empty_mags, cc->previous);
    }
    *cc = (struct slab_cpu){0};
    while ((m = depot_pop(&c->full_mags))) {
        unload(c, m, c->magazine_size);
        depot_push(&c->empty_mags, m);
    }
    c->full_count = 0;
    emptied = c->empty_mags;
    c->empty_mags = NULL;
    spin_unlock(&c->lock);
    free_magazines(emptied); // another cache's lock of the same rank
    irq_restore(irq);
}
