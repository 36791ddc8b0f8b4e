/* Random bytes from the kernel. */
#ifndef XV_SYS_RANDOM_H
#define XV_SYS_RANDOM_H

#include "abi/random.h"
#include <sys/types.h>

ssize_t getrandom(void *buf, size_t len, unsigned flags);
int getentropy(void *buf, size_t len);

#endif
