/* Properties of the calling process. */
#ifndef XV_SYS_PRCTL_H
#define XV_SYS_PRCTL_H

#include "abi/prctl.h"

int prctl(int option, ...);

#endif
