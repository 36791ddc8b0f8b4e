// Mounts: which file system stands on which directory.
#pragma once

#include "fs/path.h"

struct fs_type { // ext2, tmpfs, proc, devtmpfs
    const char *name;
    bool needs_device;
    // Fills the super (root inode included). 0 or -errno with a log line that says why.
    int (*mount)(struct super *s, const char *options);
    struct fs_type *next;
};

struct mount {
    struct refcount ref;
    struct super *super;     // held
    struct mount *parent;    // [mount] NULL: the root
    struct dentry *point;    // [mount] what it covers, in the parent
    struct dentry *root;     // held
    struct list link;        // [mount] all mounts
    char source[64];
    uint32_t flags;
};

void fs_register(struct fs_type *t);
// mount(2) and umount2(2). source: "/dev/vda" or a name; 0 or -errno.
int vfs_mount(struct fsctx *c, const char *source, const char *target, const char *type,
              uint32_t flags, const char *options);
int vfs_umount(struct fsctx *c, const char *target, int flags);
// Boot: mounts dev as the root of ctx (tries each type that needs a device).
int mount_root(const char *source, const char *type, bool readonly, struct fsctx *ctx);
// Syncs and unmounts everything: power-off.
void unmount_all(void);
void sync_all(bool wait);
// Crosses a mount point downwards: replaces *p while something is mounted on it.
void path_follow_mount(struct path *p);
// One line for each mount, as /proc/mounts.
struct textbuf;
void mounts_show(struct textbuf *t, const struct path *root);
