/* Name and release of the system. */
#ifndef XV_SYS_UTSNAME_H
#define XV_SYS_UTSNAME_H

#include "abi/utsname.h"

int uname(struct utsname *name);

#endif
