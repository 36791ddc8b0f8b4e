// Signals: who gets them, and the table of actions.
//
//   send: ignored? drop : pending |= bit; a thread that may take it: WORK_SIGNAL, wake, kick
//   (acting on them, on the way to user mode: sigwork.c)
//
// SIGKILL and SIGCONT act when they are sent: the first marks the process as ending, the second
// continues a stopped one even if it is blocked or ignored.
//
// A process has no table of actions while all are default, and shares its parent's after a fork
// until one of them changes an action. Who sent a signal and why (siginfo) is kept only for a
// process that has installed a handler: one note for each signal, the newest.
//
// All state is under proc_lock (RANK_PID), which the terminal takes in its interrupt.
#include "proc/signal.h"

#include "abi/errno.h"
#include "abi/sched.h"
#include "abi/wait.h"
#include "fs/path.h"
#include "mm/slab.h"
#include "proc/internal.h"
#include "proc/sigframe.h"

static struct slab_cache *actions_cache;

const struct sigaction *signal_action_of(const struct process *p, int sig) {
    static const struct sigaction by_default;
    return p->actions ? &p->actions->action[sig - 1] : &by_default;
}

// Would sig do nothing at all? init has no default actions: it cannot be killed by mistake.
bool signal_ignored_locked(struct process *p, int sig) {
    sighandler_t h = signal_action_of(p, sig)->sa_handler;
    if (h == SIG_IGN)
        return true;
    return h == SIG_DFL && (p == init_process || (sig_bit(sig) & SIGS_IGNORED));
}

bool signal_no_zombies_locked(struct process *p) {
    const struct sigaction *a = signal_action_of(p, SIGCHLD);
    return a->sa_handler == SIG_IGN || (a->sa_flags & SA_NOCLDWAIT);
}

bool signal_no_stop_news_locked(struct process *p) {
    return signal_action_of(p, SIGCHLD)->sa_flags & SA_NOCLDSTOP;
}

void signal_interrupt_locked(struct thread *t, bool stopped_too) {
    uint32_t states = 1u << THREAD_INTERRUPTIBLE | (stopped_too ? 1u << THREAD_STOPPED : 0);
    set_work(t, WORK_SIGNAL);
    if (!thread_wake_state(t, states))
        thread_kick(t);
}

// Stop signals and SIGCONT cancel each other, and an ignored signal is never delivered later.
static void forget_pending(struct process *p, uint64_t set) {
    struct thread *t;
    p->sigpending &= ~set;
    list_for_each(t, &p->threads, group_link)
        t->sigpending &= ~set;
}

// SIGCONT's effect, which does not wait for delivery: a stopped process could not take it.
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

// The newest sender overwrites an older one: a signal that is pending twice is delivered once.
static void note(struct process *p, int sig, const struct signal_note *n) {
    if (p->notes)
        p->notes[sig - 1] = *n;
}

// What kill(2) tells of the sender; from an interrupt it is the kernel.
static struct signal_note sender(void) {
    struct process *p = this_cpu()->irq_nest ? NULL : current()->proc;
    if (!p)
        return (struct signal_note){.code = SI_KERNEL};
    return (struct signal_note){.code = SI_USER, .pid = p->pid->nr, .uid = p->fs ? p->fs->uid : 0};
}

void signal_send_process_locked(struct process *p, int sig) {
    struct signal_note n = sender();
    signal_send_note_locked(p, sig, &n);
}

void signal_send_note_locked(struct process *p, int sig, const struct signal_note *n) {
    struct thread *t;
    uint64_t bit = sig_bit(sig);
    if (list_empty(&p->threads))
        return;
    t = list_first(&p->threads, struct thread, group_link);
    if (!act_on_send(p, sig, t->sigmask))
        return;
    note(p, sig, n);
    p->sigpending |= bit; // stays until some thread unblocks it, if all block it
    list_for_each(t, &p->threads, group_link)
        if (!(t->sigmask & bit)) {
            signal_interrupt_locked(t, false);
            return;
        }
}

void signal_send_thread_locked(struct thread *t, int sig) {
    struct signal_note n = sender();
    if (!act_on_send(t->proc, sig, t->sigmask))
        return;
    n.code = n.code == SI_USER ? SI_TKILL : n.code;
    note(t->proc, sig, &n);
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

// ---- actions

// old may be NULL: all default.
static void copy_actions(struct sigactions *to, const struct sigactions *old) {
    for (int i = 0; old && i < _NSIG; i++)
        to->action[i] = old->action[i];
    to->once = old && old->once;
}

static bool is_handler(const struct sigaction *a) {
    return a->sa_handler != SIG_DFL && a->sa_handler != SIG_IGN;
}

static bool has_handlers(const struct sigactions *a) {
    for (int i = 0; a && i < _NSIG; i++)
        if (is_handler(&a->action[i]))
            return true;
    return false;
}

static void clear_handlers(struct sigactions *a) {
    for (int i = 0; i < _NSIG; i++)
        if (a->action[i].sa_handler != SIG_IGN)
            a->action[i] = (struct sigaction){0};
}

// The current process gets a table of its own. 0 or -ENOMEM.
static int own_actions(struct process *p) {
    if (p->actions && ref_read(&p->actions->ref) == 1)
        return 0; // (a common one of which nobody else is left may stay so)
    struct sigactions *mine = slab_alloc(actions_cache, GFP_KERNEL | GFP_ZERO), *old;
    if (!mine)
        return -ENOMEM;
    ref_init(&mine->ref, 1);
    spin_lock(&proc_lock);
    old = p->actions;
    copy_actions(mine, old);
    p->actions = mine;
    spin_unlock(&proc_lock);
    if (old && ref_put(&old->ref))
        slab_free(actions_cache, old);
    return 0;
}

// A table that may be changed, with proc_lock held on success. Again when another thread forked
// meanwhile.
static int lock_own_actions(struct process *p) {
    int err;
    for (;;) {
        spin_lock(&proc_lock);
        if (p->actions && signal_actions_writable(p->actions))
            return 0;
        spin_unlock(&proc_lock);
        if ((err = own_actions(p)) != 0)
            return err;
    }
}

// Room for notes about the sender, and code for handlers to return to. 0 or -ENOMEM.
static int prepare_handlers(struct process *p) {
    struct signal_note *notes = p->notes ? NULL : kzalloc(_NSIG * sizeof *notes, GFP_KERNEL);
    spin_lock(&proc_lock);
    bool wanted = !p->notes; // else another thread was faster
    if (wanted)
        p->notes = notes;
    spin_unlock(&proc_lock);
    if (!wanted)
        kfree(notes);
    return p->notes ? sigframe_map_return() : -ENOMEM;
}

int signal_action(int sig, const struct sigaction *new, struct sigaction *old) {
    struct process *p = current_proc();
    if (sig < 1 || sig > _NSIG || (new && (sig_bit(sig) & SIGS_UNBLOCKABLE)))
        return -EINVAL;
    spin_lock(&proc_lock); // another thread may be replacing the table
    *old = *signal_action_of(p, sig);
    spin_unlock(&proc_lock);
    if (!new || (!p->actions && new->sa_handler == SIG_DFL && !new->sa_flags))
        return 0;
    int err = is_handler(new) ? prepare_handlers(p) : 0;
    if (!err)
        err = lock_own_actions(p);
    if (err)
        return err;
    p->actions->action[sig - 1] = *new;
    p->actions->action[sig - 1].sa_mask &= ~SIGS_UNBLOCKABLE;
    p->actions->once |= (new->sa_flags & SA_RESETHAND) != 0;
    if (signal_ignored_locked(p, sig))
        forget_pending(p, sig_bit(sig));
    spin_unlock(&proc_lock);
    return 0;
}

void signal_fork(struct process *child, struct process *parent) {
    if (child->actions)
        return; // its own already
    child->actions = parent->actions;
    if (child->actions)
        ref_get(&child->actions->ref);
}

// CLONE_SIGHAND, between processes: from now on the table is nobody's own.
static int share_actions(struct process *child, struct process *parent) {
    int err = lock_own_actions(parent);
    if (err)
        return err;
    parent->actions->common = true;
    ref_get(&parent->actions->ref);
    child->actions = parent->actions;
    spin_unlock(&proc_lock);
    return 0;
}

int signal_prepare_fork(struct process *child, struct process *parent, uint64_t flags) {
    bool clear = flags & CLONE_CLEAR_SIGHAND;
    if (parent->notes && !(child->notes = kzalloc(_NSIG * sizeof *child->notes, GFP_KERNEL)))
        return -ENOMEM;
    if (unlikely(flags & CLONE_SIGHAND))
        return share_actions(child, parent);
    if (likely(!parent->actions ||
               !(clear || parent->actions->once || parent->actions->common)))
        return 0;
    struct sigactions *own = slab_alloc(actions_cache, GFP_KERNEL | GFP_ZERO);
    if (!own)
        return -ENOMEM;
    ref_init(&own->ref, 1);
    spin_lock(&proc_lock);
    copy_actions(own, parent->actions);
    spin_unlock(&proc_lock);
    if (clear)
        clear_handlers(own);
    child->actions = own;
    return 0;
}

int signal_prepare_exec(void) {
    struct process *p = current_proc();
    return p->actions && (p->actions->common || has_handlers(p->actions)) ? own_actions(p) : 0;
}

void signal_exec(void) {
    struct process *p = current_proc();
    p->sigreturn_mapped = false;
    current()->altstack_size = 0;
    spin_lock(&proc_lock);
    if (has_handlers(p->actions)) { // the table is ours since signal_prepare_exec()
        assert(ref_read(&p->actions->ref) == 1);
        clear_handlers(p->actions);
        p->actions->once = false;
    }
    spin_unlock(&proc_lock);
}

void signal_exit(struct process *p) {
    spin_lock(&proc_lock);
    struct sigactions *a = p->actions;
    bool last = a && ref_put(&a->ref);
    struct signal_note *notes = p->notes;
    p->actions = NULL;
    p->notes = NULL;
    spin_unlock(&proc_lock);
    kfree(notes);
    if (last)
        slab_free(actions_cache, a);
}

void signal_init(void) {
    actions_cache = slab_cache_create("sigactions", sizeof(struct sigactions), 0, NULL);
}
