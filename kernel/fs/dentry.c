// The path cache: names looked up lately, as a tree of directory entries, found by hash.
//
//   dentry "/" --children--> "bin" --children--> "sh" (positive: inode 17)
//                                            \-> "zsh" (negative: known not to exist)
//
// Invariants: 1. a child holds its parent, so an entry with children is in use. 2. ref leaves 0
// only under dentry_lock, so whoever finds 0 there may free. 3. an unused entry is on the LRU list;
// used ones may be (they fall off when the shrinker meets them), and the last put moves an entry to
// the end. 4. a name has at most one hashed entry; only the holder of its directory's inode lock
// adds, moves or removes one. 5. a positive entry never turns negative: when the file goes, the
// entry is unhashed and dies with its last user, so that open files keep their name.
//
// 6. a directory of a disk has at most one hashed entry (inode->named), so that the cache is a tree
// and a rename ends, whatever a damaged disk says: a second name for it is refused.
//
// Entries of directories with volatile names (/proc/<pid>) are never hashed.
//
// Lock: dentry_lock (RANK_FILE), one for the tree, the hash and the mounts. A walk takes it once
// for all cached components and no reference in between (path.c).
//
// Rejected: read-copy-update or a lock per bucket: more code, and at a few dozen instructions per
// component the lock is not what limits 16 harts.
#include "fs/dentry.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "klog/printk.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/shrink.h"
#include "mm/slab.h"

struct spinlock dentry_lock = SPINLOCK_INIT("path cache", RANK_FILE);
static struct slab_cache *dentry_slab;
static struct list *hash_table;
static uint32_t hash_shift; // the table has 2^(32 - hash_shift) heads
static struct list lru = LIST_INIT(lru);
static uint64_t lru_count;

uint32_t name_hash(const char *name, size_t len) {
    uint32_t h = NAME_HASH_START;
    for (size_t n = 0; n < len; n++)
        h = name_hash_step(h, (uint8_t)name[n]);
    return h;
}

static inline struct list *hash_head(const struct dentry *dir, uint32_t hash) {
    uint32_t mixed = (hash + (uint32_t)((uintptr_t)dir >> 6)) * 0x9e3779b1u;
    return &hash_table[mixed >> hash_shift];
}

// Names are short: a loop here is cheaper than a call.
static inline bool same_name(const char *a, const char *b, size_t len) {
    for (size_t n = 0; n < len; n++)
        if (a[n] != b[n])
            return false;
    return true;
}

struct dentry *dentry_find_locked(const struct dentry *dir, const char *name, size_t len,
                                  uint32_t hash) {
    struct list *head = hash_head(dir, hash);
    struct dentry *d;

    list_for_each(d, head, hash_link)
        if (d->hash == hash && d->parent == dir && d->len == len && same_name(d->name, name, len))
            return d;
    return NULL;
}

void dentry_hold(struct dentry *d) { ref_get(&d->ref); }

static struct dentry *dentry_alloc(const char *name, size_t len, uint32_t hash) {
    struct dentry *d = slab_alloc(dentry_slab, GFP_KERNEL);
    if (!d)
        return NULL;
    memset(d, 0, offsetof(struct dentry, inline_name));
    d->name = d->inline_name;
    if (len >= DENTRY_INLINE_NAME && !(d->name = kmalloc(len + 1, GFP_KERNEL))) {
        slab_free(dentry_slab, d);
        return NULL;
    }
    memcpy(d->name, name, len);
    d->name[len] = '\0';
    d->len = (uint32_t)len;
    d->hash = hash;
    ref_init(&d->ref, 1);
    d->parent = d;
    list_init(&d->hash_link);
    list_init(&d->lru_link);
    list_init(&d->children);
    list_init(&d->sibling);
    return d;
}

static void lru_remove(struct dentry *d) {
    if (list_empty(&d->lru_link))
        return;
    list_remove(&d->lru_link);
    lru_count--;
}

static void set_named(struct dentry *d, bool named) {
    if (d->inode && inode_is_dir(d->inode) && d->inode->super->dev)
        d->inode->named = named;
}

static void unhash_locked(struct dentry *d) {
    if (d->hashed)
        set_named(d, false);
    d->hashed = false;
    list_remove(&d->hash_link);
}

static void rehash(struct dentry *d) {
    d->hashed = true;
    set_named(d, true);
    list_push_front(hash_head(d->parent, d->hash), &d->hash_link);
}

// Takes an unused entry out of everything. Returns its parent, whose reference is now the caller's.
static struct dentry *detach_locked(struct dentry *d) {
    assert(ref_read(&d->ref) == 0 && list_empty(&d->children) && !d->mounted);
    unhash_locked(d);
    lru_remove(d);
    list_remove(&d->sibling);
    return d->parent == d ? NULL : d->parent;
}

static void dentry_free(struct dentry *d) {
    inode_put(d->inode);
    if (d->name != d->inline_name)
        kfree(d->name);
    slab_free(dentry_slab, d);
}

void dentry_put(struct dentry *d) {
    while (d && !ref_put_unless_last(&d->ref)) {
        spin_lock(&dentry_lock);
        if (!ref_put(&d->ref)) {
            spin_unlock(&dentry_lock);
            return;
        }
        if (d->hashed) {
            lru_remove(d);
            list_push_back(&lru, &d->lru_link);
            lru_count++;
            spin_unlock(&dentry_lock);
            return;
        }
        struct dentry *parent = detach_locked(d);
        spin_unlock(&dentry_lock);
        dentry_free(d);
        d = parent;
    }
}

// False: d is a second name of a directory.
static bool attach(struct dentry *d, struct dentry *dir, bool hashed) {
    spin_lock(&dentry_lock);
    if (hashed && d->inode && d->inode->named) {
        spin_unlock(&dentry_lock);
        return false;
    }
    dentry_hold_locked(dir);
    d->parent = dir;
    list_push_back(&dir->children, &d->sibling);
    if (hashed)
        rehash(d);
    spin_unlock(&dentry_lock);
    return true;
}

static struct dentry *find_cached(struct dentry *dir, const char *name, size_t len, uint32_t hash) {
    spin_lock(&dentry_lock);
    struct dentry *d = dentry_find_locked(dir, name, len, hash);
    if (d)
        dentry_hold_locked(d);
    spin_unlock(&dentry_lock);
    return d;
}

int dentry_lookup(struct dentry *dir, const char *name, size_t len, uint32_t hash,
                  struct dentry **out) {
    struct inode *i = dir->inode;
    struct inode *found = NULL;

    assert(mutex_held(&i->lock));
    if (!i->volatile_names && (*out = find_cached(dir, name, len, hash)))
        return 0;
    if (i->nlink == 0)
        return -ENOENT;
    if (len > NAME_MAX)
        return -ENAMETOOLONG;
    int err = i->ops->lookup(i, name, len, &found);
    if (err && err != -ENOENT)
        return err;
    struct dentry *d = dentry_alloc(name, len, hash);
    if (!d) {
        inode_put(found);
        return -ENOMEM;
    }
    d->inode = found;
    if (!attach(d, dir, !i->volatile_names)) {
        pr_err("directory %lu has a second name, %s; run e2fsck\n", found->ino, d->name);
        dentry_free(d);
        return -EIO;
    }
    *out = d;
    return 0;
}

struct dentry *dentry_make_root(struct inode *i) {
    struct dentry *d = dentry_alloc("/", 1, 0);
    if (d) {
        d->inode = i;
        set_named(d, true);
    }
    return d;
}

struct dentry *dentry_anon(struct inode *i, const char *name) {
    struct dentry *d = dentry_alloc(name, strlen(name), 0);
    if (!d)
        return NULL;
    inode_hold(i);
    d->inode = i;
    return d;
}

void dentry_instantiate(struct dentry *d, struct inode *i) {
    spin_lock(&dentry_lock);
    assert(!d->inode);
    d->inode = i;
    if (d->hashed)
        set_named(d, true);
    spin_unlock(&dentry_lock);
}

void dentry_remove(struct dentry *d) {
    spin_lock(&dentry_lock);
    unhash_locked(d);
    d->removed = true;
    spin_unlock(&dentry_lock);
}

static void swap_names(struct dentry *a, struct dentry *b) {
    char inline_a[DENTRY_INLINE_NAME];
    char *name_a = a->name, *name_b = b->name;
    uint32_t len = a->len, hash = a->hash;

    memcpy(inline_a, a->inline_name, sizeof(inline_a));
    memcpy(a->inline_name, b->inline_name, sizeof(inline_a));
    memcpy(b->inline_name, inline_a, sizeof(inline_a));
    a->name = name_b == b->inline_name ? a->inline_name : name_b;
    b->name = name_a == a->inline_name ? b->inline_name : name_a;
    a->len = b->len;
    a->hash = b->hash;
    b->len = len;
    b->hash = hash;
}

// Name, place in the tree, and the reference to the parent change hands; both end up unhashed.
static void swap_places(struct dentry *a, struct dentry *b) {
    struct dentry *parent_a = a->parent;

    unhash_locked(a);
    unhash_locked(b);
    swap_names(a, b);
    a->parent = b->parent;
    b->parent = parent_a;
    list_move_back(&a->parent->children, &a->sibling);
    list_move_back(&b->parent->children, &b->sibling);
}

void dentry_move(struct dentry *d, struct dentry *target) {
    spin_lock(&dentry_lock);
    swap_places(d, target);
    rehash(d);
    if (target->inode)
        target->removed = true;
    else
        rehash(target); // the old name is known not to exist
    spin_unlock(&dentry_lock);
}

void dentry_exchange(struct dentry *a, struct dentry *b) {
    spin_lock(&dentry_lock);
    swap_places(a, b);
    rehash(a);
    rehash(b);
    spin_unlock(&dentry_lock);
}

bool dentry_is_below(const struct dentry *d, const struct dentry *top) {
    spin_lock(&dentry_lock);
    while (d != top && d->parent != d)
        d = d->parent;
    spin_unlock(&dentry_lock);
    return d == top;
}

// The first unused entry below top in pre-order, or NULL. An unused entry has no children.
static struct dentry *find_unused_below(struct dentry *top) {
    struct dentry *d = top;

    for (;;) {
        struct list *next = d->children.next;
        if (next == &d->children) {
            while (d != top && d->sibling.next == &d->parent->children)
                d = d->parent;
            if (d == top)
                return NULL;
            next = d->sibling.next;
        }
        d = list_entry(next, struct dentry, sibling);
        if (ref_read(&d->ref) == 0)
            return d;
    }
}

void dentry_prune(struct dentry *top) {
    for (;;) {
        spin_lock(&dentry_lock);
        struct dentry *d = find_unused_below(top);
        struct dentry *parent = d ? detach_locked(d) : NULL;
        spin_unlock(&dentry_lock);
        if (!d)
            return;
        dentry_free(d);
        dentry_put(parent);
        cond_resched();
    }
}

// The least recently used entry, taken out; used ones that it meets fall off the list.
static struct dentry *take_unused(struct dentry **parent) {
    struct dentry *found = NULL;

    spin_lock(&dentry_lock);
    while (!found && !list_empty(&lru)) {
        struct dentry *d = list_first(&lru, struct dentry, lru_link);
        lru_remove(d);
        if (ref_read(&d->ref) == 0)
            found = d;
    }
    if (found)
        *parent = detach_locked(found);
    spin_unlock(&dentry_lock);
    return found;
}

uint64_t vfs_cache_pressure = 100;

uint64_t dentry_shrink(uint64_t wanted) {
    struct dentry *d, *parent;
    uint64_t freed = 0;

    while (freed < wanted && (d = take_unused(&parent))) {
        dentry_free(d);
        dentry_put(parent);
        freed++;
    }
    return freed;
}

static uint64_t lru_size(void) { return lru_count * vfs_cache_pressure / 100; }
static struct shrinker dentry_shrinker = {
    .name = "dentry", .count = lru_size, .scan = dentry_shrink};

void path_init(void) {
    uint32_t order = 6;
    while (order < 16 && 1UL << order < mem_total_pages() / 8)
        order++;
    hash_table = kmalloc_array(1UL << order, sizeof(*hash_table), GFP_KERNEL | GFP_NOFAIL_TEST);
    assert(hash_table);
    for (size_t n = 0; n < 1UL << order; n++)
        list_init(&hash_table[n]);
    hash_shift = 32 - order;
    dentry_slab = slab_cache_create("dentry", sizeof(struct dentry), 0, NULL);
    slab_cache_set_reclaimable(dentry_slab);
    shrinker_register(&dentry_shrinker);
}
