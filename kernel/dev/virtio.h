// virtio over MMIO, version 1 (legacy) and 2 (Virtual I/O Device Version 1.2, 4.2), and split
// virtqueues (2.7). A device that answers wrongly is marked broken: its requests end with -EIO.
#pragma once

#include "lib/compiler.h"
#include "lib/list.h"
#include "sync/spinlock.h"

#define VIRTIO_ID_NET 1
#define VIRTIO_ID_BLK 2
#define VIRTIO_ID_RNG 4

struct virtq;
struct virtio_driver;

struct virtio_dev {
    volatile uint8_t *regs; // [I]
    uint32_t irq, id, version; // [I]
    uint64_t features; // [I] negotiated
    bool ready;        // [a] the driver wants interrupts
    uint32_t broken;   // [a] 1 for ever
    const char *name;  // [I] of the device tree node
    const struct virtio_driver *driver; // [I] NULL until one has been found
    void *private;     // the driver's
    struct list link;  // of all devices
};

struct virtio_driver {
    const char *name;
    uint32_t id;
    uint64_t features;               // wanted, of those offered
    // 0 or -errno. Sets up queues, then calls virtio_ready() when it can take interrupts.
    int (*probe)(struct virtio_dev *);
    void (*interrupt)(struct virtio_dev *); // interrupt context; also called when d has broken
    struct list link;
};

// Probes the driver's devices, those found already and (at boot) those found later.
void virtio_driver_register(struct virtio_driver *drv);
const struct virtio_driver *virtio_driver_find(uint32_t id); // NULL if none; for the tests
void virtio_init(void); // finds every virtio,mmio node of the device tree, probes known drivers
void virtio_ready(struct virtio_dev *d); // the driver is complete: the device may work
// Reads 1, 2, 4 or 8 bytes of the device's configuration.
uint64_t virtio_config_read(struct virtio_dev *d, uint32_t offset, int bytes);
static inline bool virtio_has(const struct virtio_dev *d, int feature) {
    return d->features >> feature & 1;
}
// The device answered nonsense: resets it, so that it no longer touches memory. Says so once. Any
// context, a queue's lock may be held.
void virtio_break(struct virtio_dev *d, const char *why);

// Split virtqueues (virtq.c). A chain of segments goes to the device and comes back as its cookie
// (any pointer but NULL). All with the queue's lock held, unless said otherwise.

// A queue of up to `want` descriptors. NULL on failure (said in the log). No lock.
struct virtq *__must_check virtq_create(struct virtio_dev *d, uint32_t index, uint32_t want);
void virtq_destroy(struct virtq *q); // the device has been reset
uint32_t virtq_size(const struct virtq *q);
// Begins a chain of at most n segments: 0, -ENOSPC (wait for completions), -EIO (broken). Then
// virtq_add() for each segment, those that the device reads first; then virtq_end().
int __must_check virtq_begin(struct virtq *q, uint32_t n);
void virtq_add(struct virtq *q, paddr_t addr, uint32_t len, bool device_writes);
void virtq_end(struct virtq *q, void *cookie);
// Tells the device of the chains since the last kick, if it wants to know. Lock optional.
void virtq_kick(struct virtq *q);
// The cookie of a finished chain, with the bytes the device says it wrote; NULL when none.
void *virtq_get(struct virtq *q, uint32_t *written);
// After virtio_break(): takes the chains back one by one, finished or not; NULL when none is left.
void *virtq_take_back(struct virtq *q);
struct spinlock *virtq_lock(struct virtq *q);
