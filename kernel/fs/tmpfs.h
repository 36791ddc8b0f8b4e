// tmpfs: files whose only home is the page cache.
#pragma once

#include "fs/mount.h"

void tmpfs_init(void);
// Fills a super as mount(2) of tmpfs does; for devfs, which is a tmpfs with nodes in it.
int __must_check tmpfs_fill_super(struct super *s, const char *options);
// Makes a node, directory or link (target) at boot, without checks. 0 or -errno.
int __must_check tmpfs_make(struct inode *dir, const char *name, uint32_t mode, dev_t rdev,
                            const char *target);
