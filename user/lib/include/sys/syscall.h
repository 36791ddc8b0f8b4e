/* Numbers for syscall(). */
#ifndef XV_SYS_SYSCALL_H
#define XV_SYS_SYSCALL_H

#include "abi/syscall.h"

#endif
