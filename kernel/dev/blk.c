#include "dev/blk.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/stat.h"
#include "sched/waitq.h"

// Block devices by name and number, and the life of a bio:
//
//   bio_alloc -> bio_add_page ... -> bio_submit -> driver ... interrupt -> bio_complete -> end_io
//                                        \-- range or readonly check fails --^
//
// There is no request queue and no elevator here: the layers above submit large bios in the order
// they want, the device works on many at once, and merging would cost more than it saves on
// anything that is not a turning disk.
//
// Invariants: 1. a driver sees only bios with at least one segment (none for a flush), inside the
//                device, and no writes to a readonly device.
//             2. end_io is called exactly once for each submitted bio, with no lock held.
//             3. whoever takes a bio of the reserve submits it before it asks for the next: so the
//                reserve refills by itself, and memory can always be written to the disk, above all
//                when that is the only way to get some.
// Locks: registry_lock for the list of devices, which only grows; statistics are atomic.

static struct spinlock registry_lock = SPINLOCK_INIT("blkdevs", RANK_FILE);
static struct list registry = LIST_INIT(registry);
static struct slab_cache *bio_cache;

#define BIO_RESERVE 4
static struct bio reserve[BIO_RESERVE];
static uint32_t reserve_used; // [a] a bit for each
static struct waitq reserve_waitq;

// ---- registry ----

void blkdev_register(struct blkdev *dev) {
    spin_lock(&registry_lock);
    list_push_back(&registry, &dev->link);
    spin_unlock(&registry_lock);
}

int blkdev_claim(struct blkdev *dev, const void *holder) {
    return atomic_cas(&dev->holder, NULL, holder) ? 0 : -EBUSY;
}

void blkdev_release(struct blkdev *dev, const void *holder) {
    assertf(dev->holder == holder, "%s is held by another", dev->name);
    atomic_store(&dev->holder, NULL);
}

struct blkdev *blkdev_next(struct blkdev *after) {
    spin_lock(&registry_lock);
    struct list *next = after ? after->link.next : registry.next;
    spin_unlock(&registry_lock);
    return next == &registry ? NULL : list_entry(next, struct blkdev, link);
}

struct blkdev *blkdev_find(dev_t number) {
    struct blkdev *dev = NULL;
    while ((dev = blkdev_next(dev)) && dev->dev != number)
        ;
    return dev;
}

struct blkdev *blkdev_find_name(const char *name) {
    struct blkdev *dev = NULL;
    if (strncmp(name, "/dev/", 5) == 0)
        name += 5;
    while ((dev = blkdev_next(dev)) && strcmp(dev->name, name) != 0)
        ;
    return dev;
}

// ---- bios ----

static struct bio *reserve_take(void) {
    for (uint32_t i = 0; i < BIO_RESERVE; i++) {
        if (!(atomic_or(&reserve_used, 1u << i) >> i & 1))
            return &reserve[i];
    }
    return NULL;
}

static __noinline struct bio *reserve_wait(void) {
    struct bio *bio;
    wait_event(&reserve_waitq, (bio = reserve_take()));
    return bio;
}

struct bio *bio_alloc(gfp_t gfp) {
    struct bio *bio = slab_alloc(bio_cache, gfp & ~GFP_ZERO);
    if (unlikely(!bio) && (gfp & (GFP_WAIT | GFP_IO)) == GFP_NOIO)
        bio = reserve_wait();
    if (bio)
        memset(bio, 0, offsetof(struct bio, vec));
    return bio;
}

void bio_free(struct bio *bio) {
    if (likely(bio < reserve || bio >= reserve + BIO_RESERVE)) {
        slab_free(bio_cache, bio);
        return;
    }
    atomic_and(&reserve_used, ~(1u << (bio - reserve)));
    waitq_wake_all(&reserve_waitq);
}

bool bio_add_page(struct bio *bio, struct page *page, uint32_t offset, uint32_t len) {
    assertf(len > 0 && IS_ALIGNED(offset | len, SECTOR_SIZE), "offset %u len %u", offset, len);
    if (bio->nvecs == BIO_MAX_VECS)
        return false;
    bio->vec[bio->nvecs++] = (struct bio_vec){.page = page, .offset = offset, .len = len};
    return true;
}

static uint32_t bio_sectors(const struct bio *bio) {
    uint32_t bytes = 0;
    for (int i = 0; i < bio->nvecs; i++)
        bytes += bio->vec[i].len;
    return bytes / SECTOR_SIZE;
}

static bool bio_acceptable(const struct bio *bio) {
    const struct blkdev *dev = bio->dev;
    if (bio->op == BIO_FLUSH)
        return bio->nvecs == 0;
    if (bio->op == BIO_WRITE && dev->readonly)
        return false;
    return bio->sectors > 0 && bio->sector < dev->sectors &&
           bio->sectors <= dev->sectors - bio->sector;
}

// Gives the bio to the driver, or ends it. True: the driver has it and wants a kick.
static bool start(struct bio *bio) {
    bio->sectors = bio_sectors(bio);
    bio->done_vecs = 0;
    bio->done_sectors = 0;
    atomic_add_relaxed(&bio->dev->in_flight, 1);
    if (unlikely(!bio_acceptable(bio))) {
        bio_complete(bio, -EIO);
        return false;
    }
    bio->dev->ops->submit(bio->dev, bio);
    return true;
}

void bio_submit(struct bio *bio) {
    struct blkdev *dev = bio->dev;
    if (start(bio))
        dev->ops->kick(dev);
}

void bio_submit_list(struct list *bios) {
    struct blkdev *kick = NULL;
    while (!list_empty(bios)) {
        struct bio *bio = list_first(bios, struct bio, link);
        struct blkdev *dev = bio->dev;
        list_remove(&bio->link);
        if (kick && kick != dev)
            kick->ops->kick(kick);
        kick = dev;
        start(bio);
    }
    if (kick)
        kick->ops->kick(kick);
}

static void account(const struct bio *bio) {
    struct blkdev *dev = bio->dev;
    switch (bio->op) {
    case BIO_READ:
        atomic_add_relaxed(&dev->reads, 1);
        atomic_add_relaxed(&dev->read_sectors, bio->sectors);
        mm_stat_add(PGPGIN, bio->sectors);
        break;
    case BIO_WRITE:
        atomic_add_relaxed(&dev->writes, 1);
        atomic_add_relaxed(&dev->write_sectors, bio->sectors);
        mm_stat_add(PGPGOUT, bio->sectors);
        break;
    case BIO_FLUSH:
        atomic_add_relaxed(&dev->flushes, 1);
    }
}

void bio_complete(struct bio *bio, int status) {
    bio->status = status;
    atomic_add_relaxed(&bio->dev->in_flight, -1);
    if (status == 0)
        account(bio);
    uint64_t irq = irq_save(); // a bio refused at once ends in its submitter's context
    bio->end_io(bio);
    irq_restore(irq);
}

// ---- waiting ----

// Waiters sleep on one of these, by address of the bio. A queue on the waiter's stack would not do:
// the waiter may see `done`, return and reuse the stack while the waker still holds that queue.
#define WAIT_QUEUES 16
static struct waitq wait_queues[WAIT_QUEUES];

static struct waitq *wait_queue_of(const struct bio *bio) {
    return &wait_queues[(uintptr_t)bio / sizeof(*bio) % WAIT_QUEUES];
}

static void wake_waiter(struct bio *bio) {
    struct waitq *q = wait_queue_of(bio);
    bool *done = bio->private;
    atomic_store(done, true); // from here on bio and done may be gone
    waitq_wake_all(q);
}

int bio_submit_wait(struct bio *bio) {
    bool done = false;
    bio->private = &done;
    bio->end_io = wake_waiter;
    bio_submit(bio);
    wait_event(wait_queue_of(bio), atomic_load(&done));
    return bio->status;
}

int blkdev_flush(struct blkdev *dev) {
    struct bio *bio = bio_alloc(GFP_NOIO);
    assert(bio);
    bio->dev = dev;
    bio->op = BIO_FLUSH;
    int err = bio_submit_wait(bio);
    bio_free(bio);
    return err;
}

void blk_init(void) {
    bio_cache = slab_cache_create("bio", sizeof(struct bio), 0, NULL);
    waitq_init(&reserve_waitq);
    for (int i = 0; i < WAIT_QUEUES; i++)
        waitq_init(&wait_queues[i]);
}
