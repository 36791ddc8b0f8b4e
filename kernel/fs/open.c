// open(2): from a name to an open file.
//
//   walk (creating the last component under O_CREAT) -> checks -> struct file -> the kind's open
//
// Nothing here reads the disk when the path cache knows the way: the inode is in memory.
#include "abi/errno.h"
#include "abi/mount.h"
#include "fs/devfs.h"
#include "fs/file.h"
#include "fs/mount.h"
#include "fs/name.h"
#include "fs/pipe.h"
#include "fs/walk.h"

#define CREATION_FLAGS (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)
#define O_TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)

static const struct file_ops path_only_ops; // O_PATH: a place, no operations

// Device nodes find their driver by number when they are opened.
static int device_open(struct inode *i, struct file *f) {
    f->ops = S_ISBLK(i->mode) ? &blkdev_file_ops : chrdev_ops(i->rdev);
    if (!f->ops)
        return -ENXIO;
    return f->ops->open ? f->ops->open(i, f) : 0;
}
static const struct file_ops device_file_ops = {.open = device_open};

void inode_init_special(struct inode *i) {
    if (S_ISCHR(i->mode) || S_ISBLK(i->mode))
        i->fops = &device_file_ops;
    else if (S_ISFIFO(i->mode))
        i->fops = &fifo_file_ops;
}

static int check_kind(const struct path *p, const struct inode *i, int flags) {
    bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;

    if (S_ISLNK(i->mode))
        return -ELOOP;
    if (S_ISDIR(i->mode))
        return writes || flags & O_CREAT ? -EISDIR : 0;
    if (flags & O_DIRECTORY)
        return -ENOTDIR;
    if (S_ISCHR(i->mode) || S_ISBLK(i->mode))
        return p->mount && p->mount->flags & MS_NODEV ? -EACCES : 0;
    if (writes && S_ISREG(i->mode) && mount_readonly(p->mount))
        return -EROFS;
    return 0;
}

static int check_access(const struct fsctx *c, struct inode *i, int flags) {
    int acc = flags & O_ACCMODE, may = 0;

    if (acc != O_WRONLY)
        may |= MAY_READ;
    if (acc != O_RDONLY || flags & O_TRUNC)
        may |= MAY_WRITE;
    if (flags & O_NOATIME && !inode_owner_or_root(c, i))
        return -EPERM;
    return inode_permission(c, i, may);
}

// A file at p; everything has been checked.
static int make_file(const struct path *p, int flags, struct file **out) {
    struct inode *i = p->dentry->inode;

    struct file *f = file_alloc();
    if (!f)
        return -ENOMEM;
    path_get(p);
    inode_hold(i);
    f->path = *p;
    f->inode = i;
    f->flags = (uint32_t)(flags & ~CREATION_FLAGS) | (flags & O_NOCTTY); // terminals look at it
    if (flags & O_PATH)
        f->ops = &path_only_ops;
    else
        f->ops = i->fops;
    int err = f->ops ? 0 : -ENXIO; // a socket
    if (S_ISREG(i->mode) && file_writable(f))
        err = file_claim(f, 1);
    if (!err && f->ops->open)
        err = f->ops->open(i, f);
    if (err) {
        f->ops = NULL; // no release for what was not opened
        file_put(f);
        return err;
    }
    f->flags &= ~(uint32_t)O_NOCTTY;
    *out = f;
    return 0;
}

static int open_at(const struct fsctx *c, const struct path *p, int flags, bool created,
                   struct file **out) {
    struct inode *i = p->dentry->inode;
    int err = 0;

    if (!(flags & O_PATH))
        err = check_kind(p, i, created ? flags & ~O_CREAT : flags);
    else if (flags & O_DIRECTORY && !inode_is_dir(i))
        err = -ENOTDIR;
    if (!err && !created && !(flags & O_PATH))
        err = check_access(c, i, flags);
    if (err)
        return err;
    err = make_file(p, flags, out);
    if (!err && flags & O_TRUNC && !created && S_ISREG(i->mode)) {
        err = vfs_truncate(i, 0);
        if (err)
            file_put(*out);
    }
    return err;
}

// The last component of w, made if it is missing (O_CREAT): *d is held. Positive on success.
static int find_or_create(struct walk *w, const struct component *c, int flags, uint32_t mode,
                          struct dentry **d, bool *created) {
    struct inode *dir = w->at.dentry->inode;

    mutex_lock(&dir->lock);
    int err = dentry_lookup(w->at.dentry, c->name, c->len, c->hash, d);
    if (!err && !(*d)->inode) {
        err = name_create(w->ctx, &w->at, *d, (mode & 07777) | S_IFREG, 0, NULL);
        *created = !err;
    } else if (!err && flags & O_EXCL) {
        err = -EEXIST;
    } else if (err) {
        *d = NULL;
    }
    mutex_unlock(&dir->lock);
    if (err && *d)
        dentry_put(*d);
    return err;
}

// Walks to the end, creating the last component if needed, through symbolic links.
static int walk_create(struct walk *w, int flags, uint32_t mode, bool *created) {
    struct component c;
    struct dentry *d;

    for (;;) {
        int err = walk_parent(w, &c);
        if (err)
            return err;
        if (c.len == 0 || component_is_dots(&c))
            return flags & O_EXCL ? -EEXIST : -EISDIR;
        if (c.slash)
            return -EISDIR;
        err = find_or_create(w, &c, flags, mode, &d, created);
        if (err)
            return err;
        if (S_ISLNK(d->inode->mode) && !(flags & O_NOFOLLOW)) {
            err = walk_follow(w, d, &c);
            dentry_put(d);
            if (err)
                return err;
            if (!w->rest[0])
                return 0; // a link to a place (/proc/self/fd/1)
            continue;
        }
        dentry_put(w->at.dentry);
        w->at.dentry = d;
        path_follow_mount(&w->at);
        return 0;
    }
}

int file_open(struct fsctx *ctx, const struct path *start, const char *name, int flags,
              uint32_t mode, struct file **out) {
    bool created = false;
    struct walk w;

    if (flags & O_TMPFILE_BIT)
        return -EOPNOTSUPP;
    if (flags & O_PATH)
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
        return -EINVAL;
    walk_start(&w, ctx, start, name, flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW);
    int err = flags & O_CREAT ? walk_create(&w, flags, mode, &created) : walk_all(&w);
    if (!err)
        err = open_at(ctx, &w.at, flags, created, out);
    walk_end(&w);
    return err;
}

int file_open_path(struct fsctx *ctx, const struct path *p, int flags, struct file **out) {
    return open_at(ctx, p, flags, false, out);
}
