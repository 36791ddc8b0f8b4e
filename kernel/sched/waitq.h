// Wait queues: where threads sleep for an event.
//
// The race that they solve: the condition becomes true after it was found false and before the
// thread sleeps. So: enter the queue and set the state first, then test, then sleep; a wake in
// between sets the state back to READY and schedule() returns at once.
#pragma once

#include "abi/errno.h"
#include "lib/list.h"
#include "sched/sched.h"
#include "sync/spinlock.h"

struct waitq {
    struct spinlock lock;
    struct list head; // of struct wait_entry
};

struct wait_entry {
    struct thread *thread;
    struct list link;
    bool exclusive; // waitq_wake_one wakes one of these (and all others)
};

#define WAITQ_INIT(name) \
    { .lock = SPINLOCK_INIT("waitq", RANK_WAITQ), .head = LIST_INIT((name).head) }

void waitq_init(struct waitq *q);
// Enters the queue (if not in it) and sets current()'s state. e is zeroed before its first use.
void waitq_prepare(struct waitq *q, struct wait_entry *e, enum thread_state state);
void waitq_finish(struct waitq *q, struct wait_entry *e);
// Any context. With nobody waiting a wake-up costs about ten instructions and no lock.
void waitq_wake_one(struct waitq *q);
void waitq_wake_all(struct waitq *q);
// The same from a thread that has more to do for them and will sleep when it cannot go on (a writer
// into a pipe): those it wakes on this CPU wait for that, or for the end of its slice.
void waitq_wake_all_sync(struct waitq *q);
static inline bool waitq_active(struct waitq *q) { return !list_empty(&q->head); }
// Sleeps until woken or until deadline (ktime_ns; UINT64_MAX: none). False: the time has come.
bool schedule_until(uint64_t deadline);

// Sleeps until cond is true. The condition is evaluated without the queue's lock.
#define wait_event(q, cond)                                                                        \
    do {                                                                                           \
        struct wait_entry we_ = {0};                                                               \
        while (!(cond)) {                                                                          \
            waitq_prepare(q, &we_, THREAD_SLEEPING);                                               \
            if (!(cond))                                                                           \
                schedule();                                                                        \
            waitq_finish(q, &we_);                                                                 \
        }                                                                                          \
    } while (0)

// 0, or -EINTR when a signal came first.
#define wait_event_interruptible(q, cond)                                                          \
    wait_event_interruptible_until(q, cond, UINT64_MAX)

// 0, -EINTR, or -ETIME when ktime_ns() reached deadline.
#define wait_event_interruptible_until(q, cond, deadline)                                          \
    ({                                                                                             \
        struct wait_entry we_ = {0};                                                               \
        int ret_ = 0;                                                                              \
        while (!(cond) && !ret_) {                                                                 \
            waitq_prepare(q, &we_, THREAD_INTERRUPTIBLE);                                          \
            if (signal_pending())                                                                  \
                ret_ = -EINTR;                                                                     \
            else if (!(cond) && !schedule_until(deadline) && !(cond))                              \
                ret_ = -ETIME;                                                                     \
            waitq_finish(q, &we_);                                                                 \
        }                                                                                          \
        ret_;                                                                                      \
    })
