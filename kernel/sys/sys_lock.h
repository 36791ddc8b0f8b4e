// Record locks, for sys_fcntl().
#pragma once

#include "sys/args.h"

// F_GETLK, F_SETLK, F_SETLKW and their F_OFD_ kin. 0 or -errno.
long fcntl_lock(struct file *f, int cmd, uaddr_t arg);
