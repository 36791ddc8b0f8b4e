// From a name to a file: path_resolution(7).
//
//   "/usr/lib/x"   cached part: one lock, no references      uncached or link: one slow step
//                  / -> usr -> lib -> x                       directory's lock, the file system
//
// A walk goes as far as the path cache knows the way under one hold of dentry_lock, touching no
// reference count, and only then takes hold of where it stands. What stops it there (a name not
// cached, a symbolic link) is done with sleeping allowed, and the walk goes on.
//
// Symbolic links need no recursion: the link's text followed by the rest of the name becomes the
// new name, MAX_SYMLINKS times at most.
#include "fs/walk.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "fs/dentry.h"
#include "fs/mount.h"
#include "lib/string.h"
#include "mm/slab.h"

enum walk_stop { WALK_END, WALK_MISS, WALK_LINK };

void path_get(const struct path *p) {
    mount_get(p->mount);
    dentry_hold(p->dentry);
}

void path_put(struct path *p) {
    struct path old = *p;

    *p = (struct path){0};
    dentry_put(old.dentry);
    if (old.mount)
        mount_put(old.mount);
}

static void next_component(const char *s, struct component *c) {
    uint32_t hash = NAME_HASH_START;
    const char *start;

    while (*s == '/')
        s++;
    for (start = s; *s && *s != '/'; s++)
        hash = name_hash_step(hash, (uint8_t)*s);
    c->name = start;
    c->len = (uint32_t)(s - start);
    c->hash = hash;
    c->slash = *s == '/';
    while (*s == '/')
        s++;
    c->next = s;
    c->last = !*s;
}

// "..": not above the caller's root, and out of a mount through the place that it covers.
static void step_up(const struct walk *w, struct path *p) {
    const struct path *root = &w->ctx->home->root;

    while (!(p->dentry == root->dentry && p->mount == root->mount)) {
        if (p->dentry != p->mount->root) {
            p->dentry = p->dentry->parent;
            break;
        }
        if (!p->mount->parent)
            break;
        *p = (struct path){.mount = p->mount->parent, .dentry = p->mount->point};
    }
    mount_cross(p);
}

static int may_search(const struct walk *w, const struct path *p) {
    struct inode *dir = p->dentry->inode;
    if (!inode_is_dir(dir))
        return -ENOTDIR;
    return w->ctx->fsuid == 0 ? 0 : inode_permission(w->ctx, dir, MAY_EXEC);
}

static bool must_follow(const struct walk *w, const struct component *c, const struct inode *i) {
    return S_ISLNK(i->mode) && (!c->last || c->slash || w->flags & LOOKUP_FOLLOW);
}

// Goes on from *p (borrowed, as dentry_lock is held) while entries are cached. Returns why it
// stopped, before component *c; WALK_LINK: *link is that component, held. Or -errno.
static int walk_cached(struct walk *w, struct path *p, struct component *c, bool parent,
                       struct dentry **link) {
    for (;; w->rest = c->next) {
        next_component(w->rest, c);
        if (c->len == 0 && !parent)
            return WALK_END;
        int err = may_search(w, p);
        if (err)
            return err;
        if (parent && c->last)
            return WALK_END;
        if (c->slash && c->last)
            w->flags |= LOOKUP_DIRECTORY;
        if (c->name[0] == '.' && component_is_dots(c)) {
            if (c->len == 2)
                step_up(w, p);
            continue;
        }
        struct dentry *d = dentry_find_locked(p->dentry, c->name, c->len, c->hash);
        if (!d)
            return WALK_MISS;
        if (!d->inode)
            return -ENOENT;
        if (must_follow(w, c, d->inode)) {
            dentry_hold_locked(d);
            *link = d;
            return WALK_LINK;
        }
        p->dentry = d;
        if (d->mounted)
            mount_cross(p);
    }
}

// The cached part, from lock to unlock; moves w->at.
static int walk_fast(struct walk *w, struct component *c, bool parent, struct dentry **link) {
    struct path old = w->at, p = w->at;

    spin_lock(&dentry_lock);
    if (!p.dentry)
        p = w->rest[0] == '/' ? w->ctx->home->root : w->start ? *w->start : w->ctx->home->cwd;
    int stop = walk_cached(w, &p, c, parent, link);
    bool moved = p.dentry != old.dentry || p.mount != old.mount;
    if (stop < 0 || !moved) {
        spin_unlock(&dentry_lock);
        return stop;
    }
    dentry_hold_locked(p.dentry);
    mount_get(p.mount);
    spin_unlock(&dentry_lock);
    w->at = p;
    path_put(&old);
    return stop;
}

// The component c is not cached: asks the file system.
static int walk_miss(struct walk *w, const struct component *c, struct dentry **out) {
    struct inode *dir = w->at.dentry->inode;

    mutex_lock(&dir->lock);
    int err = dentry_lookup(w->at.dentry, c->name, c->len, c->hash, out);
    mutex_unlock(&dir->lock);
    if (!err && !(*out)->inode) {
        dentry_put(*out);
        return -ENOENT;
    }
    return err;
}

static void step_into(struct walk *w, struct dentry *d) {
    dentry_put(w->at.dentry);
    w->at.dentry = d;
    path_follow_mount(&w->at);
}

int walk_follow(struct walk *w, struct dentry *link, const struct component *c) {
    struct inode *i = link->inode;
    struct path to;

    if (++w->links > MAX_SYMLINKS)
        return -ELOOP;
    if (i->super->ops->follow_link && i->super->ops->follow_link(i, &to) == 0) {
        path_put(&w->at);
        w->at = to;
        w->rest = c->next;
        return 0;
    }
    size_t rest = strlen(c->next);
    char *text = kmalloc(PATH_MAX + 1 + rest + 1, GFP_KERNEL);
    if (!text)
        return -ENOMEM;
    ssize_t len = i->ops->readlink ? i->ops->readlink(i, text, PATH_MAX) : -EINVAL;
    if (len <= 0) {
        kfree(text);
        return len ? (int)len : -ENOENT;
    }
    if (c->slash)
        text[len++] = '/';
    memcpy(text + len, c->next, rest + 1);
    kfree(w->text);
    w->rest = w->text = text;
    if (text[0] == '/') {
        path_put(&w->at);
        fsctx_get_root(w->ctx, &w->at);
    }
    return 0;
}

static int walk(struct walk *w, struct component *c, bool parent) {
    for (;;) {
        struct dentry *d = NULL;
        int stop = walk_fast(w, c, parent, &d);
        if (stop <= WALK_END)
            return stop;
        if (stop == WALK_MISS) {
            int err = walk_miss(w, c, &d);
            if (err)
                return err;
            if (!must_follow(w, c, d->inode)) {
                step_into(w, d);
                w->rest = c->next;
                continue;
            }
        }
        int err = walk_follow(w, d, c);
        dentry_put(d);
        if (err)
            return err;
    }
}

void walk_start(struct walk *w, struct fsctx *ctx, const struct path *start, const char *name,
                uint32_t flags) {
    *w = (struct walk){.ctx = ctx, .start = start, .rest = name, .flags = flags};
}

void walk_end(struct walk *w) {
    path_put(&w->at);
    kfree(w->text);
    w->text = NULL;
}

int walk_all(struct walk *w) {
    struct component c;

    if (!w->rest[0] && !w->at.dentry)
        return -ENOENT;
    int err = walk(w, &c, false);
    if (!err && w->flags & LOOKUP_DIRECTORY && !inode_is_dir(w->at.dentry->inode))
        err = -ENOTDIR;
    return err;
}

int walk_parent(struct walk *w, struct component *last) {
    if (!w->rest[0])
        return -ENOENT;
    return walk(w, last, true);
}

int path_lookup(struct fsctx *ctx, const struct path *start, const char *name, uint32_t flags,
                struct path *out) {
    struct walk w;

    walk_start(&w, ctx, start, name, flags);
    int err = walk_all(&w);
    if (!err) {
        *out = w.at;
        w.at = (struct path){0};
    }
    walk_end(&w);
    return err;
}

int path_lookup_parent(struct fsctx *ctx, const struct path *start, const char *name,
                       struct path *parent, const char **last, size_t *len) {
    struct walk w;
    struct component c;

    walk_start(&w, ctx, start, name, 0);
    int err = walk_parent(&w, &c);
    if (!err) {
        *parent = w.at;
        w.at = (struct path){0};
        // Links on the way replace what stood before; the end of the name is the same text.
        *last = name + strlen(name) - strlen(c.name);
        *len = c.len;
    }
    walk_end(&w);
    return err;
}

// Puts s in front of what stands in buf from *at on. False: no room.
static bool prepend(char *buf, size_t *at, const char *s, size_t len) {
    if (*at < len)
        return false;
    *at -= len;
    memcpy(buf + *at, s, len);
    return true;
}

// Writes the names from p up to root backwards. False: no room. *reached: ended at root.
static bool prepend_names(char *buf, size_t *at, const struct path *root, struct path p,
                          bool *reached) {
    size_t end = *at;

    for (;;) {
        *reached = p.dentry == root->dentry && p.mount == root->mount;
        if (*reached)
            break;
        if (p.mount && p.dentry == p.mount->root && p.mount->parent) {
            p = (struct path){.mount = p.mount->parent, .dentry = p.mount->point};
            continue;
        }
        if (p.dentry->parent == p.dentry)
            break;
        if (!prepend(buf, at, p.dentry->name, p.dentry->len) || !prepend(buf, at, "/", 1))
            return false;
        p.dentry = p.dentry->parent;
    }
    if (*at < end)
        return true;
    bool anon = p.dentry->parent == p.dentry && (!p.mount || p.dentry != p.mount->root);
    return anon ? prepend(buf, at, p.dentry->name, p.dentry->len) : prepend(buf, at, "/", 1);
}

ssize_t path_to_string(const struct path *root, const struct path *p, char *buf, size_t size) {
    static const char unreachable[] = "(unreachable)", deleted[] = " (deleted)";
    size_t at = size;
    bool reached = false, ok = true;

    spin_lock(&dentry_lock);
    struct path top = {0};
    if (root) {
        top = *root;
    } else { // the tree's own root
        for (top.mount = p->mount; top.mount && top.mount->parent;)
            top.mount = top.mount->parent;
        top.dentry = top.mount ? top.mount->root : NULL;
    }
    if (p->dentry->removed)
        ok = prepend(buf, &at, deleted, sizeof(deleted) - 1);
    bool anon = p->dentry->parent == p->dentry && (!p->mount || p->dentry != p->mount->root);
    ok = ok && prepend_names(buf, &at, &top, *p, &reached);
    if (ok && !reached && !anon)
        ok = prepend(buf, &at, unreachable, sizeof(unreachable) - 1);
    spin_unlock(&dentry_lock);
    if (!ok || at == 0)
        return -ENAMETOOLONG;
    memmove(buf, buf + at, size - at);
    buf[size - at] = '\0';
    return (ssize_t)(size - at);
}
