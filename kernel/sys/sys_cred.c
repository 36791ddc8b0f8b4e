// User and group numbers (credentials(7), setresuid(2)). They live in the process's fsctx.
#include "abi/errno.h"
#include "abi/limits.h"
#include "fs/path.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/rlimit.h"
#include "sys/syscall.h"
#include "vm/uaccess.h"

#define KEEP UINT32_MAX // -1: leave as it is

long sys_getuid(void) { return current_fs()->uid; }
long sys_geteuid(void) { return current_fs()->euid; }
long sys_getgid(void) { return current_fs()->gid; }
long sys_getegid(void) { return current_fs()->egid; }

struct ids { // one of the two kinds, as pointers into the fsctx
    uint32_t *real, *effective, *saved, *fs;
};

static struct ids uids(struct fsctx *c) {
    return (struct ids){&c->uid, &c->euid, &c->suid, &c->fsuid};
}
static struct ids gids(struct fsctx *c) {
    return (struct ids){&c->gid, &c->egid, &c->sgid, &c->fsgid};
}

static bool may_become(const struct ids *i, uint32_t id) {
    return id == KEEP || id == *i->real || id == *i->effective || id == *i->saved;
}

static long set_res(struct ids i, uint32_t real, uint32_t effective, uint32_t saved) {
    if (current_fs()->euid != 0 &&
        !(may_become(&i, real) && may_become(&i, effective) && may_become(&i, saved)))
        return -EPERM;
    if (real != KEEP)
        *i.real = real;
    if (effective != KEEP)
        *i.effective = effective;
    if (saved != KEEP)
        *i.saved = saved;
    *i.fs = *i.effective;
    process_note_user();
    return 0;
}

static long set_one(struct ids i, uint32_t id) {
    return current_fs()->euid == 0 ? set_res(i, id, id, id) : set_res(i, KEEP, id, KEEP);
}

static long set_re(struct ids i, uint32_t real, uint32_t effective) {
    bool new_saved = real != KEEP || (effective != KEEP && effective != *i.real);
    uint32_t saved = !new_saved ? KEEP : effective != KEEP ? effective : *i.effective;
    return set_res(i, real, effective, saved);
}

static long get_res(struct ids i, uaddr_t real, uaddr_t effective, uaddr_t saved) {
    if (copy_to_user(real, i.real, 4) != 0 || copy_to_user(effective, i.effective, 4) != 0 ||
        copy_to_user(saved, i.saved, 4) != 0)
        return -EFAULT;
    return 0;
}

static long set_fs(struct ids i, uint32_t id) {
    uint32_t old = *i.fs;
    if (id != KEEP && (current_fs()->euid == 0 || may_become(&i, id) || id == old))
        *i.fs = id;
    return old;
}

long sys_setuid(uint64_t id) { return set_one(uids(current_fs()), (uint32_t)id); }
long sys_setgid(uint64_t id) { return set_one(gids(current_fs()), (uint32_t)id); }
long sys_setreuid(uint64_t r, uint64_t e) {
    return set_re(uids(current_fs()), (uint32_t)r, (uint32_t)e);
}
long sys_setregid(uint64_t r, uint64_t e) {
    return set_re(gids(current_fs()), (uint32_t)r, (uint32_t)e);
}
long sys_setresuid(uint64_t r, uint64_t e, uint64_t s) {
    return set_res(uids(current_fs()), (uint32_t)r, (uint32_t)e, (uint32_t)s);
}
long sys_setresgid(uint64_t r, uint64_t e, uint64_t s) {
    return set_res(gids(current_fs()), (uint32_t)r, (uint32_t)e, (uint32_t)s);
}
long sys_getresuid(uint64_t r, uint64_t e, uint64_t s) {
    return get_res(uids(current_fs()), r, e, s);
}
long sys_getresgid(uint64_t r, uint64_t e, uint64_t s) {
    return get_res(gids(current_fs()), r, e, s);
}
long sys_setfsuid(uint64_t id) { return set_fs(uids(current_fs()), (uint32_t)id); }
long sys_setfsgid(uint64_t id) { return set_fs(gids(current_fs()), (uint32_t)id); }

long sys_getgroups(uint64_t size, uint64_t ulist) {
    const struct fsctx *c = current_fs();
    if ((int)size == 0)
        return (long)c->ngroups;
    if ((int)size < 0 || (size_t)(int)size < c->ngroups)
        return -EINVAL;
    return copy_to_user(ulist, c->groups, c->ngroups * 4) ? -EFAULT : (long)c->ngroups;
}

long sys_setgroups(uint64_t size, uint64_t ulist) {
    struct fsctx *c = current_fs();
    uint32_t *groups = NULL, *old = c->groups;
    if (c->euid != 0)
        return -EPERM;
    if (size > NGROUPS_MAX)
        return -EINVAL;
    if (size && !(groups = kmalloc_array(size, 4, GFP_KERNEL)))
        return -ENOMEM;
    if (size && copy_from_user(groups, ulist, size * 4) != 0) {
        kfree(groups);
        return -EFAULT;
    }
    c->groups = groups;
    c->ngroups = size;
    kfree(old);
    return 0;
}
