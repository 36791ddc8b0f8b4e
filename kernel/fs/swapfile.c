// From an open file to what vm/swap.h can use: a device and extents.
//
//   /dev/vdb   one extent: the whole device, which swap then has to itself
//   a file     asked page by page (mapping_ops.locate) where its blocks lie; runs become extents:
//              swap goes past the file system, which must not move or free them meanwhile
//
// A hole has no place, so a file with one is refused. A page whose blocks do not follow one another
// (blocks smaller than a page) is left out.
//
// While a file is a swap area it cannot be written, cut off, renamed or removed, nor mapped for
// shared writing; and as its mount is in use, not unmounted.
#include "fs/swapfile.h"

#include "abi/errno.h"
#include "dev/blk.h"
#include "fs/mount.h"
#include "lib/string.h"
#include "mm/kspace.h"
#include "mm/slab.h"
#include "vm/buffer.h"
#include "vm/swap.h"

static const char swap_holder[] = "swap"; // of a device, see blkdev_claim()

static int describe_device(struct file *f, struct swap_source *src) {
    struct blkdev *dev = f->private;
    src->dev = dev;
    src->mapping = bdev_mapping(dev);
    src->pages = dev->sectors / (PAGE_SIZE / SECTOR_SIZE);
    src->extents = vmalloc(sizeof(*src->extents));
    if (!src->extents)
        return -ENOMEM;
    src->extents[0] = (struct swap_extent){.slot = 0, .count = src->pages, .sector = 0};
    src->extent_count = 1;
    return 0;
}

// One pass over the file's pages: counts the extents, and writes them if there is room for them.
static int walk_extents(struct swap_source *src, struct swap_extent *out) {
    uint64_t sector, pages, n = 0, next_sector = 0;
    for (uint64_t index = 0; index < src->pages; index += max(pages, 1UL)) {
        int err = src->mapping->ops->locate(src->mapping, index, &sector, &pages);
        if (err)
            return err;
        pages = min(pages, src->pages - index);
        if (pages == 0) {
            next_sector = 0;
            continue;
        }
        if (sector != next_sector || n == 0)
            n++;
        if (out && sector == next_sector)
            out[n - 1].count += pages;
        else if (out)
            out[n - 1] = (struct swap_extent){.slot = index, .count = pages, .sector = sector};
        next_sector = sector + pages * (PAGE_SIZE / SECTOR_SIZE);
    }
    src->extent_count = n;
    return 0;
}

static int describe_file(struct file *f, struct swap_source *src) {
    struct mapping *m = src->mapping = &f->inode->mapping;
    src->dev = f->inode->super->dev;
    src->is_file = true;
    src->pages = m->size / PAGE_SIZE;
    if (!m->ops->locate || !src->dev)
        return -EINVAL;
    int err = walk_extents(src, NULL);
    if (err || src->extent_count == 0)
        return err ? err : -EINVAL;
    src->extents = vmalloc(src->extent_count * sizeof(*src->extents));
    return src->extents ? walk_extents(src, src->extents) : -ENOMEM;
}

static int name_of(struct file *f, char **out) {
    char *text = kmalloc(PAGE_SIZE, GFP_KERNEL);
    if (!text)
        return -ENOMEM;
    ssize_t n = path_to_string(NULL, &f->path, text, PAGE_SIZE);
    *out = n < 0 ? NULL : kstrdup(text, GFP_KERNEL);
    kfree(text);
    return n < 0 ? (int)n : *out ? 0 : -ENOMEM;
}

// Nobody else may change it from here on. -EBUSY, -EINVAL.
static int claim(struct file *f) {
    struct inode *i = f->inode;
    if (S_ISBLK(i->mode))
        return blkdev_claim(f->private, swap_holder);
    if (!S_ISREG(i->mode))
        return -EINVAL;
    mutex_lock(&i->lock);
    mutex_lock(&i->mapping.rmap_lock);
    int err = i->swapfile || !list_empty(&i->mapping.vmas) ? -EBUSY : 0;
    mutex_unlock(&i->mapping.rmap_lock);
    if (!err)
        i->swapfile = true;
    mutex_unlock(&i->lock);
    return err;
}

static void release(void *file) {
    struct file *f = file;
    if (S_ISBLK(f->inode->mode)) {
        blkdev_release(f->private, swap_holder);
    } else {
        mutex_lock(&f->inode->lock);
        f->inode->swapfile = false;
        mutex_unlock(&f->inode->lock);
    }
    file_put(f);
}

int swapfile_on(struct file *f, int prio) {
    struct swap_source src = {.file = f, .release = release};
    int err = claim(f);
    if (err)
        return err;
    file_get(f);
    err = name_of(f, &src.name);
    if (!err)
        err = S_ISBLK(f->inode->mode) ? describe_device(f, &src) : describe_file(f, &src);
    if (!err)
        err = swap_on(&src, prio);
    if (err) {
        vfree(src.extents);
        kfree(src.name);
        release(f);
    }
    return err;
}
