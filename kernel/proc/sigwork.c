// Acting on signals, on the way back to user mode.
//
//   signal_user_work: group_exit? -> end | stopped? -> sleep | take the lowest pending, unmasked:
//        ignored          next
//        default          next, or stop the process and tell the parent, or end it
//        handler          a frame on the user's stack (sigframe.c); the registers point to it
//   then the interrupted system call: begin it again, or let it return -EINTR
//
// A fault of the program (signal_force) goes the same way, so a handler for SIGSEGV works; a fault
// that nobody handles ends the process.
#include "abi/errno.h"
#include "abi/syscall.h"
#include "abi/wait.h"
#include "klog/printk.h"
#include "proc/internal.h"
#include "proc/sigframe.h"
#include "proc/signal.h"
#include "riscv/atomic.h"

#define SCAUSE_NONE UINT64_MAX

static uint64_t deliverable(const struct thread *t) {
    return (t->sigpending | t->proc->sigpending) & ~t->sigmask;
}

void signal_recalc_locked(void) {
    struct thread *t = current();
    struct process *p = t->proc;
    if (deliverable(t) || p->group_exit || p->stop_signal ||
        (p->exec_thread && p->exec_thread != t))
        set_work(t, WORK_SIGNAL);
    else
        clear_work(t, WORK_SIGNAL);
}

int signal_take_locked(uint64_t set, struct signal_note *n) {
    struct thread *t = current();
    struct process *p = t->proc;
    uint64_t ready = (t->sigpending | p->sigpending) & set;
    if (!ready)
        return 0;
    int sig = __builtin_ctzl(ready) + 1;
    if (t->sigpending & sig_bit(sig))
        t->sigpending &= ~sig_bit(sig);
    else
        p->sigpending &= ~sig_bit(sig);
    *n = p->notes ? p->notes[sig - 1] : (struct signal_note){0};
    return sig;
}

static void stop_process(struct process *p, int sig) {
    struct thread *t;
    if (sig != SIGSTOP && process_group_orphaned(p->pgrp))
        return; // nobody could continue it
    p->stop_signal = sig;
    p->stop_reported = p->continued = false;
    list_for_each(t, &p->threads, group_link)
        if (t != current())
            signal_interrupt_locked(t, false);
    process_notify_parent_locked(p, CLD_STOPPED);
}

// What the kernel does where the program said nothing (signal(7)). init is spared.
static void default_action(struct process *p, int sig) {
    if (signal_ignored_locked(p, sig) || (sig_bit(sig) & SIGS_IGNORED))
        return;
    if (sig_bit(sig) & SIGS_STOP)
        stop_process(p, sig);
    else
        process_kill_locked(p, W_EXITCODE(0, sig));
}

// Until SIGCONT or the end; both are tested again by the caller's next round.
static void stay_stopped(struct process *p) {
    WRITE_ONCE(current()->state, THREAD_STOPPED);
    fence_full();
    if (READ_ONCE(p->stop_signal) && !READ_ONCE(p->group_exit))
        schedule();
    WRITE_ONCE(current()->state, THREAD_RUNNING);
}

struct caught { // a signal whose handler is to run; sig 0: none
    int sig;
    struct sigaction action;
    struct signal_note note;
};

// Chooses what is done about the next pending signal. True: there was one. proc_lock held.
static bool next_signal(struct thread *t, struct process *p, struct caught *c) {
    int sig = signal_take_locked(~t->sigmask, &c->note);
    if (!sig)
        return false;
    c->action = *signal_action_of(p, sig);
    if (c->action.sa_handler == SIG_DFL) {
        default_action(p, sig);
    } else if (c->action.sa_handler != SIG_IGN) {
        c->sig = sig;
        if (c->action.sa_flags & SA_RESETHAND && signal_actions_writable(p->actions))
            p->actions->action[sig - 1].sa_handler = SIG_DFL;
    }
    return true;
}

// One round under the lock. False: nothing is left to do, or a handler is to be called.
static bool work_round(struct thread *t, struct process *p, struct caught *c) {
    spin_lock(&proc_lock);
    if (p->group_exit || (p->exec_thread && p->exec_thread != t)) {
        int status = p->group_exit ? p->exit_status : 0;
        spin_unlock(&proc_lock);
        process_exit_thread(status);
    }
    bool stopped = p->stop_signal != 0;
    bool more = stopped || (next_signal(t, p, c) && !c->sig);
    signal_recalc_locked();
    spin_unlock(&proc_lock);
    if (stopped)
        stay_stopped(p);
    return more;
}

// Calls that sleep for a time or for a signal end with -EINTR even under SA_RESTART, see signal(7).
static bool never_restarts(uint64_t nr) {
    switch (nr) {
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_ppoll:
    case SYS_pselect6:
    case SYS_rt_sigsuspend:
    case SYS_rt_sigtimedwait:
        return true;
    default:
        return false;
    }
}

// A system call that a signal interrupted: begins again when no handler runs (as if nothing had
// happened) or the handler was installed with SA_RESTART.
static void restart_call(struct trapframe *tf, const struct caught *c) {
    bool interrupted = tf->scause == EXC_SYSCALL && (int64_t)tf->a0 == -EINTR;
    if (interrupted &&
        (!c->sig || ((c->action.sa_flags & SA_RESTART) && !never_restarts(tf->a7)))) {
        tf->a0 = tf->orig_a0;
        tf->sepc -= 4; // the ecall again
    } else {
        current()->restart_deadline = 0;
    }
}

void signal_user_work(struct trapframe *tf) {
    struct thread *t = current();
    struct process *p = t->proc;
    struct caught c = {0};
    while (work_round(t, p, &c))
        ;
    restart_call(tf, &c);
    uint64_t mask = t->sigmask_restore ? t->sigmask_saved : t->sigmask;
    if (c.sig) {
        if (sigframe_push(tf, c.sig, &c.action, &c.note, mask) != 0)
            signal_kill_self(SIGSEGV); // no stack to run it on
        uint64_t blocked = c.action.sa_mask;
        if (!(c.action.sa_flags & SA_NODEFER))
            blocked |= sig_bit(c.sig);
        signal_set_mask(t->sigmask | blocked);
        tf->scause = SCAUSE_NONE; // a further handler's frame goes on top, nothing restarts twice
    } else if (t->sigmask_restore) {
        signal_set_mask(mask);
    }
    t->sigmask_restore = false;
}

void signal_kill_self(int sig) {
    spin_lock(&proc_lock);
    process_kill_locked(current_proc(), W_EXITCODE(0, sig));
    spin_unlock(&proc_lock);
}

void signal_force(int sig, int code, uaddr_t addr) {
    struct thread *t = current();
    struct process *p = t->proc;
    spin_lock(&proc_lock);
    sighandler_t h = signal_action_of(p, sig)->sa_handler;
    bool caught = h != SIG_DFL && h != SIG_IGN && !(t->sigmask & sig_bit(sig)) && p->notes;
    if (caught) {
        p->notes[sig - 1] = (struct signal_note){.code = code, .addr = addr};
        t->sigpending |= sig_bit(sig);
    } else {
        process_kill_locked(p, W_EXITCODE(0, sig));
    }
    signal_recalc_locked();
    spin_unlock(&proc_lock);
    if (!caught)
        pr_info("%s (%d): signal %d, code %d, at %#lx, pc %#lx\n", t->name, t->tid, sig, code, addr,
                tcb_user_frame(&t->tcb)->sepc);
}
