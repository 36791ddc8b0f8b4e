// Run-time check of the lock order for sleeping locks: each thread keeps the ranks it holds.
// sched/mutex.c and rwsem.c call these; spin locks are checked by spinlock.c itself.
#pragma once

#include "sync/lockrank.h"
#include "lib/compiler.h"

#define HELD_SLEEPERS_MAX 10

struct held_sleepers { // one in each struct thread
    int count;
    struct {
        enum lockrank rank;
        const void *lock;
        const char *name;
        vaddr_t caller;
    } entry[HELD_SLEEPERS_MAX];
};

void held_push(struct held_sleepers *h, const void *lock, const char *name, enum lockrank rank,
               vaddr_t caller);
void held_pop(struct held_sleepers *h, const void *lock);
