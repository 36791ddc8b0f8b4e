// Names: the path cache (dentries), mounts, and the walk from a string to a file.
//
// A dentry is one name in one directory: positive (inode) or negative (known not to exist). Parents
// are held by children. Unused ones stay cached until memory is short.
#pragma once

#include "fs/inode.h"

struct mount;

struct dentry {
    struct refcount ref;
    struct dentry *parent;   // [cache] held; the root's is itself
    struct inode *inode;     // [cache] held; NULL: negative
    char *name;              // [cache]
    uint32_t len, hash;
    bool mounted;            // [cache] some mount covers it
    bool hashed;             // [cache] false once removed
    struct list hash_link, lru_link, children, sibling; // [cache]
};

struct path {
    struct mount *mount;   // held
    struct dentry *dentry; // held
};

// Where a process stands: shared or copied by clone (CLONE_FS).
struct fsctx {
    struct refcount ref;
    struct mutex lock;
    struct path root, cwd;   // [lock]
    uint32_t umask;          // [lock]
    uint32_t uid, gid, euid, egid, suid, sgid, fsuid, fsgid;
    uint32_t *groups;
    size_t ngroups;
};
struct fsctx *__must_check fsctx_alloc(void);
struct fsctx *__must_check fsctx_copy(struct fsctx *old);
void fsctx_put(struct fsctx *c);

#define LOOKUP_FOLLOW 1     // follow a symbolic link at the end
#define LOOKUP_DIRECTORY 2  // must be a directory
#define LOOKUP_PARENT 4     // stop before the last component

// Walks name from start (NULL: the cwd; a leading / starts at ctx->root). *out is held.
// Errors as path_resolution(7): -ENOENT -ENOTDIR -ELOOP -ENAMETOOLONG -EACCES.
int __must_check path_lookup(struct fsctx *ctx, const struct path *start, const char *name,
                             uint32_t flags, struct path *out);
// LOOKUP_PARENT: the last component in *last (points into name) with its length.
int __must_check path_lookup_parent(struct fsctx *ctx, const struct path *start, const char *name,
                                    struct path *parent, const char **last, size_t *len);
void path_get(const struct path *p);
void path_put(struct path *p); // clears it; empty is allowed
// "/usr/bin/sh" as seen from root (NULL: the real one) into buf. Length or -ENAMETOOLONG.
// Prefixed "(unreachable)"; an unlinked name gets " (deleted)".
ssize_t path_to_string(const struct path *root, const struct path *p, char *buf, size_t size);
// 0 or -EACCES: may the caller read/write/execute (MAY_*) this inode?
#define MAY_EXEC 1
#define MAY_WRITE 2
#define MAY_READ 4
int __must_check inode_permission(const struct fsctx *ctx, struct inode *i, int may);

// The calls on names, as their manual pages; used by sys_fs.c.
int vfs_mknod(struct fsctx *c, struct path *start, const char *name, uint32_t mode, dev_t dev);
int vfs_mkdir(struct fsctx *c, struct path *start, const char *name, uint32_t mode);
int vfs_unlink(struct fsctx *c, struct path *start, const char *name, bool dir);
int vfs_link(struct fsctx *c, struct path *old, struct path *start, const char *name);
int vfs_symlink(struct fsctx *c, const char *target, struct path *start, const char *name);
int vfs_rename(struct fsctx *c, struct path *ostart, const char *oname, struct path *nstart,
               const char *nname, uint32_t flags);
int vfs_truncate(struct inode *i, uint64_t size);
uint64_t dentry_shrink(uint64_t wanted);
void path_init(void);
