// Between the kernel's numbers and the structs that system calls pass.
#pragma once

#include "abi/resource.h"
#include "abi/time.h"
#include "lib/types.h"

struct usage;

#define NS_PER_S 1000000000UL

static inline struct timespec ns_to_timespec(uint64_t ns) {
    return (struct timespec){(int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S)};
}
static inline struct timeval ns_to_timeval(uint64_t ns) {
    return (struct timeval){(int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S / 1000)};
}
// False: not a time (tv_nsec out of range, or negative).
static inline bool timespec_valid(const struct timespec *t) {
    return t->tv_sec >= 0 && t->tv_nsec >= 0 && t->tv_nsec < (int64_t)NS_PER_S;
}
// Large values end at the largest, 584 years.
static inline uint64_t timespec_to_ns(const struct timespec *t) {
    if ((uint64_t)t->tv_sec >= UINT64_MAX / NS_PER_S)
        return UINT64_MAX;
    return (uint64_t)t->tv_sec * NS_PER_S + (uint64_t)t->tv_nsec;
}
void usage_to_rusage(const struct usage *u, struct rusage *out);
