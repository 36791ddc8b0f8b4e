// Where a process stands (root, working directory, umask) and who it is for files.
//
// The two paths are guarded by the path cache's lock, which every walk takes anyway: a walk starts
// from them without touching their counts.
#include "fs/dentry.h"
#include "fs/mount.h"
#include "lib/string.h"
#include "mm/slab.h"

struct fsctx *fsctx_alloc(void) {
    struct fsctx *c = kzalloc(sizeof(*c), GFP_KERNEL);
    if (!c)
        return NULL;
    ref_init(&c->ref, 1);
    c->home = c;
    c->umask = 022;
    return c;
}

static void get_locked(const struct path *p, struct path *out) {
    *out = *p;
    if (!p->dentry)
        return;
    dentry_hold_locked(p->dentry);
    mount_get(p->mount);
}

struct fsctx *fsctx_copy(struct fsctx *old, bool share_place) {
    struct fsctx *c = kmalloc(sizeof(*c), GFP_KERNEL);
    if (!c)
        return NULL;
    *c = *old;
    ref_init(&c->ref, 1);
    c->groups = NULL;
    if (old->ngroups) {
        c->groups = kmalloc_array(old->ngroups, sizeof(*c->groups), GFP_KERNEL);
        if (!c->groups) {
            kfree(c);
            return NULL;
        }
        memcpy(c->groups, old->groups, old->ngroups * sizeof(*c->groups));
    }
    if (share_place) {
        ref_get(&c->home->ref);
        return c;
    }
    c->home = c;
    c->umask = READ_ONCE(old->home->umask);
    spin_lock(&dentry_lock);
    get_locked(&old->home->root, &c->root);
    get_locked(&old->home->cwd, &c->cwd);
    spin_unlock(&dentry_lock);
    return c;
}

void fsctx_put(struct fsctx *c) {
    if (!c || !ref_put(&c->ref))
        return;
    if (c->home == c) {
        path_put(&c->root);
        path_put(&c->cwd);
    } else {
        fsctx_put(c->home); // one step: a home is its own home
    }
    kfree(c->groups);
    kfree(c);
}

void fsctx_get_root(struct fsctx *c, struct path *out) {
    spin_lock(&dentry_lock);
    get_locked(&c->home->root, out);
    spin_unlock(&dentry_lock);
}

void fsctx_get_cwd(struct fsctx *c, struct path *out) {
    spin_lock(&dentry_lock);
    get_locked(&c->home->cwd, out);
    spin_unlock(&dentry_lock);
}

static void set(struct path *which, const struct path *p) {
    spin_lock(&dentry_lock);
    struct path old = *which;
    get_locked(p, which);
    spin_unlock(&dentry_lock);
    path_put(&old);
}

void fsctx_set_root(struct fsctx *c, const struct path *p) { set(&c->home->root, p); }
void fsctx_set_cwd(struct fsctx *c, const struct path *p) { set(&c->home->cwd, p); }
