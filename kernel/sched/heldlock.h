// Inside sched/: the cheap common case of the lock-order check for sleeping locks, written so that
// an uncontended lock or unlock makes no call and saves no register. Anything unusual is for the
// lock's slow path, which calls sync/held.c.
#pragma once

#include "sched/thread.h"
#include "sync/held.h"

// May a lock of this rank be taken now, and be noted on top?
static inline bool held_fits(enum lockrank rank) {
    const struct held_sleepers *h = &current()->held;
    const struct cpu *cpu = this_cpu();
    if (unlikely(cpu->spin_depth | cpu->irq_nest))
        return false;
    return h->count == 0 || (h->count < HELD_SLEEPERS_MAX && h->entry[h->count - 1].rank < rank);
}

// Notes a lock just taken, on top.
static inline void held_note(const void *lock, const char *name, enum lockrank rank,
                             vaddr_t caller) {
    struct held_sleepers *h = &current()->held;
    int n = h->count;
    h->entry[n].rank = rank;
    h->entry[n].lock = lock;
    h->entry[n].name = name;
    h->entry[n].caller = caller;
    h->count = n + 1;
}

// The same out of order (trylock): the entries stay sorted by rank.
static inline void held_note_sorted(const void *lock, const char *name, enum lockrank rank,
                                    vaddr_t caller) {
    struct held_sleepers *h = &current()->held;
    held_note(lock, name, rank, caller);
    for (int i = h->count - 1; i > 0 && h->entry[i - 1].rank > h->entry[i].rank; i--) {
        __typeof__(h->entry[0]) swap = h->entry[i];
        h->entry[i] = h->entry[i - 1];
        h->entry[i - 1] = swap;
    }
}

// True when the lock was on top and is no longer noted; else held_pop() must look for it.
static inline bool held_drop(const void *lock) {
    struct held_sleepers *h = &current()->held;
    int n = h->count - 1;
    if (unlikely(n < 0 || h->entry[n].lock != lock))
        return false;
    h->count = n;
    return true;
}
