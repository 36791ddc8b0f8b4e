/* Device requests. */
#ifndef XV_SYS_IOCTL_H
#define XV_SYS_IOCTL_H

#include "abi/ioctl.h"
#include "abi/termios.h"

int ioctl(int fd, unsigned long request, ...);

#endif
