// Threads: what the scheduler runs. A process (proc/process.h) is a group of threads that share
// memory, files and signals; kernel threads have no process.
//
// States, and who moves a thread along each edge:
//
//   NEW --thread_start--> READY <--switch--> RUNNING --waitq_prepare, schedule--> SLEEPING
//                           ^                   |                                    |
//                           +---- thread_wake --|------------------------------------+
//                                               +--thread_exit--> DEAD --last put--> freed
//
// There is no "still on its stack" flag: a CPU holds its run queue's lock over the whole switch, so
// whoever gets that lock finds the thread either running or completely saved.
//
// Lock key: [I] immutable  [own] only the thread itself  [rq] its run queue's lock  [a] atomic
#pragma once

#include "lib/list.h"
#include "lib/rbtree.h"
#include "lib/refcount.h"
#include "riscv/tcb.h"
#include "sync/cpu.h"
#include "sync/held.h"

struct process;
struct systrace;
struct limits;
struct mm;

enum thread_state {
    THREAD_NEW,
    THREAD_READY,           // on a run queue
    THREAD_RUNNING,
    THREAD_SLEEPING,        // only its event wakes it ("D")
    THREAD_INTERRUPTIBLE,   // a signal wakes it too ("S")
    THREAD_STOPPED,         // by job control ("T")
    THREAD_DEAD,
};

struct thread {
    struct tcb tcb;           // first: tp points here
    struct refcount ref;
    int tid;                  // [I]
    void *kstack;             // [I] lowest address; NULL for an idle thread
    char name[16];            // [own] writes; others may read a torn name
    struct process *proc;     // [I] NULL for a kernel thread
    const struct limits *limits; // [I] its process's (sched/limits.h); NULL: none
    struct mm *mm;            // [own] address space it runs in; NULL for a kernel thread
    uint32_t *mm_cpus;        // [own] set by vm beside tcb.satp: the switch adds its CPU's bit to
                              //       *mm_cpus before it loads satp. NULL: not wanted

    enum thread_state state;  // [rq]; the thread itself may also set SLEEPING .. STOPPED, RUNNING
    bool on_rq;               // [rq] in the tree of runq[last_cpu]
    bool moving;              // [rq] may not stay on this CPU: switch_finish() starts it elsewhere
    uint32_t last_cpu;        // [rq] whose run queue's lock guards the [rq] members
    uint32_t affinity;        // [rq] allowed CPUs
    int nice;                 // [rq] -20 .. 19
    uint64_t weight;          // [rq] from nice
    uint64_t vruntime;        // [rq] ns, weighted
    uint64_t exec_start;      // [rq] ktime_ns() when it began to run
    uint64_t sum_exec;        // [rq] ns on a CPU, all in all
    struct rb_node rq_node;   // [rq] by vruntime
    uint64_t irq_saved;       // [own] interrupt state to restore when it is switched to

    uint64_t utime, stime;    // [own] timebase ticks in user and kernel mode
    uint64_t time_mark;       // [own] time_read() when the mode last changed
    uint64_t nvcsw, nivcsw;   // [own] voluntary and forced switches
    uint64_t minflt, majflt;  // [own]
    bool wake_sync;           // [own] it wakes others but is soon to sleep itself: no preemption
    uint32_t pagefault_off;   // [own] >0: user copies fail short instead of faulting (vm/uaccess.h)
    uint64_t start_ns;        // [I]

    void (*entry)(void *);    // [I] kernel thread: what it runs; user thread: called once before it
                              //     first leaves for user mode, or NULL
    void *entry_arg;
    uaddr_t clear_child_tid;  // [own] set_tid_address(2)
    uaddr_t robust_list;      // [own]
    struct list group_link;   // [process lock] proc->threads
    uint64_t sigmask, sigpending; // [proc_lock] proc/signal.c
    uint64_t sigmask_saved;   // [own] comes back after the next return to user mode ...
    bool sigmask_restore;     // [own] ... if set (sigsuspend, ppoll)
    uaddr_t altstack;         // [own] sigaltstack(2)
    uint64_t altstack_size;   // [own] 0: none
    uint64_t restart_deadline; // [own] ktime_ns; a restarted sleep goes on until then. 0: none
    void *ext;                // [own] for floors above
    struct systrace *systrace; // [own] proc/systrace.h; NULL: its system calls are not traced
    uint64_t syscall_limit;   // [own] numbers from here on take the slow way (sys/syscall.h)

    struct held_sleepers held; // [own] its count is zero at birth, the rest is not cleared
    bool fp_used;             // [own] fp holds live state (sched/fp.h)
    uint32_t fp_cpu;          // [own] the CPU whose registers may still hold it
    struct fpstate fp;        // [own] saved only when dirty
};

static inline void set_work(struct thread *t, uint32_t bits) {
    __atomic_fetch_or(&t->tcb.work, bits, __ATOMIC_ACQ_REL);
}
static inline void clear_work(struct thread *t, uint32_t bits) {
    __atomic_fetch_and(&t->tcb.work, ~bits, __ATOMIC_ACQ_REL);
}
// A signal or kill is waiting: interruptible sleeps end with -EINTR.
static inline bool signal_pending(void) { return current_tcb->work & WORK_SIGNAL; }

void thread_init(void); // called by sched_init
// The time since the last mark was spent in user (kernel) mode: at trap entry from user mode
// (before the return to it). In ticks, because this is on every system call's path.
static inline void thread_charge_user(void) {
    uint64_t now = time_read();
    current()->utime += now - current()->time_mark;
    current()->time_mark = now;
}
static inline void thread_charge_kernel(void) {
    uint64_t now = time_read();
    current()->stime += now - current()->time_mark;
    current()->time_mark = now;
}

// A thread with a kernel stack, state NEW, one reference. NULL: out of memory. tid is the caller's.
struct thread *__must_check thread_alloc(const char *name);
// Prepares it to call fn(arg) in the kernel, or to leave for user mode with *frame.
void thread_set_entry(struct thread *t, void (*fn)(void *), void *arg);
void thread_set_user(struct thread *t, const struct trapframe *frame);
void thread_start(struct thread *t);
void thread_get(struct thread *t);
void thread_put(struct thread *t);
// The end of the current thread: never runs again; its own reference is dropped once its stack is
// no longer in use.
__noreturn void thread_exit(void);
// Brings t into the kernel soon if it is running in user mode on another CPU.
void thread_kick(struct thread *t);
// A kernel thread, started. NULL: out of memory.
struct thread *__must_check kthread_start(const char *name, void (*fn)(void *), void *arg);
