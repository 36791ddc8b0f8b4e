// rename(2) and renameat2(2).
//
// The hardest call on names: two directories, an entry that may be a directory itself, and a victim
// that may be an empty one. rename_lock makes renames between directories one at a time, so that
// the tree's shape stands still while we check that a directory is not moved below itself. Then
// locks:
//
//   both parents (by address)  ->  a victim directory, by trylock  ->  files moved and replaced
//
// A third directory cannot be locked in address order with two already held; so it is tried, and
// when that fails all is let go and begun again.
#include "fs/name.h"

#include "abi/errno.h"
#include "abi/fcntl.h"
#include "fs/mount.h"
#include "fs/walk.h"

static struct mutex rename_lock = MUTEX_INIT(rename_lock, "rename", RANK_RENAME);

struct rename {
    const struct fsctx *ctx;
    struct path from, to;           // the directories, borrowed from the walks
    struct component old, new;      // the names in them
    struct dentry *source, *target; // held; target may be negative
    uint32_t flags;
};

static int lookup_both(struct rename *r) {
    int err = dentry_lookup(r->from.dentry, r->old.name, r->old.len, r->old.hash, &r->source);
    if (err)
        return err;
    err = r->source->inode ? dentry_lookup(r->to.dentry, r->new.name, r->new.len, r->new.hash,
                                           &r->target)
                           : -ENOENT;
    if (err) {
        dentry_put(r->source);
        r->source = NULL;
    }
    return err;
}

static int check_types(const struct rename *r) {
    struct inode *moved = r->source->inode, *victim = r->target->inode;
    bool dir = inode_is_dir(moved);

    if (!dir && (r->old.slash || r->new.slash))
        return -ENOTDIR;
    if (dir && dentry_is_below(r->to.dentry, r->source))
        return -EINVAL; // into itself
    if (!victim)
        return 0;
    if (r->flags & RENAME_NOREPLACE)
        return -EEXIST;
    if (inode_is_dir(victim) && dentry_is_below(r->from.dentry, r->target))
        return -ENOTEMPTY; // the victim holds the source
    if (dir && !inode_is_dir(victim))
        return -ENOTDIR;
    return !dir && inode_is_dir(victim) ? -EISDIR : 0;
}

static int check_permission(const struct rename *r) {
    struct inode *moved = r->source->inode;

    int err = name_may_remove(r->ctx, &r->from, r->source);
    if (!err)
        err = r->target->inode ? name_may_remove(r->ctx, &r->to, r->target)
                               : name_may_change(r->ctx, &r->to);
    if (!err && inode_is_dir(moved) && r->from.dentry != r->to.dentry) // its ".." changes
        err = inode_permission(r->ctx, moved, MAY_WRITE);
    return err;
}

// Locks of the files among moved and victim; directories are locked otherwise or not at all.
static void lock_files(struct inode *moved, struct inode *victim, bool lock) {
    struct inode *a = inode_is_dir(moved) ? NULL : moved;
    struct inode *b = victim && !inode_is_dir(victim) ? victim : NULL;

    if (a && b)
        (lock ? mutex_lock_two : mutex_unlock_two)(&a->lock, &b->lock);
    else if (a || b)
        (lock ? mutex_lock : mutex_unlock)(a ? &a->lock : &b->lock);
}

static int act(struct rename *r) {
    struct inode *dir = r->from.dentry->inode, *newdir = r->to.dentry->inode;
    struct inode *moved = r->source->inode, *victim = r->target->inode;

    if (!dir->ops->rename)
        return -EPERM;
    lock_files(moved, victim, true);
    int err = dir->ops->rename(dir, r->source->name, r->source->len, moved, newdir,
                               r->target->name, r->target->len, victim);
    lock_files(moved, victim, false);
    if (err)
        return err;
    inode_touch(dir, INODE_MTIME | INODE_CTIME);
    if (newdir != dir)
        inode_touch(newdir, INODE_MTIME | INODE_CTIME);
    dentry_move(r->source, r->target);
    return 0;
}

// Both parents are locked and both names looked up. -EAGAIN: the victim's lock was taken.
static int rename_locked(struct rename *r) {
    struct inode *victim = r->target->inode;

    if (victim == r->source->inode)
        return r->flags & RENAME_NOREPLACE ? -EEXIST : 0; // two links to one file: nothing to do
    int err = check_types(r);
    if (!err)
        err = check_permission(r);
    if (err)
        return err;
    if (!victim || !inode_is_dir(victim))
        return act(r);
    if (!mutex_trylock(&victim->lock))
        return -EAGAIN;
    err = act(r);
    mutex_unlock(&victim->lock);
    return err;
}

static int rename_once(struct rename *r) {
    struct mutex *a = &r->from.dentry->inode->lock, *b = &r->to.dentry->inode->lock;

    mutex_lock_two(a, b);
    int err = lookup_both(r);
    if (!err)
        err = rename_locked(r);
    mutex_unlock_two(a, b);
    if (!r->source)
        return err;
    if (err == -EAGAIN) { // let its holder finish
        mutex_lock(&r->target->inode->lock);
        mutex_unlock(&r->target->inode->lock);
    } else if (!err && r->target->removed) {
        dentry_prune(r->target);
    }
    dentry_put(r->source);
    dentry_put(r->target);
    r->source = r->target = NULL;
    return err;
}

int vfs_rename(struct fsctx *c, const struct path *ostart, const char *oname,
               const struct path *nstart, const char *nname, uint32_t flags) {
    struct rename r = {.ctx = c, .flags = flags};
    struct walk from, to;

    if (flags & ~(uint32_t)RENAME_NOREPLACE)
        return -EINVAL;
    walk_start(&from, c, ostart, oname, 0);
    walk_start(&to, c, nstart, nname, 0);
    int err = walk_parent(&from, &r.old);
    if (!err)
        err = walk_parent(&to, &r.new);
    if (err)
        goto out;
    err = -EXDEV;
    if (from.at.mount != to.at.mount)
        goto out;
    err = -EBUSY;
    if (!r.old.len || !r.new.len || component_is_dots(&r.old) || component_is_dots(&r.new))
        goto out;
    r.from = from.at;
    r.to = to.at;
    bool across = from.at.dentry != to.at.dentry;
    if (across)
        mutex_lock(&rename_lock);
    do
        err = rename_once(&r);
    while (err == -EAGAIN);
    if (across)
        mutex_unlock(&rename_lock);
out:
    walk_end(&from);
    walk_end(&to);
    return err;
}
