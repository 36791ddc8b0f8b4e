/* Error numbers, and errno behind a function so that each thread can have its own later. */
#ifndef XV_ERRNO_H
#define XV_ERRNO_H

#include "abi/errno.h"

int *__errno_location(void) __attribute__((const));
#define errno (*__errno_location())

#endif
