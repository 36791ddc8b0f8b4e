/* Size and free space of a file system. */
#ifndef XV_SYS_STATFS_H
#define XV_SYS_STATFS_H

#include "abi/stat.h"

int statfs(const char *path, struct statfs *fs);
int fstatfs(int fd, struct statfs *fs);

#endif
