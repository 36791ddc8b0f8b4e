// Signals: sending, masks, default actions, and what happens on the way back to user mode.
//
// Sending sets a bit in the thread's or the process's pending set and WORK_SIGNAL in a thread that
// may take it, and wakes an interruptible sleep. The thread acts on it in signal_user_work().
#pragma once

#include "abi/signal.h"
#include "lib/compiler.h"
#include "lib/refcount.h"

struct process;
struct pid;
struct thread;
struct trapframe;

#define SIGS_STOP (sig_bit(SIGSTOP) | sig_bit(SIGTSTP) | sig_bit(SIGTTIN) | sig_bit(SIGTTOU))
#define SIGS_IGNORED (sig_bit(SIGCHLD) | sig_bit(SIGURG) | sig_bit(SIGWINCH) | sig_bit(SIGCONT))
#define SIGS_UNBLOCKABLE (sig_bit(SIGKILL) | sig_bit(SIGSTOP))

struct sigactions {
    struct refcount ref;
    bool common;                    // [proc] by CLONE_SIGHAND: all who have it change it for all
    bool once;                      // some have SA_RESETHAND: never shared, delivery changes them
    struct sigaction action[_NSIG]; // of signal n at n - 1
};

struct signal_note { // what siginfo tells of a signal's origin
    int code;        // SI_*, or by signal (CLD_EXITED, SEGV_MAPERR ...)
    int pid, status; // sender or child; the child's status
    uint32_t uid;
    uaddr_t addr;    // of a fault
};

static inline uint64_t sig_bit(int sig) { return 1UL << (sig - 1); }

// Each returns 0 or -errno; sig 0 only checks. "_locked": proc_lock held.
int signal_send_process(struct process *p, int sig);
void signal_send_process_locked(struct process *p, int sig);
void signal_send_note_locked(struct process *p, int sig, const struct signal_note *n);
void signal_send_thread_locked(struct thread *t, int sig);
void signal_send_group_locked(struct pid *pgrp, int sig);
void signal_send_group(int pgid, int sig); // any context: the terminal's upcall
// Makes t look at its signals soon: WORK_SIGNAL, ends an interruptible sleep (and, if stopped_too,
// a stop), and brings it into the kernel if it runs in user mode on another CPU.
void signal_interrupt_locked(struct thread *t, bool stopped_too);
int signal_kill(int pid, int sig);         // kill(2)
int signal_tgkill(int tgid, int tid, int sig); // tgid -1: any (tkill)
// A fault of the current thread: its handler runs, or the process ends (also when sig is blocked or
// ignored).
void signal_force(int sig, int code, uaddr_t addr);

void signal_kill_self(int sig); // the process ends by sig at its next return to user mode
// Whenever WORK_SIGNAL is set, before returning to user mode, interrupts on: acts on what is
// pending. May not return (fatal), may sleep (stopped), may change *tf (handler, system call
// restarted).
void signal_user_work(struct trapframe *tf);

// The action in force (never NULL). proc_lock held.
const struct sigaction *signal_action_of(const struct process *p, int sig);
int signal_action(int sig, const struct sigaction *new, struct sigaction *old);
int signal_mask(int how, const uint64_t *set, uint64_t *old); // how: SIG_*
uint64_t signal_pending_set(void);
void signal_set_mask(uint64_t mask);
// A mask for the time of one call; interrupted: a signal ended it, whose handler runs with it too.
void signal_mask_begin(uint64_t mask);
void signal_mask_end(bool interrupted);
// rt_sigsuspend: waits for a signal with this mask; -EINTR.
int signal_suspend(uint64_t mask);
// Takes a pending signal of the set, waiting until deadline (ktime_ns; 0: not at all): its number,
// -EAGAIN, -EINTR (sigtimedwait(2)).
int signal_wait(uint64_t set, uint64_t deadline, struct signal_note *n);
bool signal_ignored_locked(struct process *p, int sig);
// The process does not want zombies / news of stops: SIG_IGN or SA_NOCLDWAIT, SA_NOCLDSTOP.
bool signal_no_zombies_locked(struct process *p);
bool signal_no_stop_news_locked(struct process *p);
// May the table be changed as it is? proc_lock held.
static inline bool signal_actions_writable(const struct sigactions *a) {
    return a->common || ref_read(&a->ref) == 1;
}
// fork: room for notes, and a table of the child's own where it cannot share the parent's until one
// of them changes it, or one that stays common (flags: CLONE_CLEAR_SIGHAND, CLONE_SIGHAND). 0 or
// -ENOMEM. Then, with proc_lock held: the child has the actions.
int __must_check signal_prepare_fork(struct process *child, struct process *parent,
                                     uint64_t flags);
void signal_fork(struct process *child, struct process *parent);
// exec: handlers become default, ignored stays. First what may fail: 0 or -ENOMEM.
int __must_check signal_prepare_exec(void);
void signal_exec(void);
void signal_exit(struct process *p); // drops the actions
// Recomputes WORK_SIGNAL of the current thread; proc_lock held.
void signal_recalc_locked(void);
// Takes a pending signal of the set for the current thread, or 0. proc_lock held.
int signal_take_locked(uint64_t set, struct signal_note *n);
void signal_init(void);
