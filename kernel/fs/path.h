// Names: the path cache (dentries), mounts, and the walk from a string to a file.
//
// A dentry is one name in one directory: positive (inode) or negative (known not to exist). Parents
// are held by children. Unused ones stay cached until memory is short.
#pragma once

#include "fs/inode.h"

struct mount;

#define DENTRY_INLINE_NAME 32

// Lock key: [cache] the path cache's lock (dentry.c)  [I] immutable
struct dentry {
    struct refcount ref;     // 0: cached, unused. Leaves 0 only under [cache]
    uint32_t len, hash;      // [cache] of the name
    char *name;              // [cache] ends with a zero byte
    struct dentry *parent;   // [cache] held; a root's is itself
    struct inode *inode;     // held; NULL: negative. Set once, under the directory's lock
    bool mounted;            // [cache] some mount covers it
    bool hashed;             // [cache] can be found by name
    bool removed;            // [cache] the file has this name no more
    struct list hash_link, lru_link, children, sibling; // [cache]
    char inline_name[DENTRY_INLINE_NAME]; // where name points if it fits
};

struct path {
    struct mount *mount;   // held
    struct dentry *dentry; // held
};

// Where a process stands and who it is for files. CLONE_FS shares the first, never the second.
struct fsctx {
    struct refcount ref;
    struct fsctx *home;      // [I] whose place counts: itself, or one that is held
    struct path root, cwd;   // [cache] the place: see fsctx_get_cwd() and its like
    uint32_t umask;          // [a] likewise
    uint32_t uid, gid, euid, egid, suid, sgid, fsuid, fsgid; // [own] the process's own calls
    uint32_t *groups;        // [own] kmalloc'd
    size_t ngroups;
};
struct fsctx *__must_check fsctx_alloc(void);
struct fsctx *__must_check fsctx_copy(struct fsctx *old, bool share_place);
void fsctx_put(struct fsctx *c);
// Held copies; and setting (takes over no reference). Any process's.
void fsctx_get_root(struct fsctx *c, struct path *out);
void fsctx_get_cwd(struct fsctx *c, struct path *out);
void fsctx_set_root(struct fsctx *c, const struct path *p);
void fsctx_set_cwd(struct fsctx *c, const struct path *p);

// Is it the group of c for files, or one of the supplementary ones?
bool fsctx_in_group(const struct fsctx *c, uint32_t gid);

#define LOOKUP_FOLLOW 1     // follow a symbolic link at the end
#define LOOKUP_DIRECTORY 2  // must be a directory

// Walks name from start (NULL: the cwd; a leading / starts at ctx->root). *out is held.
// Errors as path_resolution(7): -ENOENT -ENOTDIR -ELOOP -ENAMETOOLONG -EACCES.
int __must_check path_lookup(struct fsctx *ctx, const struct path *start, const char *name,
                             uint32_t flags, struct path *out);
// Stops before the last component, which it leaves in *last (points into name) with its length:
// 0 when the whole name is "/". *last may be "." or "..", and slashes may follow it.
int __must_check path_lookup_parent(struct fsctx *ctx, const struct path *start, const char *name,
                                    struct path *parent, const char **last, size_t *len);
void path_get(const struct path *p);
void path_put(struct path *p); // clears it; empty is allowed
// "/usr/bin/sh" as seen from root (NULL: the real one) into buf. Length or -ENAMETOOLONG.
// Prefixed "(unreachable)"; an unlinked name gets " (deleted)".
ssize_t path_to_string(const struct path *root, const struct path *p, char *buf, size_t size);
// A name for an inode that has none (a pipe opened through /proc/<pid>/fd): "pipe:[12]".
// NULL: out of memory.
struct dentry *__must_check dentry_anon(struct inode *i, const char *name);
// 0 or -EACCES: may the caller read/write/execute (MAY_*) this inode?
#define MAY_EXEC 1
#define MAY_WRITE 2
#define MAY_READ 4
int __must_check inode_permission(const struct fsctx *ctx, struct inode *i, int may);

// Is the caller the owner of i, or root?
bool inode_owner_or_root(const struct fsctx *c, const struct inode *i);

// The calls on names, as their manual pages; used by sys/. start NULL: the cwd.
int vfs_mknod(struct fsctx *c, const struct path *start, const char *name, uint32_t mode,
              dev_t dev);
int vfs_mkdir(struct fsctx *c, const struct path *start, const char *name, uint32_t mode);
int vfs_unlink(struct fsctx *c, const struct path *start, const char *name, bool dir);
int vfs_link(struct fsctx *c, const struct path *old, const struct path *start, const char *name);
int vfs_symlink(struct fsctx *c, const char *target, const struct path *start, const char *name);
int vfs_rename(struct fsctx *c, const struct path *ostart, const char *oname,
               const struct path *nstart, const char *nname, uint32_t flags);
ssize_t vfs_readlink(const struct path *p, char *buf, size_t size);
// Attributes (attr.c).
int vfs_truncate(struct inode *i, uint64_t size); // a regular file's
int vfs_fallocate(struct inode *i, int mode, uint64_t off, uint64_t end); // fallocate(2)
int vfs_chmod(struct fsctx *c, const struct path *p, uint32_t mode);
int vfs_chown(struct fsctx *c, const struct path *p, uint32_t uid, uint32_t gid); // -1: as it is
// times NULL: now; tv_nsec may be UTIME_NOW or UTIME_OMIT.
int vfs_utimes(struct fsctx *c, const struct path *p, const struct timespec times[2]);
extern uint64_t vfs_cache_pressure; // percent of unused names and inodes that a shrinker offers
uint64_t dentry_shrink(uint64_t wanted);
void path_init(void);
