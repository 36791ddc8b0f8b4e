/* The scheduler, as a process sees it. */
#ifndef XV_SCHED_H
#define XV_SCHED_H

#include "abi/sched.h"
#include <sys/types.h>

typedef struct cpu_set {
    unsigned long bits[1024 / 64];
} cpu_set_t;

#define CPU_ZERO(set)       (*(set) = (cpu_set_t){{0}})
#define CPU_SET(cpu, set)   ((set)->bits[(cpu) / 64] |= 1UL << ((cpu) % 64))
#define CPU_CLR(cpu, set)   ((set)->bits[(cpu) / 64] &= ~(1UL << ((cpu) % 64)))
#define CPU_ISSET(cpu, set) (((set)->bits[(cpu) / 64] >> ((cpu) % 64)) & 1)

/* A process or thread that runs fn(arg) on the stack that ends at `stack`, and exits with what fn
 * returns.  By flags: pid_t *parent_tid, void *tls, pid_t *child_tid. */
int clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);
int sched_yield(void);
int sched_getcpu(void);
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set);

#endif
