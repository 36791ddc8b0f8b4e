// Signal masks, and waiting for signals: sigprocmask(2), sigsuspend(2), sigtimedwait(2).
//
// A call that installs a mask for its own time only (sigsuspend, ppoll) keeps the old one in
// sigmask_saved. When a signal ends the call, signal_user_work() brings it back, after the
// handler's frame has been made: the handler runs with the temporary mask, and the program goes on
// with the old one.
#include "abi/errno.h"
#include "proc/internal.h"
#include "proc/signal.h"
#include "sched/timer.h"

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

void signal_mask_begin(uint64_t mask) {
    current()->sigmask_saved = current()->sigmask;
    signal_set_mask(mask);
}

void signal_mask_end(bool interrupted) {
    struct thread *t = current();
    if (interrupted) {
        t->sigmask_restore = true;
        set_work(t, WORK_SIGNAL); // also when another thread took the signal
    } else {
        signal_set_mask(t->sigmask_saved);
    }
}

int signal_suspend(uint64_t mask) {
    signal_mask_begin(mask);
    sleep_until(UINT64_MAX);
    signal_mask_end(true);
    return -EINTR;
}

int signal_wait(uint64_t set, uint64_t deadline, struct signal_note *n) {
    struct thread *t = current();
    uint64_t mask = t->sigmask;
    int sig, err = 0;
    set &= ~SIGS_UNBLOCKABLE;
    do {
        spin_lock(&proc_lock);
        sig = signal_take_locked(set, n);
        t->sigmask = sig || !deadline ? mask : mask & ~set; // let them wake us
        signal_recalc_locked();
        spin_unlock(&proc_lock);
        if (sig || err || !deadline || ktime_ns() >= deadline)
            break;
        err = sleep_until(deadline);
        if (err && ((t->sigpending | t->proc->sigpending) & set))
            err = 0;
    } while (true);
    signal_set_mask(mask);
    return sig ? sig : err ? err : -EAGAIN;
}

