// The path cache's inside: for the files of fs/ that walk or change names. Others use path.h.
#pragma once

#include "fs/path.h"
#include "sync/spinlock.h"

extern struct spinlock dentry_lock; // RANK_FILE: every [cache] member, mount links, fsctx paths

#define NAME_HASH_START 0x811c9dc5u
static inline uint32_t name_hash_step(uint32_t h, uint8_t c) { return h * 31 + c; }
uint32_t name_hash(const char *name, size_t len);

// The cached entry of that name, borrowed; NULL: not cached. dentry_lock held.
struct dentry *dentry_find_locked(const struct dentry *dir, const char *name, size_t len,
                                  uint32_t hash);
// Takes a reference. dentry_lock held.
static inline void dentry_hold_locked(struct dentry *d);
void dentry_hold(struct dentry *d); // the caller has one already
void dentry_put(struct dentry *d);  // may sleep: the inode may go
// The entry, from the cache or the file system, held; negative ones too. dir->inode->lock is held.
// 0, -ENOENT (the directory was removed), -ENAMETOOLONG, or the file system's error.
int __must_check dentry_lookup(struct dentry *dir, const char *name, size_t len, uint32_t hash,
                               struct dentry **out);
// The root of a file system; takes over the inode's reference on success. NULL: out of memory.
struct dentry *__must_check dentry_make_root(struct inode *i);
// A negative entry becomes positive; takes over the inode's reference. Directory's lock held.
void dentry_instantiate(struct dentry *d, struct inode *i);
// The name is gone: found no more, freed with its last user. Directory's lock held.
void dentry_remove(struct dentry *d);
// The entry d takes the place (directory and name) of target, which is removed. Both directories'
// locks held. Cannot fail: the name's memory moves with it.
void dentry_move(struct dentry *d, struct dentry *target);
// Two entries change places (RENAME_EXCHANGE).
void dentry_exchange(struct dentry *a, struct dentry *b);
// Is d, or a directory above it within the file system, equal to `top`?
bool dentry_is_below(const struct dentry *d, const struct dentry *top);
// Frees every unused entry below d (before its file system or directory goes).
void dentry_prune(struct dentry *d);

static inline void dentry_hold_locked(struct dentry *d) {
    // An unused entry stays on the LRU list; dentry_shrink() passes over used ones.
    __atomic_fetch_add(&d->ref.n, 1, __ATOMIC_RELAXED);
}
