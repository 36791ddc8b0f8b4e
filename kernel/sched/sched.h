// The fair scheduler: each CPU has a run queue ordered by virtual run time; the smallest runs next
// for a slice that shrinks with the number of runnable threads. After Linux's CFS (design document
// "CFS Scheduler"). Idle CPUs steal; a busy one is balanced every BALANCE_NS. No periodic tick: the
// timer is set for the end of the slice only when somebody waits, or for the next timer.
#pragma once

#include "lib/compiler.h"
#include "sched/thread.h"

void sched_init(void);            // boot CPU: turns the boot context into a thread (idle's)
void sched_init_cpu(void);        // each further CPU
__noreturn void sched_idle(void); // the idle loop; never returns

// Gives up the CPU. state was set by the caller (waitq) or stays RUNNING to stay runnable.
void schedule(void);
void sched_yield(void);
// On the way to user mode and in long kernel loops: switches when somebody else should run.
static inline void cond_resched(void) {
    if (unlikely(current_tcb->work & WORK_RESCHED))
        schedule();
}
// Makes a sleeping thread runnable if its state is one of `states` (bits 1 << enum thread_state).
// True when it was woken.
bool thread_wake_state(struct thread *t, uint32_t states);
static inline bool thread_wake(struct thread *t) {
    return thread_wake_state(t, 1u << THREAD_SLEEPING | 1u << THREAD_INTERRUPTIBLE);
}
void sched_set_nice(struct thread *t, int nice);
// 0, or -EINVAL when no CPU of the mask is online. A running thread moves at its next schedule().
int sched_set_affinity(struct thread *t, uint32_t cpu_mask);
// From the reschedule IPI, and by timer_interrupt() at the end of a slice.
void sched_tick(void);
// The last switch of the current thread; use thread_exit().
__noreturn void sched_exit(void);
// A new thread inherits from its parent at fork.
void sched_fork(struct thread *child, struct thread *parent);
// Figures for /proc/loadavg and /proc/stat: of one CPU since boot (false: it has not started), and
// of all together.
struct cpu_stats {
    uint64_t user_ns, nice_ns, idle_ns, switches; // the rest is the kernel's time
};
bool sched_get_cpu_stats(int cpu, struct cpu_stats *out);
struct sched_stats {
    uint64_t nr_running, nr_switches, idle_ns, loadavg[3]; // loadavg in 1/65536
};
void sched_get_stats(struct sched_stats *out);
void sched_stats_init(void); // starts sampling the load
// Walks every run queue: order, counts, states; asserts on a breach.
void sched_check(void);
