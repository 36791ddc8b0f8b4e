// Processes: threads that share memory, files, signals and a place in the family tree.
//
//   struct thread (sched/)  --proc-->  struct process  --pid-->  struct pid (the number)
//        ^  ^                             |  ^    |
//        |  +------- threads -------------+  |    +-- parent, children: the tree
//        +--- pid->thread                    +------- pid->group: processes of a process group
//
// A process is live while it has threads, then a zombie until its parent has waited (or at once
// gone when the parent ignores SIGCHLD), then only memory until the last reference goes.
//
// Lock key: [I] immutable  [proc] proc_lock  [own] only the process's own threads, one of them at a
// time (exec, exit)  [a] atomic
#pragma once

#include "lib/list.h"
#include "lib/refcount.h"
#include "proc/pid.h"
#include "sched/limits.h"
#include "sched/waitq.h"

struct fdtable;
struct fsctx;
struct mm;
struct sigactions;
struct signal_note;

// What a process or a thread used. Times in ns.
struct usage {
    uint64_t utime, stime, minflt, majflt, nvcsw, nivcsw, maxrss_pages;
};

struct process {
    struct refcount ref;
    struct pid *pid;             // [I] its number; the first thread's tid too
    struct pid *pgrp, *session;  // [proc] held
    struct list group_link;      // [proc] on pgrp->group
    struct list all_link;        // [proc] on all_processes, in order of birth

    struct process *parent;      // [proc] never NULL except for init and after the wait
    struct list children, sibling; // [proc]
    struct waitq wait_q;         // wait4 of this process's threads sleeps here

    struct list threads;         // [proc] by thread->group_link
    int nthreads;                // [proc]
    struct thread *leader;       // [proc] NULL once it has exited

    struct mm *mm;               // [proc] held; NULL once exited. Threads use current()->mm
    struct fdtable *files;       // [own] held; NULL once exited (then also for others: [proc])
    struct fsctx *fs;            // [own] held; credentials are in it; likewise
    struct sigactions *actions;  // [proc] NULL: all default; shared until one of the sharers writes
    struct signal_note *notes;   // [proc] one for each signal; NULL until a handler is installed
    bool sigreturn_mapped;       // [own] the code that handlers return to is in the mm
    uint64_t sigpending;         // [proc] for whichever thread takes it
    struct limits limits;        // [proc]

    char name[16];               // [proc] its last thread's, once that is gone
    uint32_t uid;                // [proc] real user number at the end
    int exit_signal;             // [I] to the parent at the end; 0: none
    int exit_status;             // [proc] wait4's status word, once group_exit
    bool group_exit;             // [proc] every thread is to end
    bool oom_passed;             // [proc] ended for memory, but it does not come to its end
    int oom_score_adj;           // [proc] -1000 (never) .. 1000: added to its score, in 1/1000
    bool zombie;                 // [proc] no thread left
    bool reaped;                 // [proc] out of the tree
    bool did_exec;               // [proc]
    bool dumpable;               // [own]
    struct thread *exec_thread;  // [proc] its other threads are to end: exec waits
    int stop_signal;             // [proc] stopped by it; 0: runs
    bool stop_reported, continued; // [proc] news for wait4

    bool vfork_wait;             // [proc] the parent waits until exec or exit
    struct usage dead;           // [proc] of its ended threads
    struct usage reaped_children; // [proc] of children waited for, and theirs
    uint64_t start_ns;           // [I]
};

// Guards all [proc] members, the pid tree and the signal masks of threads. A spin lock, because the
// terminal sends signals from its interrupt.
extern struct spinlock proc_lock;
extern struct list all_processes; // [proc]
extern struct process *init_process;

static inline struct process *current_proc(void) { return current()->proc; }
static inline struct fsctx *current_fs(void) { return current()->proc->fs; }
static inline struct fdtable *current_files(void) { return current()->proc->files; }

static inline void process_get(struct process *p) { ref_get(&p->ref); }
void process_put(struct process *p);
// The process with this number, held, or NULL. Zombies count, reaped ones do not.
struct process *process_find(int pid);
// Without a reference; proc_lock held.
struct process *process_find_locked(int pid);
// The first live or zombie process with a number >= *pid: sets *pid. False: none.
bool process_next(int *pid);
// References on another process's parts, or NULL when it has ended.
struct mm *process_mm(struct process *p);
struct fdtable *process_files(struct process *p);
struct fsctx *process_fs(struct process *p);
int process_count(void);
int process_ppid(struct process *p);
void thread_usage(struct thread *t, struct usage *out); // proc_lock held, or the current thread
// Sums over its threads, dead and alive.
void process_usage(struct process *p, struct usage *out);
void usage_add(struct usage *to, const struct usage *from);
// 0 or -EPERM: may the current process signal or look into p? proc_lock held.
int __must_check process_may_touch_locked(struct process *p);
// The same for its memory, as ptrace(2) has it ("access mode checking").
int __must_check process_may_trace_locked(struct process *p);

// ---- fork.c

struct clone_request {
    uint64_t flags;   // CLONE_*
    int exit_signal;
    uaddr_t stack;    // 0: the parent's
    uaddr_t tls, parent_tid, child_tid;
};
// clone(2) for the current process, whose user registers are *tf: the child's number or -errno.
int process_clone(const struct clone_request *r, const struct trapframe *tf);
// Boot: process 1, whose only thread runs fn(arg) in the kernel and is to call process_exec
// (proc/exec.h).
int __must_check process_start_init(void (*fn)(void *), void *arg);
void process_init(void);
void terminal_init(void); // tty.c: connects the terminal's upcalls to signals and job control

// ---- exit.c

// Ends the current thread; the process with it if it is the last. status: as wait4 reports it.
__noreturn void process_exit_thread(int status);
// exit_group(2): all threads. Does not return.
__noreturn void process_exit_group(int status);
// proc_lock held: makes every thread of p end with this status, unless it is ending already.
void process_kill_locked(struct process *p, int status);

// ---- wait.c

struct wait_result {
    int pid;     // whose news; 0: none (WNOHANG)
    int status;  // as wait4 writes it
    int code;    // CLD_*
    uint32_t uid;
    struct usage usage; // of the child and the children it waited for
};
// The core of wait4(2) and waitid(2): which as wait4's pid; options WEXITED WSTOPPED WCONTINUED
// WNOHANG WNOWAIT __WALL __WCLONE. 0, -ECHILD, -EINTR.
int process_wait(int which, int options, struct wait_result *out);
// proc_lock held: tells p's parent that p ended, stopped or continued (SIGCHLD and wake-up).
void process_notify_parent_locked(struct process *p, int code);

// ---- group.c

int process_setpgid(int pid, int pgid);
int process_getpgid(int pid);
int process_setsid(void);
int process_getsid(int pid);
// proc_lock held.
void process_join_group(struct process *p, struct pid *pgrp, struct pid *session);
void process_leave_group(struct process *p);
// A stop signal from the terminal must not stop a group that nobody could continue.
bool process_group_orphaned(struct pid *pgrp);
