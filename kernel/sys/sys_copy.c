// From file to file without a stop in user memory: sendfile(2), copy_file_range(2); and advice on
// what a file will be used for: fadvise64(2), readahead(2), sync_file_range(2).
#include "abi/errno.h"
#include "mm/buddy.h"
#include "sys/args.h"
#include "sys/syscall.h"

#define COPY_MAX 0x7ffff000UL

// One page at most from `in` to `out`; both positions move by what arrived. Bytes or -errno.
static ssize_t copy_page(struct file *in, off_t *in_pos, struct file *out, off_t *out_pos,
                         void *page, size_t n) {
    struct iovec iov;
    struct uio u;
    off_t from = *in_pos;

    uio_init_kernel(&u, &iov, page, min(n, PAGE_SIZE));
    ssize_t got = file_read(in, &u, &from);
    if (got <= 0)
        return got;
    uio_init_kernel(&u, &iov, page, (size_t)got);
    ssize_t put = write_result(file_write(out, &u, out_pos));
    if (put > 0)
        *in_pos += put; // what was not written is read again
    return put;
}

static ssize_t copy(struct file *in, off_t *in_pos, struct file *out, off_t *out_pos, size_t n) {
    void *page = frame_alloc(GFP_KERNEL, 0);
    ssize_t done = 0, step = 1;

    if (!page)
        return -ENOMEM;
    while (n > 0 && step > 0 && !(done && signal_pending())) {
        step = copy_page(in, in_pos, out, out_pos, page, n);
        if (step > 0) {
            done += step;
            n -= (size_t)step;
        }
        cond_resched();
    }
    frame_free(page, 0);
    return done ? done : step;
}

// The positions of the files that use their own (NULL: not), both at once.
static void lock_positions(struct file *a, struct file *b, bool lock) {
    if (a && b)
        (lock ? mutex_lock_two : mutex_unlock_two)(&a->pos_lock, &b->pos_lock);
    else if (a || b)
        (lock ? mutex_lock : mutex_unlock)(a ? &a->pos_lock : &b->pos_lock);
}

static int pos_get(uaddr_t user, off_t *pos) {
    int err = user ? copy_from_user(pos, user, sizeof(*pos)) : 0;
    return err ? err : user && *pos < 0 ? -EINVAL : 0;
}

static int pos_put(uaddr_t user, off_t pos) {
    return user ? copy_to_user(user, &pos, sizeof(pos)) : 0;
}

// With a position in user memory the file's own stays as it is.
static ssize_t copy_at(struct file *in, uaddr_t in_user, struct file *out, uaddr_t out_user,
                       size_t n) {
    struct file *own_in = in_user ? NULL : in;
    struct file *own_out = out_user || !out->ops->seek ? NULL : out;
    off_t in_pos = 0, out_pos = 0;

    int err = pos_get(in_user, &in_pos);
    if (!err)
        err = pos_get(out_user, &out_pos);
    if (err)
        return err;
    lock_positions(own_in, own_out, true);
    in_pos = own_in ? in->pos : in_pos;
    out_pos = own_out ? out->pos : out_pos;
    bool overlap = in->inode == out->inode && in_pos < out_pos + (off_t)n &&
                   out_pos < in_pos + (off_t)n;
    ssize_t done = overlap ? -EINVAL : copy(in, &in_pos, out, &out_pos, n);
    if (own_in)
        in->pos = in_pos;
    if (own_out)
        out->pos = out_pos;
    lock_positions(own_in, own_out, false);
    err = pos_put(in_user, in_pos);
    if (!err)
        err = pos_put(out_user, out_pos);
    return err ? err : done;
}

static bool is_regular(const struct file *f) { return S_ISREG(f->inode->mode); }

static long sendfile(struct file *out, struct file *in, uaddr_t user_pos, size_t n) {
    if (!file_readable(in) || !file_writable(out))
        return -EBADF;
    if (!in->ops->seek || (!is_regular(in) && !S_ISBLK(in->inode->mode)) || in == out)
        return -EINVAL;
    return copy_at(in, user_pos, out, 0, min(n, COPY_MAX));
}

long sys_sendfile(uint64_t out_fd, uint64_t in_fd, uint64_t pos, uint64_t n) {
    struct file *out = file_of((int)out_fd), *in = file_of((int)in_fd);
    long ret = out && in ? sendfile(out, in, pos, n) : -EBADF;
    if (out)
        file_put(out);
    if (in)
        file_put(in);
    return ret;
}

static long copy_range(struct file *in, uaddr_t in_user, struct file *out, uaddr_t out_user,
                       size_t n) {
    if (!file_readable(in) || !file_writable(out) || out->flags & O_APPEND)
        return -EBADF;
    if (inode_is_dir(in->inode) || inode_is_dir(out->inode))
        return -EISDIR;
    if (!is_regular(in) || !is_regular(out))
        return -EINVAL;
    if (in == out && !(in_user && out_user))
        return -EINVAL; // one position for both
    return copy_at(in, in_user, out, out_user, min(n, COPY_MAX));
}

long sys_copy_file_range(uint64_t in_fd, uint64_t in_pos, uint64_t out_fd, uint64_t out_pos,
                         uint64_t n, uint64_t flags) {
    if (flags)
        return -EINVAL;
    struct file *in = file_of((int)in_fd), *out = file_of((int)out_fd);
    long ret = in && out ? copy_range(in, in_pos, out, out_pos, n) : -EBADF;
    if (in)
        file_put(in);
    if (out)
        file_put(out);
    return ret;
}

// Reads [off, off + n) into the page cache.
static void populate(struct mapping *m, uint64_t off, uint64_t n) {
    uint64_t end = min(off + n, (uint64_t)atomic_load_relaxed(&m->size));
    struct readahead ra = {0};

    for (uint64_t index = off / PAGE_SIZE; index * PAGE_SIZE < end; index++) {
        struct page *p;
        if (page_cache_get(m, index, &ra, &p))
            return;
        page_put(p);
        cond_resched();
    }
}

long sys_fadvise64(uint64_t fd, uint64_t off, uint64_t len, uint64_t advice) {
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    long ret = f->flags & O_PATH ? -EBADF : S_ISFIFO(f->inode->mode) ? -ESPIPE : 0;
    if (!ret && ((int64_t)len < 0 || advice > POSIX_FADV_NOREUSE))
        ret = -EINVAL;
    struct mapping *m = file_mapping(f);
    if (!ret && m && advice == POSIX_FADV_WILLNEED && (int64_t)off >= 0)
        populate(m, off, len ? len : inode_size(f->inode));
    else if (!ret && m && advice == POSIX_FADV_DONTNEED && m->ops->write_pages)
        page_cache_sync(m, off, len ? off + len - 1 : UINT64_MAX, false);
    file_put(f);
    return ret;
}

long sys_readahead(uint64_t fd, uint64_t off, uint64_t n) {
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    struct mapping *m = file_readable(f) ? file_mapping(f) : NULL;
    long ret = !file_readable(f) ? -EBADF : m ? 0 : -EINVAL;
    if (m)
        populate(m, off, n);
    file_put(f);
    return ret;
}

long sys_sync_file_range(uint64_t fd, uint64_t off, uint64_t n, uint64_t flags) {
    const uint64_t known =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    if (flags & ~known || (int64_t)off < 0 || (int64_t)n < 0 || (int64_t)(off + n) < 0)
        return -EINVAL;
    struct file *f = file_of((int)fd);
    if (!f)
        return -EBADF;
    struct mapping *m = file_mapping(f);
    long ret = m ? 0 : -ESPIPE;
    if (m && m->ops->write_pages && flags)
        ret = page_cache_sync(m, off, n ? off + n - 1 : UINT64_MAX,
                              flags & ~(uint64_t)SYNC_FILE_RANGE_WRITE);
    file_put(f);
    return ret;
}
