// Metadata blocks: pages of a block device's own mapping, read and written by sectors.
//
//   page     |  block  |  block  |  block  |  block  |      blocks of 1 KiB
//   private   0 0       1 1       0 0       0 0             dirty sectors (bits 0-7)
//
// page->private holds, for a page of a device, the dirty sectors (bits 0-7) and, while it is being
// written, the number of bios in flight for it (bits 32 and up). One page may take several bios, as
// its dirty sectors need not be neighbours; the last one to end calls page_end_write().
//
// Invariants: 1. Only sectors whose bit is set are written: the other blocks of the page may belong
// to files, and the copies here are then stale. 2. Bits are set before page_mark_dirty() and taken
// after PG_DIRTY was cleared, so no change is lost between. 3. dev->mapping, once made, stays.
//
// Rejected: an object per buffer as Linux has (a list in each page, a second set of locks and
// flags) for what eight bits can say.
#include "vm/buffer.h"

#include "abi/errno.h"
#include "dev/blk.h"
#include "lib/string.h"
#include "mm/slab.h"

#define SECTORS_PER_PAGE (PAGE_SIZE / SECTOR_SIZE)
#define SECTOR_BITS 0xffUL
#define BIO_IN_FLIGHT (1UL << 32)

// Bits of the sectors of [off, off + len) of a page.
static uint64_t sector_mask(uint32_t off, uint32_t len) {
    uint32_t first = off / SECTOR_SIZE, end = DIV_ROUND_UP(off + len, SECTOR_SIZE);
    return ((1UL << end) - 1) & ~((1UL << first) - 1);
}

// Bytes of the page at index that the device has.
static uint32_t bytes_on_device(const struct blkdev *dev, uint64_t index) {
    uint64_t size = dev->sectors * SECTOR_SIZE, start = index * PAGE_SIZE;
    return start >= size ? 0 : min(PAGE_SIZE, size - start);
}

static void read_done(struct bio *bio) {
    for (int i = 0; i < bio->nvecs; i++)
        page_end_read(bio->vec[i].page, bio->status);
    bio_free(bio);
}

static struct bio *new_bio(struct blkdev *dev, enum bio_op op, uint64_t sector,
                           void (*end_io)(struct bio *)) {
    struct bio *bio = bio_alloc(GFP_NOIO);
    assert(bio); // it waits rather than fail
    bio->dev = dev;
    bio->op = op;
    bio->sector = sector;
    bio->end_io = end_io;
    return bio;
}

static void bdev_read_pages(struct mapping *m, struct page **pages, int n) {
    struct blkdev *dev = m->host;
    struct bio *bio = new_bio(dev, BIO_READ, pages[0]->index * SECTORS_PER_PAGE, read_done);
    for (int i = 0; i < n; i++) {
        uint32_t len = bytes_on_device(dev, pages[i]->index);
        if (len < PAGE_SIZE)
            memset((char *)page_to_virt(pages[i]) + len, 0, PAGE_SIZE - len);
        if (len == 0 || !bio_add_page(bio, pages[i], 0, len))
            page_end_read(pages[i], -EIO);
    }
    if (bio->nvecs)
        bio_submit(bio);
    else
        bio_free(bio);
}

// One bio (or the writer itself) is done with the page.
static void write_part_done(struct page *p, int status) {
    struct mapping *m = p->owner;
    if (status)
        atomic_store(&m->error, status);
    uint64_t old = atomic_sub(&p->private, BIO_IN_FLIGHT);
    assertf(old >= BIO_IN_FLIGHT, "page %#lx: a bio too many", page_to_pfn(p));
    if (old < 2 * BIO_IN_FLIGHT)
        page_end_write(p, 0);
}

static void write_done(struct bio *bio) {
    for (int i = 0; i < bio->nvecs; i++)
        write_part_done(bio->vec[i].page, bio->status);
    bio_free(bio);
}

static uint64_t bio_end_sector(const struct bio *bio) {
    uint64_t sector = bio->sector;
    for (int i = 0; i < bio->nvecs; i++)
        sector += bio->vec[i].len / SECTOR_SIZE;
    return sector;
}

// Adds sectors [first, end) of p to *bio, which is submitted and made anew when they don't continue
// it.
static void write_run(struct blkdev *dev, struct page *p, uint32_t first, uint32_t end,
                      struct bio **bio) {
    uint64_t sector = p->index * SECTORS_PER_PAGE + first;
    uint32_t off = first * SECTOR_SIZE, len = (end - first) * SECTOR_SIZE;

    atomic_add(&p->private, BIO_IN_FLIGHT);
    if (*bio && bio_end_sector(*bio) == sector && bio_add_page(*bio, p, off, len))
        return;
    if (*bio)
        bio_submit(*bio);
    *bio = new_bio(dev, BIO_WRITE, sector, write_done);
    bool added = bio_add_page(*bio, p, off, len);
    assert(added);
}

static void bdev_write_pages(struct mapping *m, struct page **pages, int n) {
    struct blkdev *dev = m->host;
    struct bio *bio = NULL;
    for (int i = 0; i < n; i++) {
        struct page *p = pages[i];
        atomic_add(&p->private, BIO_IN_FLIGHT); // our own part: the page can't end before the loop
        uint64_t dirty = atomic_and(&p->private, ~SECTOR_BITS) & SECTOR_BITS;
        dirty &= sector_mask(0, bytes_on_device(dev, p->index));
        for (uint32_t s = 0, end; s < SECTORS_PER_PAGE; s = end + 1) {
            for (end = s; dirty >> end & 1; end++)
                ;
            if (end > s)
                write_run(dev, p, s, end, &bio);
        }
        page_unlock(p);
        write_part_done(p, 0);
    }
    if (bio)
        bio_submit(bio);
}

// For write(2) to the device node.
static int bdev_prepare_write(struct mapping *m, struct page *p, uint32_t from, uint32_t to) {
    atomic_or(&p->private, sector_mask(from, to - from));
    return 0;
}

static const struct mapping_ops bdev_ops = {
    .read_pages = bdev_read_pages,
    .write_pages = bdev_write_pages,
    .prepare_write = bdev_prepare_write,
};

struct mapping *bdev_mapping(struct blkdev *dev) {
    if (likely(dev->mapping))
        return dev->mapping;
    struct mapping *m = kzalloc(sizeof *m, GFP_KERNEL);
    if (!m)
        return NULL;
    mapping_init(m, &bdev_ops, dev);
    m->is_bdev = m->metadata = true;
    m->size = dev->sectors * SECTOR_SIZE;
    if (!atomic_cas(&dev->mapping, NULL, (void *)m))
        kfree(m); // another thread made it
    return dev->mapping;
}

static void fill(struct buffer *out, struct page *p, uint32_t off, uint32_t size) {
    *out = (struct buffer){.page = p, .data = (char *)page_to_virt(p) + off, .size = size};
}

int buffer_read(struct blkdev *dev, uint64_t block, uint32_t size, struct buffer *out) {
    struct mapping *m = bdev_mapping(dev);
    uint64_t pos = block * size;
    struct page *p;

    assertf(size >= SECTOR_SIZE && IS_ALIGNED(PAGE_SIZE, size), "blocks of %u bytes", size);
    if (!m)
        return -ENOMEM;
    if (block >= m->size / size)
        return -EIO;
    int err = page_cache_get(m, pos / PAGE_SIZE, NULL, &p);
    if (err)
        return err;
    fill(out, p, pos % PAGE_SIZE, size);
    return 0;
}

int buffer_new(struct blkdev *dev, uint64_t block, uint32_t size, struct buffer *out) {
    struct mapping *m = bdev_mapping(dev);
    uint64_t pos = block * size;
    struct page *p;

    assertf(size >= SECTOR_SIZE && IS_ALIGNED(PAGE_SIZE, size), "blocks of %u bytes", size);
    if (!m)
        return -ENOMEM;
    if (block >= m->size / size)
        return -EIO;
    int err = page_cache_grab(m, pos / PAGE_SIZE, &p);
    if (err)
        return err;
    if (size < PAGE_SIZE)
        err = page_cache_read_locked(m, p);
    if (err) {
        page_unlock(p);
        page_put(p);
        return err == -ERESTART ? -EIO : err; // a device's page is never truncated
    }
    fill(out, p, pos % PAGE_SIZE, size);
    memset(out->data, 0, size);
    page_set(p, PG_UPTODATE);
    buffer_dirty(out);
    page_unlock(p);
    return 0;
}

void buffer_dirty(struct buffer *b) {
    uint32_t off = (uintptr_t)b->data % PAGE_SIZE;
    assertf(page_test(b->page, PG_UPTODATE), "page %#lx was not read", page_to_pfn(b->page));
    atomic_or(&b->page->private, sector_mask(off, b->size));
    page_mark_dirty(b->page);
}

void buffer_put(struct buffer *b) {
    if (b->page)
        page_put(b->page);
    *b = (struct buffer){0};
}

void buffer_forget(struct blkdev *dev, uint64_t block, uint32_t size) {
    uint64_t pos = block * size;
    struct page *p = dev->mapping ? page_cache_find(dev->mapping, pos / PAGE_SIZE) : NULL;
    if (!p)
        return;
    atomic_and(&p->private, ~sector_mask(pos % PAGE_SIZE, size));
    page_wait_writeback(p);
    page_put(p);
}
