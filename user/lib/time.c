/* Clocks and sleeping. */
#include "libc.h"
#include "sys.h"
#include <errno.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *ts)
{
    return sysret(sys2(SYS_clock_gettime, clock, (long)ts));
}

int clock_settime(clockid_t clock, const struct timespec *ts)
{
    return sysret(sys2(SYS_clock_settime, clock, (long)ts));
}

int clock_getres(clockid_t clock, struct timespec *ts)
{
    return sysret(sys2(SYS_clock_getres, clock, (long)ts));
}

/* POSIX: the result is the error number, errno stays */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *req, struct timespec *rem)
{
    return (int)-sys4(SYS_clock_nanosleep, clock, flags, (long)req, (long)rem);
}

int nanosleep(const struct timespec *req, struct timespec *rem)
{
    return sysret(sys2(SYS_nanosleep, (long)req, (long)rem));
}

time_t time(time_t *out)
{
    struct timespec ts = {0, 0};

    clock_gettime(CLOCK_REALTIME, &ts);
    if (out)
        *out = ts.tv_sec;
    return ts.tv_sec;
}

clock_t clock(void)
{
    struct timespec ts;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) < 0)
        return -1;
    return ts.tv_sec * CLOCKS_PER_SEC + ts.tv_nsec / (1000000000 / CLOCKS_PER_SEC);
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    struct timespec ts;

    (void)tz;
    if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
        return -1;
    *tv = (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
    return 0;
}

int settimeofday(const struct timeval *tv, const struct timezone *tz)
{
    (void)tz;
    struct timespec ts = {tv->tv_sec, tv->tv_usec * 1000};

    return clock_settime(CLOCK_REALTIME, &ts);
}

unsigned sleep(unsigned seconds)
{
    struct timespec ts = {seconds, 0};

    return nanosleep(&ts, &ts) < 0 ? (unsigned)ts.tv_sec : 0;
}

int usleep(useconds_t usec)
{
    struct timespec ts = {usec / 1000000, usec % 1000000 * 1000L};

    return nanosleep(&ts, NULL);
}

double difftime(time_t a, time_t b)
{
    return (double)(a - b);
}
