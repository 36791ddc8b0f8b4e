// Block devices as files: bytes of the device through its own mapping, the one that also holds the
// buffers of a file system mounted from it.
#include "abi/errno.h"
#include "abi/ioctl.h"
#include "dev/blk.h"
#include "fs/devfs.h"
#include "fs/mount.h"
#include "vm/buffer.h"

static uint64_t dev_bytes(const struct blkdev *dev) { return dev->sectors * SECTOR_SIZE; }

static int blkdev_open(struct inode *i, struct file *f) {
    struct blkdev *dev = blkdev_find(i->rdev);
    if (!dev)
        return -ENXIO;
    if (dev->readonly && file_writable(f))
        return -EROFS;
    f->private = dev;
    return bdev_mapping(dev) ? 0 : -ENOMEM;
}

// The part of u that lies on the device; what is beyond stays in u.
static size_t cut(struct uio *u, uint64_t size, off_t pos) {
    size_t all = u->left;
    u->left = (uint64_t)pos >= size ? 0 : min(all, size - (uint64_t)pos);
    return all - u->left;
}

static ssize_t blkdev_read(struct file *f, struct uio *u, off_t *pos) {
    struct blkdev *dev = f->private;
    size_t beyond = cut(u, dev_bytes(dev), *pos);
    ssize_t n = u->left ? page_cache_read(bdev_mapping(dev), u, *pos, &f->ra) : 0;
    u->left += beyond;
    if (n > 0)
        *pos += n;
    return n;
}

static ssize_t blkdev_write(struct file *f, struct uio *u, off_t *pos) {
    struct blkdev *dev = f->private;
    size_t beyond = cut(u, dev_bytes(dev), *pos);
    ssize_t n = u->left ? page_cache_write(bdev_mapping(dev), u, *pos) : beyond ? -ENOSPC : 0;
    u->left += beyond;
    if (n > 0)
        *pos += n;
    if (n > 0 && f->flags & O_DSYNC) {
        int err = file_fsync(f, true);
        n = err ? err : n;
    }
    return n;
}

static off_t blkdev_seek(struct file *f, off_t off, int whence) {
    off_t size = (off_t)dev_bytes(f->private);
    if (whence == SEEK_CUR)
        off += f->pos;
    else if (whence == SEEK_END)
        off += size;
    else if (whence != SEEK_SET)
        return -EINVAL;
    if (off < 0)
        return -EINVAL;
    f->pos = off;
    return off;
}

static long blkdev_ioctl(struct file *f, uint32_t cmd, uint64_t arg) {
    struct blkdev *dev = f->private;
    uint64_t bytes = dev_bytes(dev), sectors = dev->sectors;
    int value = cmd == BLKROGET ? dev->readonly : cmd == BLKSSZGET ? SECTOR_SIZE : (int)PAGE_SIZE;

    switch (cmd) {
    case BLKGETSIZE64:
        return copy_to_user(arg, &bytes, sizeof(bytes));
    case BLKGETSIZE:
        return copy_to_user(arg, &sectors, sizeof(sectors));
    case BLKROGET:
    case BLKSSZGET:
    case BLKBSZGET:
        return copy_to_user(arg, &value, sizeof(value));
    case BLKFLSBUF:
        return page_cache_sync(bdev_mapping(dev), 0, UINT64_MAX, true);
    default:
        return -ENOTTY;
    }
}

const struct file_ops blkdev_file_ops = {
    .read = blkdev_read,
    .write = blkdev_write,
    .seek = blkdev_seek,
    .ioctl = blkdev_ioctl,
    .open = blkdev_open,
};
