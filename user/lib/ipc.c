/* System V shared memory. */
#include "sys.h"
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>

key_t ftok(const char *path, int id)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return -1;
    return (key_t)((st.st_ino & 0xffff) | (st.st_dev & 0xff) << 16 | (unsigned)(id & 0xff) << 24);
}

int shmget(key_t key, size_t size, int flags)
{
    return sysret(sys3(SYS_shmget, key, size, flags));
}

void *shmat(int id, const void *addr, int flags)
{
    return (void *)sysret(sys3(SYS_shmat, id, (long)addr, flags));
}

int shmdt(const void *addr)
{
    return sysret(sys1(SYS_shmdt, (long)addr));
}

int shmctl(int id, int cmd, struct shmid_ds *buf)
{
    return sysret(sys3(SYS_shmctl, id, cmd, (long)buf));
}
