/* Keys of System V IPC. */
#ifndef XV_SYS_IPC_H
#define XV_SYS_IPC_H

#include "abi/shm.h"

/* A key from a file and a number: -1 when there is no such file. */
key_t ftok(const char *path, int id);

#endif
