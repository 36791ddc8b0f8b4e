// Super blocks, and the thread that brings dirty inodes to the disk.
//
// One device is one super block, however often it is mounted. Dirty pages are written by the page
// cache's own thread; what an inode says of itself (size, times, block map) is written by ours,
// into buffers of the device, which the page cache writes later. Both wait a few seconds so that
// several changes cost one write.
//
// Lock: supers_lock (RANK_MOUNT) guards the list; a super's reference count may drop to 0 only
// under it, so that super_open() never revives one that is being unmounted.
#include "fs/super.h"

#include "abi/errno.h"
#include "abi/mount.h"
#include "dev/blk.h"
#include "fs/mount.h"
#include "klog/printk.h"
#include "mm/slab.h"
#include "sched/timer.h"
#include "vm/buffer.h"

#define WRITER_DELAY_NS 5000000000UL

static struct mutex supers_lock = MUTEX_INIT(supers_lock, "supers", RANK_MOUNT);
static struct list supers = LIST_INIT(supers);
static uint32_t next_anon_minor; // [supers_lock] st_dev of file systems without a device

static struct waitq writer_waitq = WAITQ_INIT(writer_waitq);
static bool writer_wanted; // [a]
static uint32_t writer_started; // [a] bool; a word, because there are no byte-sized AMOs

static struct super *super_alloc(const struct fs_type *type, struct blkdev *dev, uint32_t flags) {
    struct super *s = kzalloc(sizeof(*s), GFP_KERNEL);
    if (!s)
        return NULL;
    ref_init(&s->ref, 1);
    s->type = type;
    s->dev = dev;
    s->flags = flags;
    s->max_size = INT64_MAX;
    if (!dev)
        next_anon_minor++;
    s->devno = dev ? dev->dev : (dev_t)DEV_MAKE(0, next_anon_minor);
    list_init(&s->link);
    list_init(&s->inodes);
    list_init(&s->dirty);
    return s;
}

static struct super *find_super(const struct fs_type *type, const struct blkdev *dev) {
    struct super *s;

    list_for_each(s, &supers, link)
        if ((dev && s->dev == dev) || (!dev && type->single && s->type == type))
            return s;
    return NULL;
}

static int share(struct super *s, const struct fs_type *type, uint32_t flags, struct super **out) {
    if (s->type != type || ((s->flags ^ flags) & MS_RDONLY && s->dev))
        return -EBUSY;
    ref_get(&s->ref);
    *out = s;
    return 0;
}

static int open_locked(struct fs_type *type, struct blkdev *dev, uint32_t flags,
                       const char *options, struct super **out) {
    struct super *s = find_super(type, dev);
    if (s)
        return share(s, type, flags, out);
    s = super_alloc(type, dev, flags);
    if (!s)
        return -ENOMEM;
    int err = dev ? blkdev_claim(dev, s) : 0; // -EBUSY: it is a swap area
    if (err) {
        kfree(s);
        return err;
    }
    err = type->mount(s, options ? options : "");
    if (err) {
        int busy = inode_evict_super(s);
        assertf(!busy, "%s: failed mount keeps inodes", type->name);
        if (dev)
            blkdev_release(dev, s);
        kfree(s);
        return err;
    }
    assert(s->root && s->ops);
    list_push_back(&supers, &s->link);
    *out = s;
    return 0;
}

int super_open(struct fs_type *type, struct blkdev *dev, uint32_t flags, const char *options,
               struct super **out) {
    if (dev && dev->readonly && !(flags & MS_RDONLY))
        return -EACCES;
    mutex_lock(&supers_lock);
    int err = open_locked(type, dev, flags, options, out);
    mutex_unlock(&supers_lock);
    return err;
}

struct super *super_open_internal(const struct super_ops *ops) {
    struct super *s = super_alloc(NULL, NULL, 0);
    assert(s); // boot
    s->ops = ops;
    return s;
}

int super_sync(struct super *s, bool wait) {
    int err = s->flags & MS_RDONLY ? 0 : inode_sync_super(s, wait);
    if (!err && s->ops->sync && !(s->flags & MS_RDONLY))
        err = s->ops->sync(s, wait);
    if (!s->dev)
        return err;
    struct mapping *m = bdev_mapping(s->dev);
    int err2 = m ? page_cache_sync(m, 0, UINT64_MAX, wait) : -ENOMEM;
    if (wait && !err2 && !s->dev->readonly)
        err2 = blkdev_flush(s->dev);
    return err ? err : err2;
}

static void super_destroy(struct super *s) {
    if (s->dev && !(s->flags & MS_RDONLY)) {
        page_cache_sync_all(true);
        int err = super_sync(s, true);
        if (err)
            pr_err("%s: %s: data lost at unmount, error %d\n", s->type->name, s->dev->name, -err);
    }
    inode_put(s->root);
    int busy = inode_evict_super(s);
    assertf(!busy, "%s: unmounted with inodes in use", s->type->name);
    if (s->ops->unmount)
        s->ops->unmount(s);
    if (s->dev && !(s->flags & MS_RDONLY)) // what unmount itself wrote
        (void)!page_cache_sync(bdev_mapping(s->dev), 0, UINT64_MAX, true);
    if (s->dev)
        blkdev_release(s->dev, s);
    kfree(s);
}

void super_put(struct super *s) {
    if (ref_put_unless_last(&s->ref))
        return;
    mutex_lock(&supers_lock);
    bool last = ref_put(&s->ref);
    if (last) {
        list_remove(&s->link);
        super_destroy(s);
    }
    mutex_unlock(&supers_lock);
}

static int remount_locked(struct super *s, uint32_t flags) {
    int err = 0;

    if (!(s->flags & MS_RDONLY) && flags & MS_RDONLY) {
        page_cache_sync_all(true); // also pages stored to through mappings
        err = super_sync(s, true);
    }
    if (!err && s->ops->remount)
        err = s->ops->remount(s, flags);
    if (!err)
        s->flags = (s->flags & ~MS_RDONLY) | (flags & MS_RDONLY);
    return err;
}

int super_remount(struct super *s, uint32_t flags) {
    if (s->dev && s->dev->readonly && !(flags & MS_RDONLY))
        return -EACCES;
    bool becomes_readonly = flags & MS_RDONLY && !(s->flags & MS_RDONLY);
    mutex_lock(&supers_lock);
    int err = becomes_readonly && inode_super_written(s) ? -EBUSY : remount_locked(s, flags);
    mutex_unlock(&supers_lock);
    return err;
}

void super_shutdown(void) {
    struct super *s;

    mutex_lock(&supers_lock);
    list_for_each(s, &supers, link) {
        if (!s->dev || s->flags & MS_RDONLY)
            continue;
        int err = remount_locked(s, MS_RDONLY);
        if (err)
            pr_err("%s: not cleanly unmounted, error %d\n", s->dev->name, -err);
    }
    mutex_unlock(&supers_lock);
}

void super_sync_all(bool wait) {
    struct super *s;

    page_cache_sync_all(false);
    mutex_lock(&supers_lock);
    list_for_each(s, &supers, link)
        super_sync(s, wait);
    mutex_unlock(&supers_lock);
    if (wait)
        page_cache_sync_all(true);
}

static void write_dirty_inodes(void) {
    struct super *s;

    mutex_lock(&supers_lock);
    list_for_each(s, &supers, link)
        if (!(s->flags & MS_RDONLY))
            inode_sync_super(s, false);
    mutex_unlock(&supers_lock);
}

// Sleeps while nothing is dirty: an idle machine takes no timer interrupt for it.
static void writer(void *arg) {
    for (;;) {
        wait_event(&writer_waitq, READ_ONCE(writer_wanted));
        sleep_until(ktime_ns() + WRITER_DELAY_NS);
        WRITE_ONCE(writer_wanted, false);
        fence_full();
        write_dirty_inodes();
    }
}

void inode_writer_wake(void) {
    if (READ_ONCE(writer_wanted))
        return;
    WRITE_ONCE(writer_wanted, true);
    if (!writer_started && !atomic_swap(&writer_started, 1) &&
        !kthread_start("fswriter", writer, NULL))
        atomic_store(&writer_started, 0); // no memory: the next one tries again
    waitq_wake_all(&writer_waitq);
}
