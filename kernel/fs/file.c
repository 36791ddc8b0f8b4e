// Open files: reference counts, the way to the operations, and what all kinds share.
//
//   descriptor --fdtable--> struct file --> path (mount, dentry) and inode --> mapping (pages)
//
// A struct file is one open(2): its position and flags are shared by dup(2) and fork(2). It holds
// its path, so the mount stays busy and the name can be told, and its inode, so the file's data
// stays after the last name went.
#include "fs/file.h"

#include "abi/errno.h"
#include "dev/blk.h"
#include "fs/lock.h"
#include "fs/mount.h"
#include "fs/super.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "riscv/atomic.h"
#include "vm/buffer.h"

static struct slab_cache *file_slab;

struct file *file_alloc(void) {
    struct file *f = slab_alloc(file_slab, GFP_KERNEL);
    if (!f)
        return NULL;
    memset(f, 0, sizeof(*f));
    ref_init(&f->ref, 1);
    mutex_init(&f->pos_lock, "file position", RANK_FILEPOS);
    return f;
}

void file_release(struct file *f) {
    if (f->ops && f->ops->release)
        f->ops->release(f);
    if (f->inode)
        lock_closed(f->inode, f);
    if (f->claim)
        atomic_sub(&f->inode->writers, f->claim);
    inode_put(f->inode);
    path_put(&f->path);
    slab_free(file_slab, f);
}

int file_claim(struct file *f, int by) {
    int *count = &f->inode->writers, old = atomic_load(count);
    do {
        if (by > 0 ? old < 0 : old > 0)
            return -ETXTBSY;
    } while (!__atomic_compare_exchange_n(count, &old, old + by, true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE));
    f->claim = by;
    return 0;
}

struct file *file_from_inode(struct inode *i, const struct file_ops *ops, int flags) {
    struct file *f = file_alloc();
    if (!f)
        return NULL;
    f->inode = i;
    f->ops = ops;
    f->flags = (uint32_t)flags;
    return f;
}

ssize_t file_read(struct file *f, struct uio *u, off_t *pos) {
    if (!file_readable(f))
        return -EBADF;
    if (unlikely(!f->ops->read))
        return inode_is_dir(f->inode) ? -EISDIR : -EINVAL;
    return f->ops->read(f, u, pos);
}

ssize_t file_write(struct file *f, struct uio *u, off_t *pos) {
    if (!file_writable(f))
        return -EBADF;
    if (unlikely(!f->ops->write))
        return -EINVAL;
    return f->ops->write(f, u, pos);
}

ssize_t file_read_kernel(struct file *f, void *buf, size_t n, off_t pos) {
    struct iovec iov;
    struct uio u;

    uio_init_kernel(&u, &iov, buf, n);
    if (!f->ops->read)
        return inode_is_dir(f->inode) ? -EISDIR : -EINVAL;
    return f->ops->read(f, &u, &pos);
}

off_t file_seek(struct file *f, off_t off, int whence) {
    if (f->flags & O_PATH)
        return -EBADF;
    return f->ops->seek ? f->ops->seek(f, off, whence) : -ESPIPE;
}

off_t directory_seek(struct file *f, off_t off, int whence) {
    if (whence == SEEK_CUR)
        off += f->pos;
    else if (whence != SEEK_SET)
        return -EINVAL;
    if (off < 0)
        return -EINVAL;
    f->pos = off;
    return off;
}

struct mapping *file_mapping(struct file *f) {
    if (S_ISREG(f->inode->mode))
        return f->inode->mapping.ops ? &f->inode->mapping : NULL;
    return NULL;
}

// Data, then the inode, then the device's metadata blocks (all of them: which belong to this file
// is not known), then the device's own cache.
int file_fsync(struct file *f, bool data_only) {
    struct super *s = f->inode->super;
    struct blkdev *dev = S_ISBLK(f->inode->mode) ? f->private : s->dev;

    if (f->flags & O_PATH)
        return -EBADF;
    if (!S_ISREG(f->inode->mode) && !S_ISDIR(f->inode->mode) && !S_ISBLK(f->inode->mode))
        return -EINVAL;
    int err = S_ISBLK(f->inode->mode) ? 0 : inode_sync(f->inode, true);
    if (!dev)
        return err;
    struct mapping *m = bdev_mapping(dev);
    int err2 = m ? page_cache_sync(m, 0, UINT64_MAX, true) : -ENOMEM;
    if (!err2 && !dev->readonly)
        err2 = blkdev_flush(dev);
    return err ? err : err2;
}

int file_syncfs(struct file *f) {
    if (f->flags & O_PATH)
        return -EBADF;
    page_cache_sync_all(true); // also pages stored to through mappings
    return super_sync(f->inode->super, true);
}

void file_mapping_hold(void *file) { file_get(file); }
void file_mapping_release(void *file) { file_put(file); }

void file_init(void) { file_slab = slab_cache_create("filp", sizeof(struct file), 0, NULL); }
