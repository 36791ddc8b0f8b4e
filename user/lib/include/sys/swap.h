/* Swap areas. */
#ifndef XV_SYS_SWAP_H
#define XV_SYS_SWAP_H

#include "abi/swap.h"

int swapon(const char *path, int flags);
int swapoff(const char *path);

#endif
