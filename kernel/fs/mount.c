// The mount tree: which file system covers which directory.
//
//   root mount (ext2) --children--> covers /proc (proc)
//                              \--> covers /tmp (tmpfs) --children--> covers /tmp/x (ext2)
//
// A path is a (mount, dentry) pair, since a dentry alone does not tell through which mount it was
// reached. A mount holds its super block, its parent and the dentry that it covers; every path in
// it holds the mount, so its count tells whether it is busy.
//
// Locks: mount_lock (RANK_MOUNT) makes mount and umount one at a time; changes of the tree itself
// are made under dentry_lock too, under which walks cross it. A lazily detached mount (MNT_DETACH)
// ends with its last path, wherever that is put.
#include "fs/mount.h"

#include "abi/errno.h"
#include "dev/blk.h"
#include "fs/dentry.h"
#include "fs/super.h"
#include "fs/textbuf.h"
#include "klog/printk.h"
#include "lib/string.h"
#include "mm/slab.h"

#define MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME)

static struct mutex mount_lock = MUTEX_INIT(mount_lock, "mount", RANK_MOUNT);
static struct list mounts = LIST_INIT(mounts);
static struct fs_type *fs_types;
static uint32_t next_id;

void fs_register(struct fs_type *t) {
    struct fs_type **end = &fs_types;
    while (*end)
        end = &(*end)->next;
    *end = t;
}

const struct fs_type *fs_type_at(int i) {
    const struct fs_type *t = fs_types;
    while (t && i-- > 0)
        t = t->next;
    return t;
}

static struct fs_type *find_type(const char *name) {
    struct fs_type *t = fs_types;
    while (t && strcmp(t->name, name))
        t = t->next;
    return t;
}

// A mount in no tree yet; root is held for it, s is taken over. NULL: out of memory.
static struct mount *mount_alloc(struct super *s, struct dentry *root, const char *source,
                                 uint32_t flags) {
    struct mount *m = kzalloc(sizeof(*m), GFP_KERNEL);
    if (!m)
        return NULL;
    m->source = kstrdup(source, GFP_KERNEL);
    if (!m->source) {
        kfree(m);
        return NULL;
    }
    ref_init(&m->ref, 1);
    m->super = s;
    m->root = root;
    m->flags = flags;
    m->id = atomic_add(&next_id, 1) + 1;
    list_init(&m->link);
    list_init(&m->children);
    list_init(&m->sibling);
    return m;
}

// The last path went: the mount is in no tree any more.
static void mount_free(struct mount *m) {
    assert(list_empty(&m->children) && !m->parent);
    bool whole = m->root->parent == m->root;
    if (whole)
        dentry_prune(m->root);
    dentry_put(m->root);
    super_put(m->super);
    kfree(m->source);
    kfree(m);
}

void mount_put(struct mount *m) {
    if (ref_put(&m->ref))
        mount_free(m);
}

// The dentry that stands for the root of s, shared by its mounts. It is found through one of them.
static struct dentry *root_dentry(struct super *s) {
    struct mount *m;

    list_for_each(m, &mounts, link)
        if (m->super == s && m->root->inode == s->root && m->root->parent == m->root) {
            dentry_hold(m->root);
            return m->root;
        }
    inode_hold(s->root);
    struct dentry *d = dentry_make_root(s->root);
    if (!d)
        inode_put(s->root);
    return d;
}

struct mount *mount_internal(struct super *s) {
    struct dentry *root = dentry_make_root(s->root);
    return root ? mount_alloc(s, root, "none", 0) : NULL;
}

// Puts m on top of what stands at *where (its mount and dentry are held for m).
static void attach(struct mount *m, const struct path *where) {
    path_get(where);
    spin_lock(&dentry_lock);
    m->parent = where->mount;
    m->point = where->dentry;
    m->point->mounted = true;
    list_push_back(&m->parent->children, &m->sibling);
    spin_unlock(&dentry_lock);
    list_push_back(&mounts, &m->link);
}

// mount_lock held. The reference for being mounted remains, for the caller to put.
static void detach(struct mount *m) {
    struct path where = {.mount = m->parent, .dentry = m->point};
    struct mount *other;

    list_remove(&m->link);
    spin_lock(&dentry_lock);
    list_remove(&m->sibling);
    m->parent = NULL;
    m->point = NULL;
    bool still = false; // a bind mount shows the same dentry elsewhere
    list_for_each(other, &mounts, link)
        still |= other->point == where.dentry;
    if (where.dentry)
        where.dentry->mounted = still;
    spin_unlock(&dentry_lock);
    path_put(&where);
}

void mount_cross(struct path *p) {
    while (p->dentry->mounted) {
        struct mount *m;
        bool found = false;
        list_for_each(m, &p->mount->children, sibling) {
            found = m->point == p->dentry;
            if (found)
                break;
        }
        if (!found)
            return;
        *p = (struct path){.mount = m, .dentry = m->root};
    }
}

void path_follow_mount(struct path *p) {
    if (!READ_ONCE(p->dentry->mounted))
        return;
    struct path old = *p;
    spin_lock(&dentry_lock);
    mount_cross(p);
    dentry_hold_locked(p->dentry);
    mount_get(p->mount);
    spin_unlock(&dentry_lock);
    path_put(&old);
}

// The super block for (source, type), and its root dentry. mount_lock held for the latter.
static int make_mount(const char *source, struct fs_type *type, uint32_t flags,
                      const char *options, struct mount **out) {
    struct blkdev *dev = NULL;
    struct super *s;

    if (type->needs_device && !(dev = blkdev_find_name(source)))
        return -ENODEV;
    int err = super_open(type, dev, flags, options, &s);
    if (err)
        return err;
    mutex_lock(&mount_lock);
    struct dentry *root = root_dentry(s);
    mutex_unlock(&mount_lock);
    *out = root ? mount_alloc(s, root, source, flags & MOUNT_FLAGS) : NULL;
    if (*out)
        return 0;
    dentry_put(root);
    super_put(s);
    return -ENOMEM;
}

static int make_bind(struct fsctx *c, const char *source, uint32_t flags, struct mount **out) {
    struct path from;
    int err = path_lookup(c, NULL, source, LOOKUP_FOLLOW, &from);
    if (err)
        return err;
    ref_get(&from.mount->super->ref);
    dentry_hold(from.dentry);
    uint32_t mflags = (from.mount->flags | flags) & MOUNT_FLAGS;
    *out = mount_alloc(from.mount->super, from.dentry, from.mount->source, mflags);
    if (!*out) {
        dentry_put(from.dentry);
        super_put(from.mount->super);
        err = -ENOMEM;
    }
    path_put(&from);
    return err;
}

static int remount(const struct path *where, uint32_t flags) {
    struct mount *m = where->mount;
    int err = 0;

    if (where->dentry != m->root)
        return -EINVAL;
    if (!(flags & MS_BIND))
        err = super_remount(m->super, flags);
    if (!err)
        m->flags = flags & MOUNT_FLAGS;
    return err;
}

// A file covers a file (bind mounts), a directory a directory.
static int attach_checked(struct mount *m, const struct path *where) {
    if (inode_is_dir(m->root->inode) != inode_is_dir(where->dentry->inode))
        return -ENOTDIR;
    if (where->dentry->removed)
        return -ENOENT;
    if (where->mount->super == m->super && where->dentry == m->root)
        return -EBUSY; // the same again in the same place
    attach(m, where);
    return 0;
}

int vfs_mount(struct fsctx *c, const char *source, const char *target, const char *type,
              uint32_t flags, const char *options) {
    struct path where;
    struct mount *m;

    if (c->euid != 0)
        return -EPERM;
    if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
        flags &= ~MS_MGC_MSK;
    if (flags & (MS_PRIVATE | MS_SLAVE | MS_SHARED | MS_UNBINDABLE))
        return 0; // there is one tree of mounts: nothing propagates
    if (flags & MS_MOVE)
        return -EINVAL;
    int err = path_lookup(c, NULL, target, LOOKUP_FOLLOW, &where);
    if (err)
        return err;
    if (flags & MS_REMOUNT) {
        err = remount(&where, flags);
        goto out;
    }
    struct fs_type *t = find_type(type);
    if (flags & MS_BIND)
        err = make_bind(c, source, flags, &m);
    else
        err = t ? make_mount(source, t, flags, options, &m) : -ENODEV;
    if (err)
        goto out;
    mutex_lock(&mount_lock);
    err = attach_checked(m, &where);
    mutex_unlock(&mount_lock);
    if (err)
        mount_put(m);
out:
    path_put(&where);
    return err;
}

// mount_lock held; *p is what the caller found, one reference of the mount. With MNT_DETACH a whole
// subtree goes; otherwise only an unused mount.
static int detach_for_umount(struct path *p, int flags, struct mount **gone) {
    struct mount *m = p->mount;

    if (p->dentry != m->root || !m->parent)
        return m->parent ? -EINVAL : -EBUSY;
    if (!(flags & MNT_DETACH)) {
        if (!list_empty(&m->children) || ref_read(&m->ref) > 2)
            return -EBUSY;
    } else {
        while (!list_empty(&m->children)) { // leaves first, without recursion
            struct mount *leaf = m;
            while (!list_empty(&leaf->children))
                leaf = list_first(&leaf->children, struct mount, sibling);
            detach(leaf);
            mount_put(leaf);
        }
    }
    detach(m);
    *gone = m;
    return 0;
}

int vfs_umount(struct fsctx *c, const char *target, int flags) {
    struct path p;
    struct mount *gone = NULL;

    if (c->euid != 0)
        return -EPERM;
    if (flags & ~(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
        return -EINVAL;
    uint32_t lookup = flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
    int err = path_lookup(c, NULL, target, lookup, &p);
    if (err)
        return err;
    mutex_lock(&mount_lock);
    err = detach_for_umount(&p, flags, &gone);
    mutex_unlock(&mount_lock);
    path_put(&p);
    if (gone)
        mount_put(gone);
    return err;
}

static int try_root(const char *source, struct fs_type *t, uint32_t flags, struct mount **out) {
    int err = make_mount(source, t, flags, "", out);
    if (err == -EACCES && !(flags & MS_RDONLY))
        err = make_mount(source, t, flags | MS_RDONLY, "", out); // a read-only disk
    return err;
}

int mount_root(const char *source, const char *type, bool readonly, struct fsctx *ctx) {
    uint32_t flags = readonly ? MS_RDONLY : 0;
    struct mount *m = NULL;
    int err = -ENODEV;

    for (struct fs_type *t = fs_types; t && !m; t = t->next)
        if (type ? !strcmp(type, t->name) : t->needs_device)
            err = try_root(source, t, flags, &m);
    if (!m)
        return err;
    mutex_lock(&mount_lock);
    list_push_back(&mounts, &m->link);
    mutex_unlock(&mount_lock);
    struct path root = {.mount = m, .dentry = m->root};
    fsctx_set_root(ctx, &root);
    fsctx_set_cwd(ctx, &root);
    pr_info("fs: root is %s (%s)%s\n", source, m->super->type->name,
            mount_readonly(m) ? ", read-only" : "");
    return 0;
}

void sync_all(bool wait) { super_sync_all(wait); }

// Whatever is still open stays mounted, but read-only and in a clean state on the disk.
void unmount_all(void) {
    sync_all(true);
    super_shutdown();
}

int vfs_statfs(const struct path *p, struct statfs *out) {
    struct super *s = p->mount->super;

    memset(out, 0, sizeof(*out));
    out->f_bsize = out->f_frsize = PAGE_SIZE;
    out->f_namelen = 255;
    int err = s->ops->statfs ? s->ops->statfs(s, out) : 0;
    out->f_fsid.val[0] = (int32_t)s->devno;
    out->f_flags = ST_VALID | (mount_readonly(p->mount) ? ST_RDONLY : 0);
    uint32_t f = p->mount->flags;
    out->f_flags |= (f & MS_NOSUID ? ST_NOSUID : 0) | (f & MS_NODEV ? ST_NODEV : 0) |
                    (f & MS_NOEXEC ? ST_NOEXEC : 0);
    return err;
}

void mounts_show(struct textbuf *t, const struct path *root) {
    char *name = kmalloc(PAGE_SIZE, GFP_KERNEL);
    struct mount *m;

    if (!name) {
        t->failed = true;
        return;
    }
    mutex_lock(&mount_lock);
    list_for_each(m, &mounts, link) {
        struct path p = {.mount = m, .dentry = m->root};
        if (path_to_string(root, &p, name, PAGE_SIZE) < 0 || name[0] != '/')
            continue;
        text_printf(t, "%s %s %s %s%s%s%s%s 0 0\n", m->source, name, m->super->type->name,
                    mount_readonly(m) ? "ro" : "rw", m->flags & MS_NOSUID ? ",nosuid" : "",
                    m->flags & MS_NODEV ? ",nodev" : "", m->flags & MS_NOEXEC ? ",noexec" : "",
                    m->flags & MS_NOATIME ? ",noatime" : "");
    }
    mutex_unlock(&mount_lock);
    kfree(name);
}
