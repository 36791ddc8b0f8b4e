// The directories of tmpfs: names in a tree by hash for looking up, and in a list for reading in
// order. A position is never used twice in a directory, so a reader meets each name that stays
// exactly once, whatever is added or removed meanwhile.
//
// Invariants: 1. an entry is in both. 2. a directory's nlink is 2 + its subdirectories.
// Lock: the directory's inode lock.
#include "fs/tmpfs_internal.h"

#include "abi/dirent.h"
#include "abi/errno.h"
#include "fs/dentry.h"
#include "lib/rbtree.h"
#include "lib/string.h"
#include "mm/slab.h"

struct tmpfs_entry {
    struct list link;
    struct rb_node node;
    off_t pos;
    ino_t ino;
    uint32_t mode, hash, len;
    char name[];
};

static int compare(const struct tmpfs_entry *e, uint32_t hash, const char *name, size_t len) {
    if (e->hash != hash)
        return e->hash < hash ? -1 : 1;
    if (e->len != len)
        return e->len < len ? -1 : 1;
    return memcmp(e->name, name, len);
}

static struct tmpfs_entry *find(struct inode *dir, const char *name, size_t len) {
    struct rb_node *n = tmpfs_node(dir)->names.node;
    uint32_t hash = name_hash(name, len);

    while (n) {
        struct tmpfs_entry *e = rb_entry(n, struct tmpfs_entry, node);
        int order = compare(e, hash, name, len);
        if (order == 0)
            return e;
        n = order < 0 ? n->right : n->left;
    }
    return NULL;
}

static struct tmpfs_entry *entry_alloc(const char *name, size_t len, const struct inode *i) {
    struct tmpfs_entry *e = kmalloc(sizeof(*e) + len + 1, GFP_KERNEL);
    if (!e)
        return NULL;
    e->ino = i->ino;
    e->mode = i->mode;
    e->hash = name_hash(name, len);
    e->len = (uint32_t)len;
    memcpy(e->name, name, len);
    e->name[len] = '\0';
    return e;
}

static void insert(struct inode *dir, struct tmpfs_entry *e, struct inode *i) {
    struct tmpfs_node *n = tmpfs_node(dir);
    struct rb_node **link = &n->names.node, *parent = NULL;

    while (*link) {
        parent = *link;
        int order = compare(rb_entry(parent, struct tmpfs_entry, node), e->hash, e->name, e->len);
        assertf(order, "tmpfs entry %s twice", e->name);
        link = order < 0 ? &parent->right : &parent->left;
    }
    rb_insert(&n->names, &e->node, parent, link);
    e->pos = n->next_pos++;
    list_push_back(&n->entries, &e->link);
    if (inode_is_dir(i)) {
        dir->nlink++;
        tmpfs_node(i)->parent = dir;
    }
}

static void remove(struct inode *dir, const char *name, size_t len, struct inode *i) {
    struct tmpfs_entry *e = find(dir, name, len);

    assertf(e && e->ino == i->ino, "tmpfs entry %s", name);
    rb_remove(&tmpfs_node(dir)->names, &e->node);
    list_remove(&e->link);
    kfree(e);
    if (inode_is_dir(i))
        dir->nlink--;
}

void tmpfs_free_entries(struct inode *dir) {
    struct tmpfs_entry *e, *next;

    list_for_each_safe(e, next, &tmpfs_node(dir)->entries, link)
        kfree(e);
}

static int tmpfs_lookup(struct inode *dir, const char *name, size_t len, struct inode **out) {
    struct tmpfs_entry *e = find(dir, name, len);
    return e ? inode_get(dir->super, e->ino, out) : -ENOENT;
}

static int tmpfs_create(struct inode *dir, const char *name, size_t len, uint32_t mode, dev_t rdev,
                        const char *target, struct inode **out) {
    int err = tmpfs_new_inode(dir->super, mode, rdev, target, out);
    if (err)
        return err;
    struct tmpfs_entry *e = entry_alloc(name, len, *out);
    if (!e) {
        (*out)->nlink = 0;
        inode_put(*out);
        return -ENOMEM;
    }
    insert(dir, e, *out);
    (*out)->nlink = S_ISDIR(mode) ? 2 : 1;
    return 0;
}

int tmpfs_make(struct inode *dir, const char *name, uint32_t mode, dev_t rdev, const char *target) {
    struct inode *i;

    mutex_lock(&dir->lock);
    int err = tmpfs_create(dir, name, strlen(name), mode, rdev, target, &i);
    mutex_unlock(&dir->lock);
    if (!err)
        inode_put(i);
    return err;
}

static int tmpfs_link(struct inode *dir, const char *name, size_t len, struct inode *i) {
    struct tmpfs_entry *e = entry_alloc(name, len, i);
    if (!e)
        return -ENOMEM;
    insert(dir, e, i);
    i->nlink++;
    inode_touch(i, INODE_CTIME);
    return 0;
}

static int check_empty(const struct inode *i) {
    return inode_is_dir(i) && !list_empty(&tmpfs_node(i)->entries) ? -ENOTEMPTY : 0;
}

static void lose_name(struct inode *dir, const char *name, size_t len, struct inode *i) {
    remove(dir, name, len, i);
    i->nlink -= inode_is_dir(i) ? 2 : 1;
    inode_touch(i, INODE_CTIME);
}

static int tmpfs_unlink(struct inode *dir, const char *name, size_t len, struct inode *i) {
    int err = check_empty(i);
    if (!err)
        lose_name(dir, name, len, i);
    return err;
}

static int tmpfs_rename(struct inode *dir, const char *name, size_t len, struct inode *i,
                        struct inode *newdir, const char *newname, size_t newlen,
                        struct inode *victim) {
    int err = victim ? check_empty(victim) : 0;
    if (err)
        return err;
    struct tmpfs_entry *e = entry_alloc(newname, newlen, i);
    if (!e)
        return -ENOMEM;
    if (victim)
        lose_name(newdir, newname, newlen, victim);
    remove(dir, name, len, i);
    insert(newdir, e, i);
    inode_touch(i, INODE_CTIME);
    return 0;
}

static ssize_t tmpfs_readlink(struct inode *link, char *buf, size_t size) {
    size_t n = min(size, (size_t)inode_size(link));
    memcpy(buf, tmpfs_node(link)->target, n);
    return (ssize_t)n;
}

static int tmpfs_readdir(struct file *f, struct dir_sink *sink) {
    struct inode *dir = f->inode;
    struct tmpfs_node *n = tmpfs_node(dir);
    struct tmpfs_entry *e;

    mutex_lock(&dir->lock);
    ino_t up = n->parent ? n->parent->ino : dir->ino;
    bool more = true;
    if (f->pos == 0 && (more = sink->emit(sink, ".", 1, dir->ino, DT_DIR, 1)))
        f->pos = 1;
    if (f->pos == 1 && (more = sink->emit(sink, "..", 2, up, DT_DIR, 2)))
        f->pos = 2;
    list_for_each(e, &n->entries, link) {
        if (!more)
            break;
        if (e->pos < f->pos)
            continue;
        more = sink->emit(sink, e->name, e->len, e->ino, IFTODT(e->mode), e->pos + 1);
        if (more)
            f->pos = e->pos + 1;
    }
    mutex_unlock(&dir->lock);
    return 0;
}

const struct inode_ops tmpfs_dir_ops = {
    .lookup = tmpfs_lookup,
    .create = tmpfs_create,
    .link = tmpfs_link,
    .unlink = tmpfs_unlink,
    .rename = tmpfs_rename,
};
const struct inode_ops tmpfs_link_ops = {.readlink = tmpfs_readlink};
const struct file_ops tmpfs_dir_file_ops = {.seek = directory_seek, .readdir = tmpfs_readdir};
