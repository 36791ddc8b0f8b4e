/* Processor time of a process and its children. */
#ifndef XV_SYS_TIMES_H
#define XV_SYS_TIMES_H

#include "abi/time.h"
#include <sys/types.h>

clock_t times(struct tms *buf);

#endif
