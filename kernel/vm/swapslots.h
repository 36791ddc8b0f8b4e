// Which slots of a swap area are free. Knows only lib/: the host test includes swapslots.c whole.
//
//   bit of `used`    1 0 0 1 1 1 1 1 ... | 0 0 0 0 ...  | 1 1 0 0 ...
//   cluster          SLOT_CLUSTER slots  | empty        |
//
// Pages that are swapped out together shall lie together, so that one request writes them and one
// reads them back. Each CPU therefore has a cluster of its own and takes its free slots in rising
// order; at its end it looks for an empty cluster, and when there is none for any free slot.
//
// Invariants: 1. free == clear bits. 2. empty == words of `used` that are 0. 3. bits past `count`
// are set. The caller has the lock.
#pragma once

#include "lib/bitmap.h"
#include "riscv/machine.h"

#define SLOT_CLUSTER 64 // one word of the bitmap
#define SLOT_NONE UINT64_MAX

struct slots {
    uint64_t *used;  // a bit for each slot
    uint64_t words;  // of `used`
    uint64_t count;  // slots
    uint64_t free;
    uint64_t empty;  // clusters without a used slot
    uint64_t search; // word at which the search for the next cluster begins
    uint64_t next[CPU_MAX]; // the slot that a CPU would like; at the start of a cluster: none yet
};

// All slots free. used: BITMAP_WORDS(count) zero words, the caller's for as long as s is in use.
void slots_init(struct slots *s, uint64_t *used, uint64_t count);
// A free slot for good: the header, a bad page. False: it was taken before.
bool slots_reserve(struct slots *s, uint64_t slot);
// A free slot near the one that this CPU got last, or SLOT_NONE. *fresh: it begins a cluster.
uint64_t slots_alloc(struct slots *s, uint32_t cpu, bool *fresh);
void slots_free(struct slots *s, uint64_t slot);
static inline bool slots_used(const struct slots *s, uint64_t slot) {
    return bit_test(s->used, slot);
}
void slots_check(const struct slots *s); // asserts the invariants
