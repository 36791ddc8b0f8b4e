// Super blocks: mounted file systems, shared by all mounts of one device. Inside fs/ only.
#pragma once

#include "fs/inode.h"

struct fs_type;

// The file system of this type on dev (NULL: none), mounted if it is not yet; referenced.
// -EBUSY: it is mounted with another MS_RDONLY. Otherwise the type's error.
int __must_check super_open(struct fs_type *type, struct blkdev *dev, uint32_t flags,
                            const char *options, struct super **out);
// A super block of the VFS's own (pipes): never unmounted.
struct super *super_open_internal(const struct super_ops *ops);
void super_put(struct super *s); // the last reference syncs and unmounts
int super_sync(struct super *s, bool wait); // everything of it to the disk
// Switches between read-only and read-write, with a sync before read-only. -EBUSY when a file is
// open for writing; -EACCES: a read-only device.
int super_remount(struct super *s, uint32_t flags);
void super_shutdown(void); // every device read-only and in a clean state: power-off
void super_sync_all(bool wait);
// Some inode became dirty: the writer will look after it in a few seconds.
void inode_writer_wake(void);
