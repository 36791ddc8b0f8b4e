// Sleeping locks: mutex (one owner) and rwsem (many readers or one writer, writers not starved).
// Both have a rank from birth and are checked against the lock order.
#pragma once

#include "sched/waitq.h"

struct mutex {
    struct thread *owner; // [a] NULL = free
    uint32_t waiters;     // [a]
    struct waitq waitq;
    enum lockrank rank;
    const char *name;
};

void mutex_init(struct mutex *m, const char *name, enum lockrank rank);
#define MUTEX_INIT(var, name_, rank_) {.waitq = WAITQ_INIT((var).waitq), .rank = (rank_), .name = (name_)}
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_trylock(struct mutex *m); // not checked against the order
// Two of one rank, by address.
void mutex_lock_two(struct mutex *a, struct mutex *b);
void mutex_unlock_two(struct mutex *a, struct mutex *b);
static inline bool mutex_held(const struct mutex *m) { return m->owner == current(); }

struct rwsem {
    int32_t count; // [lock] readers, or -1 for a writer
    uint32_t writers_waiting;
    struct thread *writer;
    struct spinlock lock;
    struct waitq readq, writeq;
    enum lockrank rank;
    const char *name;
};

void rwsem_init(struct rwsem *s, const char *name, enum lockrank rank);
void down_read(struct rwsem *s);
void up_read(struct rwsem *s);
void down_write(struct rwsem *s);
void up_write(struct rwsem *s);
bool down_read_trylock(struct rwsem *s);
void downgrade_write(struct rwsem *s);
