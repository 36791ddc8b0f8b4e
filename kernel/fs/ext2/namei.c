// Operations on names: lookup, create, link, unlink, rename, symbolic links.
//
// The VFS holds the directories' locks and has looked the names up. Order of steps: an inode gets
// its contents before its name, and loses its name before its contents, so that a crash in between
// leaves a lost inode (e2fsck reconnects or frees it), never a name without an inode.
#include "fs/ext2/ext2_internal.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

static int ext2_lookup(struct inode *dir, const char *name, size_t len, struct inode **out) {
    if (len > EXT2_NAME_MAX)
        return -ENAMETOOLONG;
    uint32_t ino;
    int err = ext2_dir_find(dir, name, len, &ino);
    return err ? err : inode_get(dir->super, ino, out);
}

static void set_new_ops(struct inode *inode) {
    inode->mapping.ops = &ext2_mapping_ops;
    inode->ops = &ext2_file_ops;
    if (S_ISREG(inode->mode)) {
        inode->fops = &regular_file_ops;
    } else if (S_ISDIR(inode->mode)) {
        inode->mapping.metadata = true;
        inode->ops = &ext2_dir_ops;
        inode->fops = &ext2_dir_file_ops;
    } else if (S_ISLNK(inode->mode)) {
        inode->ops = &ext2_symlink_ops;
    } else {
        inode_init_special(inode);
    }
}

// An inode without a name yet, link count 0, referenced: inode_put() alone undoes it.
static int new_inode(struct inode *dir, uint32_t mode, dev_t rdev, struct inode **out) {
    struct ext2_sb *sb = ext2_sb(dir->super);
    struct ext2_info *info = kzalloc(sizeof(*info), GFP_KERNEL);
    if (!info)
        return -ENOMEM;
    struct inode *inode;
    uint32_t ino;
    int err = ext2_alloc_inode(sb, ext2_info(dir)->group, S_ISDIR(mode), &ino);
    if (err)
        goto free_info;
    err = ext2_inode_is_free(sb, ino);
    if (!err)
        err = inode_new(dir->super, ino, mode, &inode);
    if (err == -EEXIST) { // its bit stays set: nobody else is given it
        ext2_error(sb, "inode %u is in use, but not marked so", ino);
        err = -EIO;
        goto free_info;
    }
    if (err)
        goto free_ino;
    mutex_init(&info->map_lock, "ext2 map", RANK_MAPPING);
    info->group = (ino - 1) / sb->inodes_per_group;
    inode->private = info;
    inode->rdev = rdev;
    inode->nlink = 0;
    set_new_ops(inode);
    inode_touch(inode, INODE_ATIME | INODE_MTIME | INODE_CTIME);
    *out = inode;
    return 0;

free_ino:
    ext2_free_inode(sb, ino, S_ISDIR(mode));
free_info:
    kfree(info);
    return err;
}

static int write_target(struct inode *link, const char *target) {
    size_t len = strlen(target);
    struct ext2_info *info = ext2_info(link);
    if (len < sizeof(info->block)) {
        memcpy(info->block, target, len);
        link->mapping.size = len;
        return 0;
    }
    if (len >= ext2_sb(link->super)->block_size)
        return -ENAMETOOLONG;
    struct iovec iov;
    struct uio u;
    uio_init_kernel(&u, &iov, (void *)target, len);
    ssize_t n = page_cache_write(&link->mapping, &u, 0);
    return n < 0 ? (int)n : (size_t)n < len ? -ENOSPC : 0;
}

static int ext2_create(struct inode *dir, const char *name, size_t len, uint32_t mode, dev_t rdev,
                       const char *target, struct inode **out) {
    bool is_dir = S_ISDIR(mode);
    if (is_dir && dir->nlink >= EXT2_LINK_MAX)
        return -EMLINK;
    struct inode *inode;
    int err = new_inode(dir, mode, rdev, &inode);
    if (err)
        return err;
    if (is_dir)
        err = ext2_dir_init(inode, dir);
    else if (target)
        err = write_target(inode, target);
    if (!err)
        err = ext2_dir_add(dir, name, len, inode);
    if (err) {
        inode_put(inode);
        return err;
    }
    inode->nlink = is_dir ? 2 : 1;
    inode_mark_dirty(inode);
    if (is_dir) {
        dir->nlink++;
        inode_mark_dirty(dir);
    }
    *out = inode;
    return 0;
}

static int ext2_link(struct inode *dir, const char *name, size_t len, struct inode *inode) {
    if (inode->nlink >= EXT2_LINK_MAX)
        return -EMLINK;
    int err = ext2_dir_add(dir, name, len, inode);
    if (err)
        return err;
    inode->nlink++;
    inode_touch(inode, INODE_CTIME);
    return 0;
}

static void drop_link(struct inode *inode) {
    if (inode->nlink)
        inode->nlink--;
    inode_touch(inode, INODE_CTIME);
}

static int ext2_unlink(struct inode *dir, const char *name, size_t len, struct inode *inode) {
    bool is_dir = inode_is_dir(inode);
    int err = is_dir ? ext2_dir_is_empty(inode) : 0;
    if (!err)
        err = ext2_dir_remove(dir, name, len);
    if (err)
        return err;
    drop_link(inode);
    if (is_dir) { // its "." and its ".."
        drop_link(inode);
        drop_link(dir);
    }
    return 0;
}

// The victim, if there is one, loses the name that the moved inode takes over.
static int replace(struct inode *newdir, const char *name, size_t len, struct inode *inode,
                   struct inode *victim) {
    if (!victim)
        return ext2_dir_add(newdir, name, len, inode);
    bool is_dir = inode_is_dir(victim);
    int err = is_dir ? ext2_dir_is_empty(victim) : 0;
    if (!err)
        err = ext2_dir_set(newdir, name, len, inode);
    if (err)
        return err;
    drop_link(victim);
    if (is_dir) {
        drop_link(victim);
        drop_link(newdir);
    }
    return 0;
}

static int ext2_rename(struct inode *dir, const char *name, size_t len, struct inode *inode,
                       struct inode *newdir, const char *newname, size_t newlen,
                       struct inode *victim) {
    bool moves_dir = inode_is_dir(inode) && dir != newdir;
    if (moves_dir && !victim && newdir->nlink >= EXT2_LINK_MAX)
        return -EMLINK;
    int err = replace(newdir, newname, newlen, inode, victim);
    if (!err)
        err = ext2_dir_remove(dir, name, len);
    if (!err && moves_dir)
        err = ext2_dir_set(inode, "..", 2, newdir);
    if (err)
        return err;
    if (moves_dir) {
        drop_link(dir);
        newdir->nlink++;
        inode_mark_dirty(newdir);
    }
    inode_touch(inode, INODE_CTIME);
    return 0;
}

static ssize_t ext2_readlink(struct inode *link, char *buf, size_t size) {
    struct ext2_info *info = ext2_info(link);
    uint64_t len = inode_size(link);
    size_t n = min(size, (size_t)len);
    if (len < sizeof(info->block)) {
        memcpy(buf, info->block, n);
        return (ssize_t)n;
    }
    struct iovec iov;
    struct uio u;
    uio_init_kernel(&u, &iov, buf, n);
    return page_cache_read(&link->mapping, &u, 0, NULL);
}

const struct inode_ops ext2_dir_ops = {
    .lookup = ext2_lookup,
    .create = ext2_create,
    .link = ext2_link,
    .unlink = ext2_unlink,
    .rename = ext2_rename,
};
const struct inode_ops ext2_file_ops = {.truncate = ext2_truncate, .fallocate = ext2_fallocate};
const struct inode_ops ext2_symlink_ops = {.readlink = ext2_readlink};
