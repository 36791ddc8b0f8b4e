// System V shared memory: shmget(2), shmat(2), shmdt(2), shmctl(2).
#include "abi/errno.h"
#include "ipc/shm.h"
#include "proc/process.h"
#include "sys/syscall.h"
#include "vm/uaccess.h"

long sys_shmget(uint64_t key, uint64_t size, uint64_t flags) {
    return shm_get(current_fs(), (key_t)key, size, (int)flags);
}

long sys_shmat(uint64_t id, uint64_t addr, uint64_t flags) {
    return shm_attach(current_fs(), current()->mm, (int)id, addr, (int)flags);
}

long sys_shmdt(uint64_t addr) { return shm_detach(current()->mm, addr); }

static long get_stat(int id, int how, uaddr_t to) {
    struct shmid_ds d;
    long answer = shm_stat(current_fs(), id, how, &d);
    return answer >= 0 && copy_to_user(to, &d, sizeof(d)) ? -EFAULT : answer;
}

static long set(int id, uaddr_t from) {
    struct shmid_ds d;
    return copy_from_user(&d, from, sizeof(d)) ? -EFAULT : shm_set(current_fs(), id, &d);
}

static long get_limits(uaddr_t to) {
    struct shminfo info;
    int highest = shm_limits(&info);
    return copy_to_user(to, &info, sizeof(info)) ? -EFAULT : highest;
}

static long get_sums(uaddr_t to) {
    struct shm_info info;
    int highest = shm_sums(&info);
    return copy_to_user(to, &info, sizeof(info)) ? -EFAULT : highest;
}

long sys_shmctl(uint64_t uid, uint64_t ucmd, uint64_t buf) {
    int id = (int)uid, cmd = (int)ucmd;
    if (id < 0 || cmd < 0)
        return -EINVAL;
    switch (cmd) {
    case IPC_STAT:
    case SHM_STAT:
    case SHM_STAT_ANY:
        return get_stat(id, cmd, buf);
    case IPC_SET:
        return set(id, buf);
    case IPC_RMID:
        return shm_remove(current_fs(), id);
    case IPC_INFO:
        return get_limits(buf);
    case SHM_INFO:
        return get_sums(buf);
    case SHM_LOCK:
    case SHM_UNLOCK:
        return shm_lock(current_fs(), id, cmd == SHM_LOCK);
    }
    return -EINVAL;
}
