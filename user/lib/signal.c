/* Signals.  struct sigaction has the kernel's layout, so nothing is translated. */
#include "libc.h"
#include "sys.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

int sigaction(int sig, const struct sigaction *restrict act, struct sigaction *restrict old)
{
    return sysret(sys4(SYS_rt_sigaction, sig, (long)act, (long)old, sizeof(sigset_t)));
}

/* BSD semantics: the handler stays and interrupted calls restart. */
sighandler_t signal(int sig, sighandler_t handler)
{
    struct sigaction act = {.sa_handler = handler, .sa_flags = SA_RESTART};
    struct sigaction old;

    return sigaction(sig, &act, &old) < 0 ? SIG_ERR : old.sa_handler;
}

int siginterrupt(int sig, int flag)
{
    struct sigaction act;

    if (sigaction(sig, NULL, &act) < 0)
        return -1;
    if (flag)
        act.sa_flags &= ~SA_RESTART;
    else
        act.sa_flags |= SA_RESTART;
    return sigaction(sig, &act, NULL);
}

int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    return sysret(sys4(SYS_rt_sigprocmask, how, (long)set, (long)old, sizeof(sigset_t)));
}

int sigpending(sigset_t *set)
{
    return sysret(sys2(SYS_rt_sigpending, (long)set, sizeof(sigset_t)));
}

int sigsuspend(const sigset_t *mask)
{
    return sysret(sys2(SYS_rt_sigsuspend, (long)mask, sizeof(sigset_t)));
}

int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
                 const struct timespec *restrict timeout)
{
    return sysret(
        sys4(SYS_rt_sigtimedwait, (long)set, (long)info, (long)timeout, sizeof(sigset_t)));
}

int sigwait(const sigset_t *restrict set, int *restrict sig)
{
    int r = sigtimedwait(set, NULL, NULL);

    if (r < 0)
        return errno;
    *sig = r;
    return 0;
}

int sigaltstack(const stack_t *restrict stack, stack_t *restrict old)
{
    return sysret(sys2(SYS_sigaltstack, (long)stack, (long)old));
}

int kill(pid_t pid, int sig)
{
    return sysret(sys2(SYS_kill, pid, sig));
}

int killpg(pid_t pgid, int sig)
{
    if (pgid < 0)
        return __fail(EINVAL);
    return kill(-pgid, sig);
}

int tgkill(pid_t pid, pid_t tid, int sig)
{
    return sysret(sys3(SYS_tgkill, pid, tid, sig));
}

int raise(int sig)
{
    return tgkill(getpid(), gettid(), sig);
}

int sigemptyset(sigset_t *set)
{
    *set = 0;
    return 0;
}

int sigfillset(sigset_t *set)
{
    *set = ~0UL;
    return 0;
}

static int valid(int sig)
{
    return sig >= 1 && sig <= _NSIG;
}

int sigaddset(sigset_t *set, int sig)
{
    if (!valid(sig))
        return __fail(EINVAL);
    *set |= 1UL << (sig - 1);
    return 0;
}

int sigdelset(sigset_t *set, int sig)
{
    if (!valid(sig))
        return __fail(EINVAL);
    *set &= ~(1UL << (sig - 1));
    return 0;
}

int sigismember(const sigset_t *set, int sig)
{
    if (!valid(sig))
        return __fail(EINVAL);
    return (*set >> (sig - 1)) & 1;
}

int getitimer(int which, struct itimerval *value)
{
    return sysret(sys2(SYS_getitimer, which, (long)value));
}

int setitimer(int which, const struct itimerval *restrict value, struct itimerval *restrict old)
{
    return sysret(sys3(SYS_setitimer, which, (long)value, (long)old));
}

unsigned alarm(unsigned seconds)
{
    struct itimerval value = {.it_value.tv_sec = seconds};
    struct itimerval old;

    if (setitimer(ITIMER_REAL, &value, &old) < 0)
        return 0;
    return old.it_value.tv_sec + (old.it_value.tv_usec != 0);
}

int pause(void)
{
    return ppoll(NULL, 0, NULL, NULL);
}
