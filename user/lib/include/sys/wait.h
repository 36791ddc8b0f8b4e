/* Waiting for children. */
#ifndef XV_SYS_WAIT_H
#define XV_SYS_WAIT_H

#include "abi/wait.h"
#include <sys/types.h>

struct rusage;

pid_t wait(int *status);
pid_t waitpid(pid_t pid, int *status, int options);
pid_t wait3(int *status, int options, struct rusage *usage);
pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage);

#endif
