// Signals: sending, actions, masks (kill(2), sigaction(2), sigprocmask(2) ...).
#include "abi/errno.h"
#include "abi/signal.h"
#include "proc/process.h"
#include "proc/sigframe.h"
#include "proc/signal.h"
#include "sched/timer.h"
#include "sys/convert.h"
#include "sys/syscall.h"
#include "vm/uaccess.h"

long sys_kill(uint64_t pid, uint64_t sig) { return signal_kill((int)pid, (int)sig); }
long sys_tkill(uint64_t tid, uint64_t sig) { return signal_tgkill(-1, (int)tid, (int)sig); }
long sys_tgkill(uint64_t tgid, uint64_t tid, uint64_t sig) {
    return (int)tgid > 0 ? signal_tgkill((int)tgid, (int)tid, (int)sig) : -EINVAL;
}

long sys_rt_sigaction(uint64_t sig, uint64_t unew, uint64_t uold, uint64_t size) {
    struct sigaction new, old;
    if (size != sizeof(sigset_t))
        return -EINVAL;
    if (unew && copy_from_user(&new, unew, sizeof new) != 0)
        return -EFAULT;
    int err = signal_action((int)sig, unew ? &new : NULL, &old);
    return err || !uold ? err : copy_to_user(uold, &old, sizeof old);
}

long sys_rt_sigprocmask(uint64_t how, uint64_t unew, uint64_t uold, uint64_t size) {
    uint64_t new, old;
    if (size != sizeof(sigset_t))
        return -EINVAL;
    if (unew && copy_from_user(&new, unew, sizeof new) != 0)
        return -EFAULT;
    int err = signal_mask((int)how, unew ? &new : NULL, &old);
    return err || !uold ? err : copy_to_user(uold, &old, sizeof old);
}

long sys_rt_sigpending(uint64_t uset, uint64_t size) {
    uint64_t set = signal_pending_set();
    return size <= sizeof set ? copy_to_user(uset, &set, size) : -EINVAL;
}

long sys_rt_sigsuspend(uint64_t uset, uint64_t size) {
    uint64_t set;
    if (size != sizeof set)
        return -EINVAL;
    if (copy_from_user(&set, uset, sizeof set) != 0)
        return -EFAULT;
    return signal_suspend(set);
}

long sys_rt_sigtimedwait(uint64_t uset, uint64_t uinfo, uint64_t utimeout, uint64_t size) {
    uint64_t set, deadline = UINT64_MAX;
    struct timespec ts;
    if (size != sizeof set)
        return -EINVAL;
    if (copy_from_user(&set, uset, sizeof set) != 0)
        return -EFAULT;
    if (utimeout && copy_from_user(&ts, utimeout, sizeof ts) != 0)
        return -EFAULT;
    if (utimeout) {
        if (!timespec_valid(&ts))
            return -EINVAL;
        uint64_t ns = timespec_to_ns(&ts), now = ktime_ns();
        deadline = ns == 0 ? 0 : ns > UINT64_MAX - now ? UINT64_MAX : now + ns;
    }
    struct signal_note n;
    int sig = signal_wait(set, deadline, &n);
    if (sig <= 0 || !uinfo)
        return sig;
    siginfo_t info;
    sigframe_info(sig, &n, &info);
    return copy_to_user(uinfo, &info, sizeof info) ? -EFAULT : sig;
}

long sys_sigaltstack(uint64_t unew, uint64_t uold) {
    stack_t new, old;
    if (unew && copy_from_user(&new, unew, sizeof new) != 0)
        return -EFAULT;
    int err = sigframe_altstack(unew ? &new : NULL, &old);
    return err || !uold ? err : copy_to_user(uold, &old, sizeof old);
}

long sys_rt_sigreturn(void) { return sigframe_pop(tcb_user_frame(current_tcb)); }
