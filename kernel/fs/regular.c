// Regular files: the page cache does the work; here are positions, limits and times.
//
// Reading takes no inode lock: a reader beside a writer sees the pages as they are, and the size at
// the moment when it looks. Writing holds the inode's lock, so that O_APPEND writes do not overlap.
#include "abi/errno.h"
#include "abi/mount.h"
#include "fs/file.h"
#include "fs/mount.h"
#include "sched/limits.h"

#define ATIME_MAX_AGE 86400 // seconds

static bool earlier(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec <= b->tv_nsec);
}

// Linux's "relatime": a read is noted when the last one noted is no newer than the last change, or
// a day old. So files that are only read cost no writes.
static void note_access(struct file *f) {
    struct inode *i = f->inode;

    if (!earlier(&i->atime, &i->mtime) && !earlier(&i->atime, &i->ctime) &&
        realtime_now().tv_sec - i->atime.tv_sec < ATIME_MAX_AGE)
        return;
    if (f->flags & O_NOATIME || !f->path.mount || mount_readonly(f->path.mount) ||
        f->path.mount->flags & MS_NOATIME)
        return;
    inode_touch(i, INODE_ATIME);
}

static ssize_t regular_read(struct file *f, struct uio *u, off_t *pos) {
    ssize_t n = page_cache_read(&f->inode->mapping, u, *pos, &f->ra);
    if (n > 0) {
        *pos += n;
        note_access(f);
    }
    return n;
}

// A file whose contents change is no longer what somebody set the bits for.
static void drop_set_id(struct inode *i) {
    if (i->mode & S_ISUID)
        i->mode &= ~(uint32_t)S_ISUID;
    if ((i->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
        i->mode &= ~(uint32_t)S_ISGID;
}

// A write that stops may have got blocks beyond what it wrote: they go, so that the file ends where
// its size says.
static ssize_t write_and_trim(struct inode *i, struct uio *u, off_t pos) {
    uint64_t end = (uint64_t)pos + u->left;
    ssize_t n = page_cache_write(&i->mapping, u, pos);
    if (unlikely(u->left) && end > inode_size(i) && i->ops->truncate)
        (void)!i->ops->truncate(i, inode_size(i)); // else they go with the file
    return n;
}

static bool seals_forbid(const struct inode *i, uint64_t end) {
    return i->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) ||
           (i->seals & F_SEAL_GROW && end > inode_size(i));
}

static ssize_t regular_write(struct file *f, struct uio *u, off_t *pos) {
    struct inode *i = f->inode;

    if (u->left == 0)
        return 0;
    mutex_lock(&i->lock);
    if (f->flags & O_APPEND)
        *pos = (off_t)inode_size(i);
    ssize_t n = i->swapfile ? -ETXTBSY : -EFBIG;
    uint64_t limit = min(i->super->max_size, current_limit(RLIMIT_FSIZE));
    if (unlikely(i->seals & ~INODE_SEALABLE) && seals_forbid(i, (uint64_t)*pos + u->left)) {
        n = -EPERM;
    } else if (!i->swapfile && (uint64_t)*pos < limit) {
        u->left = min(u->left, limit - (uint64_t)*pos);
        n = write_and_trim(i, u, *pos);
    }
    if (n > 0) {
        *pos += n;
        drop_set_id(i);
        inode_touch(i, INODE_MTIME | INODE_CTIME);
    }
    mutex_unlock(&i->lock);
    if (n > 0 && f->flags & O_DSYNC) {
        int err = file_fsync(f, false);
        if (err)
            return err;
    }
    return n;
}

// Holes are not told apart from zeroes: the whole file is data, and one hole follows it.
static off_t regular_seek(struct file *f, off_t off, int whence) {
    off_t size = (off_t)inode_size(f->inode);

    switch (whence) {
    case SEEK_SET:
        break;
    case SEEK_CUR:
        if (__builtin_add_overflow(off, f->pos, &off))
            return -EOVERFLOW;
        break;
    case SEEK_END:
        if (__builtin_add_overflow(off, size, &off))
            return -EOVERFLOW;
        break;
    case SEEK_DATA:
    case SEEK_HOLE:
        if (off < 0 || off >= size)
            return -ENXIO;
        off = whence == SEEK_DATA ? off : size;
        break;
    default:
        return -EINVAL;
    }
    if (off < 0)
        return -EINVAL;
    f->pos = off;
    return off;
}

const struct file_ops regular_file_ops = {
    .read = regular_read,
    .write = regular_write,
    .seek = regular_seek,
};
