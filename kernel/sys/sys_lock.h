// Record locks, for sys_fcntl().
#pragma once

#include "sys/args.h"

// f is what fd was looked up as. F_GETLK, F_SETLK, F_SETLKW and their F_OFD_ kin. 0 or -errno.
long fcntl_lock(int fd, struct file *f, int cmd, uaddr_t arg);
