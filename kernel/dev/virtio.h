// virtio over MMIO, version 1 (legacy) and 2 (Virtual I/O Device Version 1.2, 4.2), and split
// virtqueues (2.7). A device that answers wrongly is marked broken: its requests end with -EIO.
#pragma once

#include "lib/compiler.h"
#include "mm/page.h"
#include "sync/spinlock.h"

#define VIRTIO_ID_NET 1
#define VIRTIO_ID_BLK 2
#define VIRTIO_ID_RNG 4

struct virtq;

struct virtio_dev {
    volatile uint32_t *regs;
    uint32_t irq, id, version;
    uint64_t features; // negotiated
    bool broken;
    const char *name;
};

struct virtio_driver {
    uint32_t id;
    uint64_t features;               // wanted, of those offered
    int (*probe)(struct virtio_dev *); // 0 or -errno; sets up queues and registers
    void (*interrupt)(struct virtio_dev *);
};

void virtio_driver_register(const struct virtio_driver *drv);
void virtio_init(void); // probes every virtio,mmio node of the device tree
uint64_t virtio_config_read(struct virtio_dev *d, uint32_t offset, int bytes);

struct virtq_segment {
    paddr_t addr;
    uint32_t len;
    bool device_writes;
};

// A queue of up to `want` descriptors. NULL on failure.
struct virtq *__must_check virtq_create(struct virtio_dev *d, int index, uint32_t want);
// Puts a chain; cookie comes back from virtq_get. 0, -ENOSPC (wait for completions). Lock held.
int __must_check virtq_put(struct virtq *q, const struct virtq_segment *segs, int n, void *cookie);
void virtq_kick(struct virtq *q);
// The cookie of a finished chain, with the bytes the device wrote; NULL when none. Lock held.
void *virtq_get(struct virtq *q, uint32_t *written);
struct spinlock *virtq_lock(struct virtq *q);
