/* Signals. */
#ifndef XV_SIGNAL_H
#define XV_SIGNAL_H

#include "abi/signal.h"
#include "abi/time.h"
#include <sys/types.h>

#define NSIG (_NSIG + 1)

typedef volatile int sig_atomic_t;

sighandler_t signal(int sig, sighandler_t handler);
int sigaction(int sig, const struct sigaction *restrict act, struct sigaction *restrict old);
int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old);
int sigpending(sigset_t *set);
int sigsuspend(const sigset_t *mask);
int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
                 const struct timespec *restrict timeout);
int sigwait(const sigset_t *restrict set, int *restrict sig);
int sigaltstack(const stack_t *restrict stack, stack_t *restrict old);
int kill(pid_t pid, int sig);
int killpg(pid_t pgid, int sig);
int tgkill(pid_t pid, pid_t tid, int sig);
int raise(int sig);
int siginterrupt(int sig, int flag);
void psignal(int sig, const char *s);

int sigemptyset(sigset_t *set);
int sigfillset(sigset_t *set);
int sigaddset(sigset_t *set, int sig);
int sigdelset(sigset_t *set, int sig);
int sigismember(const sigset_t *set, int sig);

#endif
