// Advisory locks: flock(2), and the record locks of fcntl(2).
#include "sys/sys_lock.h"

#include "abi/errno.h"
#include "fs/lock.h"
#include "sys/syscall.h"

static int from_user(struct file *f, const struct flock *u, struct lock_request *r) {
    int64_t base = u->l_whence == SEEK_CUR ? f->pos
                   : u->l_whence == SEEK_END ? (int64_t)inode_size(f->inode) : 0, start, end;

    if (u->l_whence < SEEK_SET || u->l_whence > SEEK_END || u->l_type < F_RDLCK ||
        u->l_type > F_UNLCK)
        return -EINVAL;
    if (__builtin_add_overflow(base, u->l_start, &start))
        return -EOVERFLOW;
    end = INT64_MAX; // length 0: to the end, wherever that will be
    if (u->l_len > 0 && __builtin_add_overflow(start, u->l_len - 1, &end))
        return -EOVERFLOW;
    if (u->l_len < 0) { // the bytes before start
        end = start - 1;
        start += u->l_len;
    }
    if (start < 0)
        return -EINVAL;
    r->type = u->l_type;
    r->start = (uint64_t)start;
    r->end = (uint64_t)end;
    return 0;
}

static long test(struct file *f, struct lock_request *r, struct flock *u, uaddr_t arg) {
    lock_test(f->inode, r);
    u->l_type = (int16_t)r->type;
    if (r->type != F_UNLCK) {
        u->l_whence = SEEK_SET;
        u->l_start = (int64_t)r->start;
        u->l_len = r->end == INT64_MAX ? 0 : (int64_t)(r->end - r->start) + 1;
        u->l_pid = r->pid;
    }
    return copy_to_user(arg, u, sizeof(*u));
}

// Another thread may have closed fd after we looked it up: then nobody would drop the lock.
static int still_open(int fd, struct file *f) {
    struct file *now = file_of(fd);
    if (now)
        file_put(now);
    if (now == f)
        return 0;
    lock_closed(f->inode, current_files());
    return -EBADF;
}

long fcntl_lock(int fd, struct file *f, int cmd, uaddr_t arg) {
    bool ofd = cmd >= F_OFD_GETLK;
    if (f->flags & O_PATH)
        return -EBADF;
    struct lock_request r = {.kind = LOCK_RECORD};
    struct flock u;

    if (copy_from_user(&u, arg, sizeof(u)))
        return -EFAULT;
    int err = ofd && u.l_pid ? -EINVAL : from_user(f, &u, &r);
    if (err)
        return err;
    r.owner = ofd ? (void *)f : current_files();
    r.pid = ofd ? -1 : current_proc()->pid->nr;
    if (cmd == F_GETLK || cmd == F_OFD_GETLK)
        return r.type == F_UNLCK ? -EINVAL : test(f, &r, &u, arg);
    if ((r.type == F_RDLCK && !file_readable(f)) || (r.type == F_WRLCK && !file_writable(f)))
        return -EBADF;
    err = lock_set(f->inode, &r, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
    return err || ofd ? err : still_open(fd, f);
}

long sys_flock(uint64_t fd, uint64_t op) {
    static const int types[] = {[LOCK_SH] = F_RDLCK, [LOCK_EX] = F_WRLCK, [LOCK_UN] = F_UNLCK};
    uint32_t what = (uint32_t)op & ~LOCK_NB;
    if (what != LOCK_SH && what != LOCK_EX && what != LOCK_UN)
        return -EINVAL;
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    struct lock_request r = {.kind = LOCK_WHOLE, .owner = f, .pid = current_proc()->pid->nr,
                             .type = types[what], .end = INT64_MAX};
    long ret = f->flags & O_PATH ? -EBADF : lock_set(f->inode, &r, !(op & LOCK_NB));
    file_put(f);
    return ret;
}
