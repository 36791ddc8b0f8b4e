// Inodes on the disk and in memory.
//
// Inode n lies in group (n - 1) / inodes_per_group, at its table's block
// (n - 1) % inodes_per_group * inode_size / block_size. Only the first 128 bytes are ours; what
// larger inodes hold beyond (extended attributes, fine times) is kept as it is.
#include "fs/ext2/ext2_internal.h"

#include "abi/errno.h"
#include "abi/mount.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sched/timer.h"

// The disk inode in its buffer. 0, -EIO, -ENOMEM.
static int find_inode(struct ext2_sb *sb, ino_t ino, struct buffer *b,
                      struct ext2_disk_inode **out) {
    if (ino == 0 || ino > sb->inodes_count)
        return ext2_error(sb, "inode number %lu out of range", ino);
    uint32_t group = (uint32_t)(ino - 1) / sb->inodes_per_group;
    uint64_t offset = (ino - 1) % sb->inodes_per_group * sb->inode_size;
    uint32_t block =
        ext2_group(sb, group, NULL)->bg_inode_table + (uint32_t)(offset / sb->block_size);
    int err = buffer_read(sb->dev, block, sb->block_size, b);
    if (!err)
        *out = (struct ext2_disk_inode *)((char *)b->data + offset % sb->block_size);
    return err;
}

int ext2_inode_is_free(struct ext2_sb *sb, uint32_t ino) {
    struct buffer b;
    struct ext2_disk_inode *d;
    int err = find_inode(sb, ino, &b, &d);
    if (err)
        return err;
    if (d->i_links_count)
        err = -EEXIST;
    buffer_put(&b);
    return err;
}

static void set_ops(struct inode *inode) {
    switch (inode->mode & S_IFMT) {
    case S_IFREG:
        inode->ops = &ext2_file_ops;
        inode->fops = &regular_file_ops;
        break;
    case S_IFDIR:
        inode->mapping.metadata = true;
        inode->ops = &ext2_dir_ops;
        inode->fops = &ext2_dir_file_ops;
        break;
    case S_IFLNK:
        inode->ops = &ext2_symlink_ops;
        break;
    default:
        inode->ops = &ext2_file_ops;
        inode_init_special(inode);
    }
}

static void load_fields(struct inode *inode, const struct ext2_disk_inode *d) {
    inode->mode = d->i_mode;
    inode->uid = d->i_uid | (uint32_t)d->i_uid_high << 16;
    inode->gid = d->i_gid | (uint32_t)d->i_gid_high << 16;
    inode->nlink = d->i_links_count;
    inode->blocks = d->i_blocks;
    inode->atime.tv_sec = (int32_t)d->i_atime;
    inode->mtime.tv_sec = (int32_t)d->i_mtime;
    inode->ctime.tv_sec = (int32_t)d->i_ctime;
    inode->mapping.size = d->i_size;
    if ((d->i_mode & S_IFMT) == S_IFREG)
        inode->mapping.size |= (uint64_t)d->i_size_high << 32;
    // Device numbers: the old 16-bit encoding in the first word, else the new one in the second.
    uint32_t dev = d->i_block[0] ? d->i_block[0] : d->i_block[1];
    inode->rdev = dev;
}

// Everything that an inode of a damaged disk could hurt us with is checked here.
static int check_inode(struct ext2_sb *sb, struct inode *inode, const struct ext2_disk_inode *d) {
    uint32_t type = d->i_mode & S_IFMT;
    if (d->i_links_count == 0)
        return -ESTALE;
    if (type != S_IFREG && type != S_IFDIR && type != S_IFLNK && type != S_IFCHR &&
        type != S_IFBLK && type != S_IFIFO && type != S_IFSOCK)
        return ext2_error(sb, "inode %lu has mode %#o", inode->ino, d->i_mode);
    if ((d->i_size_high && type == S_IFREG && (int32_t)d->i_size_high < 0) ||
        (type == S_IFDIR && d->i_size % sb->block_size))
        return ext2_error(sb, "inode %lu has size %#x%08x", inode->ino, d->i_size_high, d->i_size);
    return 0;
}

int ext2_read_inode(struct inode *inode) {
    struct ext2_sb *sb = ext2_sb(inode->super);
    struct buffer b;
    struct ext2_disk_inode *d;
    int err = find_inode(sb, inode->ino, &b, &d);
    if (err)
        return err;
    err = check_inode(sb, inode, d);
    struct ext2_info *info = err ? NULL : kzalloc(sizeof(*info), GFP_KERNEL);
    if (!err && !info)
        err = -ENOMEM;
    if (!err) {
        mutex_init(&info->map_lock, "ext2 map", RANK_MAPPING);
        memcpy(info->block, d->i_block, sizeof(info->block));
        info->flags = d->i_flags;
        info->generation = d->i_generation;
        info->file_acl = d->i_file_acl;
        info->group = (uint32_t)(inode->ino - 1) / sb->inodes_per_group;
        inode->private = info;
        load_fields(inode, d);
        set_ops(inode);
        inode->mapping.ops = &ext2_mapping_ops;
    }
    buffer_put(&b);
    return err;
}

static void store_device(struct ext2_info *info, dev_t dev) {
    bool old = dev <= 0xffff; // both bytes suffice: the encoding that every reader knows
    info->block[0] = old ? dev : 0;
    info->block[1] = old ? 0 : dev;
}

static void store_fields(struct inode *inode, struct ext2_disk_inode *d) {
    struct ext2_info *info = ext2_info(inode);
    uint32_t type = inode->mode & S_IFMT;
    if (type == S_IFCHR || type == S_IFBLK)
        store_device(info, inode->rdev);
    d->i_mode = (uint16_t)inode->mode;
    d->i_uid = (uint16_t)inode->uid;
    d->i_uid_high = (uint16_t)(inode->uid >> 16);
    d->i_gid = (uint16_t)inode->gid;
    d->i_gid_high = (uint16_t)(inode->gid >> 16);
    d->i_links_count = (uint16_t)inode->nlink;
    d->i_blocks = (uint32_t)inode->blocks;
    d->i_atime = (uint32_t)inode->atime.tv_sec;
    d->i_mtime = (uint32_t)inode->mtime.tv_sec;
    d->i_ctime = (uint32_t)inode->ctime.tv_sec;
    d->i_size = (uint32_t)inode_size(inode);
    if (type == S_IFREG)
        d->i_size_high = (uint32_t)(inode_size(inode) >> 32);
    d->i_flags = info->flags;
    d->i_generation = info->generation;
    d->i_file_acl = info->file_acl;
    d->i_dtime = inode->nlink == 0 ? (uint32_t)inode->ctime.tv_sec : 0; // else its former file's
    memcpy(d->i_block, info->block, sizeof(d->i_block));
}

int ext2_write_inode(struct inode *inode) {
    struct ext2_sb *sb = ext2_sb(inode->super);
    struct buffer b;
    struct ext2_disk_inode *d;
    int err = find_inode(sb, inode->ino, &b, &d);
    if (err)
        return err;
    mutex_lock(&ext2_info(inode)->map_lock); // the map's words and the count belong together
    store_fields(inode, d);
    mutex_unlock(&ext2_info(inode)->map_lock);
    buffer_dirty(&b);
    buffer_put(&b);
    if (inode_size(inode) >> 31 && !(sb->disk->s_feature_ro_compat & EXT2_ROCOMPAT_LARGE_FILE)) {
        mutex_lock(&sb->alloc_lock);
        sb->disk->s_feature_ro_compat |= EXT2_ROCOMPAT_LARGE_FILE;
        buffer_dirty(&sb->super_buf);
        mutex_unlock(&sb->alloc_lock);
    }
    return 0;
}

// Extended attributes' block: shared by reference count at byte 4 of its header.
static void drop_attributes(struct inode *inode) {
    struct ext2_sb *sb = ext2_sb(inode->super);
    struct ext2_info *info = ext2_info(inode);
    struct buffer b;
    if (!info->file_acl || buffer_read(sb->dev, info->file_acl, sb->block_size, &b))
        return;
    uint32_t *count = (uint32_t *)b.data + 1;
    bool last = *count <= 1;
    if (!last) {
        --*count;
        buffer_dirty(&b);
    }
    buffer_put(&b);
    if (last)
        ext2_free_block(sb, info->file_acl);
    info->file_acl = 0;
    inode->blocks -= min(inode->blocks, (uint64_t)sb->block_size / 512);
}

// True when the text of a symbolic link stands in the inode itself.
static bool has_blocks(const struct inode *inode) {
    uint32_t type = inode->mode & S_IFMT;
    if (type == S_IFLNK)
        return inode_size(inode) >= sizeof(ext2_info(inode)->block);
    return type == S_IFREG || type == S_IFDIR;
}

void ext2_evict_inode(struct inode *inode) {
    struct ext2_info *info = ext2_info(inode);
    if (!info)
        return;
    if (inode->nlink == 0 && !(inode->super->flags & MS_RDONLY)) {
        inode_touch(inode, INODE_CTIME);
        if (has_blocks(inode))
            ext2_truncate(inode, 0);
        drop_attributes(inode);
        if (ext2_write_inode(inode) == 0)
            ext2_free_inode(ext2_sb(inode->super), (uint32_t)inode->ino, inode_is_dir(inode));
    }
    kfree(info);
    inode->private = NULL;
}
