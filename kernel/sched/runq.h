// Inside sched/: one CPU's run queue. Others use sched/sched.h.
//
// The queue holds the READY threads in a red-black tree by vruntime; the running one is outside the
// tree. All functions want the queue's lock held.
#pragma once

#include "sched/sched.h"
#include "sched/timer.h"
#include "sync/spinlock.h"

#define NICE_0_WEIGHT 1024
#define SCHED_LATENCY_NS 6000000UL   // each runnable thread runs once in this time ...
#define SCHED_MIN_SLICE_NS 750000UL  // ... but not for less than this
#define SCHED_WAKEUP_NS 1000000UL    // a woken thread this far behind preempts
#define BALANCE_NS 8000000UL

struct runq {
    struct spinlock lock;
    uint32_t cpu;            // [I]
    uint32_t nr;             // runnable: in the tree, and the running one unless it is idle
    struct rb_root tree;
    struct rb_node *leftmost;
    struct thread *curr;
    struct thread *idle;     // [I]
    uint64_t load;           // sum of the weights of the nr threads
    uint64_t min_vruntime;   // never decreases; where newcomers start
    uint64_t switches;
    uint64_t next_balance;   // ktime_ns
    uint64_t idle_ticks;     // [own CPU] timebase ticks spent waiting for interrupts
    uint64_t idle_since;     // [own CPU] when the wait in progress began; 0: not waiting
    uint64_t user_ticks, nice_ticks; // in user mode, of threads that have left; nice > 0 apart
    uint64_t curr_utime;     // what curr->utime was when it came
    struct thread *fp_owner; // [own CPU] whose state the FP registers hold; compared only
} __aligned(64);

extern struct runq runqs[CPU_MAX];
extern uint32_t sched_idle_mask; // [a] CPUs in the idle loop that nobody has claimed

static inline struct runq *this_runq(void) { return &runqs[cpu_id()]; }
static inline struct thread *runq_thread(struct rb_node *n) {
    return rb_entry(n, struct thread, rq_node);
}
static inline bool vruntime_before(uint64_t a, uint64_t b) { return (int64_t)(a - b) < 0; }

// Locks the queue that t belongs to now.
struct runq *runq_lock_of(struct thread *t);
// Charges the running thread for the time since the last call. Returns ktime_ns().
uint64_t runq_update(struct runq *rq);
void runq_insert(struct runq *rq, struct thread *t); // tree only, state READY
void runq_remove(struct runq *rq, struct thread *t);
// Counts t in: nr and load. It is in the tree or running.
void runq_account(struct runq *rq, struct thread *t);
void runq_unaccount(struct runq *rq, struct thread *t);
// Where a thread that slept (or is new) joins: it gets a small credit, not its whole absence.
void runq_place(struct runq *rq, struct thread *t, bool is_new);
uint64_t runq_slice(const struct runq *rq, const struct thread *t);
// Should the running thread make way for the woken t?
bool runq_preempts(const struct runq *rq, const struct thread *t);
uint64_t nice_to_weight(int nice);

// balance.c
uint32_t balance_pick_cpu(struct thread *t, bool is_new);
// Moves READY thread t between two locked queues.
void runq_move(struct runq *from, struct runq *to, struct thread *t);
bool balance_steal(struct runq *rq); // idle: takes a thread from the busiest queue
void balance_push(struct runq *rq, uint64_t now); // busy: gives one to the emptiest

// sched.c: makes t, which is on no queue, runnable on a CPU of its choice.
void sched_activate(struct thread *t, bool is_new);
