/* Times and clocks as system calls pass them. */
#ifndef ABI_TIME_H
#define ABI_TIME_H

#include <stdint.h>

struct timespec {
    int64_t tv_sec;
    int64_t tv_nsec; /* 0 .. 999,999,999 */
};

struct timeval {
    int64_t tv_sec;
    int64_t tv_usec; /* 0 .. 999,999 */
};

struct timezone {
    int32_t tz_minuteswest;
    int32_t tz_dsttime;
};

struct itimerspec {
    struct timespec it_interval;
    struct timespec it_value;
};

struct itimerval {
    struct timeval it_interval;
    struct timeval it_value;
};

struct tms { /* times(2), in ticks of 1/USER_HZ second */
    int64_t tms_utime;
    int64_t tms_stime;
    int64_t tms_cutime;
    int64_t tms_cstime;
};

#define USER_HZ 100 /* AT_CLKTCK, and the unit of times in /proc/<pid>/stat */

#define CLOCK_REALTIME           0
#define CLOCK_MONOTONIC          1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID  3
#define CLOCK_MONOTONIC_RAW      4
#define CLOCK_REALTIME_COARSE    5
#define CLOCK_MONOTONIC_COARSE   6
#define CLOCK_BOOTTIME           7
#define CLOCK_REALTIME_ALARM     8
#define CLOCK_BOOTTIME_ALARM     9
#define CLOCK_TAI                11

#define TIMER_ABSTIME 1

#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2

/* utimensat: special values of tv_nsec */
#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe

_Static_assert(sizeof(struct timespec) == 16, "struct timespec");
_Static_assert(sizeof(struct itimerval) == 32, "struct itimerval");

#endif
