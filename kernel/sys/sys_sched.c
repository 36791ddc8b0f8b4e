// The scheduler's calls: yielding, affinity, priorities, and which CPU this is.
#include "abi/errno.h"
#include "abi/resource.h"
#include "abi/sched.h"
#include "fs/path.h"
#include "proc/process.h"
#include "riscv/atomic.h"
#include "sys/syscall.h"
#include "vm/uaccess.h"

long sys_sched_yield(void) {
    sched_yield();
    return 0;
}

// The live thread with this number (0: the caller), held; NULL: none.
static struct thread *find_thread(int tid) {
    struct thread *t = current();
    if (tid == 0) {
        thread_get(t);
        return t;
    }
    spin_lock(&proc_lock);
    struct pid *pid = pid_find_locked(tid);
    t = pid ? pid->thread : NULL;
    if (t)
        thread_get(t);
    spin_unlock(&proc_lock);
    return t;
}

long sys_sched_getaffinity(uint64_t tid, uint64_t size, uint64_t umask) {
    struct thread *t = find_thread((int)tid);
    if (!t)
        return -ESRCH;
    uint64_t mask = t->affinity & atomic_load(&cpu_online_mask);
    thread_put(t);
    if (size < sizeof mask || size % sizeof mask)
        return -EINVAL;
    return copy_to_user(umask, &mask, sizeof mask) ? -EFAULT : (long)sizeof mask;
}

long sys_sched_setaffinity(uint64_t tid, uint64_t size, uint64_t umask) {
    uint64_t mask = 0;
    if (copy_from_user(&mask, umask, min(size, sizeof mask)) != 0)
        return -EFAULT;
    struct thread *t = find_thread((int)tid);
    if (!t)
        return -ESRCH;
    int err = sched_set_affinity(t, (uint32_t)mask);
    thread_put(t);
    return err;
}

long sys_getcpu(uint64_t ucpu, uint64_t unode) {
    uint32_t cpu = cpu_id(), node = 0;
    if (ucpu && copy_to_user(ucpu, &cpu, sizeof cpu) != 0)
        return -EFAULT;
    return unode ? copy_to_user(unode, &node, sizeof node) : 0;
}

long sys_sched_getscheduler(uint64_t tid) {
    struct thread *t = find_thread((int)tid);
    if (!t)
        return -ESRCH;
    thread_put(t);
    return SCHED_OTHER;
}

long sys_sched_getparam(uint64_t tid, uint64_t uparam) {
    struct sched_param p = {0};
    struct thread *t = find_thread((int)tid);
    if (!t)
        return -ESRCH;
    thread_put(t);
    return copy_to_user(uparam, &p, sizeof p);
}

long sys_sched_get_priority_max(uint64_t policy) { return policy == SCHED_OTHER ? 0 : -EINVAL; }
long sys_sched_get_priority_min(uint64_t policy) { return policy == SCHED_OTHER ? 0 : -EINVAL; }

// ---- nice values. PRIO_PROCESS only: groups and users hold too little of interest here.

long sys_setpriority(uint64_t which, uint64_t who, uint64_t prio) {
    int nice = min((int)prio, 19);
    nice = max(nice, -20);
    if ((int)which != PRIO_PROCESS)
        return -EINVAL;
    struct thread *t = find_thread((int)who);
    if (!t)
        return -ESRCH;
    int err = nice < t->nice && current_fs()->euid != 0 ? -EACCES : 0;
    if (!err)
        sched_set_nice(t, nice);
    thread_put(t);
    return err;
}

long sys_getpriority(uint64_t which, uint64_t who) {
    if ((int)which != PRIO_PROCESS)
        return -EINVAL;
    struct thread *t = find_thread((int)who);
    if (!t)
        return -ESRCH;
    int nice = t->nice;
    thread_put(t);
    return 20 - nice; // 40 .. 1, so that no value looks like an error
}
