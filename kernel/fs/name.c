// The calls that make and remove names: mknod, mkdir, symlink, link, unlink, rmdir, readlink.
//
// Each walks to the directory, takes its lock, looks the last component up, checks, and lets the
// file system act; then the path cache follows. A directory that is removed is locked together with
// its parent, so that no name can be added to it between the check that it is empty and its end.
#include "fs/name.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "fs/file.h"
#include "fs/mount.h"
#include "fs/walk.h"
#include "lib/string.h"

int name_may_change(const struct fsctx *c, const struct path *dir) {
    if (mount_readonly(dir->mount))
        return -EROFS;
    return inode_permission(c, dir->dentry->inode, MAY_WRITE | MAY_EXEC);
}

int name_create(const struct fsctx *c, const struct path *dir, struct dentry *d, uint32_t mode,
                dev_t rdev, const char *target) {
    struct inode *parent = dir->dentry->inode, *i;

    int err = name_may_change(c, dir);
    if (err)
        return err;
    if (!parent->ops->create)
        return -EPERM;
    if (!target)
        mode &= ~READ_ONCE(c->home->umask) | S_IFMT;
    bool inherit = parent->mode & S_ISGID;
    if (inherit && S_ISDIR(mode))
        mode |= S_ISGID;
    err = parent->ops->create(parent, d->name, d->len, mode, rdev, target, &i);
    if (err)
        return err;
    i->uid = c->fsuid;
    i->gid = inherit ? parent->gid : c->fsgid;
    inode_mark_dirty(i);
    inode_touch(parent, INODE_MTIME | INODE_CTIME);
    dentry_instantiate(d, i);
    return 0;
}

// Walks to where a new name is to be: w->at is its directory, locked; *d its negative entry, held.
// On an error nothing is locked.
static int begin_new(struct walk *w, bool want_dir, struct dentry **d) {
    struct component c;

    int err = walk_parent(w, &c);
    if (err)
        return err;
    if (c.len == 0 || component_is_dots(&c))
        return -EEXIST;
    struct inode *dir = w->at.dentry->inode;
    mutex_lock(&dir->lock);
    err = dentry_lookup(w->at.dentry, c.name, c.len, c.hash, d);
    if (!err) {
        if ((*d)->inode)
            err = -EEXIST;
        else if (c.slash && !want_dir)
            err = -ENOENT;
        if (err)
            dentry_put(*d);
    }
    if (err)
        mutex_unlock(&dir->lock);
    return err;
}

static void end_new(struct walk *w, struct dentry *d) {
    mutex_unlock(&w->at.dentry->inode->lock);
    dentry_put(d);
}

static int make(struct fsctx *c, const struct path *start, const char *name, uint32_t mode,
                dev_t rdev, const char *target) {
    struct dentry *d;
    struct walk w;

    walk_start(&w, c, start, name, 0);
    int err = begin_new(&w, S_ISDIR(mode), &d);
    if (!err) {
        err = name_create(c, &w.at, d, mode, rdev, target);
        end_new(&w, d);
    }
    walk_end(&w);
    return err;
}

int vfs_mknod(struct fsctx *c, const struct path *start, const char *name, uint32_t mode,
              dev_t dev) {
    switch (mode & S_IFMT) {
    case 0:
        mode |= S_IFREG;
        break;
    case S_IFCHR:
    case S_IFBLK:
        if (c->fsuid != 0)
            return -EPERM;
        break;
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
        break;
    case S_IFDIR:
        return -EPERM;
    default:
        return -EINVAL;
    }
    return make(c, start, name, mode & (S_IFMT | 07777), dev, NULL);
}

int vfs_mkdir(struct fsctx *c, const struct path *start, const char *name, uint32_t mode) {
    return make(c, start, name, (mode & 01777) | S_IFDIR, 0, NULL);
}

int vfs_symlink(struct fsctx *c, const char *target, const struct path *start, const char *name) {
    if (!target[0])
        return -ENOENT;
    if (strlen(target) >= PATH_MAX)
        return -ENAMETOOLONG;
    return make(c, start, name, S_IFLNK | 0777, 0, target);
}

static int link_locked(const struct fsctx *c, const struct path *dir, struct dentry *d,
                       struct inode *i) {
    struct inode *parent = dir->dentry->inode;

    int err = name_may_change(c, dir);
    if (err)
        return err;
    if (!parent->ops->link)
        return -EPERM;
    mutex_lock(&i->lock);
    err = i->nlink == 0 ? -ENOENT : parent->ops->link(parent, d->name, d->len, i);
    mutex_unlock(&i->lock);
    if (err)
        return err;
    inode_touch(parent, INODE_MTIME | INODE_CTIME);
    inode_hold(i);
    dentry_instantiate(d, i);
    return 0;
}

int vfs_link(struct fsctx *c, const struct path *old, const struct path *start, const char *name) {
    struct inode *i = old->dentry->inode;
    struct dentry *d;
    struct walk w;

    if (inode_is_dir(i))
        return -EPERM;
    walk_start(&w, c, start, name, 0);
    int err = begin_new(&w, false, &d);
    if (!err) {
        err = w.at.mount == old->mount ? link_locked(c, &w.at, d, i) : -EXDEV;
        end_new(&w, d);
    }
    walk_end(&w);
    return err;
}

// In a directory with the sticky bit (/tmp) only the owners of file or directory remove a name.
static bool sticky_forbids(const struct fsctx *c, const struct inode *dir, const struct inode *i) {
    return dir->mode & S_ISVTX && !inode_owner_or_root(c, i) && c->fsuid != dir->uid;
}

int name_may_remove(const struct fsctx *c, const struct path *dir, const struct dentry *d) {
    int err = name_may_change(c, dir);
    if (err)
        return err;
    if (sticky_forbids(c, dir->dentry->inode, d->inode) || d->inode->swapfile)
        return -EPERM;
    return d->mounted ? -EBUSY : 0;
}

// dir's lock is held, and d's inode's.
static int unlink_locked(const struct fsctx *c, const struct path *dir, struct dentry *d) {
    struct inode *parent = dir->dentry->inode;

    int err = name_may_remove(c, dir, d);
    if (err)
        return err;
    if (!parent->ops->unlink)
        return -EPERM;
    err = parent->ops->unlink(parent, d->name, d->len, d->inode);
    if (err)
        return err;
    inode_touch(parent, INODE_MTIME | INODE_CTIME);
    dentry_remove(d);
    return 0;
}

// Looks c up; *d is held and positive. No lock is held afterwards.
static int find_entry(const struct path *dir, const struct component *c, struct dentry **d) {
    struct inode *i = dir->dentry->inode;

    mutex_lock(&i->lock);
    int err = dentry_lookup(dir->dentry, c->name, c->len, c->hash, d);
    mutex_unlock(&i->lock);
    if (!err && !(*d)->inode) {
        dentry_put(*d);
        return -ENOENT;
    }
    return err;
}

static bool still_there(const struct path *dir, const struct dentry *d) {
    return d->parent == dir->dentry && !d->removed;
}

static int remove_file(const struct fsctx *c, const struct path *dir, struct dentry *d,
                       const struct component *last) {
    struct inode *parent = dir->dentry->inode, *i = d->inode;

    if (inode_is_dir(i))
        return -EISDIR;
    if (last->slash)
        return -ENOTDIR;
    mutex_lock(&parent->lock);
    mutex_lock(&i->lock);
    // Between lookup and lock it may have been renamed or removed.
    int err = still_there(dir, d) ? unlink_locked(c, dir, d) : -EAGAIN;
    mutex_unlock(&i->lock);
    mutex_unlock(&parent->lock);
    return err;
}

static int remove_directory(const struct fsctx *c, const struct path *dir, struct dentry *d) {
    struct inode *parent = dir->dentry->inode, *i = d->inode;

    if (!inode_is_dir(i))
        return -ENOTDIR;
    mutex_lock_two(&parent->lock, &i->lock);
    int err = still_there(dir, d) ? unlink_locked(c, dir, d) : -EAGAIN;
    mutex_unlock_two(&parent->lock, &i->lock);
    if (!err)
        dentry_prune(d); // what it is known not to contain
    return err;
}

// rmdir("."), rmdir("x/..") and their like: rmdir(2), unlink(2).
static int check_last(const struct component *c, bool dir) {
    if (c->len == 0)
        return dir ? -EBUSY : -EISDIR;
    if (component_is_dots(c))
        return !dir ? -EISDIR : c->len == 1 ? -EINVAL : -ENOTEMPTY;
    return 0;
}

int vfs_unlink(struct fsctx *c, const struct path *start, const char *name, bool dir) {
    struct component last;
    struct dentry *d;
    struct walk w;

    walk_start(&w, c, start, name, 0);
    int err = walk_parent(&w, &last);
    if (!err)
        err = check_last(&last, dir);
    while (!err && !(err = find_entry(&w.at, &last, &d))) {
        err = dir ? remove_directory(c, &w.at, d) : remove_file(c, &w.at, d, &last);
        dentry_put(d);
        if (err != -EAGAIN)
            break;
        err = 0; // another thread renamed it: look again
    }
    walk_end(&w);
    return err;
}

ssize_t vfs_readlink(const struct path *p, char *buf, size_t size) {
    struct inode *i = p->dentry->inode;

    if (!S_ISLNK(i->mode) || !i->ops->readlink)
        return -EINVAL;
    return i->ops->readlink(i, buf, size);
}
