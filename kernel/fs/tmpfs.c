// tmpfs: a file system in memory.
//
// Data lives in the page cache and in swap (vm/shmemswap.c): what was never written reads as
// zeroes, and there is no write_pages. Names: tmpfs_dir.c.
//
// Invariants: 1. an inode with a name stays in the inode cache (super.keep_inodes), as there is no
// disk to read it from. 2. `used` counts the pages written to, each marked by page->private = 1,
// and is at most `limit`.
//
// Locks: the counts of super and inode: tmpfs_super.lock (RANK_FS), taken with a page locked.
#include "fs/tmpfs_internal.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/slab.h"
#include "vm/rmap.h"
#include "vm/shmemswap.h"

// ---- pages --------------------------------------------------------------------------------------

// Charges the page at its first write.
static int tmpfs_prepare_write(struct mapping *m, struct page *page, uint32_t from, uint32_t to) {
    struct inode *i = m->host;
    struct tmpfs_super *t = tmpfs_super(i->super);
    int err = 0;

    if (page->private)
        return 0;
    mutex_lock(&t->lock);
    if (t->used < t->limit) {
        t->used++;
        tmpfs_node(i)->used++;
        page->private = 1;
    } else {
        err = -ENOSPC;
    }
    mutex_unlock(&t->lock);
    return err;
}

static const struct mapping_ops tmpfs_mapping_ops = {
    .read_pages = shmem_read_pages,
    .prepare_write = tmpfs_prepare_write,
    .hold = file_mapping_hold,
    .release = file_mapping_release,
};

// After pages were dropped: counts the charged ones that are left.
static void recount(struct inode *i) {
    struct tmpfs_super *t = tmpfs_super(i->super);
    uint64_t left = 0, index = 0;
    struct page *p;

    mutex_lock(&t->lock); // a fault may be charging a page
    spin_lock(&i->mapping.lock);
    for (; (p = radix_next(&i->mapping.pages, &index)); index++)
        left += p->private != 0;
    for (index = 0; radix_next(&i->mapping.swapped, &index); index++)
        left++; // all were written
    spin_unlock(&i->mapping.lock);
    t->used -= tmpfs_node(i)->used - left;
    tmpfs_node(i)->used = left;
    mutex_unlock(&t->lock);
}

static int tmpfs_truncate(struct inode *i, uint64_t size) {
    bool shrinks = size <= inode_size(i);

    if (size > INT64_MAX)
        return -EFBIG;
    int err = page_cache_truncate(&i->mapping, size);
    if (!err && shrinks)
        recount(i);
    return err;
}

static int punch(struct inode *i, uint64_t off, uint64_t end) {
    uint64_t first, past;
    int err = page_cache_zero_edges(&i->mapping, off, end, &first, &past);
    if (err || first == past)
        return err;
    rmap_unmap_range(&i->mapping, first, past - 1, false); // quickly, most at once
    page_cache_drop_range(&i->mapping, first, past - 1);
    recount(i);
    return 0;
}

static int tmpfs_fallocate(struct inode *i, int mode, uint64_t off, uint64_t end) {
    if (mode & FALLOC_FL_PUNCH_HOLE)
        return punch(i, off, end);
    int err = page_cache_allocate(&i->mapping, off, end);
    if (end <= inode_size(i))
        return err;
    if (err)
        (void)!tmpfs_truncate(i, inode_size(i));
    else if (!(mode & FALLOC_FL_KEEP_SIZE))
        page_cache_extend(&i->mapping, end);
    return err;
}

static const struct inode_ops tmpfs_file_ops = {
    .truncate = tmpfs_truncate,
    .fallocate = tmpfs_fallocate,
};

// ---- inodes -------------------------------------------------------------------------------------

static void set_ops(struct inode *i) {
    i->mapping.ops = &tmpfs_mapping_ops;
    i->mapping.is_shmem = true;
    i->ops = &tmpfs_file_ops;
    switch (i->mode & S_IFMT) {
    case S_IFREG:
        i->fops = &regular_file_ops;
        break;
    case S_IFDIR:
        i->ops = &tmpfs_dir_ops;
        i->fops = &tmpfs_dir_file_ops;
        break;
    case S_IFLNK:
        i->ops = &tmpfs_link_ops;
        break;
    default:
        inode_init_special(i);
    }
}

static int charge_inode(struct tmpfs_super *t, ino_t *ino) {
    mutex_lock(&t->lock);
    int err = t->inodes < t->max_inodes ? 0 : -ENOSPC;
    if (!err) {
        t->inodes++;
        *ino = ++t->next_ino;
    }
    mutex_unlock(&t->lock);
    return err;
}

static void uncharge_inode(struct tmpfs_super *t) {
    mutex_lock(&t->lock);
    t->inodes--;
    mutex_unlock(&t->lock);
}

static struct tmpfs_node *node_alloc(const char *target) {
    struct tmpfs_node *n = kzalloc(sizeof(*n), GFP_KERNEL);
    if (!n)
        return NULL;
    list_init(&n->entries);
    n->next_pos = 2; // after "." and ".."
    if (target && !(n->target = kstrdup(target, GFP_KERNEL))) {
        kfree(n);
        return NULL;
    }
    return n;
}

int tmpfs_new_inode(struct super *s, uint32_t mode, dev_t rdev, const char *target,
                    struct inode **out) {
    ino_t ino;
    int err = charge_inode(tmpfs_super(s), &ino);
    if (err)
        return err;
    struct tmpfs_node *n = node_alloc(target);
    struct inode *i;
    err = n ? inode_new(s, ino, mode, &i) : -ENOMEM;
    if (err) {
        if (n)
            kfree(n->target);
        kfree(n);
        uncharge_inode(tmpfs_super(s));
        return err;
    }
    i->private = n;
    i->rdev = rdev;
    if (target)
        i->mapping.size = strlen(target);
    set_ops(i);
    *out = i;
    return 0;
}

static void tmpfs_evict_inode(struct inode *i) {
    struct tmpfs_node *n = tmpfs_node(i);

    page_cache_truncate(&i->mapping, 0);
    mutex_lock(&tmpfs_super(i->super)->lock);
    tmpfs_super(i->super)->used -= n->used;
    tmpfs_super(i->super)->inodes--;
    mutex_unlock(&tmpfs_super(i->super)->lock);
    tmpfs_free_entries(i);
    kfree(n->target);
    kfree(n);
}

// ---- mounts -------------------------------------------------------------------------------------

static int tmpfs_read_inode(struct inode *i) { return -ESTALE; } // all are in the cache

static int tmpfs_statfs(struct super *s, struct statfs *out) {
    struct tmpfs_super *t = tmpfs_super(s);

    mutex_lock(&t->lock);
    out->f_type = TMPFS_MAGIC;
    out->f_blocks = (int64_t)t->limit;
    out->f_bfree = out->f_bavail = (int64_t)(t->limit - t->used);
    out->f_files = (int64_t)t->max_inodes;
    out->f_ffree = (int64_t)(t->max_inodes - t->inodes);
    mutex_unlock(&t->lock);
    return 0;
}

static void tmpfs_unmount(struct super *s) { kfree(s->private); }

static const struct super_ops tmpfs_super_ops = {
    .read_inode = tmpfs_read_inode,
    .evict_inode = tmpfs_evict_inode,
    .statfs = tmpfs_statfs,
    .unmount = tmpfs_unmount,
};

// The value of option `key` in "a=1,size=4M": NULL when it is not there.
static const char *find_option(const char *options, const char *key) {
    size_t len = strlen(key);

    for (const char *o = options; o && *o; o = strchr(o, ',')) {
        if (*o == ',')
            o++;
        if (!strncmp(o, key, len) && o[len] == '=')
            return o + len + 1;
    }
    return NULL;
}

// A number up to the next comma: bytes with K, M, G, or a share of memory in percent.
static int parse_amount(const char *text, uint64_t *out) {
    char value[24];
    size_t len = 0;

    while (text[len] && text[len] != ',' && len < sizeof(value) - 1)
        len++;
    memcpy(value, text, len);
    value[len] = '\0';
    if (len && value[len - 1] == '%') {
        *out = mem_total_pages() * parse_u64(value, NULL, 10) / 100 * PAGE_SIZE;
        return 0;
    }
    return parse_size(value, out) ? 0 : -EINVAL;
}

static int parse_options(struct tmpfs_super *t, const char *options, uint32_t *mode) {
    const char *o;
    uint64_t n;

    if ((o = find_option(options, "size"))) {
        if (parse_amount(o, &n))
            return -EINVAL;
        t->limit = DIV_ROUND_UP(n, PAGE_SIZE);
    }
    if ((o = find_option(options, "nr_inodes"))) {
        if (parse_amount(o, &n))
            return -EINVAL;
        t->max_inodes = n;
    }
    if ((o = find_option(options, "mode")))
        *mode = (uint32_t)parse_u64(o, NULL, 8) & 07777;
    return 0;
}

int tmpfs_fill_super(struct super *s, const char *options) {
    struct tmpfs_super *t = kzalloc(sizeof(*t), GFP_KERNEL);
    uint32_t mode = 01777;

    if (!t)
        return -ENOMEM;
    mutex_init(&t->lock, "tmpfs", RANK_FS);
    t->limit = mem_total_pages() / 2;
    t->max_inodes = mem_total_pages() / 2;
    s->private = t;
    s->ops = &tmpfs_super_ops;
    s->keep_inodes = true;
    int err = parse_options(t, options, &mode);
    if (!err)
        err = tmpfs_new_inode(s, S_IFDIR | mode, 0, NULL, &s->root);
    if (err) {
        kfree(t);
        return err;
    }
    s->root->nlink = 2;
    return 0;
}

static struct fs_type tmpfs_type = {.name = "tmpfs", .mount = tmpfs_fill_super};

void tmpfs_init(void) { fs_register(&tmpfs_type); }
