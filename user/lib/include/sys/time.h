/* Time of day in microseconds, and interval timers. */
#ifndef XV_SYS_TIME_H
#define XV_SYS_TIME_H

#include "abi/time.h"
#include <sys/types.h>

int gettimeofday(struct timeval *restrict tv, void *restrict tz);
int settimeofday(const struct timeval *tv, const struct timezone *tz);
int getitimer(int which, struct itimerval *value);
int setitimer(int which, const struct itimerval *restrict value, struct itimerval *restrict old);
int utimes(const char *path, const struct timeval times[2]);

#endif
