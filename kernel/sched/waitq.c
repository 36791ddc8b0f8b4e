// Wait queues. Why no wake-up is lost:
//
//   sleeper                                 waker
//     enter the queue (lock), state := S      condition := true
//     fence                                   fence
//     condition true? -> leave                queue empty? -> done
//     schedule()                              state S? -> make it runnable
//
// If the waker finds the queue empty (or the state not S), the sleeper's stores came after the
// waker's fence, so the sleeper's look at the condition, which is later still, sees it true.
//
// A woken entry is taken off the queue by the waker, after the wake-up and with the link's `next`
// stored last: a sleeper that sees its link point to itself knows that nobody will touch the entry
// (which is on its stack) or the thread through it any more, and needs no lock to leave.
#include "sched/waitq.h"

#include "riscv/atomic.h"
#include "sched/timer.h"

void waitq_init(struct waitq *q) {
    spin_init(&q->lock, "waitq", RANK_WAITQ);
    list_init(&q->head);
}

void waitq_prepare(struct waitq *q, struct wait_entry *e, enum thread_state state) {
    e->thread = current();
    spin_lock(&q->lock); // also waits for a waker that is about to detach the entry
    if (!e->link.next || list_empty(&e->link))
        list_push_back(&q->head, &e->link);
    WRITE_ONCE(current()->state, state);
    spin_unlock(&q->lock);
    fence_full();
}

// Unlinks; the last store is the one that waitq_finish() looks for.
static void entry_detach(struct wait_entry *e) {
    e->link.prev->next = e->link.next;
    e->link.next->prev = e->link.prev;
    e->link.prev = &e->link;
    atomic_store(&e->link.next, &e->link);
}

void waitq_finish(struct waitq *q, struct wait_entry *e) {
    WRITE_ONCE(current()->state, THREAD_RUNNING);
    if (!e->link.next || atomic_load(&e->link.next) == &e->link)
        return;
    spin_lock(&q->lock);
    list_remove(&e->link); // harmless when a waker has just done it
    spin_unlock(&q->lock);
}

static void wake(struct waitq *q, bool all) {
    struct wait_entry *e, *next;
    fence_full();
    if (list_empty(&q->head))
        return;
    spin_lock(&q->lock);
    list_for_each_safe(e, next, &q->head, link) {
        bool exclusive = e->exclusive;
        if (!thread_wake(e->thread))
            continue; // awake already: it will look at the condition and leave by itself
        entry_detach(e);
        if (exclusive && !all)
            break;
    }
    spin_unlock(&q->lock);
}

void waitq_wake_one(struct waitq *q) { wake(q, false); }
void waitq_wake_all(struct waitq *q) { wake(q, true); }

void waitq_wake_all_sync(struct waitq *q) {
    current()->wake_sync = true;
    wake(q, true);
    current()->wake_sync = false;
}

struct sleep_timer {
    struct timer timer;
    struct thread *thread;
};

static void sleep_timer_fired(struct timer *t) {
    thread_wake(container_of(t, struct sleep_timer, timer)->thread);
}

bool schedule_until(uint64_t deadline) {
    if (deadline == UINT64_MAX) {
        schedule();
        return true;
    }
    struct sleep_timer s = {.thread = current()};
    timer_init(&s.timer, sleep_timer_fired);
    timer_arm(&s.timer, deadline);
    schedule();
    timer_cancel(&s.timer);
    return ktime_ns() < deadline;
}

int sleep_until(uint64_t deadline) {
    int err = 0;
    while (ktime_ns() < deadline && !err) {
        WRITE_ONCE(current()->state, THREAD_INTERRUPTIBLE);
        fence_full();
        if (signal_pending())
            err = -EINTR;
        else
            schedule_until(deadline);
    }
    WRITE_ONCE(current()->state, THREAD_RUNNING);
    return err;
}
