// Attributes of files: the stat family, statfs(2), truncate(2), chmod(2), chown(2), utimensat(2).
#include "abi/errno.h"
#include "fs/mount.h"
#include "lib/string.h"
#include "sys/args.h"
#include "sys/syscall.h"

static long stat_out(struct inode *i, uaddr_t out) {
    struct stat st;
    inode_fill_stat(i, &st);
    return copy_to_user(out, &st, sizeof(st));
}

long sys_newfstatat(uint64_t dirfd, uint64_t user, uint64_t out, uint64_t flags) {
    struct path path;
    int err = at_lookup((int)dirfd, user, (int)flags, &path);
    if (err)
        return err;
    long ret = stat_out(path.dentry->inode, out);
    path_put(&path);
    return ret;
}

long sys_fstat(uint64_t fd, uint64_t out) {
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    long ret = stat_out(f->inode, out);
    file_put(f);
    return ret;
}

static struct statx_timestamp statx_time(struct timespec t) {
    return (struct statx_timestamp){t.tv_sec, (uint32_t)t.tv_nsec, 0};
}

static long statx_out(const struct inode *inode, const struct mount *m, uaddr_t out) {
    struct stat st;
    inode_fill_stat((struct inode *)inode, &st);
    struct statx x = {
        .stx_mask = STATX_BASIC_STATS | (m ? STATX_MNT_ID : 0),
        .stx_blksize = (uint32_t)st.st_blksize,
        .stx_nlink = st.st_nlink,
        .stx_uid = st.st_uid,
        .stx_gid = st.st_gid,
        .stx_mode = (uint16_t)st.st_mode,
        .stx_ino = st.st_ino,
        .stx_size = (uint64_t)st.st_size,
        .stx_blocks = (uint64_t)st.st_blocks,
        .stx_atime = statx_time(st.st_atim),
        .stx_ctime = statx_time(st.st_ctim),
        .stx_mtime = statx_time(st.st_mtim),
        .stx_rdev_major = DEV_MAJOR(st.st_rdev),
        .stx_rdev_minor = DEV_MINOR(st.st_rdev),
        .stx_dev_major = DEV_MAJOR(st.st_dev),
        .stx_dev_minor = DEV_MINOR(st.st_dev),
        .stx_mnt_id = m ? m->id : 0,
    };
    return copy_to_user(out, &x, sizeof(x));
}

long sys_statx(uint64_t dirfd, uint64_t user, uint64_t flags, uint64_t mask, uint64_t out) {
    struct path path;
    if (mask & STATX__RESERVED)
        return -EINVAL;
    int err = at_lookup((int)dirfd, user, (int)flags, &path);
    if (err)
        return err;
    long ret = statx_out(path.dentry->inode, path.mount, out);
    path_put(&path);
    return ret;
}

static long statfs_out(const struct path *p, uaddr_t out) {
    struct statfs st;
    int err = vfs_statfs(p, &st);
    return err ? err : copy_to_user(out, &st, sizeof(st));
}

long sys_statfs(uint64_t user, uint64_t out) {
    struct path path;
    int err = at_lookup(AT_FDCWD, user, 0, &path);
    if (err)
        return err;
    long ret = statfs_out(&path, out);
    path_put(&path);
    return ret;
}

long sys_fstatfs(uint64_t fd, uint64_t out) {
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    long ret = f->path.dentry ? statfs_out(&f->path, out) : -ENOSYS;
    file_put(f);
    return ret;
}

static int truncate_path(const struct path *p, int64_t size) {
    struct inode *i = p->dentry->inode;
    if (inode_is_dir(i))
        return -EISDIR;
    if (mount_readonly(p->mount))
        return -EROFS;
    if (atomic_load(&i->writers) < 0)
        return -ETXTBSY; // a program that runs
    int err = inode_permission(current_fs(), i, MAY_WRITE);
    return err ? err : vfs_truncate(i, (uint64_t)size);
}

long sys_truncate(uint64_t user, uint64_t size) {
    struct path path;
    if ((int64_t)size < 0)
        return -EINVAL;
    int err = at_lookup(AT_FDCWD, user, 0, &path);
    if (err)
        return err;
    err = truncate_path(&path, (int64_t)size);
    path_put(&path);
    return write_result(err);
}

long sys_ftruncate(uint64_t fd, uint64_t size) {
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    int err = (int64_t)size < 0 || !file_writable(f) ? -EINVAL : vfs_truncate(f->inode, size);
    file_put(f);
    return write_result(err);
}

long sys_fallocate(uint64_t fd, uint64_t mode, uint64_t off, uint64_t len) {
    if ((int64_t)off < 0 || (int64_t)len <= 0)
        return -EINVAL;
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    int err = file_writable(f) ? vfs_fallocate(f->inode, (int)mode, off, off + len) : -EBADF;
    file_put(f);
    return write_result(err);
}

long sys_fchmodat(uint64_t dirfd, uint64_t user, uint64_t mode) {
    struct path path;
    int err = at_lookup((int)dirfd, user, 0, &path);
    if (err)
        return err;
    err = vfs_chmod(current_fs(), &path, (uint32_t)mode & 07777);
    path_put(&path);
    return err;
}

long sys_fchmod(uint64_t fd, uint64_t mode) {
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    int err = f->path.dentry ? vfs_chmod(current_fs(), &f->path, (uint32_t)mode & 07777) : -EINVAL;
    file_put(f);
    return err;
}

long sys_fchownat(uint64_t dirfd, uint64_t user, uint64_t uid, uint64_t gid, uint64_t flags) {
    struct path path;
    if (flags & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    int err = at_lookup((int)dirfd, user, (int)flags, &path);
    if (err)
        return err;
    err = vfs_chown(current_fs(), &path, (uint32_t)uid, (uint32_t)gid);
    path_put(&path);
    return err;
}

long sys_fchown(uint64_t fd, uint64_t uid, uint64_t gid) {
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    int err = -EINVAL;
    if (f->path.dentry)
        err = vfs_chown(current_fs(), &f->path, (uint32_t)uid, (uint32_t)gid);
    file_put(f);
    return err;
}

// A NULL name means the file of dirfd itself (futimens).
long sys_utimensat(uint64_t dirfd, uint64_t user, uint64_t user_times, uint64_t flags) {
    struct timespec times[2];
    struct path path;
    int err;
    if (user_times && copy_from_user(times, user_times, sizeof(times)))
        return -EFAULT;
    if (user) {
        err = at_lookup((int)dirfd, user, (int)flags, &path);
        if (err)
            return err;
    } else {
        struct file *f = file_of((int)dirfd);
        if (!f)
            return -EBADF;
        path = f->path;
        if (path.dentry)
            path_get(&path);
        file_put(f);
        if (!path.dentry)
            return -EINVAL;
    }
    err = vfs_utimes(current_fs(), &path, user_times ? times : NULL);
    path_put(&path);
    return err;
}

long sys_umask(uint64_t mask) {
    return (long)atomic_swap(&current_fs()->home->umask, (uint32_t)mask & 0777);
}
