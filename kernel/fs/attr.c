// Changing what an inode says of itself: size, mode, owner, times.
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "sched/limits.h"
#include "sched/timer.h"

#define NS_PER_SEC 1000000000UL

struct timespec realtime_now(void) {
    uint64_t ns = ktime_ns() + (uint64_t)realtime_offset_ns();
    return (struct timespec){.tv_sec = (int64_t)(ns / NS_PER_SEC),
                             .tv_nsec = (int64_t)(ns % NS_PER_SEC)};
}

static int check_size(const struct inode *i, uint64_t size) {
    if (i->seals & (size > inode_size(i) ? F_SEAL_GROW : 0))
        return -EPERM;
    if (i->seals & (size < inode_size(i) ? F_SEAL_SHRINK : 0))
        return -EPERM;
    return size > inode_size(i) && size > current_limit(RLIMIT_FSIZE) ? -EFBIG : 0;
}

int vfs_truncate(struct inode *i, uint64_t size) {
    if (inode_is_dir(i))
        return -EISDIR;
    if (!S_ISREG(i->mode) || !i->ops->truncate)
        return -EINVAL;
    mutex_lock(&i->lock);
    int err = i->swapfile ? -ETXTBSY : check_size(i, size);
    if (!err)
        err = i->ops->truncate(i, size);
    if (!err)
        inode_touch(i, INODE_MTIME | INODE_CTIME);
    mutex_unlock(&i->lock);
    return err;
}

static int check_fallocate(const struct inode *i, int mode, uint64_t end) {
    const int known = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE;

    if (mode & ~known || (mode & known) == FALLOC_FL_PUNCH_HOLE)
        return -EOPNOTSUPP;
    if (S_ISFIFO(i->mode))
        return -ESPIPE;
    if (!S_ISREG(i->mode))
        return -ENODEV;
    if (end > i->super->max_size)
        return -EFBIG;
    return i->ops->fallocate ? 0 : -EOPNOTSUPP;
}

int vfs_fallocate(struct inode *i, int mode, uint64_t off, uint64_t end) {
    int err = check_fallocate(i, mode, end);
    if (err)
        return err;
    mutex_lock(&i->lock);
    err = i->swapfile ? -ETXTBSY : 0;
    if (mode & FALLOC_FL_PUNCH_HOLE && i->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        err = -EPERM;
    if (!err && !(mode & FALLOC_FL_KEEP_SIZE))
        err = check_size(i, max(end, inode_size(i)));
    if (!err)
        err = i->ops->fallocate(i, mode, off, end);
    inode_touch(i, INODE_MTIME | INODE_CTIME);
    mutex_unlock(&i->lock);
    return err;
}

static int may_set(const struct fsctx *c, const struct path *p) {
    if (mount_readonly(p->mount))
        return -EROFS;
    return inode_owner_or_root(c, p->dentry->inode) ? 0 : -EPERM;
}

int vfs_chmod(struct fsctx *c, const struct path *p, uint32_t mode) {
    struct inode *i = p->dentry->inode;

    int err = may_set(c, p);
    if (err)
        return err;
    if (S_ISLNK(i->mode))
        return -EOPNOTSUPP;
    mutex_lock(&i->lock);
    if (i->seals & F_SEAL_EXEC && (i->mode ^ mode) & 0111) {
        mutex_unlock(&i->lock);
        return -EPERM;
    }
    if (c->fsuid != 0 && !fsctx_in_group(c, i->gid))
        mode &= ~(uint32_t)S_ISGID;
    i->mode = (i->mode & S_IFMT) | (mode & 07777);
    inode_touch(i, INODE_CTIME);
    mutex_unlock(&i->lock);
    return 0;
}

int vfs_chown(struct fsctx *c, const struct path *p, uint32_t uid, uint32_t gid) {
    struct inode *i = p->dentry->inode;
    const uint32_t same = (uint32_t)-1;

    int err = may_set(c, p);
    if (err)
        return err;
    if (c->fsuid != 0 && ((uid != same && uid != i->uid) ||
                          (gid != same && gid != i->gid && !fsctx_in_group(c, gid))))
        return -EPERM;
    mutex_lock(&i->lock);
    if (uid != same)
        i->uid = uid;
    if (gid != same)
        i->gid = gid;
    if (!inode_is_dir(i) && i->mode & 0111) {
        i->mode &= ~(uint32_t)S_ISUID;
        if (i->mode & S_IXGRP)
            i->mode &= ~(uint32_t)S_ISGID;
    }
    inode_touch(i, INODE_CTIME);
    mutex_unlock(&i->lock);
    return 0;
}

static int check_times(const struct fsctx *c, const struct path *p, const struct timespec t[2]) {
    struct inode *i = p->dentry->inode;
    bool now = !t || (t[0].tv_nsec == UTIME_NOW && t[1].tv_nsec == UTIME_NOW);

    for (int n = 0; t && n < 2; n++)
        if (t[n].tv_nsec != UTIME_NOW && t[n].tv_nsec != UTIME_OMIT &&
            (uint64_t)t[n].tv_nsec >= 1000000000)
            return -EINVAL;
    if (mount_readonly(p->mount))
        return -EROFS;
    if (inode_owner_or_root(c, i))
        return 0;
    return now ? inode_permission(c, i, MAY_WRITE) : -EPERM;
}

static void set_time(struct timespec *to, const struct timespec *t, const struct timespec *now) {
    if (!t || t->tv_nsec == UTIME_NOW)
        *to = *now;
    else if (t->tv_nsec != UTIME_OMIT)
        *to = *t;
}

int vfs_utimes(struct fsctx *c, const struct path *p, const struct timespec times[2]) {
    struct inode *i = p->dentry->inode;
    struct timespec now = realtime_now();

    int err = check_times(c, p, times);
    if (err)
        return err;
    mutex_lock(&i->lock);
    set_time(&i->atime, times ? &times[0] : NULL, &now);
    set_time(&i->mtime, times ? &times[1] : NULL, &now);
    inode_touch(i, INODE_CTIME);
    mutex_unlock(&i->lock);
    return 0;
}
