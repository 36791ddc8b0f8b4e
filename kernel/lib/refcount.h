// Reference counts that refuse to wrap: get on zero and put below zero are bugs and assert.
#pragma once

#include "lib/assert.h"

struct refcount {
    int n;
};

static inline void ref_init(struct refcount *r, int n) {
    __atomic_store_n(&r->n, n, __ATOMIC_RELAXED);
}
static inline int ref_read(const struct refcount *r) {
    return __atomic_load_n(&r->n, __ATOMIC_RELAXED);
}

static inline void ref_get(struct refcount *r) {
    int old = __atomic_fetch_add(&r->n, 1, __ATOMIC_RELAXED);
    assertf(old > 0, "get of a dead object, count %d", old);
}

// Takes a reference unless the count is already zero.
static inline bool ref_try_get(struct refcount *r) {
    int old = ref_read(r);
    while (old > 0)
        if (__atomic_compare_exchange_n(&r->n, &old, old + 1, true, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return true;
    return false;
}

// Drops a reference unless it is the last one; false: it was, and is still held. For caches, whose
// last put happens under their lock.
static inline bool ref_put_unless_last(struct refcount *r) {
    int old = ref_read(r);
    while (old > 1)
        if (__atomic_compare_exchange_n(&r->n, &old, old - 1, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED))
            return true;
    return false;
}

// True when this was the last reference: the caller frees the object.
static inline bool __must_check ref_put(struct refcount *r) {
    int old = __atomic_fetch_sub(&r->n, 1, __ATOMIC_ACQ_REL);
    assertf(old > 0, "put of a dead object, count %d", old);
    return old == 1;
}
