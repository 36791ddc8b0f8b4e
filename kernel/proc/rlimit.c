// Resource limits (getrlimit(2)). Lower floors read them through thread->limits.
#include "proc/rlimit.h"

#include "abi/errno.h"
#include "fs/fdtable.h"
#include "fs/path.h"
#include "proc/internal.h"
#include "vm/mmap.h"

#define MIB (1UL << 20)
#define NOFILE_MAX (1UL << 20) // of RLIMIT_NOFILE's hard limit

void rlimits_init(struct process *p) {
    static const struct rlimit initial[RLIM_NLIMITS] = {
        [RLIMIT_CPU] = {RLIM_INFINITY, RLIM_INFINITY},
        [RLIMIT_FSIZE] = {RLIM_INFINITY, RLIM_INFINITY},
        [RLIMIT_DATA] = {RLIM_INFINITY, RLIM_INFINITY},
        [RLIMIT_STACK] = {8 * MIB, RLIM_INFINITY},
        [RLIMIT_CORE] = {0, RLIM_INFINITY},
        [RLIMIT_RSS] = {RLIM_INFINITY, RLIM_INFINITY},
        [RLIMIT_NPROC] = {RLIM_INFINITY, RLIM_INFINITY},
        [RLIMIT_NOFILE] = {1024, NOFILE_MAX},
        [RLIMIT_MEMLOCK] = {8 * MIB, 8 * MIB},
        [RLIMIT_AS] = {RLIM_INFINITY, RLIM_INFINITY},
        [RLIMIT_LOCKS] = {RLIM_INFINITY, RLIM_INFINITY},
        [RLIMIT_SIGPENDING] = {1024, 1024},
        [RLIMIT_MSGQUEUE] = {819200, 819200},
        [RLIMIT_NICE] = {0, 0},
        [RLIMIT_RTPRIO] = {0, 0},
        [RLIMIT_RTTIME] = {RLIM_INFINITY, RLIM_INFINITY},
    };
    for (int i = 0; i < RLIM_NLIMITS; i++)
        p->limits.r[i] = initial[i];
    p->limits.privileged = true;
}

void process_note_user(void) {
    current_proc()->limits.privileged = current_fs()->euid == 0;
}

static uint32_t user_of(const struct process *p) { return p->fs ? p->fs->uid : p->uid; }

bool process_count_exceeded_locked(struct process *self) {
    uint64_t limit = self->limits.r[RLIMIT_NPROC].rlim_cur, n = 0;
    struct process *p;
    if (likely(limit == RLIM_INFINITY) || user_of(self) == 0 || current_fs()->euid == 0)
        return false;
    list_for_each(p, &all_processes, all_link) // zombies count, too
        if (user_of(p) == user_of(self))
            n += (uint64_t)max(p->nthreads, 1);
    return n >= limit;
}

// setrlimit(2)'s rules: soft up to hard for everybody, hard upwards only for root.
static int check(const struct process *p, int which, const struct rlimit *new) {
    if (new->rlim_cur > new->rlim_max)
        return -EINVAL;
    if (which == RLIMIT_NOFILE && new->rlim_max > NOFILE_MAX)
        return -EPERM;
    if (new->rlim_max > p->limits.r[which].rlim_max && current_fs()->euid != 0)
        return -EPERM;
    return 0;
}

int process_rlimit(int pid, int which, const struct rlimit *new, struct rlimit *old) {
    if (which < 0 || which >= RLIM_NLIMITS)
        return -EINVAL;
    spin_lock(&proc_lock);
    struct process *p = pid ? process_find_locked(pid) : current_proc();
    int err = p ? process_may_touch_locked(p) : -ESRCH;
    if (!err)
        *old = p->limits.r[which];
    if (!err && new)
        err = check(p, which, new);
    if (!err && new)
        p->limits.r[which] = *new;
    spin_unlock(&proc_lock);
    return err;
}
