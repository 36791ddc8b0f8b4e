// Tests of real disks. Writing tests use only a disk whose first sector begins with "xv39-scratch";
// without one, or without any disk, their cases pass with a note.
#include "abi/errno.h"
#include "dev/blk.h"
#include "dev/random.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/slab.h"
#include "riscv/atomic.h"
#include "sched/thread.h"
#include "sched/waitq.h"
#include "test/test.h"

#define SECTORS_PER_PAGE (PAGE_SIZE / SECTOR_SIZE)
#define SCRATCH_MAGIC "xv39-scratch"
#define EXT2_MAGIC_OFFSET 56 // in the super block at byte 1024

// Reads or writes one page. 0, -EIO, -ENOMEM.
static int page_io(struct blkdev *dev, enum bio_op op, uint64_t sector, struct page *page) {
    struct bio *bio = bio_alloc(GFP_KERNEL);
    if (!bio || !bio_add_page(bio, page, 0, PAGE_SIZE))
        return -ENOMEM;
    bio->dev = dev;
    bio->op = op;
    bio->sector = sector;
    int err = bio_submit_wait(bio);
    bio_free(bio);
    return err;
}

static struct blkdev *find_scratch(void) {
    struct blkdev *dev = NULL;
    struct page *page = page_alloc(GFP_KERNEL, 0);
    const char *text = page ? page_to_virt(page) : NULL;
    while (page && (dev = blkdev_next(dev))) {
        if (dev->sectors >= SECTORS_PER_PAGE && !page_io(dev, BIO_READ, 0, page) &&
            strncmp(text, SCRATCH_MAGIC, strlen(SCRATCH_MAGIC)) == 0)
            break;
    }
    if (page)
        page_put(page);
    return dev;
}

static int test_super_block(void) {
    struct blkdev *dev = blkdev_find_name("/dev/vda");
    if (!dev) {
        printk(LOG_NOTICE, "test: no disk vda, nothing to read\n");
        return 0;
    }
    struct page *page = page_alloc(GFP_KERNEL, 0);
    KEXPECT(page, "no memory");
    struct bio *bio = bio_alloc(GFP_KERNEL);
    KEXPECT(bio && bio_add_page(bio, page, 512, 1024), "no memory");
    bio->dev = dev;
    bio->op = BIO_READ;
    bio->sector = 2;
    memset(page_to_virt(page), 0xa5, PAGE_SIZE);
    int err = bio_submit_wait(bio);
    const uint8_t *bytes = page_to_virt(page);
    const uint8_t *super = bytes + 512;
    uint32_t magic = super[EXT2_MAGIC_OFFSET] | super[EXT2_MAGIC_OFFSET + 1] << 8;
    KEXPECT(err == 0 && magic == 0xef53, "error %d, magic %#x", err, magic);
    KEXPECT(bytes[511] == 0xa5 && bytes[1536] == 0xa5, "the bytes around were written");
    KEXPECT(blkdev_find(dev->dev) == dev, "not found by number");
    bio_free(bio);
    page_put(page);
    return 0;
}

// ---- many requests in flight: WORKERS threads, each with its own region of the scratch disk

#define WORKERS 4
#define REGION_PAGES 256
#define BATCH 16 // bios submitted together, of 1 to BIO_MAX_VECS pages

static struct blkdev *scratch;
static uint32_t workers_left;          // [a]
static uint32_t wrong;                 // [a]
static struct waitq workers_q = WAITQ_INIT(workers_q);
static uint64_t salt;

struct worker {
    uint32_t first_page;
    uint32_t pending;               // [a] bios in flight
    struct page *page[REGION_PAGES];
    struct waitq waitq;
};

static uint64_t pattern(uint64_t page, size_t word) { return salt ^ (page << 20 | word); }

static void fill(struct worker *w, uint32_t i, bool poison) {
    uint64_t *words = page_to_virt(w->page[i]);
    for (size_t j = 0; j < PAGE_SIZE / 8; j++)
        words[j] = poison ? ~0UL : pattern(w->first_page + i, j);
}

static void verify(struct worker *w, uint32_t i) {
    uint64_t *words = page_to_virt(w->page[i]);
    for (size_t j = 0; j < PAGE_SIZE / 8; j++)
        if (words[j] != pattern(w->first_page + i, j)) {
            atomic_add(&wrong, 1);
            return;
        }
}

static void worker_end_io(struct bio *bio) {
    struct worker *w = bio->private;
    if (bio->status)
        atomic_add(&wrong, 1);
    bio_free(bio);
    atomic_sub(&w->pending, 1);
    waitq_wake_all(&w->waitq);
}

// A bio of up to n pages from page i of the region on; returns how many it took.
static uint32_t add_bio(struct worker *w, struct list *batch, enum bio_op op, uint32_t i,
                        uint32_t n) {
    struct bio *bio = bio_alloc(GFP_KERNEL);
    if (!bio) {
        atomic_add(&wrong, 1);
        return n;
    }
    uint32_t taken = 0;
    while (taken < n && bio_add_page(bio, w->page[i + taken], 0, PAGE_SIZE))
        taken++;
    bio->dev = scratch;
    bio->op = op;
    bio->sector = (w->first_page + i) * SECTORS_PER_PAGE;
    bio->end_io = worker_end_io;
    bio->private = w;
    atomic_add(&w->pending, 1);
    list_push_back(batch, &bio->link);
    return taken;
}

static void transfer(struct worker *w, enum bio_op op) {
    struct list batch = LIST_INIT(batch);
    uint32_t count = 0;
    for (uint32_t i = 0; i < REGION_PAGES;) {
        uint32_t n = min((uint32_t)(random_u64() % BIO_MAX_VECS) + 1, REGION_PAGES - i);
        i += add_bio(w, &batch, op, i, n);
        if (++count % BATCH == 0)
            bio_submit_list(&batch);
    }
    bio_submit_list(&batch);
    wait_event(&w->waitq, atomic_load(&w->pending) == 0);
}

static void work(void *arg) {
    struct worker *w = arg;
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < REGION_PAGES; i++)
            fill(w, i, false);
        transfer(w, BIO_WRITE);
        if (blkdev_flush(scratch))
            atomic_add(&wrong, 1);
        for (uint32_t i = 0; i < REGION_PAGES; i++)
            fill(w, i, true);
        transfer(w, BIO_READ);
        for (uint32_t i = 0; i < REGION_PAGES; i++)
            verify(w, i);
    }
    atomic_sub(&workers_left, 1);
    waitq_wake_all(&workers_q);
}

static void free_worker(struct worker *w) {
    for (int i = 0; w && i < REGION_PAGES; i++)
        if (w->page[i])
            page_put(w->page[i]);
    kfree(w);
}

static struct worker *new_worker(uint32_t n) {
    struct worker *w = kzalloc(sizeof(*w), GFP_KERNEL);
    if (!w)
        return NULL;
    waitq_init(&w->waitq);
    w->first_page = 1 + n * REGION_PAGES; // page 0 has the magic
    for (int i = 0; i < REGION_PAGES; i++)
        if (!(w->page[i] = page_alloc(GFP_KERNEL, 0))) {
            free_worker(w);
            return NULL;
        }
    return w;
}

static int test_many_in_flight(void) {
    struct worker *w[WORKERS];
    scratch = find_scratch();
    if (!scratch || scratch->sectors < (1 + WORKERS * REGION_PAGES) * SECTORS_PER_PAGE) {
        printk(LOG_NOTICE, "test: no scratch disk of 5 MiB, nothing is written\n");
        return 0;
    }
    salt = random_u64();
    wrong = 0;
    workers_left = WORKERS;
    for (uint32_t i = 0; i < WORKERS; i++) {
        w[i] = new_worker(i);
        KEXPECT(w[i] && kthread_start("disk-test", work, w[i]), "no memory");
    }
    wait_event(&workers_q, atomic_load(&workers_left) == 0);
    for (uint32_t i = 0; i < WORKERS; i++)
        free_worker(w[i]);
    KEXPECT(wrong == 0, "%u pages or bios were wrong", wrong);
    KEXPECT(scratch->in_flight == 0, "%u still in flight", scratch->in_flight);
    return 0;
}

// ---- what one read costs in software: instructions from bio_submit() to its return, and from the
// driver's interrupt to the end of end_io; the trap around it is not ours.

static int test_read_cost(void) {
    struct blkdev *dev = blkdev_next(NULL);
    struct page *page = page_alloc(GFP_KERNEL, 0);
    if (!dev || !page)
        return page ? page_put(page), 0 : 1;
    uint64_t first = 0, best = UINT64_MAX;
    for (int i = 0; i < 10; i++) {
        first = csr_read(instret);
        KEXPECT(page_io(dev, BIO_READ, 0, page) == 0, "read failed");
        best = min(best, csr_read(instret) - first);
    }
    page_put(page);
    printk(LOG_INFO, "test: reading 4 KiB takes %lu instructions, waiting included\n", best);
    return 0;
}

const struct ktest disk_tests[] = {
    {"disk: super block of vda", test_super_block},
    {"disk: many requests in flight, written, flushed, read back", test_many_in_flight},
    {"disk: instructions of one read", test_read_cost},
    {NULL, NULL},
};
