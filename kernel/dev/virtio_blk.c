#include "dev/virtio_blk.h"

#include "abi/errno.h"
#include "dev/blk.h"
#include "dev/virtio.h"
#include "klog/printk.h"
#include "lib/format.h"
#include "mm/slab.h"
#include "sync/spinlock.h"

// The disk driver (Virtual I/O Device Version 1.2, 5.2). A request is one chain:
//
//   [ header: type, sector ] [ data segment ] ... [ status byte ]
//     device reads             reads or writes      device writes
//
//   bio --start_part--> in flight --interrupt--> finish --> end_io
//    |  ^                              |
//    v  | queue full                   | more parts to come
//   pending <--------------------------+
//
// Many requests are in flight; the device finishes them in any order. A bio of more segments than
// the device takes is done in parts, one after the other (bio->done_vecs says how far it is).
// Segments that follow each other in memory are joined into one descriptor.
//
// Headers and status bytes live in `requests`, allocated once for as many chains as the queue can
// hold: no allocation, and so no failure, on the way of a write that is to free memory.
//
// Invariants: 1. a bio is in exactly one place: pending, in flight (request->bio), or done.
//             2. pending is not empty only while a request is in flight (whose interrupt will start
//                it) or the device is broken (and fail_all() will end it).
//             3. end_io runs without the queue's lock: it may submit again.
// Locks: the virtqueue's lock (RANK_BLOCK) guards pending, free requests and the queue.

enum {
    F_SEG_MAX = 2, // feature bits
    F_RO = 5,
    F_FLUSH = 9,
};
enum { TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4 };
enum { STATUS_OK = 0, STATUS_NONE = 0xff }; // NONE: ours, the device has not written one
enum { CONFIG_CAPACITY = 0, CONFIG_SEG_MAX = 12 };

#define QUEUE_WANT 256
#define EXTRA_SEGMENTS 2 // header and status
#define MAJOR 254        // as Linux numbers its first virtio disk
#define MINORS_PER_DISK 16
#define DISKS_MAX 16 // by the 8 bits of a minor number

struct blk_header { // 5.2.6
    uint32_t type, reserved;
    uint64_t sector;
};

struct blk_request {
    struct blk_header header; // the device reads
    uint8_t status;           // the device writes
    uint16_t vecs;            // of the bio, in this part
    uint32_t sectors;         // in this part
    struct bio *bio;
    struct blk_request *next_free;
} __aligned(64); // never across a page

struct disk {
    struct blkdev dev;
    struct virtio_dev *virtio;
    struct virtq *queue;
    bool has_flush;
    uint32_t max_vecs; // [I] segments of data that a request may have
    struct blk_request *requests; // [I] the array
    struct blk_request *free;     // [queue lock]
    struct list pending;          // [queue lock] of bio->link
};

static int disk_count;

// ---- to the device ----

// Adds up to max_vecs segments of the bio, from done_vecs on, to the chain.
static void add_data(struct disk *disk, struct blk_request *req, struct bio *bio) {
    const struct bio_vec *v = &bio->vec[bio->done_vecs];
    bool device_writes = bio->op == BIO_READ;
    paddr_t addr = 0;
    uint32_t len = 0, bytes = 0;
    for (uint32_t i = 0; i < req->vecs; i++, v++) {
        paddr_t pa = page_to_phys(v->page) + v->offset;
        if (len > 0 && pa == addr + len) {
            len += v->len;
        } else {
            if (len > 0)
                virtq_add(disk->queue, addr, len, device_writes);
            addr = pa;
            len = v->len;
        }
        bytes += v->len;
    }
    if (len > 0)
        virtq_add(disk->queue, addr, len, device_writes);
    req->sectors = bytes / SECTOR_SIZE;
}

static uint32_t request_type(enum bio_op op) {
    if (op == BIO_FLUSH)
        return TYPE_FLUSH;
    return op == BIO_WRITE ? TYPE_OUT : TYPE_IN;
}

// Puts the next part of the bio into the queue: 0, -ENOSPC (later), -EIO (broken). Lock held.
static int start_part(struct disk *disk, struct bio *bio) {
    uint32_t vecs = min((uint32_t)bio->nvecs - bio->done_vecs, disk->max_vecs);
    struct blk_request *req = disk->free;
    if (!req)
        return -ENOSPC;
    int err = virtq_begin(disk->queue, vecs + EXTRA_SEGMENTS);
    if (err)
        return err;
    disk->free = req->next_free;
    req->bio = bio;
    req->vecs = (uint16_t)vecs;
    req->status = STATUS_NONE;
    req->header = (struct blk_header){
        .type = request_type(bio->op),
        .sector = bio->op == BIO_FLUSH ? 0 : bio->sector + bio->done_sectors,
    };
    virtq_add(disk->queue, virt_to_phys(&req->header), sizeof(req->header), false);
    add_data(disk, req, bio);
    virtq_add(disk->queue, virt_to_phys(&req->status), 1, true);
    virtq_end(disk->queue, req);
    return 0;
}

static void disk_submit(struct blkdev *dev, struct bio *bio) {
    struct disk *disk = dev->driver;
    struct spinlock *lock = virtq_lock(disk->queue);
    if (bio->op == BIO_FLUSH && !disk->has_flush) {
        bio_complete(bio, 0); // then each write is durable when it is finished (5.2.6.2)
        return;
    }
    spin_lock(lock);
    int err = list_empty(&disk->pending) ? start_part(disk, bio) : -ENOSPC;
    if (err == -ENOSPC)
        list_push_back(&disk->pending, &bio->link);
    spin_unlock(lock);
    if (err == -EIO)
        bio_complete(bio, -EIO);
}

static void disk_kick(struct blkdev *dev) {
    struct disk *disk = dev->driver;
    virtq_kick(disk->queue);
}

// ---- from the device ----

static void free_request(struct disk *disk, struct blk_request *req) {
    req->next_free = disk->free;
    disk->free = req;
}

// A request has come back: its bio goes to `done`, or to the front of pending for its next part.
// Lock held.
static void finish_part(struct disk *disk, struct blk_request *req, struct list *done) {
    struct bio *bio = req->bio;
    bio->status = READ_ONCE(req->status) == STATUS_OK ? 0 : -EIO;
    bio->done_vecs += req->vecs;
    bio->done_sectors += req->sectors;
    free_request(disk, req);
    if (bio->status == 0 && bio->done_vecs < bio->nvecs)
        list_push_front(&disk->pending, &bio->link);
    else
        list_push_back(done, &bio->link);
}

// Lock held.
static void start_pending(struct disk *disk) {
    while (!list_empty(&disk->pending)) {
        struct bio *bio = list_first(&disk->pending, struct bio, link);
        list_remove(&bio->link); // before its next owner can link it
        if (start_part(disk, bio)) {
            list_push_front(&disk->pending, &bio->link);
            return;
        }
    }
}

// Collects every unfinished bio of a broken device. Lock held.
static void fail_all(struct disk *disk, struct list *done) {
    struct list failed = LIST_INIT(failed);
    struct blk_request *req;
    struct bio *bio;
    while ((req = virtq_take_back(disk->queue))) {
        list_push_back(&failed, &req->bio->link);
        free_request(disk, req);
    }
    list_splice_back(&failed, &disk->pending);
    list_for_each(bio, &failed, link)
        bio->status = -EIO;
    list_splice_back(done, &failed);
}

static void disk_interrupt(struct virtio_dev *d) {
    struct disk *disk = d->private;
    struct spinlock *lock = virtq_lock(disk->queue);
    struct list done = LIST_INIT(done);
    struct blk_request *req;
    uint32_t written; // not needed: a part is whole, or its status says otherwise
    spin_lock(lock);
    while ((req = virtq_get(disk->queue, &written)))
        finish_part(disk, req, &done);
    start_pending(disk);
    virtq_kick(disk->queue);
    if (unlikely(READ_ONCE(d->broken)))
        fail_all(disk, &done);
    spin_unlock(lock);
    while (!list_empty(&done)) {
        struct bio *bio = list_first(&done, struct bio, link);
        list_remove(&bio->link);
        bio_complete(bio, bio->status);
    }
}

// ---- start ----

static const struct blkdev_ops disk_ops = {.submit = disk_submit, .kick = disk_kick};

static uint32_t segment_limit(struct disk *disk) {
    uint32_t queue_limit = virtq_size(disk->queue) - EXTRA_SEGMENTS;
    if (!virtio_has(disk->virtio, F_SEG_MAX))
        return queue_limit;
    uint32_t limit = (uint32_t)virtio_config_read(disk->virtio, CONFIG_SEG_MAX, 4);
    return limit ? min(limit, queue_limit) : 1;
}

// 0, -EIO or -ENOMEM (nothing allocated then).
static int make_queue(struct disk *disk) {
    int err = -EIO;
    disk->queue = virtq_create(disk->virtio, 0, QUEUE_WANT);
    if (!disk->queue)
        return err;
    uint32_t count = virtq_size(disk->queue) / EXTRA_SEGMENTS;
    if (virtq_size(disk->queue) <= EXTRA_SEGMENTS)
        goto fail;
    err = -ENOMEM;
    disk->requests = kmalloc_array(count, sizeof(disk->requests[0]), GFP_KERNEL | GFP_ZERO);
    if (!disk->requests)
        goto fail;
    for (uint32_t i = 0; i < count; i++)
        free_request(disk, &disk->requests[i]);
    disk->max_vecs = segment_limit(disk);
    return 0;
fail:
    virtq_destroy(disk->queue);
    return err;
}

static void name_disk(struct disk *disk, int i) {
    disk->dev.dev = MAJOR << 8 | (uint32_t)(i * MINORS_PER_DISK);
    snprintf(disk->dev.name, sizeof(disk->dev.name), "vd%c", 'a' + i);
}

static int disk_probe(struct virtio_dev *d) {
    if (disk_count == DISKS_MAX)
        return -ENOSPC;
    struct disk *disk = kzalloc(sizeof(*disk), GFP_KERNEL);
    if (!disk)
        return -ENOMEM;
    disk->virtio = d;
    list_init(&disk->pending);
    int err = make_queue(disk);
    if (err) {
        kfree(disk);
        return err;
    }
    disk->has_flush = virtio_has(d, F_FLUSH);
    disk->dev.sectors = virtio_config_read(d, CONFIG_CAPACITY, 8);
    disk->dev.readonly = virtio_has(d, F_RO);
    disk->dev.ops = &disk_ops;
    disk->dev.driver = disk;
    name_disk(disk, disk_count++);
    d->private = disk;
    virtio_ready(d);
    blkdev_register(&disk->dev);
    pr_info("%s: %lu MiB%s, queue of %u, virtio %s\n", disk->dev.name, disk->dev.sectors >> 11,
            disk->dev.readonly ? " readonly" : "", virtq_size(disk->queue),
            d->version == 1 ? "legacy" : "modern");
    return 0;
}

static struct virtio_driver driver = {
    .name = "virtio-blk",
    .id = VIRTIO_ID_BLK,
    .features = 1UL << F_SEG_MAX | 1UL << F_RO | 1UL << F_FLUSH,
    .probe = disk_probe,
    .interrupt = disk_interrupt,
};

void virtio_blk_init(void) { virtio_driver_register(&driver); }
