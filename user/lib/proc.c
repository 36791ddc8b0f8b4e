/* System calls on processes: creation, identity, groups, limits, scheduling. */
#include "libc.h"
#include "sys.h"
#include "abi/signal.h"
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <stdarg.h>
#include <unistd.h>

pid_t fork(void)
{
    return sysret(sys5(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

int execve(const char *path, char *const argv[], char *const envp[])
{
    return sysret(sys3(SYS_execve, (long)path, (long)argv, (long)envp));
}

pid_t wait(int *status)
{
    return wait4(-1, status, 0, NULL);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    return wait4(pid, status, options, NULL);
}

pid_t wait3(int *status, int options, struct rusage *usage)
{
    return wait4(-1, status, options, usage);
}

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    return sysret(sys4(SYS_wait4, pid, (long)status, options, (long)usage));
}

pid_t getpid(void)
{
    return sys0(SYS_getpid);
}

pid_t getppid(void)
{
    return sys0(SYS_getppid);
}

pid_t gettid(void)
{
    return sys0(SYS_gettid);
}

pid_t getpgid(pid_t pid)
{
    return sysret(sys1(SYS_getpgid, pid));
}

pid_t getpgrp(void)
{
    return getpgid(0);
}

int setpgid(pid_t pid, pid_t pgid)
{
    return sysret(sys2(SYS_setpgid, pid, pgid));
}

pid_t getsid(pid_t pid)
{
    return sysret(sys1(SYS_getsid, pid));
}

pid_t setsid(void)
{
    return sysret(sys0(SYS_setsid));
}

uid_t getuid(void)
{
    return sys0(SYS_getuid);
}

uid_t geteuid(void)
{
    return sys0(SYS_geteuid);
}

gid_t getgid(void)
{
    return sys0(SYS_getgid);
}

gid_t getegid(void)
{
    return sys0(SYS_getegid);
}

int setuid(uid_t uid)
{
    return sysret(sys1(SYS_setuid, uid));
}

int setgid(gid_t gid)
{
    return sysret(sys1(SYS_setgid, gid));
}

int getgroups(int size, gid_t list[])
{
    return sysret(sys2(SYS_getgroups, size, (long)list));
}

int getrlimit(int resource, struct rlimit *limit)
{
    return prlimit(0, resource, NULL, limit);
}

int setrlimit(int resource, const struct rlimit *limit)
{
    return prlimit(0, resource, limit, NULL);
}

int prlimit(pid_t pid, int resource, const struct rlimit *new_limit, struct rlimit *old_limit)
{
    return sysret(sys4(SYS_prlimit64, pid, resource, (long)new_limit, (long)old_limit));
}

int getrusage(int who, struct rusage *usage)
{
    return sysret(sys2(SYS_getrusage, who, (long)usage));
}

/* The kernel returns 20 - nice, so that a result is never negative. */
int getpriority(int which, id_t who)
{
    long r = sysret(sys2(SYS_getpriority, which, who));

    return r < 0 ? -1 : 20 - (int)r;
}

int setpriority(int which, id_t who, int prio)
{
    return sysret(sys3(SYS_setpriority, which, who, prio));
}

int nice(int increment)
{
    errno = 0;
    int now = getpriority(PRIO_PROCESS, 0);
    if (now == -1 && errno)
        return -1;
    if (setpriority(PRIO_PROCESS, 0, now + increment) < 0)
        return -1;
    return getpriority(PRIO_PROCESS, 0);
}

clock_t times(struct tms *buf)
{
    return sysret(sys1(SYS_times, (long)buf));
}

int sched_yield(void)
{
    return sysret(sys0(SYS_sched_yield));
}

int sched_getcpu(void)
{
    unsigned cpu;
    long r = sysret(sys3(SYS_getcpu, (long)&cpu, 0, 0));

    return r < 0 ? -1 : (int)cpu;
}

/* The kernel returns how many bytes it wrote; the rest of the set is ours to clear. */
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    long n = sysret(sys3(SYS_sched_getaffinity, pid, size, (long)set));

    if (n < 0)
        return -1;
    memset((char *)set + n, 0, size - n);
    return 0;
}

int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
    return sysret(sys3(SYS_sched_setaffinity, pid, size, (long)set));
}

int prctl(int option, ...)
{
    va_list ap;
    long a[4];

    va_start(ap, option);
    for (int i = 0; i < 4; i++)
        a[i] = va_arg(ap, long);
    va_end(ap);
    return sysret(sys5(SYS_prctl, option, a[0], a[1], a[2], a[3]));
}
