// Object caches, magazines and kmalloc on the host, against a model of live objects.
#include "objects.h"

// What one CPU keeps at most: its two magazines and the depot; and the empty slab.
static void test_magazines(void) {
    start();
    struct kind *k = kinds;
    *k = (struct kind){.name = "words", .size = 40};
    k->cache = slab_cache_create(k->name, k->size, 0, NULL);
    CHECK(slab_grow(k->cache, 0), "a slab");
    struct slab_info info = info_of("words");
    CHECK(info.total_slabs == 1 && info.active_slabs == 0 && info.objs_per_slab == 4096 / 40,
          "%lu slabs, %lu active", info.total_slabs, info.active_slabs);
    CHECK(object_alloc(k, 0) && object_alloc(k, 0), "two");
    CHECK(objects[1].p == objects[0].p + 40, "neighbours come in rising order");
    void *last = objects[1].p;
    object_free(1);
    CHECK(object_alloc(k, 0) && objects[1].p == last, "the last freed comes first");
    CHECK(magazine_objects(k->cache) > 0, "none in magazines");
    while (object_count < OBJECTS_MAX)
        CHECK(object_alloc(k, 0), "object %lu", object_count);
    while (object_count)
        object_free(0);
    uint64_t most = (2 + 4 * 3) * MAGAZINE_MAX, kept = magazine_objects(k->cache);
    CHECK(k->cache->full_count == 4 * 3, "%u in the depot", k->cache->full_count);
    CHECK(kept <= most && kept > most - 2 * MAGAZINE_MAX, "%lu of at most %lu", kept, most);
    CHECK(k->cache->empty_slabs <= 1, "%lu empty slabs", k->cache->empty_slabs);
    slab_check();
    mm_drain_all();
    CHECK(k->cache->slabs == 0 && magazine_objects(k->cache) == 0, "%lu slabs", k->cache->slabs);
    slab_cache_destroy(k->cache);
    finish();
}

// Each slab begins one cache line after the one before, round and round; no object is lost to it.
static void test_colours(void) {
    start();
    struct kind *k = kinds;
    *k = (struct kind){.name = "coloured", .size = 1200, .align = 8};
    k->cache = slab_cache_create(k->name, k->size, k->align, NULL);
    uint64_t want = 0, rest = (PAGE_SIZE << k->cache->order) % 1200;
    CHECK(k->cache->colours == rest / 64 + 1 && rest >= 128, "%u colours", k->cache->colours);
    for (uint32_t i = 0; i < 2 * k->cache->colours + 1; i++) {
        CHECK(slab_grow(k->cache, 0), "slab %u", i);
        const struct page *slab = list_first(&k->cache->empty, struct page, link);
        CHECK(slab->index == want && (char *)slab->private_ptr == slab_first(slab),
              "slab %u begins at %lu, not %lu", i, slab->index, want);
        want = want + 64 > rest ? 0 : want + 64;
    }
    slab_check();
    slab_cache_destroy(k->cache);
    finish();
}

// Allocated on one CPU, freed on another: the depot carries them back, memory stays bounded.
static void test_two_cpus(void) {
    start();
    struct kind *k = kinds;
    *k = (struct kind){.name = "message", .size = 200};
    k->cache = slab_cache_create(k->name, k->size, 0, NULL);
    for (int i = 0; i < 20000; i++) {
        board_set_cpu(0);
        CHECK(object_alloc(k, 0), "message %d", i);
        board_set_cpu(1);
        if (object_count > 40)
            object_free(0);
    }
    uint64_t slabs = k->cache->slabs, most = 40 + (6 + k->cache->full_max) * MAGAZINE_MAX;
    CHECK(slabs <= most / k->cache->objs_per_slab + 2, "%lu slabs", slabs);
    while (object_count)
        object_free(0);
    board_set_cpu(0);
    finish();
}

// A CPU without memory for a magazine works from the slabs.
static void test_no_magazine(void) {
    start();
    struct kind *k = kinds;
    *k = (struct kind){.name = "words", .size = 300, .constructed = true};
    k->cache = slab_cache_create(k->name, k->size, 0, construct);
    CHECK(object_alloc(k, 0), "the first");
    slab_reap_all(); // its slab has the others
    for (int cpu = 0; cpu < 3; cpu++) {
        board_set_cpu((uint32_t)cpu);
        while (block_alloc(GFP_HIGH, 0))
            ;
    }
    while (object_alloc(k, GFP_HIGH))
        ;
    CHECK(object_count == k->cache->objs_per_slab, "%lu", object_count);
    while (object_count)
        object_free(host_below(object_count));
    CHECK(!k->cache->cpu[2].loaded && k->cache->slabs == 1, "a magazine came from somewhere");
    block_free_all();
    slab_cache_destroy(k->cache);
    finish();
}

// ---- kmalloc ------------------------------------------------------------------------------------

static void test_classes(void) {
    static const size_t classes[] = {16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096};
    size_t c = 0;

    start();
    for (size_t size = 0; size <= 4096; size++) {
        c += size > classes[c];
        uint8_t *p = kmalloc(size, GFP_KERNEL);
        CHECK(p && ksize(p) == classes[c], "%zu bytes: %zu", size, ksize(p));
        CHECK(IS_ALIGNED((vaddr_t)p, classes[c] % 64 ? 16UL : 64UL), "%p of %zu", (void *)p, size);
        memset(p, 0xff, ksize(p));
        kfree(p);
        uint8_t *zeroes = kzalloc(size, GFP_KERNEL);
        CHECK(zeroes == p && filled_with(zeroes, ksize(zeroes), 0), "%zu bytes", size);
        kfree(zeroes);
    }
    kfree(NULL);
    finish();
}

static void test_large(void) {
    start();
    for (int order = 1; order <= MAX_ORDER; order++) {
        size_t most = PAGE_SIZE << order;
        uint8_t *p = kmalloc(most / 2 + (order > 0), 0), *q = kzalloc(most, 0);
        CHECK(p && q && ksize(p) == most && ksize(q) == most, "%zu bytes", most);
        CHECK(filled_with(q, most, 0) && IS_ALIGNED((vaddr_t)p | (vaddr_t)q, PAGE_SIZE), "zero");
        CHECK((size_t)mm_stat_read(NR_SLAB) >= 2UL << order, "counted %ld", mm_stat_read(NR_SLAB));
        memset(p, 1, most);
        memset(q, 2, most);
        CHECK(filled_with(p, most, 1), "they overlap");
        kfree(p);
        kfree(q);
    }
    CHECK(!kmalloc((PAGE_SIZE << MAX_ORDER) + 1, 0) && !kmalloc(~0UL, 0), "larger than any");
    CHECK(!kmalloc_array(1UL << 33, 1UL << 33, 0) && !kmalloc_array(~0UL, 2, 0), "overflow");
    uint8_t *array = kmalloc_array(3, 100, GFP_ZERO);
    CHECK(array && ksize(array) == 512 && filled_with(array, 300, 0), "an array");
    kfree(array);
    finish();
}

static void test_krealloc(void) {
    static uint8_t model[20000];
    size_t size = 0;
    uint8_t *p = NULL;

    start();
    for (int i = 0; i < 3000; i++) {
        size_t wish = host_below(3) ? host_below(600) : host_below(sizeof(model));
        failalloc_set(host_below(2) ? 1 : 0);
        uint8_t *new = krealloc(p, wish, GFP_KERNEL);
        failalloc_set(0);
        p = new ? new : p; // after a failure the old one stays
        CHECK(!size || !memcmp(p, model, size), "its contents");
        size = new ? max(wish, size) : size;
        if (new)
            memcpy(p, model, size); // the new part
        for (size_t n = host_below(50); size && n > 0; n--) {
            size_t at = host_below(size);
            p[at] = model[at] = (uint8_t)host_random();
        }
        if (host_below(20) == 0) {
            kfree(p);
            p = NULL;
            size = 0;
        }
    }
    kfree(p);
    char *copy = kstrdup("a word", GFP_KERNEL), *empty = kstrdup("", GFP_KERNEL);
    CHECK(copy && empty && !strcmp(copy, "a word") && !*empty, "kstrdup");
    kfree(copy);
    kfree(empty);
    finish();
}

// ---- when memory ends ---------------------------------------------------------------------------

// All memory in objects of all sizes; each keeps its contents; all comes back.
static void test_exhaustion(void) {
    struct kmalloced {
        struct kmalloced *next;
        size_t size;
        uint8_t bytes[];
    } *all = NULL, *k;
    uint64_t n = 0, failures = 0;

    start();
    while (failures < 200) {
        size_t size = sizeof(*k) + (host_below(50) ? host_below(3000) : host_below(100000));
        board_set_cpu((uint32_t)host_below(3));
        k = kmalloc(size, host_below(2) ? GFP_KERNEL : GFP_ATOMIC);
        failures += !k;
        if (!k)
            continue;
        memset(k->bytes, (int)(n++ & 0xff), size - sizeof(*k));
        k->size = size;
        k->next = all;
        all = k;
    }
    CHECK(n > 2000 && mem_free_pages() < mem_total_pages() / 20, "%lu pages are left",
          mem_free_pages());
    slab_check();
    while ((k = all)) {
        all = k->next;
        CHECK(filled_with(k->bytes, k->size - sizeof(*k), (uint8_t)(--n & 0xff)), "object %lu", n);
        kfree(k);
    }
    board_set_cpu(0);
    finish();
}

// Interrupts get objects when others don't any more.
static void test_reserve(void) {
    void *first = NULL, *last = NULL;

    start();
    for (void **p; (p = kmalloc(1000, GFP_KERNEL)); first = p)
        *p = first;
    for (int i = 0; i < 100; i++) {
        void **p = kmalloc(1000, GFP_ATOMIC);
        CHECK(p, "object %d of the reserve", i);
        *p = last;
        last = p;
    }
    CHECK(!kmalloc(8192, GFP_KERNEL), "not for all");
    for (void *next; first; first = next) {
        next = *(void **)first;
        kfree(first);
    }
    for (void *next; last; last = next) {
        next = *(void **)last;
        kfree(last);
    }
    finish();
}

// An object may need a page, which counts as a request of its own.
static void test_failalloc(void) {
    void *p[2][300];
    int failed = 0;

    start();
    failalloc_set(4);
    for (int i = 0; i < 300; i++) {
        p[0][i] = kmalloc(100, GFP_KERNEL);
        p[1][i] = kmalloc(100, GFP_KERNEL | GFP_NOFAIL_TEST);
        CHECK(p[1][i], "exempt");
        failed += !p[0][i];
    }
    CHECK(failed >= 300 / 4 && failed < 300 / 3, "%d failed", failed);
    failalloc_set(1);
    CHECK(!kmalloc(8, 0) && !kmalloc(10000, 0) && !kzalloc(8, GFP_KERNEL), "all fail");
    failalloc_set(0);
    for (int i = 0; i < 600; i++)
        kfree(p[i % 2][i / 2]);
    finish();
}

static void test_pressure(void) {
    start();
    struct kind *k = kinds;
    *k = (struct kind){.name = "entry", .size = 100};
    k->cache = slab_cache_create(k->name, k->size, 0, NULL);
    slab_cache_set_reclaimable(k->cache);
    while (object_count < 1000)
        CHECK(object_alloc(k, 0), "object");
    CHECK((uint64_t)mm_stat_read(NR_SLAB_RECLAIMABLE) == k->cache->slabs, "%ld counted",
          mm_stat_read(NR_SLAB_RECLAIMABLE));
    while (object_count)
        object_free(0);
    CHECK(k->cache->slabs > 0, "magazines keep some");
    while (block_alloc(GFP_HIGH, 0))
        ;
    CHECK(block_alloc(GFP_HIGH | GFP_WAIT, 0), "the shrinker was not asked");
    CHECK(k->cache->slabs == 0 && mm_stat_read(NR_SLAB_RECLAIMABLE) == 0, "%lu slabs",
          k->cache->slabs);
    slab_cache_destroy(k->cache);
    block_free_all();
    finish();
}

static const struct host_case cases[] = {
    {"random caches against the model", random_caches},
    {"magazines and depot", test_magazines},
    {"colours", test_colours},
    {"from one CPU to another", test_two_cpus},
    {"no memory for magazines", test_no_magazine},
    {"kmalloc: size classes", test_classes},
    {"kmalloc: larger blocks", test_large},
    {"krealloc, kstrdup", test_krealloc},
    {"kmalloc: all memory", test_exhaustion},
    {"the reserve", test_reserve},
    {"failalloc", test_failalloc},
    {"under pressure", test_pressure},
};

HOST_MAIN("slab_test", cases)
