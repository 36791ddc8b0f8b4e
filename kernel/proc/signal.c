// Signals: who gets them, what they do by default, and acting on them.
//
//   send: ignored? drop : pending |= bit; a thread that may take it: WORK_SIGNAL, wake, kick
//   return to user mode with WORK_SIGNAL: signal_user_work
//        group_exit? -> end | stopped? -> sleep | take lowest pending, unmasked:
//            default ignore -> next     default stop -> stop the process, tell the parent
//            default end, SIGKILL -> end the process
//   interrupted system call: -EINTR becomes a restart when no handler ran
//
// SIGKILL and SIGCONT act when they are sent: the first marks the process as ending, the second
// continues a stopped one even if it is blocked or ignored.
//
// Handlers: an installed handler is kept and inherited as on Linux; calling it is still to come (it
// goes where default_action() is chosen). Until then a signal with a handler acts by default, except
// that it never ends the process when its default is to be ignored.
//
// All state is under proc_lock (RANK_PID), which the terminal takes in its interrupt.
#include "proc/signal.h"

#include "abi/errno.h"
#include "abi/wait.h"
#include "mm/slab.h"
#include "proc/internal.h"
#include "riscv/atomic.h"
#include "sched/timer.h"

#define SIGS_STOP (sig_bit(SIGSTOP) | sig_bit(SIGTSTP) | sig_bit(SIGTTIN) | sig_bit(SIGTTOU))
#define SIGS_IGNORED (sig_bit(SIGCHLD) | sig_bit(SIGURG) | sig_bit(SIGWINCH) | sig_bit(SIGCONT))
#define SIGS_UNBLOCKABLE (sig_bit(SIGKILL) | sig_bit(SIGSTOP))

static struct slab_cache *actions_cache;

static const struct sigaction *action_of(const struct process *p, int sig) {
    static const struct sigaction by_default;
    return p->actions ? &p->actions->action[sig - 1] : &by_default;
}

// Would sig do nothing at all? init has no default actions: it cannot be killed by mistake.
bool signal_ignored_locked(struct process *p, int sig) {
    sighandler_t h = action_of(p, sig)->sa_handler;
    if (h == SIG_IGN)
        return true;
    return h == SIG_DFL && (p == init_process || (sig_bit(sig) & SIGS_IGNORED));
}

bool signal_no_zombies_locked(struct process *p) {
    const struct sigaction *a = action_of(p, SIGCHLD);
    return a->sa_handler == SIG_IGN || (a->sa_flags & SA_NOCLDWAIT);
}

bool signal_no_stop_news_locked(struct process *p) {
    return action_of(p, SIGCHLD)->sa_flags & SA_NOCLDSTOP;
}

void signal_interrupt_locked(struct thread *t, bool stopped_too) {
    uint32_t states = 1u << THREAD_INTERRUPTIBLE | (stopped_too ? 1u << THREAD_STOPPED : 0);
    set_work(t, WORK_SIGNAL);
    if (!thread_wake_state(t, states))
        thread_kick(t);
}

static void forget_pending(struct process *p, uint64_t set) {
    struct thread *t;
    p->sigpending &= ~set;
    list_for_each(t, &p->threads, group_link)
        t->sigpending &= ~set;
}

static void continue_process(struct process *p) {
    struct thread *t;
    forget_pending(p, SIGS_STOP);
    if (!p->stop_signal)
        return;
    p->stop_signal = 0;
    p->stop_reported = false;
    p->continued = true;
    list_for_each(t, &p->threads, group_link)
        signal_interrupt_locked(t, true);
    process_notify_parent_locked(p, CLD_CONTINUED);
}

// What a signal does when it is sent, whoever is to take it. False: it is done with.
static bool act_on_send(struct process *p, int sig, uint64_t mask) {
    if (p->zombie || p->group_exit)
        return false;
    if (sig == SIGCONT)
        continue_process(p);
    else if (sig_bit(sig) & SIGS_STOP)
        forget_pending(p, sig_bit(SIGCONT));
    if (signal_ignored_locked(p, sig) && !(mask & sig_bit(sig)))
        return false;
    if (sig == SIGKILL) {
        process_kill_locked(p, W_EXITCODE(0, SIGKILL));
        return false;
    }
    return true;
}

void signal_send_process_locked(struct process *p, int sig) {
    struct thread *t;
    uint64_t bit = sig_bit(sig);
    if (list_empty(&p->threads))
        return;
    t = list_first(&p->threads, struct thread, group_link);
    if (!act_on_send(p, sig, t->sigmask))
        return;
    p->sigpending |= bit;
    list_for_each(t, &p->threads, group_link)
        if (!(t->sigmask & bit)) {
            signal_interrupt_locked(t, false);
            return;
        }
}

void signal_send_thread_locked(struct thread *t, int sig) {
    if (!act_on_send(t->proc, sig, t->sigmask))
        return;
    t->sigpending |= sig_bit(sig);
    if (!(t->sigmask & sig_bit(sig)))
        signal_interrupt_locked(t, false);
}

void signal_send_group_locked(struct pid *pgrp, int sig) {
    struct process *p;
    list_for_each(p, &pgrp->group, group_link)
        signal_send_process_locked(p, sig);
}

void signal_send_group(int pgid, int sig) {
    spin_lock(&proc_lock);
    struct pid *pgrp = pid_find_locked(pgid);
    if (pgrp)
        signal_send_group_locked(pgrp, sig);
    spin_unlock(&proc_lock);
}

// ---- acting on them

static uint64_t deliverable(const struct thread *t) {
    return (t->sigpending | t->proc->sigpending) & ~t->sigmask;
}

void signal_recalc_locked(void) {
    struct thread *t = current();
    struct process *p = t->proc;
    if (deliverable(t) || p->group_exit || p->stop_signal || (p->exec_thread && p->exec_thread != t))
        set_work(t, WORK_SIGNAL);
    else
        clear_work(t, WORK_SIGNAL);
}

static int take(uint64_t set) {
    struct thread *t = current();
    uint64_t ready = (t->sigpending | t->proc->sigpending) & set;
    if (!ready)
        return 0;
    int sig = __builtin_ctzl(ready) + 1;
    if (t->sigpending & sig_bit(sig))
        t->sigpending &= ~sig_bit(sig);
    else
        t->proc->sigpending &= ~sig_bit(sig);
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

static void default_action(struct process *p, int sig) {
    if (signal_ignored_locked(p, sig) || (sig_bit(sig) & SIGS_IGNORED))
        return;
    if (sig_bit(sig) & SIGS_STOP)
        stop_process(p, sig);
    else
        process_kill_locked(p, W_EXITCODE(0, sig));
}

static void stay_stopped(struct process *p) {
    WRITE_ONCE(current()->state, THREAD_STOPPED);
    fence_full();
    if (READ_ONCE(p->stop_signal) && !READ_ONCE(p->group_exit))
        schedule();
    WRITE_ONCE(current()->state, THREAD_RUNNING);
}

// One round under the lock. False: nothing is left to do. Unlocked on return.
static bool work_round(struct thread *t, struct process *p) {
    bool more = true;
    spin_lock(&proc_lock);
    if (p->group_exit || (p->exec_thread && p->exec_thread != t)) {
        int status = p->group_exit ? p->exit_status : 0;
        spin_unlock(&proc_lock);
        process_exit_thread(status);
    }
    bool stopped = p->stop_signal != 0;
    if (!stopped) {
        int sig = take(~t->sigmask);
        if (sig)
            default_action(p, sig);
        else
            more = false;
        signal_recalc_locked();
    }
    spin_unlock(&proc_lock);
    if (stopped)
        stay_stopped(p);
    return more;
}

// A system call that a signal interrupted, but no handler ran: as if nothing had happened.
static void restart_call(struct trapframe *tf) {
    if (tf->scause != EXC_SYSCALL || (int64_t)tf->a0 != -EINTR) {
        current()->restart_deadline = 0;
        return;
    }
    tf->a0 = tf->orig_a0;
    tf->sepc -= 4; // the ecall again
}

void signal_user_work(struct trapframe *tf) {
    struct thread *t = current();
    if (!t->proc) { // cannot be: kernel threads do not return to user mode
        clear_work(t, WORK_SIGNAL);
        return;
    }
    while (work_round(t, t->proc))
        ;
    restart_call(tf);
    if (t->sigmask_restore) {
        t->sigmask_restore = false;
        signal_set_mask(t->sigmask_saved);
    }
}

void signal_force(int sig, int code, uaddr_t addr) {
    struct process *p = current_proc();
    spin_lock(&proc_lock);
    process_kill_locked(p, W_EXITCODE(0, sig));
    signal_recalc_locked();
    spin_unlock(&proc_lock);
}

// ---- masks and waiting

void signal_set_mask(uint64_t mask) {
    spin_lock(&proc_lock);
    current()->sigmask = mask & ~SIGS_UNBLOCKABLE;
    signal_recalc_locked();
    spin_unlock(&proc_lock);
}

int signal_mask(int how, const uint64_t *set, uint64_t *old) {
    uint64_t mask = current()->sigmask;
    *old = mask;
    if (!set)
        return 0;
    switch (how) {
    case SIG_BLOCK:
        mask |= *set;
        break;
    case SIG_UNBLOCK:
        mask &= ~*set;
        break;
    case SIG_SETMASK:
        mask = *set;
        break;
    default:
        return -EINVAL;
    }
    signal_set_mask(mask);
    return 0;
}

uint64_t signal_pending_set(void) {
    struct thread *t = current();
    return (READ_ONCE(t->sigpending) | READ_ONCE(t->proc->sigpending)) & t->sigmask;
}

int signal_suspend(uint64_t mask) {
    struct thread *t = current();
    t->sigmask_saved = t->sigmask;
    t->sigmask_restore = true;
    signal_set_mask(mask);
    sleep_until(UINT64_MAX);
    return -EINTR;
}

int signal_wait(uint64_t set, uint64_t deadline) {
    struct thread *t = current();
    uint64_t mask = t->sigmask;
    int sig, err = 0;
    set &= ~SIGS_UNBLOCKABLE;
    do {
        spin_lock(&proc_lock);
        sig = take(set);
        t->sigmask = sig || !deadline ? mask : mask & ~set; // let them wake us
        signal_recalc_locked();
        spin_unlock(&proc_lock);
        if (sig || err || !deadline || ktime_ns() >= deadline)
            break;
        err = sleep_until(deadline);
        if (err && (deliverable(t) & set))
            err = 0;
    } while (true);
    signal_set_mask(mask);
    return sig ? sig : err ? err : -EAGAIN;
}

// ---- actions

// The current process gets a table of its own. 0 or -ENOMEM.
static int own_actions(struct process *p) {
    if (p->actions && ref_read(&p->actions->ref) == 1)
        return 0;
    struct sigactions *mine = slab_alloc(actions_cache, GFP_KERNEL | GFP_ZERO), *old;
    if (!mine)
        return -ENOMEM;
    ref_init(&mine->ref, 1);
    spin_lock(&proc_lock);
    old = p->actions;
    for (int i = 0; old && i < _NSIG; i++)
        mine->action[i] = old->action[i];
    p->actions = mine;
    spin_unlock(&proc_lock);
    if (old && ref_put(&old->ref))
        slab_free(actions_cache, old);
    return 0;
}

int signal_action(int sig, const struct sigaction *new, struct sigaction *old) {
    struct process *p = current_proc();
    if (sig < 1 || sig > _NSIG || (new && (sig_bit(sig) & SIGS_UNBLOCKABLE)))
        return -EINVAL;
    *old = *action_of(p, sig);
    if (!new || (!p->actions && new->sa_handler == SIG_DFL && !new->sa_flags))
        return 0;
    int err = own_actions(p);
    if (err)
        return err;
    spin_lock(&proc_lock);
    p->actions->action[sig - 1] = *new;
    p->actions->action[sig - 1].sa_mask &= ~SIGS_UNBLOCKABLE;
    if (signal_ignored_locked(p, sig))
        forget_pending(p, sig_bit(sig));
    spin_unlock(&proc_lock);
    return 0;
}

void signal_fork(struct process *child, struct process *parent) {
    child->actions = parent->actions;
    if (child->actions)
        ref_get(&child->actions->ref);
}

void signal_exec(void) {
    struct process *p = current_proc();
    bool handlers = false;
    for (int i = 0; p->actions && i < _NSIG; i++)
        handlers |= p->actions->action[i].sa_handler != SIG_DFL &&
                    p->actions->action[i].sa_handler != SIG_IGN;
    if (!handlers || own_actions(p) != 0)
        return; // out of memory: the handlers' addresses mean nothing now, but nothing calls them
    for (int i = 0; i < _NSIG; i++)
        if (p->actions->action[i].sa_handler != SIG_IGN)
            p->actions->action[i] = (struct sigaction){0};
}

void signal_exit(struct process *p) {
    spin_lock(&proc_lock);
    struct sigactions *a = p->actions;
    bool last = a && ref_put(&a->ref);
    p->actions = NULL;
    spin_unlock(&proc_lock);
    if (last)
        slab_free(actions_cache, a);
}

void signal_init(void) {
    actions_cache = slab_cache_create("sigactions", sizeof(struct sigactions), 0, NULL);
}
