// What callers must not do with objects, in builds without DEBUG, and spoilt slabs: each dies in
// words that name it. slabdebug_test.c has what DEBUG builds see.
#include "objects.h"

static struct slab_cache *words;

static void *held_word(void (*ctor)(void *)) {
    start();
    words = slab_cache_create("words", 8, 0, ctor);
    void *p = slab_alloc(words, GFP_KERNEL);
    CHECK(p, "no memory");
    return p;
}

static void crime_foreign(void) {
    held_word(NULL);
    slab_free(words, kmalloc(8, GFP_NOFAIL_TEST));
}

static void crime_no_object(void) {
    held_word(NULL);
    slab_free(words, page_to_virt(page_alloc(0, 0)));
}

static void crime_kfree_page(void) {
    start();
    kfree((char *)page_to_virt(page_alloc(0, 1)) + 8);
}

static void crime_kfree_tail(void) {
    start();
    kfree((char *)kmalloc(8192, 0) + PAGE_SIZE);
}

static void crime_kfree_table(void) {
    start();
    struct page *p = page_alloc(0, 0);
    page_set(p, PG_TABLE);
    kfree(page_to_virt(p));
}

static void crime_kfree_twice(void) {
    start();
    void *p = kmalloc(8192, 0);
    kfree(p);
    kfree(p);
}

// Without DEBUG the magazine takes it; the books show it.
static void crime_free_twice(void) {
    void *p = held_word(NULL);
    slab_free(words, p);
    slab_free(words, p);
    slab_check();
}

static void crime_free_twice_alone(void) {
    void *p = held_word(NULL);
    slab_free(words, p);
    slab_free(words, p);
    slab_reap(words);
}

static void crime_free_late(void) {
    void *p = held_word(NULL);
    slab_free(words, p);
    slab_reap(words); // its slab goes
    slab_free(words, p);
}

static void crime_destroy(void) {
    held_word(NULL);
    slab_cache_destroy(words);
}

static void crime_destroy_other_cpu(void) {
    void *p = held_word(NULL);
    board_set_cpu(1);
    slab_free(words, p); // stays in the magazine of CPU 1
    board_set_cpu(0);
    slab_cache_destroy(words);
}

static void crime_zero_constructed(void) {
    held_word(construct);
    while (slab_alloc(words, GFP_ZERO))
        ;
}

static void create(size_t size, size_t align) {
    start();
    slab_cache_create("odd", size, align, NULL);
}

static void crime_no_size(void) { create(0, 0); }
static void crime_align(void) { create(8, 24); }
static void crime_huge(void) { create(8 * PAGE_SIZE + 1, 0); }

static void crime_reclaimable_late(void) {
    held_word(NULL);
    slab_cache_set_reclaimable(words);
}

// A slab with one object in use, the others linked in it.
static struct page *partial_slab(void) {
    void *p = held_word(NULL);
    slab_reap(words);
    return virt_to_page(p);
}

static void spoil_link(void) {
    struct page *slab = partial_slab();
    *(uint64_t *)slab->private_ptr = (vaddr_t)page_to_virt(slab) + 4; // written after it was freed
    slab_check();
}

static void spoil_loop(void) {
    void *first = partial_slab()->private_ptr;
    *(void **)first = first;
    slab_check();
}

static void spoil_count(void) {
    partial_slab()->private ++;
    slab_check();
}

static void spoil_list(void) {
    struct page *slab = partial_slab();
    list_move_front(&words->full, &slab->link);
    slab_check();
}

static void spoil_slabs(void) {
    list_remove(&partial_slab()->link);
    slab_check();
}

static void spoil_owner(void) {
    partial_slab()->owner = NULL;
    slab_check();
}

static void spoil_order(void) {
    partial_slab()->order = 1;
    slab_check();
}

static const struct host_case cases[] = {
    {"an object of another cache", crime_foreign, "slab words: freed object is not of this cache"},
    {"a page is no object", crime_no_object, "slab words: freed object is not of this cache"},
    {"kfree within a page", crime_kfree_page, "kfree of what kmalloc did not give"},
    {"kfree of a block's second page", crime_kfree_tail, "kfree of what kmalloc did not give"},
    {"kfree of a page table", crime_kfree_table, "kfree of what kmalloc did not give"},
    {"kfree twice", crime_kfree_twice, "kfree of what kmalloc did not give"},
    {"freed twice, check", crime_free_twice, "words: more in magazines than in use"},
    {"freed twice, last object", crime_free_twice_alone, "no object is in use, yet"},
    {"freed again when its slab is gone", crime_free_late, "freed object is not of this cache"},
    {"destroyed while in use", crime_destroy, "words destroyed with 1 objects in use"},
    {"destroyed while another CPU has some", crime_destroy_other_cpu, "held by other CPUs'"},
    {"zeroes for a constructor", crime_zero_constructed, "GFP_ZERO for words, which has a"},
    {"no size", crime_no_size, "odd: size 0"},
    {"odd alignment", crime_align, "align 24"},
    {"larger than any slab", crime_huge, "odd: objects of 32769 bytes"},
    {"reclaimable too late", crime_reclaimable_late, "words has 1 slabs"},
    {"check: link", spoil_link, "words: wild link to"},
    {"check: loop", spoil_loop, "words: free list with a loop"},
    {"check: count", spoil_count, "in use of"},
    {"check: list", spoil_list, "on list 1"},
    {"check: slabs", spoil_slabs, "words: 0 slabs (1)"},
    {"check: owner", spoil_owner, "slab->owner == c"},
    {"check: order", spoil_order, "slab->order == c->order"},
};

HOST_MAIN("slabmisuse_test", cases)
