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

// A power of two in size: the place of one is a shift.
struct lru {
    struct list list; // [lock]
    uint64_t pages;   // [lock]
    uint64_t unused;
};

#define LRU_INIT(l) { LIST_INIT(lrus[l].list), 0, 0 }

static struct spinlock lock = SPINLOCK_INIT("lru", RANK_LRU);
static struct lru lrus[LRU_COUNT] = {
    LRU_INIT(0), LRU_INIT(1), LRU_INIT(2), LRU_INIT(3), LRU_INIT(4),
};

static inline struct lru *lru_of(uint32_t flags) {
    if (unlikely(flags >> PG_UNEVICTABLE & 1))
        return &lrus[LRU_UNEVICTABLE];
    struct lru *kind = flags & (1u << PG_ANON | 1u << PG_SWAPBACKED) ? &lrus[LRU_INACTIVE_ANON]
                                                                     : &lrus[LRU_INACTIVE_FILE];
    return kind + (flags >> PG_ACTIVE & 1);
}

static inline void insert(struct page *p) {
    if (unlikely(p->mlocked))
        page_set(p, PG_UNEVICTABLE);
    uint32_t flags = atomic_or_relaxed(&p->flags, 1u << PG_LRU); // the lock gives the order
    assertf(!(flags >> PG_LRU & 1), "page %#lx is on a list", page_to_pfn(p));
    struct lru *l = lru_of(flags);
    list_push_front(&l->list, &p->link);
    l->pages += 1UL << p->order;
}

static inline void unlink(struct page *p) {
    struct lru *l = lru_of(p->flags);
    assertf(l->pages >= 1UL << p->order, "list %ld: %lu pages", l - lrus, l->pages);
    list_remove(&p->link);
    l->pages -= 1UL << p->order;
    atomic_and(&p->flags, ~(1u << PG_LRU | 1u << PG_UNEVICTABLE));
}

void lru_add(struct page *p) {
    assertf(p->refcount > 0, "page %#lx is free", page_to_pfn(p));
    spin_lock(&lock);
    insert(p);
    spin_unlock(&lock);
}

void lru_remove(struct page *p) {
    spin_lock(&lock);
    if (page_test(p, PG_LRU))
        unlink(p);
    spin_unlock(&lock);
}

void lru_activate(struct page *p) {
    spin_lock(&lock);
    if ((p->flags & (1u << PG_LRU | 1u << PG_ACTIVE | 1u << PG_UNEVICTABLE)) == 1u << PG_LRU) {
        unlink(p);
        atomic_or(&p->flags, 1u << PG_ACTIVE);
        atomic_and(&p->flags, ~(1u << PG_REFERENCED));
        insert(p);
    }
    spin_unlock(&lock);
}

void lru_rotate(struct page *p) {
    spin_lock(&lock);
    if (page_test(p, PG_LRU) && !page_test(p, PG_UNEVICTABLE)) {
        unlink(p);
        page_clear(p, PG_ACTIVE);
        insert(p);
        list_move_back(&lru_of(p->flags)->list, &p->link);
    }
    spin_unlock(&lock);
}

void lru_update_mlocked(struct page *p) {
    spin_lock(&lock);
    if (page_test(p, PG_LRU) && page_test(p, PG_UNEVICTABLE) != (p->mlocked > 0)) {
        unlink(p);
        insert(p);
    }
    spin_unlock(&lock);
}

void lru_split(struct page *head) {
    spin_lock(&lock);
    bool listed = page_test(head, PG_LRU);
    uint64_t n = 1UL << head->order;
    if (listed)
        unlink(head);
    head->order = 0;
    for (struct page *p = head + n - 1; p > head; p--) {
        insert(p);
        if (!listed)
            list_move_back(&lru_of(p->flags)->list, &p->link);
    }
    if (listed)
        insert(head);
    spin_unlock(&lock);
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

    spin_lock(&lock);
    at = lrus[l].list.prev;
    while (at != &lrus[l].list && got < n) {
        struct page *p = list_entry(at, struct page, link);
        at = at->prev;
        if (!try_get(p))
            continue;
        unlink(p);
        pages[got++] = p;
    }
    spin_unlock(&lock);
    return got;
}

void lru_putback(struct page **pages, size_t n) {
    spin_lock(&lock);
    for (size_t i = 0; i < n; i++)
        insert(pages[i]);
    spin_unlock(&lock);
    pages_put(pages, n);
}

uint64_t lru_pages(enum lru_list l) {
    return READ_ONCE(lrus[l].pages);
}

void lru_check(void) {
    spin_lock(&lock);
    for (int l = 0; l < LRU_COUNT; l++) {
        uint64_t pages = 0;
        const struct page *p;
        list_for_each (p, &lrus[l].list, link) {
            assertf(page_test(p, PG_LRU) && lru_of(p->flags) == &lrus[l],
                    "page %#lx flags %#x on list %d", page_to_pfn(p), p->flags, l);
            assertf(!page_test(p, PG_BUDDY) && !page_test(p, PG_PCP), "free page %#lx on list %d",
                    page_to_pfn(p), l);
            pages += 1UL << p->order;
        }
        assertf(pages == lrus[l].pages, "list %d: %lu pages, counted %lu", l, pages, lrus[l].pages);
    }
    spin_unlock(&lock);
}

void pages_release(struct page **pages, size_t n) {
    for (size_t first = 0, i; first < n; first = i) {
        spin_lock(&lock);
        for (i = first; i < n && i < first + BATCH; i++)
            if (page_test(pages[i], PG_LRU))
                unlink(pages[i]);
        spin_unlock(&lock);
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
