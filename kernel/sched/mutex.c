// Mutexes: one word says who owns it, and a wait queue holds those who wait.
//
//   lock:    owner NULL -> me, by one compare-and-swap; else count myself in `waiters`, queue, try
//            again, sleep
//   unlock:  owner := NULL, fence, waiters? -> wake the first
//
// The unlocker looks at `waiters` after it freed the owner, the waiter tries the owner after it
// raised `waiters`, with a full fence in between on both sides: one of them sees the other.
// A newcomer may overtake a woken waiter; handing the lock over directly would make every contended
// unlock a context switch.
//
// The object that holds a mutex must live until mutex_unlock() has returned (the unlocker reads
// `waiters` after others can lock), which holding a reference on it ensures.
#include "sched/mutex.h"

#include "riscv/atomic.h"
#include "sched/heldlock.h"

void mutex_init(struct mutex *m, const char *name, enum lockrank rank) {
    *m = (struct mutex){.rank = rank, .name = name};
    waitq_init(&m->waitq);
}

static __noinline void lock_slow(struct mutex *m, vaddr_t caller) {
    struct wait_entry e = {.exclusive = true};
    might_sleep();
    assertf(m->owner != current(), "%s locked twice", m->name);
    held_push(&current()->held, m, m->name, m->rank, caller);
    atomic_add(&m->waiters, 1);
    for (;;) {
        waitq_prepare(&m->waitq, &e, THREAD_SLEEPING);
        if (atomic_cas(&m->owner, NULL, current()))
            break;
        schedule();
    }
    waitq_finish(&m->waitq, &e);
    atomic_sub(&m->waiters, 1);
}

static inline void lock(struct mutex *m, vaddr_t caller) {
    if (likely(held_fits(m->rank) && atomic_cas(&m->owner, NULL, current())))
        held_note(m, m->name, m->rank, caller);
    else
        lock_slow(m, caller);
}

void mutex_lock(struct mutex *m) { lock(m, (vaddr_t)__builtin_return_address(0)); }

bool mutex_trylock(struct mutex *m) {
    if (current()->held.count == HELD_SLEEPERS_MAX || !atomic_cas(&m->owner, NULL, current()))
        return false;
    held_note_sorted(m, m->name, m->rank, (vaddr_t)__builtin_return_address(0));
    return true;
}

static __noinline void unlock_slow(struct mutex *m, bool noted) {
    if (noted) // not on top: unlocked out of order
        held_pop(&current()->held, m);
    waitq_wake_one(&m->waitq);
}

void mutex_unlock(struct mutex *m) {
    assertf(m->owner == current(), "%s unlocked by another than its owner", m->name);
    bool noted = !held_drop(m);
    atomic_store(&m->owner, NULL);
    fence_full();
    if (unlikely(noted || atomic_load_relaxed(&m->waiters)))
        unlock_slow(m, noted);
}

void mutex_lock_two(struct mutex *a, struct mutex *b) {
    vaddr_t caller = (vaddr_t)__builtin_return_address(0);
    lock(a < b ? a : b, caller);
    if (a != b)
        lock(a < b ? b : a, caller);
}

void mutex_unlock_two(struct mutex *a, struct mutex *b) {
    if (a != b)
        mutex_unlock(a < b ? b : a);
    mutex_unlock(a < b ? a : b);
}
