// A byte ring with free-running indices: one writer and one reader under the caller's lock.
//
//     tail ------> head          used = head - tail, free = size - used
//
// size is a power of two.
#pragma once

#include "lib/compiler.h"

struct ring {
    uint8_t *data;
    uint32_t size, head, tail;
};

static inline uint32_t ring_used(const struct ring *r) { return r->head - r->tail; }
static inline uint32_t ring_free(const struct ring *r) { return r->size - ring_used(r); }

static inline bool ring_push(struct ring *r, uint8_t c) {
    if (ring_free(r) == 0)
        return false;
    r->data[r->head++ & (r->size - 1)] = c;
    return true;
}

static inline bool ring_pop(struct ring *r, uint8_t *c) {
    if (ring_used(r) == 0)
        return false;
    *c = r->data[r->tail++ & (r->size - 1)];
    return true;
}
