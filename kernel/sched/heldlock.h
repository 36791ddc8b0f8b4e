// Inside sched/: the cheap common case of the lock-order check for sleeping locks. A lock that fits
// on top is noted in place; anything else is sync/held.c's to judge.
#pragma once

#include "sched/thread.h"
#include "sync/held.h"

static inline void held_enter(const void *lock, const char *name, enum lockrank rank, vaddr_t caller) {
    struct held_sleepers *h = &current()->held;
    struct cpu *cpu = this_cpu();
    int n = h->count;
    if (unlikely(cpu->spin_depth | cpu->irq_nest))
        might_sleep();
    if (unlikely(n == HELD_SLEEPERS_MAX || (n > 0 && h->entry[n - 1].rank >= rank))) {
        held_push(h, lock, name, rank, caller);
        return;
    }
    h->entry[n].rank = rank;
    h->entry[n].lock = lock;
    h->entry[n].name = name;
    h->entry[n].caller = caller;
    h->count = n + 1;
}

static inline void held_leave(const void *lock) {
    struct held_sleepers *h = &current()->held;
    int n = h->count - 1;
    if (likely(n >= 0 && h->entry[n].lock == lock))
        h->count = n;
    else
        held_pop(h, lock);
}
