/* Opening and controlling descriptors. */
#ifndef XV_FCNTL_H
#define XV_FCNTL_H

#include "abi/fcntl.h"
#include <sys/types.h>

int open(const char *path, int flags, ...);
int openat(int dirfd, const char *path, int flags, ...);
int creat(const char *path, mode_t mode);
int fcntl(int fd, int cmd, ...);
int posix_fallocate(int fd, off_t off, off_t len);
int fallocate(int fd, int mode, off_t off, off_t len);
int posix_fadvise(int fd, off_t off, off_t len, int advice);

#endif
