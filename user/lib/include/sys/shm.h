/* System V shared memory. */
#ifndef XV_SYS_SHM_H
#define XV_SYS_SHM_H

#include "abi/shm.h"
#include <sys/ipc.h>
#include <sys/types.h>

int shmget(key_t key, size_t size, int flags);
void *shmat(int id, const void *addr, int flags);
int shmdt(const void *addr);
int shmctl(int id, int cmd, struct shmid_ds *buf);

#endif
