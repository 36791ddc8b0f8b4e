// Mounts: which file system stands on which directory.
#pragma once

#include "abi/mount.h"
#include "fs/path.h"

struct fs_type { // ext2, tmpfs, proc, devtmpfs
    const char *name;
    bool needs_device;
    bool single; // one instance, however often it is mounted (proc, devtmpfs)
    // Fills the super (root inode included). 0 or -errno with a log line that says why.
    int (*mount)(struct super *s, const char *options);
    struct fs_type *next;
};

// Lock key: [mount] the mount lock, which makes whole calls exclusive  [cache] the path cache's
// lock as well, under which a walk crosses mounts
struct mount {
    struct refcount ref;     // one for being mounted, one for each path, one for each child
    struct super *super;     // [I] held
    struct mount *parent;    // [mount, cache] held; NULL: the root, or detached
    struct dentry *point;    // [mount, cache] held: what it covers, in the parent
    struct dentry *root;     // [I] held
    struct list link;        // [mount] all mounts, in the order in which they were made
    struct list children;    // [mount, cache]
    struct list sibling;     // [mount, cache]
    uint32_t id;             // [I] for statx and /proc/<pid>/mountinfo
    uint32_t flags;          // [mount] MS_RDONLY MS_NOSUID MS_NODEV MS_NOEXEC MS_NOATIME
    char *source;            // [I]
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
static inline bool mount_readonly(const struct mount *m) {
    return (m->flags | m->super->flags) & MS_RDONLY;
}
static inline void mount_get(struct mount *m) { ref_get(&m->ref); }
void mount_put(struct mount *m);
// Crosses mounts downwards: replaces *p while something is mounted on it. mount_cross() is for
// holders of the path cache's lock and borrowed paths.
void path_follow_mount(struct path *p);
void mount_cross(struct path *p);
// A mount of the VFS's own, in no tree (pipes).
struct mount *mount_internal(struct super *s);
// The i-th registered type's name for /proc/filesystems; NULL past the end.
const struct fs_type *fs_type_at(int i);
int vfs_statfs(const struct path *p, struct statfs *out);
// One line for each mount, as /proc/mounts.
struct textbuf;
void mounts_show(struct textbuf *t, const struct path *root);
