// Clocks, sleeping, and time used.
#include "abi/errno.h"
#include "fs/path.h"
#include "lib/string.h"
#include "proc/process.h"
#include "sched/timer.h"
#include "sys/convert.h"
#include "sys/syscall.h"
#include "vm/uaccess.h"

static uint64_t cpu_time(const struct usage *u) { return u->utime + u->stime; }

static int clock_read(int clock, uint64_t *ns) {
    struct usage u;
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_TAI:
        *ns = ktime_ns() + (uint64_t)realtime_offset_ns();
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        *ns = ktime_ns();
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        process_usage(current_proc(), &u);
        *ns = cpu_time(&u);
        return 0;
    case CLOCK_THREAD_CPUTIME_ID:
        thread_usage(current(), &u);
        *ns = cpu_time(&u);
        return 0;
    default:
        return -EINVAL;
    }
}

long sys_clock_gettime(uint64_t clock, uint64_t uts) {
    uint64_t ns;
    int err = clock_read((int)clock, &ns);
    if (err)
        return err;
    struct timespec ts = ns_to_timespec(ns);
    return copy_to_user(uts, &ts, sizeof ts);
}

long sys_clock_getres(uint64_t clock, uint64_t uts) {
    uint64_t ns;
    struct timespec ts = {0, max(1L, (long)(NS_PER_S / machine.timebase))};
    int err = clock_read((int)clock, &ns);
    return err || !uts ? err : copy_to_user(uts, &ts, sizeof ts);
}

static long set_realtime(uint64_t ns) {
    if (current_fs()->euid == 0) {
        realtime_set_offset((int64_t)(ns - ktime_ns()));
        return 0;
    }
    return -EPERM;
}

long sys_clock_settime(uint64_t clock, uint64_t uts) {
    struct timespec ts;
    if ((int)clock != CLOCK_REALTIME)
        return -EINVAL;
    if (copy_from_user(&ts, uts, sizeof ts) != 0)
        return -EFAULT;
    return timespec_valid(&ts) ? set_realtime(timespec_to_ns(&ts)) : -EINVAL;
}

long sys_gettimeofday(uint64_t utv, uint64_t utz) {
    struct timeval tv = ns_to_timeval(ktime_ns() + (uint64_t)realtime_offset_ns());
    struct timezone tz = {0, 0};
    if (utv && copy_to_user(utv, &tv, sizeof tv) != 0)
        return -EFAULT;
    return utz ? copy_to_user(utz, &tz, sizeof tz) : 0;
}

long sys_settimeofday(uint64_t utv, uint64_t utz) {
    struct timeval tv;
    if (!utv)
        return 0;
    if (copy_from_user(&tv, utv, sizeof tv) != 0)
        return -EFAULT;
    struct timespec ts = {tv.tv_sec, tv.tv_usec * 1000};
    return tv.tv_usec < 1000000 && timespec_valid(&ts) ? set_realtime(timespec_to_ns(&ts))
                                                       : -EINVAL;
}

// ---- sleeping

// Until ktime_ns() reaches deadline. When a signal that needs no handler ended the sleep, the call
// is restarted and goes on to the first call's deadline, not a whole period more.
static long sleep_restartable(uint64_t deadline, uaddr_t urem) {
    struct thread *t = current();
    if (t->restart_deadline) {
        deadline = t->restart_deadline;
        t->restart_deadline = 0;
    }
    int err = sleep_until(deadline);
    if (!err)
        return 0;
    uint64_t now = ktime_ns();
    struct timespec left = ns_to_timespec(deadline > now ? deadline - now : 0);
    if (urem && copy_to_user(urem, &left, sizeof left) != 0)
        return -EFAULT;
    t->restart_deadline = deadline;
    return err;
}

long sys_nanosleep(uint64_t ureq, uint64_t urem) {
    return sys_clock_nanosleep(CLOCK_MONOTONIC, 0, ureq, urem);
}

long sys_clock_nanosleep(uint64_t clock, uint64_t flags, uint64_t ureq, uint64_t urem) {
    struct timespec ts;
    uint64_t now;
    if ((int)clock == CLOCK_THREAD_CPUTIME_ID || clock_read((int)clock, &now) != 0)
        return -EINVAL;
    if (copy_from_user(&ts, ureq, sizeof ts) != 0)
        return -EFAULT;
    if (!timespec_valid(&ts))
        return -EINVAL;
    uint64_t ns = timespec_to_ns(&ts), start = ktime_ns();
    if (!(flags & TIMER_ABSTIME))
        return sleep_restartable(ns > UINT64_MAX - start ? UINT64_MAX : start + ns, urem);
    return ns <= now ? 0 : sleep_until(start + (ns - now));
}

// ---- time used

void usage_to_rusage(const struct usage *u, struct rusage *out) {
    memset(out, 0, sizeof *out);
    out->ru_utime = ns_to_timeval(u->utime);
    out->ru_stime = ns_to_timeval(u->stime);
    out->ru_maxrss = (int64_t)(u->maxrss_pages * (PAGE_SIZE / 1024));
    out->ru_minflt = (int64_t)u->minflt;
    out->ru_majflt = (int64_t)u->majflt;
    out->ru_nvcsw = (int64_t)u->nvcsw;
    out->ru_nivcsw = (int64_t)u->nivcsw;
}

static void children_usage(struct process *p, struct usage *out) {
    spin_lock(&proc_lock);
    *out = p->reaped_children;
    spin_unlock(&proc_lock);
}

long sys_getrusage(uint64_t who, uint64_t uto) {
    struct usage u;
    struct rusage r;
    if ((int)who == RUSAGE_SELF)
        process_usage(current_proc(), &u);
    else if ((int)who == RUSAGE_CHILDREN)
        children_usage(current_proc(), &u);
    else if ((int)who == RUSAGE_THREAD)
        thread_usage(current(), &u);
    else
        return -EINVAL;
    usage_to_rusage(&u, &r);
    return copy_to_user(uto, &r, sizeof r);
}

long sys_times(uint64_t uto) {
    const uint64_t tick = NS_PER_S / USER_HZ;
    struct usage self, children;
    process_usage(current_proc(), &self);
    children_usage(current_proc(), &children);
    struct tms t = {(int64_t)(self.utime / tick), (int64_t)(self.stime / tick),
                    (int64_t)(children.utime / tick), (int64_t)(children.stime / tick)};
    if (uto && copy_to_user(uto, &t, sizeof t) != 0)
        return -EFAULT;
    return (long)(ktime_ns() / tick);
}
