// Spin locks: test-and-set with interrupts off on this hart while any is held.
// Each has a rank from birth (sync/lockrank.h) and remembers who took it.
#pragma once

#include "sync/lockrank.h"
#include "lib/compiler.h"

struct spinlock {
    uint32_t locked; // [a]
    uint16_t rank;
    uint16_t cpu;     // holder's CPU, while locked
    const char *name;
    vaddr_t caller;   // return address of the acquirer, while locked
};

#define SPINLOCK_INIT(name_, rank_) {.rank = (rank_), .name = (name_)}

static inline void spin_init(struct spinlock *l, const char *name, enum lockrank rank) {
    *l = (struct spinlock)SPINLOCK_INIT(name, rank);
}
void spin_lock(struct spinlock *l);
void spin_unlock(struct spinlock *l);
bool spin_trylock(struct spinlock *l);
bool spin_held(const struct spinlock *l); // by this CPU
// Takes two locks of one rank in the order of their addresses; a == b is taken once.
void spin_lock_two(struct spinlock *a, struct spinlock *b);
void spin_unlock_two(struct spinlock *a, struct spinlock *b);
