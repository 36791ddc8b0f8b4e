// Block devices and requests. A bio is one transfer of consecutive sectors to or from a list of
// memory segments; many may be in flight. Drivers complete them in interrupt context.
#pragma once

#include "lib/list.h"
#include "lib/types.h"
#include "mm/page.h"

#define SECTOR_SIZE 512

enum bio_op { BIO_READ, BIO_WRITE, BIO_FLUSH };

struct bio_vec {
    struct page *page;
    uint32_t offset, len; // bytes in the page, multiples of SECTOR_SIZE
};

#define BIO_MAX_VECS 32

struct bio {
    struct blkdev *dev;
    enum bio_op op;
    uint64_t sector;  // first, in 512-byte sectors
    int status;       // 0 or -EIO, set before end_io
    // Upcall: called once, interrupt context, interrupts off. May free the bio.
    void (*end_io)(struct bio *);
    void *private;    // the submitter's
    struct list link; // the submitter's before bio_submit_list(), then the driver's
    uint32_t sectors; // total, set by bio_submit()
    uint16_t done_vecs;    // the driver's: progress of a bio that the device takes in parts
    uint32_t done_sectors; // the driver's
    int nvecs;
    struct bio_vec vec[BIO_MAX_VECS];
};

struct blkdev_ops {
    // Takes the bio; must complete it later (or now) through bio_complete(). Never fails otherwise.
    // The device need not look at it before kick().
    void (*submit)(struct blkdev *dev, struct bio *bio);
    void (*kick)(struct blkdev *dev); // after one or more submits
};

struct blkdev {
    char name[16];     // "vda"
    dev_t dev;         // major 254, minor 16 * i as virtio disks on Linux
    uint64_t sectors;
    bool readonly;
    const struct blkdev_ops *ops;
    void *driver;
    void *mapping;     // vm: the page cache of the device (struct mapping), made on first use
    struct list link;
    const void *holder; // [a] who has the device to itself: a file system's super block, or swap
    uint64_t reads, writes, read_sectors, write_sectors, flushes; // [a] for /proc/diskstats
    uint32_t in_flight;                                           // [a]
};

void blkdev_register(struct blkdev *dev); // for ever
// For one user alone, until it releases it. -EBUSY: there is one.
int __must_check blkdev_claim(struct blkdev *dev, const void *holder);
void blkdev_release(struct blkdev *dev, const void *holder);
struct blkdev *blkdev_find(dev_t dev);          // NULL if unknown
struct blkdev *blkdev_find_name(const char *name); // "vda" or "/dev/vda"
struct blkdev *blkdev_next(struct blkdev *after);  // NULL: the first; NULL at the end

// An empty bio (no segments, everything zero), or NULL. GFP_NOIO never fails: without memory it
// waits for one of a few kept aside, so its caller must hold no bio that is not submitted.
struct bio *__must_check bio_alloc(gfp_t gfp);
void bio_free(struct bio *bio); // NULL is ignored
// Adds a segment; false when full (then submit and start anew). offset and len are multiples of
// SECTOR_SIZE. The caller keeps the page until end_io.
bool bio_add_page(struct bio *bio, struct page *page, uint32_t offset, uint32_t len);
// Checks the range against the device; beyond it, or a write to a readonly one, ends with -EIO.
// Never sleeps. Any number may be in flight; without a flush between them they may pass each other.
void bio_submit(struct bio *bio);
// The same for a list of bios (bio->link), telling each device only once: leaves the list empty.
void bio_submit_list(struct list *bios);
void bio_complete(struct bio *bio, int status); // for drivers, with no lock of theirs held
// Submits and sleeps until done; frees nothing; uses end_io and private. 0 or -EIO.
int bio_submit_wait(struct bio *bio);
// Makes all writes completed so far durable; sleeps. 0 or -EIO.
int blkdev_flush(struct blkdev *dev);
void blk_init(void);
