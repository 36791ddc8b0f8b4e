// Resource limits (getrlimit(2)) as other floors see them: proc/ keeps a set for each process, and
// every thread points to its process's.
#pragma once

#include "abi/resource.h"
#include "sched/thread.h"

struct limits {
    struct rlimit r[RLIM_NLIMITS]; // [proc_lock] writes; read without
    int pid;                       // [I] whose they are
    bool privileged;               // [a] the effective user is root: RLIMIT_MEMLOCK does not bind
};

// The current thread's soft limit; RLIM_INFINITY in kernel threads.
static inline uint64_t current_limit(int which) {
    const struct limits *l = current()->limits;
    return l ? READ_ONCE(l->r[which].rlim_cur) : RLIM_INFINITY;
}
// The same for RLIMIT_MEMLOCK, from which the privileged are exempt.
static inline uint64_t current_memlock_limit(void) {
    const struct limits *l = current()->limits;
    return l && READ_ONCE(l->privileged) ? RLIM_INFINITY : current_limit(RLIMIT_MEMLOCK);
}
// The number of the current process, for those who note who did something; 0: a kernel thread.
static inline int current_pid(void) {
    const struct limits *l = current()->limits;
    return l ? l->pid : 0;
}
