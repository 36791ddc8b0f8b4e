// The reclaim lists.
//
// Invariants: 1. PG_LRU <=> on exactly one list; PG_ACTIVE and PG_UNEVICTABLE say which, PG_ANON
// and PG_SWAPBACKED do not change meanwhile. 2. A list's count is the sum of 1 << order of its
// pages.
// 3. A page with refcount 0 on a list is on its way to the allocator, which takes it off: nobody
// else may touch it. 4. The lists hold no reference: isolating takes one, if it still can.
//
// Locks: one lock (RANK_LRU) for the lists and the three flags. It is a leaf but for the allocator,
// and taken with a page-table lock or in an interrupt. Freeing many pages takes it once for a
// batch. Rejected: queues of pages to be added, one for each CPU (Linux's pagevecs): each holds a
// reference, so copy-on-write could not tell a page's last owner from its counts.
#include "mm/lru.h"

#include "sync/spinlock.h"

#define BATCH 64 // pages taken off with one hold of the lock

static struct {
    struct spinlock lock;
    struct list list[LRU_COUNT]; // [lock]
    uint64_t pages[LRU_COUNT];   // [lock]
} lru = {
    .lock = SPINLOCK_INIT("lru", RANK_LRU),
    .list = {LIST_INIT(lru.list[0]), LIST_INIT(lru.list[1]), LIST_INIT(lru.list[2]),
             LIST_INIT(lru.list[3]), LIST_INIT(lru.list[4])},
};

static inline enum lru_list list_of(uint32_t flags) {
    if (unlikely(flags >> PG_UNEVICTABLE & 1))
        return LRU_UNEVICTABLE;
    int kind =
        flags & (1u << PG_ANON | 1u << PG_SWAPBACKED) ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE;
    return kind + (flags >> PG_ACTIVE & 1);
}

static inline void insert(struct page *p) {
    enum lru_list l;
    assertf(!page_test(p, PG_LRU), "page %#lx is on a list", page_to_pfn(p));
    if (unlikely(p->mlocked))
        page_set(p, PG_UNEVICTABLE);
    l = list_of(atomic_or(&p->flags, 1u << PG_LRU));
    list_push_front(&lru.list[l], &p->link);
    lru.pages[l] += 1UL << p->order;
}

static inline void unlink(struct page *p) {
    enum lru_list l = list_of(p->flags);
    assertf(lru.pages[l] >= 1UL << p->order, "list %d: %lu pages", l, lru.pages[l]);
    list_remove(&p->link);
    lru.pages[l] -= 1UL << p->order;
    atomic_and(&p->flags, ~(1u << PG_LRU | 1u << PG_UNEVICTABLE));
}

void lru_add(struct page *p) {
    spin_lock(&lru.lock);
    assertf(p->refcount > 0, "page %#lx is free", page_to_pfn(p));
    insert(p);
    spin_unlock(&lru.lock);
}

void lru_remove(struct page *p) {
    spin_lock(&lru.lock);
    if (page_test(p, PG_LRU))
        unlink(p);
    spin_unlock(&lru.lock);
}

void lru_activate(struct page *p) {
    spin_lock(&lru.lock);
    if ((p->flags & (1u << PG_LRU | 1u << PG_ACTIVE | 1u << PG_UNEVICTABLE)) == 1u << PG_LRU) {
        unlink(p);
        atomic_or(&p->flags, 1u << PG_ACTIVE);
        atomic_and(&p->flags, ~(1u << PG_REFERENCED));
        insert(p);
    }
    spin_unlock(&lru.lock);
}

void lru_rotate(struct page *p) {
    spin_lock(&lru.lock);
    if (page_test(p, PG_LRU) && !page_test(p, PG_UNEVICTABLE)) {
        unlink(p);
        page_clear(p, PG_ACTIVE);
        insert(p);
        list_move_back(&lru.list[list_of(p->flags)], &p->link);
    }
    spin_unlock(&lru.lock);
}

void lru_update_mlocked(struct page *p) {
    spin_lock(&lru.lock);
    if (page_test(p, PG_LRU) && page_test(p, PG_UNEVICTABLE) != (p->mlocked > 0)) {
        unlink(p);
        insert(p);
    }
    spin_unlock(&lru.lock);
}

void lru_split(struct page *head) {
    spin_lock(&lru.lock);
    bool listed = page_test(head, PG_LRU);
    uint64_t n = 1UL << head->order;
    if (listed)
        unlink(head);
    head->order = 0;
    for (struct page *p = head + n - 1; p > head; p--) {
        insert(p);
        if (!listed)
            list_move_back(&lru.list[list_of(p->flags)], &p->link);
    }
    if (listed)
        insert(head);
    spin_unlock(&lru.lock);
}

// A reference, unless the page is being freed.
static bool try_get(struct page *p) {
    int n = atomic_load_relaxed(&p->refcount);
    while (n > 0)
        if (__atomic_compare_exchange_n(&p->refcount, &n, n + 1, true, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return true;
    return false;
}

size_t lru_isolate(enum lru_list l, struct page **pages, size_t n) {
    struct list *at;
    size_t got = 0;

    spin_lock(&lru.lock);
    at = lru.list[l].prev;
    while (at != &lru.list[l] && got < n) {
        struct page *p = list_entry(at, struct page, link);
        at = at->prev;
        if (!try_get(p))
            continue;
        unlink(p);
        pages[got++] = p;
    }
    spin_unlock(&lru.lock);
    return got;
}

void lru_putback(struct page **pages, size_t n) {
    spin_lock(&lru.lock);
    for (size_t i = 0; i < n; i++)
        insert(pages[i]);
    spin_unlock(&lru.lock);
    pages_put(pages, n);
}

uint64_t lru_pages(enum lru_list l) {
    return READ_ONCE(lru.pages[l]);
}

void lru_check(void) {
    spin_lock(&lru.lock);
    for (int l = 0; l < LRU_COUNT; l++) {
        uint64_t pages = 0;
        const struct page *p;
        list_for_each (p, &lru.list[l], link) {
            assertf(page_test(p, PG_LRU) && (int)list_of(p->flags) == l,
                    "page %#lx flags %#x on list %d", page_to_pfn(p), p->flags, l);
            assertf(!page_test(p, PG_BUDDY) && !page_test(p, PG_PCP), "free page %#lx on list %d",
                    page_to_pfn(p), l);
            pages += 1UL << p->order;
        }
        assertf(pages == lru.pages[l], "list %d: %lu pages, counted %lu", l, pages, lru.pages[l]);
    }
    spin_unlock(&lru.lock);
}

void pages_release(struct page **pages, size_t n) {
    for (size_t first = 0, i; first < n; first = i) {
        spin_lock(&lru.lock);
        for (i = first; i < n && i < first + BATCH; i++)
            if (page_test(pages[i], PG_LRU))
                unlink(pages[i]);
        spin_unlock(&lru.lock);
        for (; first < i; first++)
            page_release(pages[first]);
    }
}

void pages_put(struct page **pages, size_t n) {
    size_t dead = 0;
    for (size_t i = 0; i < n; i++) {
        int old = atomic_sub(&pages[i]->refcount, 1);
        assertf(old > 0, "page %#lx refcount %d", page_to_pfn(pages[i]), old);
        if (old == 1)
            pages[dead++] = pages[i];
    }
    if (dead)
        pages_release(pages, dead);
}
