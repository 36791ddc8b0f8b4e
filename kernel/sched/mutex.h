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
#define MUTEX_INIT(var, name_, rank_) \
    { .waitq = WAITQ_INIT((var).waitq), .rank = (rank_), .name = (name_) }
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_trylock(struct mutex *m); // not checked against the order
// Two of one rank, by address.
void mutex_lock_two(struct mutex *a, struct mutex *b);
void mutex_unlock_two(struct mutex *a, struct mutex *b);
static inline bool mutex_held(const struct mutex *m) { return m->owner == current(); }

// Readers share, a writer is alone; first come, first served, so neither starves. A thread must not
// take it for reading twice: a writer may have queued in between.
struct rwsem {
    uint64_t count;        // [a] RWSEM_WRITER | RWSEM_WAITERS | readers * RWSEM_READER
    struct thread *writer; // [own] of the last one, for reports
    struct spinlock lock;  // RANK_WAITQ
    struct list waiters;   // [lock] in order of arrival
    enum lockrank rank;
    const char *name;
};

#define RWSEM_WRITER 1UL
#define RWSEM_WAITERS 2UL
#define RWSEM_READER 4UL

void rwsem_init(struct rwsem *s, const char *name, enum lockrank rank);
void down_read(struct rwsem *s);
void up_read(struct rwsem *s);
void down_write(struct rwsem *s);
void up_write(struct rwsem *s);
bool down_read_trylock(struct rwsem *s); // not checked against the order
void downgrade_write(struct rwsem *s);
// For assertions: somebody holds it for writing; somebody holds it at all.
static inline bool rwsem_write_held(const struct rwsem *s) {
    return READ_ONCE(s->count) & RWSEM_WRITER;
}
static inline bool rwsem_held(const struct rwsem *s) {
    return READ_ONCE(s->count) & ~RWSEM_WAITERS;
}
