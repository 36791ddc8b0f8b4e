// devfs: a tmpfs that is born with a node for each device known, under Linux's name "devtmpfs".
// There is one, however often it is mounted, and root may add to it or remove from it.
#include "fs/devfs.h"

#include "abi/errno.h"
#include "dev/blk.h"
#include "fs/file.h"
#include "fs/super.h"
#include "fs/tmpfs.h"

static int make_char_nodes(struct inode *root) {
    const char *name;
    uint32_t mode;
    dev_t dev;
    int err = 0;

    for (int i = 0; !err && chrdev_get_info(i, &dev, &name, &mode); i++)
        err = tmpfs_make(root, name, S_IFCHR | mode, dev, NULL);
    return err;
}

static int make_block_nodes(struct inode *root) {
    int err = 0;

    for (struct blkdev *b = blkdev_next(NULL); b && !err; b = blkdev_next(b))
        err = tmpfs_make(root, b->name, S_IFBLK | 0660, b->dev, NULL);
    return err;
}

static int make_links(struct inode *root) {
    static const char *const links[][2] = {
        {"fd", "/proc/self/fd"},
        {"stdin", "/proc/self/fd/0"},
        {"stdout", "/proc/self/fd/1"},
        {"stderr", "/proc/self/fd/2"},
    };
    int err = 0;

    for (size_t i = 0; !err && i < ARRAY_SIZE(links); i++)
        err = tmpfs_make(root, links[i][0], S_IFLNK | 0777, 0, links[i][1]);
    return err ? err : tmpfs_make(root, "shm", S_IFDIR | 01777, 0, NULL);
}

static int devfs_mount(struct super *s, const char *options) {
    int err = tmpfs_fill_super(s, "mode=755");
    if (err)
        return err;
    err = make_char_nodes(s->root);
    if (!err)
        err = make_block_nodes(s->root);
    if (!err)
        err = make_links(s->root);
    if (!err)
        return 0;
    inode_put(s->root);
    int busy = inode_evict_super(s);
    assertf(!busy, "devfs inode in use, error %d", err);
    s->ops->unmount(s);
    return err;
}

static struct fs_type devfs_type = {.name = "devtmpfs", .single = true, .mount = devfs_mount};

int devfs_open(struct fsctx *ctx, const char *name, int flags, struct file **out) {
    static struct mount *hidden;
    struct super *s;

    if (!hidden) {
        int err = super_open(&devfs_type, NULL, 0, "", &s);
        if (err)
            return err;
        hidden = mount_internal(s);
        if (!hidden) {
            super_put(s);
            return -ENOMEM;
        }
    }
    struct path root = {.mount = hidden, .dentry = hidden->root};
    return file_open(ctx, &root, name, flags, 0, out);
}

void devfs_init(void) {
    memdev_init();
    ttydev_init();
    fs_register(&devfs_type);
}
