// The inode cache: one struct inode for each file in use, and for files used lately.
//
//              read_inode fails
//        NEW ------------------> BAD (unhashed, freed by its last user)
//         |
//         v        last put, no name left; or memory is short
//       LIVE ---------------------------------------------------> EVICTING --> freed
//       ref > 0 in use <--> ref = 0 on the LRU list
//
// Invariants: 1. a (super, number) pair has at most one inode in the hash. 2. ref leaves 0 only
// under cache_lock, so whoever finds 0 there may evict. 3. on the LRU list: LIVE, ref 0 (and not of
// a super that keeps its inodes). 4. an EVICTING inode stays in the hash until its blocks are free,
// so that inode_get() waits instead of reading a half-freed inode from the disk. 5. dirty <=> on
// its super's dirty list.
//
// Locks: cache_lock (RANK_FILE), a leaf beside those of memory. Eviction sleeps: never under it.
//
// Rejected: a lock per bucket (the path cache in front of it answers nearly every lookup).
#include "fs/inode.h"

#include "abi/errno.h"
#include "fs/lock.h"
#include "fs/path.h"
#include "fs/super.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/shrink.h"
#include "mm/slab.h"

static struct spinlock cache_lock = SPINLOCK_INIT("inode cache", RANK_FILE);
static struct waitq state_waitq = WAITQ_INIT(state_waitq); // an inode left NEW or EVICTING
static struct slab_cache *inode_slab;
static struct list *hash_table; // [hash] heads
static uint64_t hash_mask;
static struct list lru = LIST_INIT(lru); // [hash] oldest first
static uint64_t lru_count;               // [hash]

static struct list *hash_head(const struct super *s, ino_t ino) {
    uint64_t h = ((uintptr_t)s / 64 + ino) * 0x9e3779b97f4a7c15UL;
    return &hash_table[h >> 32 & hash_mask];
}

static struct inode *find_locked(const struct super *s, ino_t ino) {
    struct list *head = hash_head(s, ino);
    struct inode *i;

    list_for_each(i, head, hash_link)
        if (i->ino == ino && i->super == s)
            return i;
    return NULL;
}

static const struct inode_ops no_inode_ops; // until the file system says otherwise

static struct inode *inode_alloc(struct super *s, ino_t ino, uint32_t mode) {
    struct inode *i = slab_alloc(inode_slab, GFP_KERNEL);
    if (!i)
        return NULL;
    memset(i, 0, sizeof(*i));
    ref_init(&i->ref, 1);
    i->state = INODE_NEW;
    i->super = s;
    i->ino = ino;
    i->mode = mode;
    i->ops = &no_inode_ops;
    mapping_init(&i->mapping, NULL, i);
    list_init(&i->hash_link);
    list_init(&i->lru_link);
    list_init(&i->dirty_link);
    list_init(&i->super_link);
    return i;
}

// The lock's rank depends on the type, known only now; nobody else has seen the inode yet.
static void init_lock(struct inode *i) {
    mutex_init(&i->lock, inode_is_dir(i) ? "directory" : "inode",
               inode_is_dir(i) ? RANK_INODE_DIR : RANK_INODE);
}

static void inode_free(struct inode *i) {
    assert(list_empty(&i->hash_link) && list_empty(&i->lru_link) && list_empty(&i->dirty_link));
    mapping_destroy(&i->mapping);
    lock_free(i);
    slab_free(inode_slab, i);
}

static void insert_locked(struct inode *i) {
    list_push_front(hash_head(i->super, i->ino), &i->hash_link);
    list_push_back(&i->super->inodes, &i->super_link);
}

static void forget_dirty_locked(struct inode *i) {
    list_remove(&i->dirty_link);
    i->dirty = false;
}

static void unhash_locked(struct inode *i) {
    list_remove(&i->hash_link);
    list_remove(&i->super_link);
    forget_dirty_locked(i);
}

static void lru_remove(struct inode *i) {
    if (list_empty(&i->lru_link))
        return;
    list_remove(&i->lru_link);
    lru_count--;
}

static void hold_locked(struct inode *i) {
    if (ref_read(&i->ref) > 0) {
        ref_get(&i->ref);
        return;
    }
    ref_init(&i->ref, 1);
    lru_remove(i);
}

static void set_state(struct inode *i, enum inode_state state) {
    spin_lock(&cache_lock);
    i->state = state;
    if (state == INODE_BAD)
        unhash_locked(i);
    spin_unlock(&cache_lock);
    waitq_wake_all(&state_waitq);
}

static bool is_evicting(struct super *s, ino_t ino) {
    spin_lock(&cache_lock);
    struct inode *i = find_locked(s, ino);
    bool yes = i && i->state == INODE_EVICTING;
    spin_unlock(&cache_lock);
    return yes;
}

// One look into the cache. *fresh, if any, goes in when nothing is there. Returns the inode with a
// reference, or NULL: nothing (and no *fresh), or one that is just going (*going).
static struct inode *find_or_insert(struct super *s, ino_t ino, struct inode *fresh, bool *going) {
    spin_lock(&cache_lock);
    struct inode *i = find_locked(s, ino);
    *going = i && i->state == INODE_EVICTING;
    if (*going) {
        i = NULL;
    } else if (i) {
        hold_locked(i);
    } else if (fresh) {
        insert_locked(fresh);
        i = fresh;
    }
    spin_unlock(&cache_lock);
    return i;
}

static int fill(struct inode *i) {
    int err = i->super->ops->read_inode(i);
    if (!err)
        init_lock(i);
    set_state(i, err ? INODE_BAD : INODE_LIVE);
    return err;
}

int inode_get(struct super *s, ino_t ino, struct inode **out) {
    struct inode *fresh = NULL, *i;
    bool going;
    int err = 0;

    while (!(i = find_or_insert(s, ino, fresh, &going))) {
        if (going)
            wait_event(&state_waitq, !is_evicting(s, ino));
        else if (!(fresh = inode_alloc(s, ino, 0)))
            return -ENOMEM;
    }
    if (i == fresh) {
        err = fill(i);
    } else {
        if (fresh)
            inode_free(fresh); // another thread was faster
        if (READ_ONCE(i->state) == INODE_NEW)
            wait_event(&state_waitq, READ_ONCE(i->state) != INODE_NEW);
        if (READ_ONCE(i->state) == INODE_BAD)
            err = -EIO;
    }
    if (err)
        inode_put(i);
    else
        *out = i;
    return err;
}

int inode_new(struct super *s, ino_t ino, uint32_t mode, struct inode **out) {
    struct inode *i = inode_alloc(s, ino, mode), *found;
    bool going;
    if (!i)
        return -ENOMEM;
    i->nlink = 1;
    i->atime = i->mtime = i->ctime = realtime_now();
    init_lock(i);
    i->state = INODE_LIVE;
    // The number was free on the disk, but the inode that had it last may still be on its way out.
    while (!(found = find_or_insert(s, ino, i, &going)))
        wait_event(&state_waitq, !is_evicting(s, ino));
    *out = i;
    if (found == i)
        return 0;
    inode_free(i);
    inode_put(found);
    return -EEXIST;
}

// The inode is EVICTING: nobody can get hold of it.
static void evict(struct inode *i) {
    if (i->super->ops->evict_inode)
        i->super->ops->evict_inode(i);
    spin_lock(&cache_lock);
    unhash_locked(i);
    spin_unlock(&cache_lock);
    if (waitq_active(&state_waitq))
        waitq_wake_all(&state_waitq);
    inode_free(i);
}

void inode_put(struct inode *i) {
    if (!i || ref_put_unless_last(&i->ref))
        return;
    spin_lock(&cache_lock);
    if (!ref_put(&i->ref)) {
        spin_unlock(&cache_lock);
        return;
    }
    bool bad = i->state == INODE_BAD;
    bool keep = !bad && i->nlink > 0 && !i->super->drop_inodes;
    if (keep && !i->super->keep_inodes) {
        list_push_back(&lru, &i->lru_link);
        lru_count++;
    } else if (!keep && !bad) {
        i->state = INODE_EVICTING;
        forget_dirty_locked(i); // else the writer would take a reference, and free it a second time
    }
    spin_unlock(&cache_lock);
    if (bad)
        inode_free(i);
    else if (!keep)
        evict(i);
}

// A store to the inode, then a look at `dirty`, here; `dirty` cleared, then a look at the inode, in
// write_metadata(): with a full fence on both sides one of the two sees the other.
void inode_mark_dirty(struct inode *i) {
    if (!i->super->ops->write_inode)
        return;
    fence_full();
    if (READ_ONCE(i->dirty))
        return;
    spin_lock(&cache_lock);
    bool first = !i->dirty && i->state == INODE_LIVE;
    if (first) {
        i->dirty = true;
        list_push_back(&i->super->dirty, &i->dirty_link);
    }
    spin_unlock(&cache_lock);
    if (first)
        inode_writer_wake();
}

void inode_touch(struct inode *i, int which) {
    struct timespec now = realtime_now();

    if (which & INODE_ATIME)
        i->atime = now;
    if (which & INODE_MTIME)
        i->mtime = now;
    if (which & INODE_CTIME)
        i->ctime = now;
    inode_mark_dirty(i);
}

static int write_metadata(struct inode *i) {
    spin_lock(&cache_lock);
    bool dirty = i->dirty;
    list_remove(&i->dirty_link);
    i->dirty = false;
    spin_unlock(&cache_lock);
    if (!dirty || !i->super->ops->write_inode)
        return 0;
    fence_full(); // see inode_mark_dirty()
    int err = i->super->ops->write_inode(i);
    if (err)
        inode_mark_dirty(i);
    return err;
}

int inode_sync(struct inode *i, bool wait) {
    int err = 0;
    if (i->mapping.ops && i->mapping.ops->write_pages)
        err = page_cache_sync(&i->mapping, 0, UINT64_MAX, wait);
    int err2 = write_metadata(i);
    return err ? err : err2;
}

// The first dirty inode of s, held; NULL: none. last: where an earlier round ended, so that inodes
// that stay dirty (errors) end the loop.
static struct inode *first_dirty(struct super *s, const struct inode *last) {
    struct inode *i = NULL;

    spin_lock(&cache_lock);
    if (!list_empty(&s->dirty)) {
        i = list_first(&s->dirty, struct inode, dirty_link);
        if (i == last)
            i = NULL;
        else
            hold_locked(i);
    }
    spin_unlock(&cache_lock);
    return i;
}

int inode_sync_super(struct super *s, bool wait) {
    struct inode *i, *failed = NULL;
    int err = 0;

    while ((i = first_dirty(s, failed))) {
        int e = inode_sync(i, wait);
        if (e && !failed)
            failed = i; // back at the list's end: stop when it comes first again
        err = err ? err : e;
        inode_put(i);
        cond_resched();
    }
    return err;
}

void inode_fill_stat(struct inode *i, struct stat *st) {
    memset(st, 0, sizeof(*st));
    st->st_dev = i->super->devno;
    st->st_ino = i->ino;
    st->st_mode = i->mode;
    st->st_nlink = i->nlink;
    st->st_uid = i->uid;
    st->st_gid = i->gid;
    st->st_rdev = i->rdev;
    st->st_size = (off_t)inode_size(i);
    st->st_blksize = PAGE_SIZE;
    st->st_blocks = (int64_t)i->blocks;
    if (i->mapping.is_shmem)
        st->st_blocks = (int64_t)((i->mapping.nrpages + i->mapping.nrswapped) * (PAGE_SIZE / 512));
    st->st_atim = i->atime;
    st->st_mtim = i->mtime;
    st->st_ctim = i->ctime;
}

// Takes one inode that can go off the LRU list; used ones cannot be there, dirty ones and those
// with pages (reclaim of the page cache comes first) go round. *tries bounds the search.
static struct inode *take_unused(uint64_t *tries) {
    struct inode *found = NULL;

    spin_lock(&cache_lock);
    while (!found && *tries && !list_empty(&lru)) {
        struct inode *i = list_first(&lru, struct inode, lru_link);
        --*tries;
        if (i->dirty || i->mapping.nrpages) {
            list_move_back(&lru, &i->lru_link);
            continue;
        }
        lru_remove(i);
        i->state = INODE_EVICTING;
        found = i;
    }
    spin_unlock(&cache_lock);
    return found;
}

uint64_t inode_shrink(uint64_t wanted) {
    uint64_t freed = 0, tries = min(lru_count, wanted * 4);
    struct inode *i;

    while (freed < wanted && (i = take_unused(&tries))) {
        evict(i);
        freed++;
    }
    return freed;
}

bool inode_super_written(struct super *s) {
    bool found = false;
    struct inode *i;

    spin_lock(&cache_lock);
    list_for_each(i, &s->inodes, super_link)
        found |= atomic_load_relaxed(&i->writers) > 0 || i->nlink == 0;
    spin_unlock(&cache_lock);
    return found;
}

// The first inode of s, made EVICTING. NULL: none left (*err 0), one that is being evicted by
// another thread (-EAGAIN, *ino tells which), or one in use (-EBUSY).
static struct inode *take_of_super(struct super *s, ino_t *ino, int *err) {
    struct inode *i = NULL;

    spin_lock(&cache_lock);
    *err = 0;
    if (!list_empty(&s->inodes)) {
        i = list_first(&s->inodes, struct inode, super_link);
        *ino = i->ino;
        if (i->state == INODE_EVICTING)
            *err = -EAGAIN;
        else if (ref_read(&i->ref) > 0 || i->state != INODE_LIVE)
            *err = -EBUSY;
    }
    if (i && !*err) {
        lru_remove(i);
        i->state = INODE_EVICTING;
    }
    spin_unlock(&cache_lock);
    return *err ? NULL : i;
}

int inode_evict_super(struct super *s) {
    struct inode *i;
    ino_t ino = 0;
    int err;

    while ((i = take_of_super(s, &ino, &err)) || err == -EAGAIN) {
        if (i)
            evict(i);
        else
            wait_event(&state_waitq, !is_evicting(s, ino));
    }
    return err;
}

static uint64_t lru_size(void) { return lru_count * vfs_cache_pressure / 100; }
static struct shrinker inode_shrinker = {.name = "inode", .count = lru_size, .scan = inode_shrink};

void inode_cache_init(void) {
    uint64_t heads = 64;
    while (heads < 65536 && heads < mem_total_pages() / 16)
        heads *= 2;
    hash_table = kmalloc_array(heads, sizeof(*hash_table), GFP_KERNEL | GFP_NOFAIL_TEST);
    assert(hash_table);
    for (uint64_t n = 0; n < heads; n++)
        list_init(&hash_table[n]);
    hash_mask = heads - 1;
    inode_slab = slab_cache_create("inode_cache", sizeof(struct inode), 0, NULL);
    slab_cache_set_reclaimable(inode_slab);
    shrinker_register(&inode_shrinker);
}
