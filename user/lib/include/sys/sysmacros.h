/* Parts of a device number. */
#ifndef XV_SYS_SYSMACROS_H
#define XV_SYS_SYSMACROS_H

#include "abi/stat.h"

#define major(dev)        DEV_MAJOR(dev)
#define minor(dev)        DEV_MINOR(dev)
#define makedev(maj, min) DEV_MAKE(maj, min)

#endif
