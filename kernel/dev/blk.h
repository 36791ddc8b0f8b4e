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
    struct list link; // the driver's
    int nvecs;
    struct bio_vec vec[BIO_MAX_VECS];
};

struct blkdev_ops {
    // Takes the bio; must complete it later (or now) through bio_complete(). Never fails otherwise.
    void (*submit)(struct blkdev *dev, struct bio *bio);
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
    uint64_t reads, writes, read_sectors, write_sectors, flushes; // [a] for /proc/diskstats
};

void blkdev_register(struct blkdev *dev);
struct blkdev *blkdev_find(dev_t dev);          // NULL if unknown
struct blkdev *blkdev_find_name(const char *name); // "vda" or "/dev/vda"
struct blkdev *blkdev_next(struct blkdev *after);  // NULL: the first; NULL at the end

struct bio *__must_check bio_alloc(gfp_t gfp);
void bio_free(struct bio *bio);
// Adds a segment; false when full or not adjacent rules are broken (then submit and start anew).
bool bio_add_page(struct bio *bio, struct page *page, uint32_t offset, uint32_t len);
// Checks the range against the device; beyond it, or a write to a readonly one, ends with -EIO.
void bio_submit(struct bio *bio);
void bio_complete(struct bio *bio, int status); // for drivers
// Submits and sleeps until done; frees nothing. 0 or -EIO.
int bio_submit_wait(struct bio *bio);
int blkdev_flush(struct blkdev *dev);
void blk_init(void);
