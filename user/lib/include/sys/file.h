/* Whole-file locks. */
#ifndef XV_SYS_FILE_H
#define XV_SYS_FILE_H

#include "abi/fcntl.h"

int flock(int fd, int operation);

#endif
