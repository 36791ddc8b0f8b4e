// The reclaim lists (mm/lru.c) on the host, against a model: five sequences of pages, head first.
//
// Every step does one thing to a random page, to the lists and to the model. lru_isolate() tells a
// list's order from its tail; lru_putback() of all that it gave must leave the list as it was.
#include "frames.h"

#include "mm/lru.h"

#define PAGES 200
#define STEPS 20000

static struct page *model[LRU_COUNT][PAGES]; // [0] is the head
static size_t count[LRU_COUNT];
static struct page *off[PAGES]; // pages that the test holds and that are on no list
static size_t off_count;

static enum lru_list place_of(const struct page *p) {
    if (p->mlocked)
        return LRU_UNEVICTABLE;
    bool anon = page_test(p, PG_ANON) || page_test(p, PG_SWAPBACKED);
    return (anon ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE) + (page_test(p, PG_ACTIVE) ? 1 : 0);
}

static void model_insert(struct page *p, bool at_tail) {
    enum lru_list l = place_of(p);
    size_t at = at_tail ? count[l] : 0;
    memmove(&model[l][at + 1], &model[l][at], (count[l]++ - at) * sizeof(p));
    model[l][at] = p;
}

static void model_remove(enum lru_list l, size_t at) {
    memmove(&model[l][at], &model[l][at + 1], (--count[l] - at) * sizeof(model[l][0]));
}

// A random page that is on a list: its list and its place there. False: all lists are empty.
static bool pick(enum lru_list *l, size_t *at) {
    size_t n = host_below(PAGES);
    for (int i = 0; i < LRU_COUNT; i++)
        if (count[i] && n-- % LRU_COUNT == 0)
            return *l = (enum lru_list)i, *at = host_below(count[i]), true;
    for (int i = 0; i < LRU_COUNT; i++)
        if (count[i])
            return *l = (enum lru_list)i, *at = 0, true;
    return false;
}

static uint64_t frames_on(enum lru_list l) {
    uint64_t frames = 0;
    for (size_t i = 0; i < count[l]; i++)
        frames += 1UL << model[l][i]->order;
    return frames;
}

// Every list has the model's pages in the model's order, and is left as it was.
static void compare(void) {
    lru_check();
    for (enum lru_list l = 0; l < LRU_COUNT; l++) {
        struct page *got[PAGES];
        CHECK(lru_pages(l) == frames_on(l), "list %d: %lu frames, not %lu", l, lru_pages(l),
              frames_on(l));
        size_t n = lru_isolate(l, got, PAGES);
        CHECK(n == count[l], "list %d: %lu pages, not %lu", l, n, count[l]);
        for (size_t i = 0; i < n; i++) {
            CHECK(got[i] == model[l][n - 1 - i], "list %d: page %lu from the tail", l, i);
            CHECK(got[i]->refcount == 2 && !page_test(got[i], PG_LRU), "isolated: refcount %d",
                  got[i]->refcount);
        }
        lru_putback(got, n);
    }
}

static void add_one(void) {
    struct page *p;
    if (off_count && host_below(2)) {
        p = off[--off_count];
    } else {
        size_t all = off_count;
        for (int l = 0; l < LRU_COUNT; l++)
            all += count[l];
        if (all == PAGES)
            return;
        p = page_alloc(GFP_KERNEL, host_below(8) ? 0 : 3);
        CHECK(p, "page %lu", all);
        uint64_t kind = host_below(3); // 0: a file's
        if (kind)
            page_set(p, kind == 1 ? PG_ANON : PG_SWAPBACKED);
        p->mlocked = host_below(10) == 0;
    }
    lru_add(p);
    model_insert(p, false);
}

static void change_one(enum lru_list l, size_t at) {
    struct page *p = model[l][at];
    switch (host_below(5)) {
    case 0:
        lru_remove(p);
        lru_remove(p); // on none: nothing
        model_remove(l, at);
        off[off_count++] = p;
        break;
    case 1:
        page_set(p, PG_REFERENCED);
        lru_activate(p);
        CHECK(page_test(p, PG_REFERENCED) == (l != LRU_INACTIVE_ANON && l != LRU_INACTIVE_FILE),
              "list %d", l);
        if (l == LRU_INACTIVE_ANON || l == LRU_INACTIVE_FILE) {
            model_remove(l, at);
            model_insert(p, false);
        }
        break;
    case 2:
        lru_rotate(p);
        if (l != LRU_UNEVICTABLE) {
            model_remove(l, at);
            model_insert(p, true);
        }
        break;
    case 3:
        p->mlocked = !p->mlocked;
        lru_update_mlocked(p);
        lru_update_mlocked(p); // is right: nothing
        model_remove(l, at);
        model_insert(p, false);
        break;
    default: // the last reference goes: it leaves by itself
        model_remove(l, at);
        pages_put(&p, 1);
    }
}

static void finish(void) {
    for (enum lru_list l = 0; l < LRU_COUNT; l++) {
        pages_put(model[l], count[l]);
        CHECK(lru_pages(l) == 0, "list %d keeps %lu frames", l, lru_pages(l));
    }
    pages_put(off, off_count);
    drain_all_cpus();
    buddy_check();
    CHECK(mem_free_pages() == mem_total_pages(), "%lu pages free", mem_free_pages());
}

static void start(void) {
    board_power_on(&two_zones);
    mem_init();
}

static void test_random(void) {
    start();
    for (int i = 0; i < STEPS; i++) {
        enum lru_list l;
        size_t at;
        if (host_below(2) || !pick(&l, &at))
            add_one();
        else
            change_one(l, at);
        if (i % 50 == 0)
            compare();
    }
    compare();
    finish();
}

// A page whose last reference has gone stays on its list until the allocator takes it off: reclaim
// passes it over. One that reclaim holds lives on when its owner drops it.
static void test_dying(void) {
    struct page *p[3], *got[3];
    start();
    for (int i = 0; i < 3; i++)
        lru_add(p[i] = page_alloc(GFP_KERNEL, 0));
    p[1]->refcount = 0;
    CHECK(lru_isolate(LRU_INACTIVE_FILE, got, 3) == 2 && got[0] == p[0] && got[1] == p[2],
          "the dying one was taken");
    lru_putback(got, 2);
    p[1]->refcount = 1;
    pages_put(&p[1], 1);
    CHECK(lru_isolate(LRU_INACTIVE_FILE, got, 1) == 1 && got[0] == p[0], "the oldest");
    pages_put(&p[0], 1);
    CHECK(got[0]->refcount == 1 && lru_pages(LRU_INACTIVE_FILE) == 1, "it lives on");
    lru_putback(got, 1); // back for a moment, and then gone
    CHECK(lru_pages(LRU_INACTIVE_FILE) == 1, "%lu", lru_pages(LRU_INACTIVE_FILE));
    model[LRU_INACTIVE_FILE][count[LRU_INACTIVE_FILE]++] = p[2];
    finish();
}

static void split(bool listed) {
    struct page *old, *young, *head, *got[16];
    start();
    lru_add(old = page_alloc(GFP_KERNEL, 0));
    lru_add(head = page_alloc(GFP_KERNEL, 2));
    lru_add(young = page_alloc(GFP_KERNEL, 0));
    if (!listed)
        lru_remove(head);
    for (int i = 1; i < 4; i++) // as vm/huge.c makes them pages of their own
        head[i].refcount = 1;
    lru_split(head);
    lru_check();
    size_t n = lru_isolate(LRU_INACTIVE_FILE, got, 16);
    CHECK(n == (listed ? 6 : 5) && head->order == 0, "%lu pages, order %d", n, head->order);
    if (listed)
        CHECK(got[0] == old && got[1] == young, "the block's are not the youngest");
    else
        CHECK(got[n - 2] == old && got[n - 1] == young, "the block's are not the next to go");
    lru_putback(got, n);
    pages_put(got, n);
    if (!listed)
        pages_put(&head, 1);
    finish();
}

// The frames of a block that is split go to the list's head; if reclaim holds the block, which is
// on no list then, the others go next.
static void test_split_listed(void) { split(true); }
static void test_split_isolated(void) { split(false); }

// More pages than one hold of the lock takes, some of them on no list, some with another user.
static void test_batches(void) {
    static struct page *all[300], *kept[100];
    start();
    for (int i = 0; i < 300; i++) {
        all[i] = page_alloc(GFP_KERNEL, 0);
        if (i % 3)
            lru_add(all[i]);
        if (i % 3 == 1) {
            page_get(all[i]);
            kept[i / 3] = all[i];
        }
    }
    pages_put(all, 300);
    CHECK(lru_pages(LRU_INACTIVE_FILE) == 100, "%lu stay", lru_pages(LRU_INACTIVE_FILE));
    lru_check();
    pages_put(kept, 100);
    finish();
}

static const struct host_case cases[] = {
    {"random changes against the model", test_random},
    {"pages on their way out", test_dying},
    {"a block on a list is split", test_split_listed},
    {"a block that reclaim holds is split", test_split_isolated},
    {"many at once", test_batches},
};

HOST_MAIN("lru_test", cases)
