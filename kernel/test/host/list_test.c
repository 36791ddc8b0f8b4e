// lib: lists, rings, reference counts.
#include "host.h"

#include "lib/list.h"
#include "lib/refcount.h"
#include "lib/ring.h"

struct item {
    int value;
    struct list link;
};

static void expect(const struct list *head, const int *values, size_t n) {
    const struct item *it;
    size_t i = 0;

    list_for_each(it, head, link) {
        CHECK(i < n && it->value == values[i], "at %zu: %d", i, it->value);
        CHECK(it->link.next->prev == &it->link, "back link at %zu", i);
        i++;
    }
    CHECK(i == n, "%zu of %zu items", i, n);
    CHECK(list_empty(head) == (n == 0), "n %zu", n);
}

static void test_list(void) {
    struct list head = LIST_INIT(head), other = LIST_INIT(other);
    struct item a = {.value = 1}, b = {.value = 2}, c = {.value = 3}, *it, *tmp;

    expect(&head, NULL, 0);
    list_push_back(&head, &b.link);
    list_push_back(&head, &c.link);
    list_push_front(&head, &a.link);
    expect(&head, (int[]){1, 2, 3}, 3);
    CHECK(list_first(&head, struct item, link) == &a, "first");
    CHECK(list_last(&head, struct item, link) == &c, "last");
    list_move_back(&head, &a.link);
    expect(&head, (int[]){2, 3, 1}, 3);
    list_move_front(&head, &a.link);
    list_splice_back(&other, &head);
    expect(&head, NULL, 0);
    expect(&other, (int[]){1, 2, 3}, 3);
    list_splice_back(&other, &head); // an empty one
    list_remove(&b.link);
    list_remove(&b.link); // twice is harmless
    expect(&other, (int[]){1, 3}, 2);
    list_push_back(&head, &b.link);
    list_splice_back(&other, &head);
    expect(&other, (int[]){1, 3, 2}, 3);
    list_for_each_safe(it, tmp, &other, link)
        list_remove(&it->link);
    expect(&other, NULL, 0);
}

static void test_ring(void) {
    uint8_t data[16], c;
    struct ring r = {.data = data, .size = 16, .head = ~0u - 5, .tail = ~0u - 5}; // wraps soon
    uint8_t in = 0, out = 0;

    for (int i = 0; i < 2000; i++) {
        if (host_below(2)) {
            bool room = ring_free(&r) > 0;
            CHECK(ring_push(&r, in) == room, "push at %d", i);
            in += room;
        } else {
            bool some = ring_used(&r) > 0;
            CHECK(ring_pop(&r, &c) == some && (!some || c == out), "pop at %d", i);
            out += some;
        }
        CHECK(ring_used(&r) == (uint8_t)(in - out) && ring_used(&r) <= 16, "used %u",
              ring_used(&r));
    }
}

static void test_refcount(void) {
    struct refcount r;

    ref_init(&r, 1);
    ref_get(&r);
    CHECK(ref_read(&r) == 2, "count %d", ref_read(&r));
    CHECK(!ref_put(&r), "one is left");
    CHECK(ref_try_get(&r) && !ref_put(&r), "alive");
    CHECK(ref_put(&r), "the last");
    CHECK(!ref_try_get(&r), "dead");
    EXPECT_DEATH(ref_get(&r), "get of a dead object");
    ref_init(&r, 0);
    EXPECT_DEATH(if (ref_put(&r)) return, "put of a dead object");
}

static const struct host_case cases[] = {
    {"lists", test_list},
    {"byte ring", test_ring},
    {"reference counts", test_refcount},
};

HOST_MAIN("list_test", cases)
