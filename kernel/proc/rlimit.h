// Resource limits of processes.
#pragma once

#include "abi/resource.h"
#include "lib/compiler.h"

// prlimit64(2): pid 0 is the caller; new may be NULL. 0, -EINVAL, -EPERM, -ESRCH.
int process_rlimit(int pid, int which, const struct rlimit *new, struct rlimit *old);

// The current process's effective user has changed: limits that do not bind root follow.
void process_note_user(void);
