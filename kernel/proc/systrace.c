// Sessions of system call tracing.
//
//   thread --systrace--> session <--systrace-- its children
//                          mask    which calls
//                          ring    | oldest | ... | newest |     seq % SYSTRACE_EVENTS
//                                    ^ taken          ^ next - 1
//
// 1. taken <= next <= taken + SYSTRACE_EVENTS: an event that finds no room takes the oldest one's.
// 2. A session lives as long as a thread that takes part in it.
// 3. syscall_limit is 0 for exactly the threads that have a session.
//
// Locks: the session's. Rejected: a list of events without end (memory that a process makes the
// kernel hold), and waiting for a reader (which may be the one that is traced).
#include "proc/systrace.h"

#include "abi/errno.h"
#include "lib/refcount.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sched/thread.h"
#include "sync/spinlock.h"

// Lock key: [I] immutable  [lock] lock
struct systrace {
    struct refcount ref;
    struct spinlock lock;
    uint64_t mask[SYSTRACE_WORDS]; // [I]
    uint64_t next, taken;          // [lock] seq of the next event, and of the oldest that is kept
    struct systrace_event ring[SYSTRACE_EVENTS]; // [lock]
};
_Static_assert(sizeof(struct systrace) <= 2 * PAGE_SIZE, "two pages");

static void take_part(struct thread *t, struct systrace *s) {
    t->systrace = s;
    t->syscall_limit = s ? 0 : SYSCALL_MAX;
}

int systrace_start(const uint64_t *mask) {
    struct systrace *s = kzalloc(sizeof(*s), GFP_KERNEL);
    if (!s)
        return -ENOMEM;
    ref_init(&s->ref, 1);
    spin_init(&s->lock, "systrace", RANK_FILE);
    memcpy(s->mask, mask, sizeof(s->mask));
    systrace_stop();
    take_part(current(), s);
    return 0;
}

void systrace_stop(void) {
    struct systrace *s = current()->systrace;
    take_part(current(), NULL);
    if (s && ref_put(&s->ref))
        kfree(s);
}

void systrace_fork(struct thread *t) {
    struct systrace *s = current()->systrace;
    if (s)
        ref_get(&s->ref);
    take_part(t, s);
}

void systrace_record(struct systrace_event *e) {
    struct systrace *s = current()->systrace;
    if (!s || e->nr >= SYSCALL_MAX || !(s->mask[e->nr / 64] >> e->nr % 64 & 1))
        return;
    e->tid = current()->tid;
    spin_lock(&s->lock);
    e->seq = s->next++;
    s->ring[e->seq % SYSTRACE_EVENTS] = *e;
    if (s->next - s->taken > SYSTRACE_EVENTS)
        s->taken++;
    spin_unlock(&s->lock);
}

bool systrace_peek(struct systrace_event *out) {
    struct systrace *s = current()->systrace;
    bool any = false;
    if (!s)
        return false;
    spin_lock(&s->lock);
    if (s->taken < s->next) {
        *out = s->ring[s->taken % SYSTRACE_EVENTS];
        any = true;
    }
    spin_unlock(&s->lock);
    return any;
}

void systrace_drop(uint64_t seq) {
    struct systrace *s = current()->systrace;
    spin_lock(&s->lock);
    if (s->taken == seq)
        s->taken++;
    spin_unlock(&s->lock);
}
