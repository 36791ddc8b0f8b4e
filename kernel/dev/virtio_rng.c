#include "dev/virtio_rng.h"

#include "abi/errno.h"
#include "dev/random.h"
#include "dev/virtio.h"
#include "klog/printk.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "riscv/layout.h"
#include "sync/spinlock.h"

// The entropy device: an empty buffer goes out, a filled one comes back. One is out at a time, sent
// when dev/random asks (at boot, and every so many bytes after that). With several devices the last
// one found serves.
//
// Invariant: the buffer belongs to the device while `out` is true.
// Locks: the virtqueue's lock guards `out`.

#define ENTROPY_BYTES 64

struct rng {
    struct virtio_dev *virtio;
    struct virtq *queue;
    bool out;
    uint8_t *buffer; // [I] from kmalloc: physically in one piece
};

static struct rng *source;

static void rng_request(void) {
    struct spinlock *lock = virtq_lock(source->queue);
    spin_lock(lock);
    if (!source->out && virtq_begin(source->queue, 1) == 0) {
        source->out = true;
        virtq_add(source->queue, virt_to_phys(source->buffer), ENTROPY_BYTES, true);
        virtq_end(source->queue, source);
        virtq_kick(source->queue);
    }
    spin_unlock(lock);
}

static void rng_interrupt(struct virtio_dev *d) {
    struct rng *rng = d->private;
    struct spinlock *lock = virtq_lock(rng->queue);
    uint32_t written = 0;
    spin_lock(lock);
    if (virtq_get(rng->queue, &written)) {
        written = min(written, (uint32_t)ENTROPY_BYTES);
        random_add_entropy(rng->buffer, written);
        memset(rng->buffer, 0, ENTROPY_BYTES);
        rng->out = false;
    }
    spin_unlock(lock);
}

static int rng_probe(struct virtio_dev *d) {
    struct rng *rng = kzalloc(sizeof(*rng), GFP_KERNEL);
    uint8_t *buffer = kzalloc(ENTROPY_BYTES, GFP_KERNEL);
    struct virtq *queue = rng && buffer ? virtq_create(d, 0, 1) : NULL;
    if (!queue) {
        kfree(buffer);
        kfree(rng);
        return -ENOMEM;
    }
    *rng = (struct rng){.virtio = d, .queue = queue, .buffer = buffer};
    d->private = rng;
    virtio_ready(d);
    source = rng;
    random_set_source(rng_request);
    return 0;
}

static struct virtio_driver driver = {
    .name = "virtio-rng",
    .id = VIRTIO_ID_RNG,
    .probe = rng_probe,
    .interrupt = rng_interrupt,
};

void virtio_rng_init(void) { virtio_driver_register(&driver); }
