// Sessions of system call tracing.
//
//   thread --systrace--> session <--systrace-- its children
//                          mask    which calls
//                          ring    | oldest | ... | newest |     seq % SYSTRACE_EVENTS
//
// 1. An event that finds no room takes the oldest one's.
// 2. A session lives as long as a thread that takes part in it.
// 3. syscall_limit is 0 for exactly the threads that have a session, else SYSCALL_MAX.
#include "proc/systrace.h"

#include "abi/errno.h"
#include "lib/refcount.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sched/thread.h"
#include "sync/spinlock.h"

// TODO: what a session is. Who may touch it at the same time as you?
struct systrace {
    struct refcount ref;
};

int systrace_start(const uint64_t *mask) { return -ENOMEM; }

void systrace_stop(void) {}

// Each user thread passes here when it is born: its calls are looked up in the table.
void systrace_fork(struct thread *t) { t->syscall_limit = SYSCALL_MAX; }

void systrace_record(struct systrace_event *e) {}

bool systrace_peek(struct systrace_event *out) { return false; }

void systrace_drop(uint64_t seq) {}
