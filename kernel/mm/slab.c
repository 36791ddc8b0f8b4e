// Slabs: blocks of pages cut into objects of one size.
//
//   slab (1 << order pages)   | colour | obj | obj | obj | ... | rest |
//   head page                 private_ptr -> first free obj -> next -> NULL (links in free objects)
//                             private = objects in use,  owner = cache, PG_SLAB (on all its pages)
//                             index = where the first object lies
//
//   partial --last free object taken--> full        empty --taken--> partial or full
//   full --one comes back--> partial --last one comes back--> empty --more than one--> buddy
//
// 1. A slab is on exactly one of the three lists, by its number of objects in use.
// 2. c->inuse is the sum of these numbers; objects in magazines count as in use here, so what
//    callers hold is inuse - magazine_objects().
// 3. Objects of a cache with a constructor are constructed whenever they are not with a caller: the
//    link of such a free object lies behind it, otherwise in its first word.
// 4. Colouring: each new slab begins one cache line later than the one before, as far as its rest
//    allows, so that the objects of many slabs do not fight for the same sets of a hart's cache.
//
// Locks: cache->lock (RANK_SLAB) for everything here. New slabs are made without it.
// Rejected: slab descriptors of their own (struct page has the room).

#include "mm/slab.h"

#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/shrink.h"
#include "mm/slab_impl.h"
#include "mm/stat.h"

#define ORDER_MAX 3       // a slab has at most 8 pages
#define WASTE_SHIFT 3     // its rest is at most 1/8, if that order can do it
#define EMPTY_SLABS_MAX 1 // kept per cache
#define CACHE_LINE 64

static struct list caches = LIST_INIT(caches);
static struct spinlock caches_lock = SPINLOCK_INIT("slab caches", RANK_RECLAIM);

// The cache of caches, itself not allocated.
static char cache_cache_space[sizeof(struct slab_cache) + CPU_MAX * sizeof(struct slab_cpu)]
    __aligned(64);
static struct slab_cache *const cache_cache = (struct slab_cache *)cache_cache_space;

static inline size_t slab_bytes(const struct slab_cache *c) { return PAGE_SIZE << c->order; }

static inline void **link_of(const struct slab_cache *c, void *obj) {
    return (void **)((char *)obj + c->link_offset);
}

struct page *slab_of(const struct slab_cache *c, const void *obj) {
    uint64_t i = (uint64_t)(virt_to_page(obj) - mem_map);
    return mem_map + ALIGN_DOWN(i, 1UL << c->order);
}

void *slab_take(struct slab_cache *c) {
    struct list *from = list_empty(&c->partial) ? &c->empty : &c->partial;
    if (list_empty(from))
        return NULL;
    struct page *slab = list_first(from, struct page, link);
    void *obj = slab->private_ptr;

    assertf(obj && slab->owner == c, "slab of %s, pfn %#lx: no free object", c->name,
            page_to_pfn(slab));
    slab->private_ptr = *link_of(c, obj);
    c->inuse++;
    if (slab->private++ == 0)
        c->empty_slabs--;
    if (!slab->private_ptr)
        list_move_front(&c->full, &slab->link);
    else if (slab->private == 1)
        list_move_front(&c->partial, &slab->link);
    return obj;
}

static void slab_destroy(struct slab_cache *c, struct page *slab) {
    assertf(slab->private == 0, "slab of %s: %lu objects in use", c->name, slab->private);
    list_remove(&slab->link);
    for (size_t i = 0; i < 1UL << c->order; i++) {
        slab[i].flags = 0;
        slab[i].owner = NULL;
    }
    c->slabs--;
    mm_stat_add(c->stat, -(1L << c->order));
    page_free(slab, c->order);
}

// Frees empty slabs until at most `keep` are left.
static void trim_empty(struct slab_cache *c, uint64_t keep) {
    while (c->empty_slabs > keep) {
        c->empty_slabs--;
        slab_destroy(c, list_last(&c->empty, struct page, link));
    }
}

void slab_put(struct slab_cache *c, void *obj) {
    struct page *slab = slab_of(c, obj);
    bool was_full = slab->private_ptr == NULL;

    assertf(slab->private > 0, "slab of %s: no object is in use, yet %p comes back", c->name, obj);
    *link_of(c, obj) = slab->private_ptr;
    slab->private_ptr = obj;
    c->inuse--;
    if (--slab->private == 0) {
        list_move_front(&c->empty, &slab->link);
        c->empty_slabs++;
        trim_empty(c, EMPTY_SLABS_MAX);
    } else if (was_full) {
        list_move_front(&c->partial, &slab->link);
    }
}

void slab_free_empty(struct slab_cache *c) { trim_empty(c, 0); }

// Cuts a fresh block into objects, linked so that they come out in rising order.
static void slab_cut(struct slab_cache *c, struct page *slab) {
    uint32_t colour = atomic_add_relaxed(&c->next_colour, 1) % c->colours;
    void *next = NULL;

    slab->index = colour * c->colour_step + c->offset;
    char *first = slab_first(slab);
    for (uint32_t i = c->objs_per_slab; i-- > 0;) {
        void *obj = first + i * c->stride;
        if (SLAB_DEBUG)
            slab_debug_fresh(c, obj);
        if (c->ctor)
            c->ctor(obj);
        *link_of(c, obj) = next;
        next = obj;
    }
    slab->private_ptr = next;
    kasan_slab_fresh(c, slab);
    for (size_t i = 0; i < 1UL << c->order; i++) {
        slab[i].owner = c;
        slab[i].flags = 1u << PG_SLAB;
    }
}

bool slab_grow(struct slab_cache *c, gfp_t gfp) {
    struct page *slab = page_alloc(gfp & ~(GFP_ZERO | GFP_MOVABLE), c->order);

    if (!slab)
        return false;
    slab_cut(c, slab);
    mm_stat_add(c->stat, 1L << c->order);
    spin_lock(&c->lock);
    list_push_front(&c->empty, &slab->link);
    c->empty_slabs++;
    c->slabs++;
    spin_unlock(&c->lock);
    return true;
}

// Divides what objects leave of a slab into colours.
static void choose_colours(struct slab_cache *c, size_t align) {
    size_t rest = slab_bytes(c) - c->objs_per_slab * c->stride;

    c->colour_step = max(align, (size_t)CACHE_LINE);
    c->colours = (uint32_t)(rest / c->colour_step) + 1;
}

// Sets where things lie in an object's slot. Returns the bytes of a slot.
static size_t layout(struct slab_cache *c, size_t align) {
    if (SLAB_DEBUG)
        return slab_debug_layout(c, align);
    c->link_offset = c->ctor ? ALIGN_UP(c->size, sizeof(void *)) : 0;
    return ALIGN_UP(c->ctor ? c->link_offset + sizeof(void *) : c->size, align);
}

// The smallest block that holds an object and wastes little.
static int choose_order(size_t stride) {
    for (int order = 0; order < ORDER_MAX; order++) {
        size_t bytes = PAGE_SIZE << order;
        if (stride <= bytes && bytes % stride <= bytes >> WASTE_SHIFT)
            return order;
    }
    return ORDER_MAX;
}

static uint32_t choose_magazine(size_t size) {
    return size <= 512 ? MAGAZINE_MAX : size <= 1024 ? 16 : size <= 2048 ? 8 : 4;
}

static void cache_setup(struct slab_cache *c, const char *name, size_t size, size_t align,
                        void (*ctor)(void *)) {
    align = max(align, sizeof(void *));
    assertf(size && (align & (align - 1)) == 0 && align <= PAGE_SIZE, "%s: size %zu align %zu",
            name, size, align);
    memset(c, 0, sizeof(*c));
    c->name = name;
    c->size = max(size, sizeof(void *));
    c->ctor = ctor;
    c->stat = NR_SLAB;
    c->stride = layout(c, align);
    c->order = choose_order(c->stride);
    assertf(c->stride <= slab_bytes(c), "%s: objects of %zu bytes", name, size);
    c->objs_per_slab = (uint32_t)(slab_bytes(c) / c->stride);
    choose_colours(c, align);
    c->magazine_size = choose_magazine(size);
    c->full_max = 4 * (uint32_t)machine.cpu_count;
    spin_init(&c->lock, name, RANK_SLAB);
    list_init(&c->partial);
    list_init(&c->full);
    list_init(&c->empty);
    for (int cpu = 0; cpu < machine.cpu_count; cpu++)
        c->cpu[cpu] = (struct slab_cpu){0};
    spin_lock(&caches_lock);
    list_push_back(&caches, &c->all);
    spin_unlock(&caches_lock);
}

struct slab_cache *slab_cache_create(const char *name, size_t size, size_t align,
                                     void (*ctor)(void *)) {
    struct slab_cache *c = slab_alloc(cache_cache, GFP_KERNEL | GFP_NOFAIL_TEST);
    assertf(c, "no memory for the slab cache %s", name);
    cache_setup(c, name, size, align, ctor);
    return c;
}

void slab_cache_set_reclaimable(struct slab_cache *c) {
    assertf(c->slabs == 0, "%s has %lu slabs", c->name, c->slabs);
    c->stat = NR_SLAB_RECLAIMABLE;
}

// Other CPUs' magazines cannot be emptied from here, and need not be: their objects are free.
void slab_cache_destroy(struct slab_cache *c) {
    slab_reap(c);
    spin_lock(&c->lock);
    uint64_t held = c->inuse - magazine_objects(c);
    spin_unlock(&c->lock);
    assertf(held == 0, "slab cache %s destroyed with %lu objects in use", c->name, held);
    assertf(c->slabs == 0, "slab cache %s: %lu slabs held by other CPUs' magazines", c->name,
            c->slabs);
    spin_lock(&caches_lock);
    list_remove(&c->all);
    spin_unlock(&caches_lock);
    slab_free(cache_cache, c);
}

void slab_for_each(void (*fn)(struct slab_cache *c, void *arg), void *arg) {
    struct slab_cache *c;
    spin_lock(&caches_lock);
    list_for_each(c, &caches, all)
        fn(c, arg);
    spin_unlock(&caches_lock);
}

uint64_t slab_reap(struct slab_cache *c) {
    uint64_t before = READ_ONCE(c->slabs);

    kasan_quarantine_drain();
    magazine_flush(c);
    spin_lock(&c->lock);
    slab_free_empty(c);
    uint64_t after = c->slabs;
    spin_unlock(&c->lock);
    return before > after ? (before - after) << c->order : 0;
}

static void reap_one(struct slab_cache *c, void *pages) { *(uint64_t *)pages += slab_reap(c); }

// Twice: magazines are objects, whose own slabs can go once the other caches have given them up.
uint64_t slab_reap_all(void) {
    uint64_t pages = 0;
    slab_for_each(reap_one, &pages);
    slab_for_each(reap_one, &pages);
    return pages;
}

static void count_one(struct slab_cache *c, void *n) {
    *(uint64_t *)n += magazine_objects(c) + READ_ONCE(c->empty_slabs) * c->objs_per_slab;
}

static uint64_t shrink_count(void) {
    uint64_t n = 0;
    slab_for_each(count_one, &n);
    return n;
}

// All or nothing: what magazines hold is cheap to get back.
static uint64_t shrink_scan(uint64_t wanted) {
    return slab_reap_all();
}

static struct shrinker slab_shrinker = {.name = "slab", .count = shrink_count, .scan = shrink_scan};

struct lookup {
    int i;
    struct slab_cache *found;
};

static void find_nth(struct slab_cache *c, void *arg) {
    struct lookup *l = arg;
    if (l->i-- == 0)
        l->found = c;
}

bool slab_get_info(int i, struct slab_info *out) {
    struct lookup l = {.i = i};
    slab_for_each(find_nth, &l);
    struct slab_cache *c = l.found;

    if (!c)
        return false;
    spin_lock(&c->lock);
    *out = (struct slab_info){
        .name = c->name,
        .active_objs = c->inuse - magazine_objects(c),
        .total_objs = c->slabs * c->objs_per_slab,
        .objsize = c->size,
        .objs_per_slab = c->objs_per_slab,
        .pages_per_slab = 1UL << c->order,
        .active_slabs = c->slabs - c->empty_slabs,
        .total_slabs = c->slabs,
    };
    spin_unlock(&c->lock);
    return true;
}

// Is slab, from the list with such slabs, in order? Adds its objects in use to *inuse.
static void slab_check_one(const struct slab_cache *c, const struct page *slab, uint64_t *inuse) {
    char *first = slab_first(slab);
    uint64_t free = 0;

    assertf(slab->owner == c && slab->flags == 1u << PG_SLAB && slab->order == c->order,
            "%s: pfn %#lx flags %#x", c->name, page_to_pfn(slab), slab->flags);
    assertf(slab->index + c->objs_per_slab * c->stride <= slab_bytes(c) + c->offset,
            "%s: pfn %#lx begins at %lu", c->name, page_to_pfn(slab), slab->index);
    for (void *obj = slab->private_ptr; obj; obj = *link_of(c, obj)) {
        size_t at = (size_t)((char *)obj - first);
        assertf(at % c->stride == 0 && at / c->stride < c->objs_per_slab, "%s: wild link to %p",
                c->name, obj);
        assertf(++free <= c->objs_per_slab, "%s: free list with a loop", c->name);
        if (SLAB_DEBUG)
            slab_debug_check(c, obj);
    }
    assertf(free + slab->private == c->objs_per_slab, "%s: pfn %#lx: %lu free, %lu in use of %u",
            c->name, page_to_pfn(slab), free, slab->private, c->objs_per_slab);
    *inuse += slab->private;
}

static void cache_check(struct slab_cache *c, void *arg) {
    struct list *lists[] = {&c->partial, &c->full, &c->empty};
    uint64_t slabs = 0, inuse = 0;

    spin_lock(&c->lock);
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        const struct page *slab;
        list_for_each(slab, lists[i], link) {
            slab_check_one(c, slab, &inuse);
            assertf((i == 1) == (slab->private == c->objs_per_slab) &&
                        (i == 2) == (slab->private == 0),
                    "%s: slab with %lu of %u in use on list %zu", c->name, slab->private,
                    c->objs_per_slab, i);
            slabs++;
        }
    }
    assertf(slabs == c->slabs && inuse == c->inuse, "%s: %lu slabs (%lu), %lu in use (%lu)",
            c->name, slabs, c->slabs, inuse, c->inuse);
    assertf(magazine_objects(c) <= c->inuse, "%s: more in magazines than in use", c->name);
    spin_unlock(&c->lock);
}

void slab_check(void) { slab_for_each(cache_check, NULL); }

void slab_init(void) {
    size_t size = sizeof(struct slab_cache) + (size_t)machine.cpu_count * sizeof(struct slab_cpu);
    cache_setup(cache_cache, "slab_cache", size, 64, NULL);
    magazine_init();
    kmalloc_init();
    shrinker_register(&slab_shrinker);
}
