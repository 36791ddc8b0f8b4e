// Tests of virtqueues and of the disk driver against a device made of memory, which tells lies.
#include "abi/errno.h"
#include "dev/blk.h"
#include "dev/virtio_regs.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/slab.h"
#include "riscv/csr.h"
#include "test/test.h"

#define FAKE_QUEUE 8

// What the device sees of the queue, found through its registers as a real one does.
struct fake {
    struct virtio_dev dev;
    uint32_t regs[VIRTIO_MMIO_SIZE / 4];
    uint16_t next_used;
};

static struct fake *fake_new(uint32_t id) {
    struct fake *f = kzalloc(sizeof(*f), GFP_KERNEL);
    if (!f)
        return NULL;
    f->dev = (struct virtio_dev){
        .regs = (uint8_t *)f->regs, .id = id, .version = VIRTIO_MODERN, .name = "test device"};
    f->regs[VIRTIO_QUEUE_NUM_MAX / 4] = FAKE_QUEUE;
    return f;
}

static void *ring(struct fake *f, enum virtio_reg reg) {
    return phys_to_virt(f->regs[reg / 4] | (uint64_t)f->regs[reg / 4 + 1] << 32);
}

static uint16_t avail_head(struct fake *f, uint16_t i) {
    uint16_t *avail = ring(f, VIRTIO_QUEUE_DRIVER);
    return avail[2 + i % FAKE_QUEUE];
}

static uint16_t avail_count(struct fake *f) {
    uint16_t *avail = ring(f, VIRTIO_QUEUE_DRIVER);
    return avail[1];
}

static void answer(struct fake *f, uint32_t id, uint32_t len) {
    uint16_t *idx = ring(f, VIRTIO_QUEUE_DEVICE);
    uint32_t *entries = (uint32_t *)(idx + 2);
    entries[f->next_used % FAKE_QUEUE * 2] = id;
    entries[f->next_used % FAKE_QUEUE * 2 + 1] = len;
    idx[1] = ++f->next_used;
}

static int put(struct virtq *q, void *cookie) {
    int err = virtq_begin(q, 2);
    if (err)
        return err;
    virtq_add(q, 0x1000, 16, false);
    virtq_add(q, 0x2000, 16, true);
    virtq_end(q, cookie);
    return 0;
}

static int test_queue(void) {
    struct fake *f = fake_new(99);
    KEXPECT(f, "no memory");
    struct virtq *q = virtq_create(&f->dev, 0, 256);
    uint32_t written;
    int item[5];
    KEXPECT(q && virtq_size(q) == FAKE_QUEUE, "no queue");
    for (int round = 0; round < 17000; round++) { // far enough for the 16-bit indices to wrap ...
        for (int i = 0; i < 4; i++)
            KEXPECT(put(q, &item[i]) == 0, "round %d item %d", round, i);
        KEXPECT(put(q, &item[4]) == -ENOSPC, "round %d: more than fits", round);
        KEXPECT(virtq_get(q, &written) == NULL, "round %d: too early", round);
        for (int i = 3; i >= 0; i--) // ... and answered in reverse order
            answer(f, avail_head(f, (uint16_t)(round * 4 + i)), (uint32_t)i);
        for (uint32_t i = 4; i-- > 0;)
            KEXPECT(virtq_get(q, &written) == &item[i] && written == i, "round %d", round);
    }
    virtq_destroy(q);
    kfree(f);
    return 0;
}

// Makes a queue with two requests in flight, lets the device say `id` (with its index moved by
// `jump` more), and expects: broken, both requests taken back, nothing accepted any more.
static int expect_broken(uint32_t id, int answers, uint16_t jump) {
    struct fake *f = fake_new(99);
    KEXPECT(f, "no memory");
    struct virtq *q = virtq_create(&f->dev, 0, 256);
    uint32_t written, found = 0, back = 0;
    int item[2];
    KEXPECT(q && put(q, &item[0]) == 0 && put(q, &item[1]) == 0, "no queue");
    for (int i = 0; i < answers; i++)
        answer(f, id, 0);
    ((uint16_t *)ring(f, VIRTIO_QUEUE_DEVICE))[1] += jump;
    while (virtq_get(q, &written))
        found++;
    KEXPECT(f->dev.broken, "id %u was believed", id);
    while (virtq_take_back(q))
        back++;
    KEXPECT(found + back == 2, "%u finished, %u taken back", found, back);
    KEXPECT(put(q, &item[0]) == -EIO, "a broken queue takes requests");
    virtq_destroy(q);
    kfree(f);
    return 0;
}

static int test_wild_id(void) { return expect_broken(FAKE_QUEUE, 1, 0); }
static int test_huge_id(void) { return expect_broken(0xffffffff, 1, 0); }
static int test_middle_id(void) { return expect_broken(1, 1, 0); }
static int test_idle_id(void) { return expect_broken(5, 1, 0); }
static int test_same_id_twice(void) { return expect_broken(0, 2, 0); }
static int test_index_jump(void) { return expect_broken(0, 1, 1000); }

// ---- the disk driver on such a device

#define BIOS 5 // 2 fit into the queue, 3 wait

struct lying_disk {
    struct fake *f;
    struct blkdev *dev;
    struct bio *bio[BIOS];
    struct page *page;
};

static int ended;

static void count_end(struct bio *bio) { ended++; }

static int make_disk(struct lying_disk *d) {
    const struct virtio_driver *drv = virtio_driver_find(VIRTIO_ID_BLK);
    struct blkdev *dev = NULL;
    d->f = fake_new(VIRTIO_ID_BLK);
    d->page = page_alloc(GFP_KERNEL, 0);
    KEXPECT(drv && d->f && d->page, "no memory");
    d->f->regs[VIRTIO_CONFIG / 4] = 1000; // sectors
    d->f->dev.driver = drv;
    KEXPECT(drv->probe(&d->f->dev) == 0, "probe failed");
    while ((dev = blkdev_next(dev)))
        d->dev = dev; // the last one is ours
    return 0;
}

static int submit_all(struct lying_disk *d) {
    ended = 0;
    for (int i = 0; i < BIOS; i++) {
        struct bio *bio = d->bio[i] = bio_alloc(GFP_KERNEL);
        KEXPECT(bio && bio_add_page(bio, d->page, 0, SECTOR_SIZE), "no memory");
        bio->dev = d->dev;
        bio->op = BIO_READ;
        bio->sector = (uint64_t)i;
        bio->end_io = count_end;
        bio_submit(bio);
    }
    KEXPECT(ended == 0 && d->dev->in_flight == BIOS, "%d ended at once", ended);
    return 0;
}

static void interrupt(struct lying_disk *d) {
    uint64_t irq = irq_save();
    d->f->dev.driver->interrupt(&d->f->dev);
    irq_restore(irq);
}

static uint8_t *status_of(struct lying_disk *d, uint16_t head) {
    struct {
        uint64_t addr;
        uint32_t len;
        uint16_t flags, next;
    } *desc = ring(d->f, VIRTIO_QUEUE_DESC);
    while (desc[head].flags & 1)
        head = desc[head].next;
    return phys_to_virt(desc[head].addr);
}

static int test_disk_pending(void) {
    struct lying_disk d = {0};
    if (make_disk(&d) || submit_all(&d))
        return 1;
    for (uint16_t i = 0; i < BIOS; i++) {
        KEXPECT(avail_count(d.f) > i, "request %u was not started", i);
        *status_of(&d, avail_head(d.f, i)) = i == 2 ? 1 : 0; // the third fails
        answer(d.f, avail_head(d.f, i), SECTOR_SIZE + 1);
        interrupt(&d);
        KEXPECT(ended == i + 1, "%d of %u ended", ended, i + 1);
    }
    for (int i = 0; i < BIOS; i++) {
        int want = i == 2 ? -EIO : 0;
        KEXPECT(d.bio[i]->status == want, "bio %d status %d", i, d.bio[i]->status);
        bio_free(d.bio[i]);
    }
    page_put(d.page);
    return 0;
}

static int test_disk_breaks(void) {
    struct lying_disk d = {0};
    if (make_disk(&d) || submit_all(&d))
        return 1;
    answer(d.f, 7, 0);
    interrupt(&d);
    KEXPECT(ended == BIOS && d.dev->in_flight == 0, "%d of %d ended", ended, BIOS);
    for (int i = 0; i < BIOS; i++)
        KEXPECT(d.bio[i]->status == -EIO, "bio %d status %d", i, d.bio[i]->status);
    bio_submit(d.bio[0]);
    KEXPECT(ended == BIOS + 1 && d.bio[0]->status == -EIO, "a broken disk takes requests");
    for (int i = 0; i < BIOS; i++)
        bio_free(d.bio[i]);
    page_put(d.page);
    return 0;
}

static int test_disk_range(void) {
    static const uint64_t wrong[] = {1000, 999, 1UL << 63, ~0UL};
    struct lying_disk d = {0};
    if (make_disk(&d))
        return 1;
    struct bio *bio = bio_alloc(GFP_KERNEL);
    KEXPECT(bio && bio_add_page(bio, d.page, 0, 2 * SECTOR_SIZE), "no memory");
    bio->dev = d.dev;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        bio->sector = wrong[i];
        KEXPECT(bio_submit_wait(bio) == -EIO, "sector %lu was accepted", wrong[i]);
    }
    bio->sector = 0;
    bio->op = BIO_WRITE;
    d.dev->readonly = true;
    KEXPECT(bio_submit_wait(bio) == -EIO, "wrote to a readonly disk");
    bio->nvecs = 0;
    bio->op = BIO_READ;
    KEXPECT(bio_submit_wait(bio) == -EIO, "read nothing");
    KEXPECT(avail_count(d.f) == 0, "the device was asked");
    bio_free(bio);
    page_put(d.page);
    return 0;
}

const struct ktest virtio_tests[] = {
    {"virtio: queue, out of order, indices wrap", test_queue},
    {"virtio: device names a descriptor that does not exist", test_wild_id},
    {"virtio: device names a descriptor far outside", test_huge_id},
    {"virtio: device names the middle of a chain", test_middle_id},
    {"virtio: device names a request never made", test_idle_id},
    {"virtio: device finishes a request twice", test_same_id_twice},
    {"virtio: device's index jumps", test_index_jump},
    {"virtio: disk with a full queue, one error", test_disk_pending},
    {"virtio: disk breaks with requests in flight", test_disk_breaks},
    {"virtio: disk refuses what it does not have", test_disk_range},
    {NULL, NULL},
};
