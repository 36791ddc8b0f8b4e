/* Clocks, calendar time (UTC), and sleeping. */
#ifndef XV_TIME_H
#define XV_TIME_H

#include "abi/time.h"
#include <sys/types.h>

#define CLOCKS_PER_SEC 1000000L

struct tm {
    int tm_sec;
    int tm_min;
    int tm_hour;
    int tm_mday; /* from 1 */
    int tm_mon;  /* from 0 */
    int tm_year; /* from 1900 */
    int tm_wday; /* Sunday is 0 */
    int tm_yday; /* from 0 */
    int tm_isdst;
    long tm_gmtoff;
    const char *tm_zone;
};

time_t time(time_t *out);
clock_t clock(void);
int clock_gettime(clockid_t clock, struct timespec *ts);
int clock_settime(clockid_t clock, const struct timespec *ts);
int clock_getres(clockid_t clock, struct timespec *ts);
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *req, struct timespec *rem);
int nanosleep(const struct timespec *req, struct timespec *rem);

struct tm *gmtime(const time_t *t);
struct tm *gmtime_r(const time_t *restrict t, struct tm *restrict tm);
struct tm *localtime(const time_t *t);
struct tm *localtime_r(const time_t *restrict t, struct tm *restrict tm);
time_t timegm(struct tm *tm);
time_t mktime(struct tm *tm);
double difftime(time_t a, time_t b);
size_t strftime(char *restrict s, size_t size, const char *restrict fmt,
                const struct tm *restrict tm);
char *asctime(const struct tm *tm);
char *ctime(const time_t *t);

#endif
