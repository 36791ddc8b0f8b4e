/* Limits, usage and priority. */
#ifndef XV_SYS_RESOURCE_H
#define XV_SYS_RESOURCE_H

#include "abi/resource.h"
#include <sys/types.h>

typedef uint64_t rlim_t;

int getrlimit(int resource, struct rlimit *limit);
int setrlimit(int resource, const struct rlimit *limit);
int prlimit(pid_t pid, int resource, const struct rlimit *new_limit, struct rlimit *old_limit);
int getrusage(int who, struct rusage *usage);
int getpriority(int which, id_t who);
int setpriority(int which, id_t who, int prio);

#endif
