// read(2), write(2) and their kin: one transfer function for all of them.
//
// Files that can seek have a position, guarded by pos_lock; the others (pipes, terminals) have none
// and must not be locked, because their transfers wait. pread and pwrite bring a position along.
#include "abi/errno.h"
#include "sys/args.h"
#include "sys/syscall.h"

#define TRANSFER_MAX 0x7ffff000UL // Linux's bound for one call

static inline ssize_t move_bytes(struct file *f, struct uio *u, off_t *pos, bool write) {
    return write ? write_result(file_write(f, u, pos)) : file_read(f, u, pos);
}

// From or to the file's own position. u is used up as far as bytes were moved.
static ssize_t transfer(int fd, struct uio *u, bool write) {
    struct file *f = file_of(fd);
    off_t none = 0;
    ssize_t n;
    if (unlikely(!f))
        return -EBADF;
    if (!f->ops->seek) {
        n = move_bytes(f, u, &none, write);
    } else {
        mutex_lock(&f->pos_lock);
        n = move_bytes(f, u, &f->pos, write);
        mutex_unlock(&f->pos_lock);
    }
    file_put(f);
    return n;
}

static ssize_t transfer_at(int fd, struct uio *u, off_t pos, bool write) {
    if (pos < 0)
        return -EINVAL;
    struct file *f = file_of(fd);
    if (!f)
        return -EBADF;
    ssize_t n = f->ops->seek ? move_bytes(f, u, &pos, write) : -ESPIPE;
    file_put(f);
    return n;
}

long sys_read(uint64_t fd, uint64_t buf, uint64_t n) {
    struct iovec iov;
    struct uio u;
    uio_init_user(&u, &iov, buf, min(n, TRANSFER_MAX));
    return transfer((int)fd, &u, false);
}

long sys_write(uint64_t fd, uint64_t buf, uint64_t n) {
    struct iovec iov;
    struct uio u;
    uio_init_user(&u, &iov, buf, min(n, TRANSFER_MAX));
    return transfer((int)fd, &u, true);
}

long sys_pread64(uint64_t fd, uint64_t buf, uint64_t n, uint64_t pos) {
    struct iovec iov;
    struct uio u;
    uio_init_user(&u, &iov, buf, min(n, TRANSFER_MAX));
    return transfer_at((int)fd, &u, (off_t)pos, false);
}

long sys_pwrite64(uint64_t fd, uint64_t buf, uint64_t n, uint64_t pos) {
    struct iovec iov;
    struct uio u;
    uio_init_user(&u, &iov, buf, min(n, TRANSFER_MAX));
    return transfer_at((int)fd, &u, (off_t)pos, true);
}

static long vector_transfer(int fd, uaddr_t user, int count, const off_t *pos, bool write) {
    struct vector v;
    struct uio u;
    int err = vector_get(&v, &u, user, count);
    if (err)
        return err;
    ssize_t n = pos ? transfer_at(fd, &u, *pos, write) : transfer(fd, &u, write);
    vector_put(&v);
    return n;
}

long sys_readv(uint64_t fd, uint64_t vec, uint64_t count) {
    return vector_transfer((int)fd, vec, (int)count, NULL, false);
}

long sys_writev(uint64_t fd, uint64_t vec, uint64_t count) {
    return vector_transfer((int)fd, vec, (int)count, NULL, true);
}

long sys_preadv(uint64_t fd, uint64_t vec, uint64_t count, uint64_t pos) {
    off_t at = (off_t)pos;
    return vector_transfer((int)fd, vec, (int)count, &at, false);
}

long sys_pwritev(uint64_t fd, uint64_t vec, uint64_t count, uint64_t pos) {
    off_t at = (off_t)pos;
    return vector_transfer((int)fd, vec, (int)count, &at, true);
}

long sys_lseek(uint64_t fd, uint64_t off, uint64_t whence) {
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    mutex_lock(&f->pos_lock);
    off_t pos = file_seek(f, (off_t)off, (int)whence);
    mutex_unlock(&f->pos_lock);
    file_put(f);
    return pos;
}
