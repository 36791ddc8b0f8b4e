// Descriptors: close(2), dup3(2), fcntl(2), ioctl(2), pipe2(2), fsync(2), getdents64(2).
#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/ioctl.h"
#include "fs/memfd.h"
#include "fs/mount.h"
#include "fs/pipe.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sys/args.h"
#include "sys/sys_lock.h"
#include "sys/syscall.h"

#define SETTABLE_FLAGS (O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME)
#define DIRENTS_MAX 32768

long sys_close(uint64_t fd) { return fd_close(current_files(), (int)fd); }

long sys_close_range(uint64_t first, uint64_t last, uint64_t flags) {
    bool cloexec = flags & CLOSE_RANGE_CLOEXEC;
    if ((uint32_t)first > (uint32_t)last || (flags & ~(uint64_t)CLOSE_RANGE_CLOEXEC))
        return -EINVAL;
    if ((uint32_t)first > INT32_MAX)
        return 0;
    for (int fd = (int)first; fd_next_open(current_files(), &fd); fd++) {
        if ((uint32_t)fd > (uint32_t)last)
            break;
        if (cloexec)
            fd_set_cloexec(current_files(), fd, true);
        else
            fd_close(current_files(), fd);
    }
    return 0;
}

static long dup_from(int fd, int from, bool cloexec) {
    struct file *f = file_of(fd);
    if (!f)
        return -EBADF;
    int newfd = fd_install(current_files(), f, from, cloexec);
    if (newfd < 0)
        file_put(f);
    return newfd;
}

long sys_dup(uint64_t fd) { return dup_from((int)fd, 0, false); }

long sys_dup3(uint64_t fd, uint64_t newfd, uint64_t flags) {
    if ((flags & ~(uint64_t)O_CLOEXEC) || (int)fd == (int)newfd)
        return -EINVAL;
    return fd_dup_to(current_files(), (int)fd, (int)newfd, flags & O_CLOEXEC);
}

static void set_flags(struct file *f, uint32_t flags) {
    uint32_t old = atomic_load_relaxed(&f->flags), new;
    do
        new = (old & ~SETTABLE_FLAGS) | (flags & SETTABLE_FLAGS);
    while (!__atomic_compare_exchange_n(&f->flags, &old, new, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED));
}

static long fcntl_file(struct file *f, int cmd, uint64_t arg) {
    switch (cmd) {
    case F_GETFL:
        return (long)f->flags;
    case F_SETFL:
        set_flags(f, (uint32_t)arg);
        return 0;
    case F_ADD_SEALS:
        return memfd_add_seals(f, (uint32_t)arg);
    case F_GET_SEALS:
        return memfd_get_seals(f);
    case F_GETPIPE_SZ:
        return pipe_get_size(f);
    case F_SETPIPE_SZ:
        return pipe_set_size(f, (uint32_t)arg);
    default:
        return -EINVAL;
    }
}

long sys_fcntl(uint64_t fd, uint64_t cmd, uint64_t arg) {
    switch ((int)cmd) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        if ((int)arg < 0)
            return -EINVAL;
        return dup_from((int)fd, (int)arg, (int)cmd == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return fd_get_cloexec(current_files(), (int)fd);
    case F_SETFD:
        return fd_set_cloexec(current_files(), (int)fd, arg & FD_CLOEXEC);
    }
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    bool locks = ((int)cmd >= F_GETLK && (int)cmd <= F_SETLKW) ||
                 ((int)cmd >= F_OFD_GETLK && (int)cmd <= F_OFD_SETLKW);
    long ret = locks ? fcntl_lock((int)fd, f, (int)cmd, arg) : fcntl_file(f, (int)cmd, arg);
    file_put(f);
    return ret;
}

static long set_nonblock(struct file *f, uaddr_t arg) {
    int on;
    if (copy_from_user(&on, arg, sizeof(on)))
        return -EFAULT;
    if (on)
        atomic_or(&f->flags, O_NONBLOCK);
    else
        atomic_and(&f->flags, ~(uint32_t)O_NONBLOCK);
    return 0;
}

long sys_ioctl(uint64_t fd, uint64_t cmd, uint64_t arg) {
    if ((uint32_t)cmd == FIOCLEX || (uint32_t)cmd == FIONCLEX)
        return fd_set_cloexec(current_files(), (int)fd, (uint32_t)cmd == FIOCLEX);
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    long ret = (f->flags & O_PATH) ? -EBADF : -ENOTTY;
    if ((uint32_t)cmd == FIONBIO && ret == -ENOTTY)
        ret = set_nonblock(f, arg);
    else if (f->ops->ioctl && ret == -ENOTTY)
        ret = f->ops->ioctl(f, (uint32_t)cmd, arg);
    file_put(f);
    return ret;
}

long sys_pipe2(uint64_t out, uint64_t flags) {
    struct file *reader, *writer;
    int fd[2], err;
    bool cloexec = flags & O_CLOEXEC;
    if (flags & ~(uint64_t)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
        return -EINVAL;
    err = pipe_create((int)flags & ~O_CLOEXEC, &reader, &writer);
    if (err)
        return err;
    err = fd[0] = fd_install(current_files(), reader, 0, cloexec);
    if (err < 0)
        goto out_reader;
    err = fd[1] = fd_install(current_files(), writer, 0, cloexec);
    if (err < 0)
        goto out_fd0;
    err = copy_to_user(out, fd, sizeof(fd));
    if (!err)
        return 0;
    fd_close(current_files(), fd[1]);
    fd_close(current_files(), fd[0]);
    return err;
out_fd0:
    fd_close(current_files(), fd[0]);
    file_put(writer);
    return err;
out_reader:
    file_put(reader);
    file_put(writer);
    return err;
}

static long sync_file(int fd, bool data_only) {
    struct file *f = file_of(fd);
    if (!f)
        return -EBADF;
    int err = file_fsync(f, data_only);
    file_put(f);
    return err;
}

long sys_fsync(uint64_t fd) { return sync_file((int)fd, false); }
long sys_fdatasync(uint64_t fd) { return sync_file((int)fd, true); }

long sys_sync(void) {
    sync_all(true);
    return 0;
}

long sys_syncfs(uint64_t fd) {
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    int err = file_syncfs(f);
    file_put(f);
    return err;
}

struct dirent_sink {
    struct dir_sink sink; // first
    char *buf;
    size_t size, used;
    bool full; // an entry did not fit
};

static bool emit_dirent(struct dir_sink *s, const char *name, size_t len, ino_t ino, uint8_t type,
                        off_t next_pos) {
    struct dirent_sink *d = (struct dirent_sink *)s;
    size_t reclen = ALIGN_UP(offsetof(struct linux_dirent64, d_name) + len + 1, 8);
    d->full = reclen > d->size - d->used;
    if (d->full)
        return false;
    struct linux_dirent64 *out = (struct linux_dirent64 *)(d->buf + d->used);
    memset(out, 0, reclen);
    out->d_ino = ino;
    out->d_off = next_pos;
    out->d_reclen = (uint16_t)reclen;
    out->d_type = type;
    memcpy(out->d_name, name, len);
    d->used += reclen;
    return true;
}

// Into a kernel buffer first: the directory's locks rank below those of a page fault.
static long read_dirents(struct file *f, uaddr_t out, size_t size) {
    struct dirent_sink d = {.sink = {emit_dirent}, .size = size};
    if (!f->ops->readdir || !inode_is_dir(f->inode))
        return -ENOTDIR;
    d.buf = kmalloc(size, GFP_KERNEL);
    if (!d.buf)
        return -ENOMEM;
    mutex_lock(&f->pos_lock);
    long ret = f->ops->readdir(f, &d.sink);
    if (ret >= 0)
        ret = d.used == 0 && d.full ? -EINVAL : (long)d.used; // not even one fits
    mutex_unlock(&f->pos_lock);
    if (ret > 0 && copy_to_user(out, d.buf, d.used))
        ret = -EFAULT;
    kfree(d.buf);
    return ret;
}

long sys_getdents64(uint64_t fd, uint64_t out, uint64_t size) {
    if (size < sizeof(struct linux_dirent64))
        return -EINVAL;
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    long ret = read_dirents(f, out, min(size, (uint64_t)DIRENTS_MAX));
    file_put(f);
    return ret;
}
