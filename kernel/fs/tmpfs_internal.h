// tmpfs inside: what tmpfs.c (pages, inodes, mounts) and tmpfs_dir.c (names) share.
#pragma once

#include "fs/file.h"
#include "fs/tmpfs.h"

struct tmpfs_super {
    struct mutex lock;           // RANK_FS
    uint64_t limit, used;        // [lock] pages
    uint64_t max_inodes, inodes; // [lock]
    ino_t next_ino;              // [lock]
};

struct tmpfs_node { // inode->private
    struct list entries;     // of a directory, in the order in which they were made
    struct rb_root names;    // the same by (hash, name)
    off_t next_pos;
    struct inode *parent;    // of a directory, for ".."; not held
    uint64_t used;           // [super's lock] pages charged
    char *target;            // of a symbolic link
};

static inline struct tmpfs_super *tmpfs_super(const struct super *s) { return s->private; }
static inline struct tmpfs_node *tmpfs_node(const struct inode *i) { return i->private; }

// A new inode with nlink 1, referenced. 0, -ENOSPC, -ENOMEM.
int __must_check tmpfs_new_inode(struct super *s, uint32_t mode, dev_t rdev, const char *target,
                                 struct inode **out);
void tmpfs_free_entries(struct inode *dir); // at its end: there may be some at unmount
extern const struct inode_ops tmpfs_dir_ops, tmpfs_link_ops;
extern const struct file_ops tmpfs_dir_file_ops;
