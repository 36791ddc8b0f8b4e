// Reader-writer semaphores. The count word is the lock; waiters stand in one line.
//
//   count:  | readers ... | WAITERS | WRITER |
//
// Uncontended, each operation is one atomic instruction (or LR/SC pair) on it. While WAITERS is set
// no newcomer gets in by the fast path: it joins the line. Whoever releases the last hold and sees
// WAITERS grants: the first in line, and if that is a reader, the readers right behind it too. The
// grant changes the count on the waiter's behalf, so a woken waiter owns the lock already.
//
// Invariants: 1. WAITERS is set and cleared under `lock`, and set whenever the line is not empty
// and the lock is released outside `lock`. 2. With WAITERS set only `lock`'s holder adds holders.
// So a grant needs no retry. 3. A waiter takes `lock` once more after it was granted: the granter
// has then finished with the waiter's stack and thread.
//
// Rejected: a count under the spin lock (two lock round trips for each fault); writer preference
// (starves readers) and reader preference (starves writers).
#include "riscv/atomic.h"
#include "sched/heldlock.h"
#include "sched/mutex.h"

struct rwsem_waiter {
    struct list link;
    struct thread *thread;
    bool write;
    bool granted; // [a] after this the waiter owns the lock
};

void rwsem_init(struct rwsem *s, const char *name, enum lockrank rank) {
    *s = (struct rwsem){.rank = rank, .name = name};
    spin_init(&s->lock, "rwsem", RANK_WAITQ);
    list_init(&s->waiters);
}

// lock held. Lets in whoever may come in now.
static void grant(struct rwsem *s) {
    while (!list_empty(&s->waiters)) {
        struct rwsem_waiter *w = list_first(&s->waiters, struct rwsem_waiter, link);
        uint64_t c = atomic_load(&s->count);
        if ((c & RWSEM_WRITER) || (w->write && c >= RWSEM_READER))
            return;
        atomic_add(&s->count, w->write ? RWSEM_WRITER : RWSEM_READER);
        struct thread *t = w->thread;
        list_remove(&w->link);
        atomic_store(&w->granted, true);
        thread_wake(t); // alive: it takes s->lock before it goes on
    }
    atomic_and(&s->count, ~RWSEM_WAITERS);
}

static void wait_in_line(struct rwsem *s, bool write) {
    struct rwsem_waiter w = {.thread = current(), .write = write};
    spin_lock(&s->lock);
    list_push_back(&s->waiters, &w.link);
    atomic_or(&s->count, RWSEM_WAITERS);
    grant(s); // the holder may have left before it could see WAITERS
    spin_unlock(&s->lock);
    for (;;) {
        WRITE_ONCE(current()->state, THREAD_SLEEPING);
        fence_full();
        if (atomic_load(&w.granted))
            break;
        schedule();
    }
    WRITE_ONCE(current()->state, THREAD_RUNNING);
    spin_lock(&s->lock); // invariant 3
    spin_unlock(&s->lock);
}

static __noinline void release_slow(struct rwsem *s, bool noted, bool waiters) {
    if (noted) // not on top: released out of order
        held_pop(&current()->held, s);
    if (!waiters)
        return;
    spin_lock(&s->lock);
    grant(s);
    spin_unlock(&s->lock);
}

static inline bool try_read(struct rwsem *s) {
    uint64_t c = atomic_load_relaxed(&s->count);
    while (likely(!(c & (RWSEM_WRITER | RWSEM_WAITERS))))
        if (likely(__atomic_compare_exchange_n(&s->count, &c, c + RWSEM_READER, true,
                                               __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
            return true;
    return false;
}

static inline bool try_write(struct rwsem *s) { return atomic_cas(&s->count, 0, RWSEM_WRITER); }

static __noinline void down_slow(struct rwsem *s, bool write, vaddr_t caller) {
    might_sleep();
    held_push(&current()->held, s, s->name, s->rank, caller);
    if (!(write ? try_write(s) : try_read(s)))
        wait_in_line(s, write);
    if (write)
        s->writer = current();
}

void down_read(struct rwsem *s) {
    vaddr_t caller = (vaddr_t)__builtin_return_address(0);
    if (likely(held_fits(s->rank) && try_read(s)))
        held_note(s, s->name, s->rank, caller);
    else
        down_slow(s, false, caller);
}

bool down_read_trylock(struct rwsem *s) {
    if (current()->held.count == HELD_SLEEPERS_MAX || !try_read(s))
        return false;
    held_note_sorted(s, s->name, s->rank, (vaddr_t)__builtin_return_address(0));
    return true;
}

void up_read(struct rwsem *s) {
    bool noted = !held_drop(s);
    uint64_t old = atomic_sub(&s->count, RWSEM_READER);
    assertf(old >= RWSEM_READER, "%s: up_read without a reader", s->name);
    bool last = old == (RWSEM_READER | RWSEM_WAITERS);
    if (unlikely(noted || last))
        release_slow(s, noted, last);
}

void down_write(struct rwsem *s) {
    vaddr_t caller = (vaddr_t)__builtin_return_address(0);
    if (unlikely(!held_fits(s->rank) || !try_write(s))) {
        down_slow(s, true, caller);
        return;
    }
    held_note(s, s->name, s->rank, caller);
    s->writer = current();
}

void up_write(struct rwsem *s) {
    bool noted = !held_drop(s);
    s->writer = NULL;
    uint64_t old = atomic_sub(&s->count, RWSEM_WRITER);
    assertf(old & RWSEM_WRITER, "%s: up_write without a writer", s->name);
    if (unlikely(noted || (old & RWSEM_WAITERS)))
        release_slow(s, noted, old & RWSEM_WAITERS);
}

void downgrade_write(struct rwsem *s) {
    s->writer = NULL;
    uint64_t old = atomic_add(&s->count, RWSEM_READER - RWSEM_WRITER);
    assertf(old & RWSEM_WRITER, "%s: downgrade without a writer", s->name);
    if (unlikely(old & RWSEM_WAITERS))
        release_slow(s, false, true);
}
