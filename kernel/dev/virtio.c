#include "dev/virtio.h"

#include "abi/errno.h"
#include "dev/irq.h"
#include "dev/plic.h"
#include "dev/virtio_regs.h"
#include "klog/printk.h"
#include "lib/assert.h"
#include "mm/kspace.h"
#include "mm/slab.h"
#include "riscv/atomic.h"
#include "riscv/fdt.h"

// Finds virtio devices behind the MMIO transport and brings each together with its driver:
//
//   reset -> ACKNOWLEDGE -> DRIVER -> features -> FEATURES_OK (modern) -> probe -> DRIVER_OK
//
// Version 1 ("legacy", what QEMU shows by default) and 2 differ in the feature handshake, here, and
// in how a queue's address is told, in virtq.c; all else is the same.
//
// Devices and drivers may come in either order: floors above (network) register later.
//
// A device is trusted with memory (it writes where it wants) but not with answers: whoever finds an
// impossible one calls virtio_break(), and the device stays reset and broken.
//
// Invariants: 1. a device's list membership and fields marked [I] do not change after virtio_init.
//             2. a driver's interrupt() runs only after its probe() called virtio_ready().
// Locks: none: both lists change at boot only, in one thread; `broken` is atomic.

#define MAGIC 0x74726976 // "virt"

static struct list devices = LIST_INIT(devices);
static struct list drivers = LIST_INIT(drivers);

// ---- one device ----

static uint64_t offered_features(struct virtio_dev *d) {
    virtio_write(d, VIRTIO_DEVICE_FEATURES_SEL, 0);
    uint64_t low = virtio_read(d, VIRTIO_DEVICE_FEATURES);
    if (d->version == VIRTIO_LEGACY)
        return low;
    virtio_write(d, VIRTIO_DEVICE_FEATURES_SEL, 1);
    return (uint64_t)virtio_read(d, VIRTIO_DEVICE_FEATURES) << 32 | low;
}

static void accept_features(struct virtio_dev *d) {
    virtio_write(d, VIRTIO_DRIVER_FEATURES_SEL, 0);
    virtio_write(d, VIRTIO_DRIVER_FEATURES, (uint32_t)d->features);
    if (d->version == VIRTIO_LEGACY)
        return;
    virtio_write(d, VIRTIO_DRIVER_FEATURES_SEL, 1);
    virtio_write(d, VIRTIO_DRIVER_FEATURES, (uint32_t)(d->features >> 32));
}

// 0 or -ENODEV when the two cannot agree.
static int negotiate(struct virtio_dev *d, uint64_t wanted) {
    bool modern = d->version == VIRTIO_MODERN;
    uint64_t required = modern ? 1UL << VIRTIO_F_VERSION_1 : 0;
    uint32_t status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER;
    virtio_write(d, VIRTIO_STATUS, 0);
    virtio_write(d, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE);
    virtio_write(d, VIRTIO_STATUS, status);
    uint64_t offered = offered_features(d);
    if ((offered & required) != required)
        return -ENODEV;
    d->features = offered & (wanted | required);
    accept_features(d);
    if (!modern) {
        virtio_write(d, VIRTIO_GUEST_PAGE_SIZE, PAGE_SIZE);
        return 0;
    }
    virtio_write(d, VIRTIO_STATUS, status | VIRTIO_FEATURES_OK);
    return virtio_read(d, VIRTIO_STATUS) & VIRTIO_FEATURES_OK ? 0 : -ENODEV;
}

static void virtio_interrupt(void *arg) {
    struct virtio_dev *d = arg;
    uint32_t why = virtio_read(d, VIRTIO_INTERRUPT_STATUS);
    virtio_write(d, VIRTIO_INTERRUPT_ACK, why);
    if (READ_ONCE(d->ready))
        d->driver->interrupt(d);
}

void virtio_ready(struct virtio_dev *d) {
    atomic_store(&d->ready, true);
    virtio_write(d, VIRTIO_STATUS, virtio_read(d, VIRTIO_STATUS) | VIRTIO_DRIVER_OK);
}

void virtio_break(struct virtio_dev *d, const char *why) {
    if (atomic_swap(&d->broken, 1))
        return;
    virtio_write(d, VIRTIO_STATUS, 0);
    pr_err("virtio: %s is broken: %s\n", d->name, why);
}

uint64_t virtio_config_read(struct virtio_dev *d, uint32_t offset, int bytes) {
    volatile uint8_t *p = d->regs + VIRTIO_CONFIG + offset;
    assertf(offset + (uint32_t)bytes <= VIRTIO_MMIO_SIZE - VIRTIO_CONFIG, "offset %u", offset);
    if (bytes == 1)
        return mmio_read8(p);
    if (bytes == 2)
        return mmio_read16(p);
    if (bytes == 4)
        return mmio_read32(p);
    uint32_t generation, tries = 0;
    uint64_t v;
    do { // the two halves of one value: the generation tells whether it changed between
        generation = virtio_read(d, VIRTIO_CONFIG_GENERATION);
        v = mmio_read32(p) | (uint64_t)mmio_read32(p + 4) << 32;
    } while (d->version == VIRTIO_MODERN && ++tries < 100 &&
             virtio_read(d, VIRTIO_CONFIG_GENERATION) != generation);
    return v;
}

// ---- bringing together ----

static void probe(struct virtio_dev *d, const struct virtio_driver *drv) {
    int err = negotiate(d, drv->features);
    d->driver = drv;
    if (!err)
        err = irq_register(d->irq, drv->name, virtio_interrupt, d);
    if (!err)
        err = drv->probe(d);
    if (!err)
        return;
    virtio_write(d, VIRTIO_STATUS, VIRTIO_FAILED);
    pr_err("virtio: %s: driver %s failed, error %d\n", d->name, drv->name, -err);
}

void virtio_driver_register(struct virtio_driver *drv) {
    struct virtio_dev *d;
    list_push_back(&drivers, &drv->link);
    list_for_each(d, &devices, link)
        if (d->id == drv->id && !d->driver)
            probe(d, drv);
}

const struct virtio_driver *virtio_driver_find(uint32_t id) {
    struct virtio_driver *drv;
    list_for_each(drv, &drivers, link)
        if (drv->id == id)
            return drv;
    return NULL;
}

// Adds the device of a node; an empty slot (id 0) is not one. 0 or -errno.
static int add_device(const struct fdt_node *node) {
    uint64_t base, size;
    struct virtio_dev found = {.name = node->name};
    if (!fdt_reg(node, 0, &base, &size) || size < VIRTIO_MMIO_SIZE ||
        !fdt_prop_u32(node, "interrupts", &found.irq))
        return -EINVAL;
    found.regs = ioremap(base, VIRTIO_MMIO_SIZE);
    if (!found.regs)
        return -ENOMEM;
    found.version = virtio_read(&found, VIRTIO_VERSION);
    found.id = virtio_read(&found, VIRTIO_DEVICE_ID);
    if (virtio_read(&found, VIRTIO_MAGIC) != MAGIC || found.version < VIRTIO_LEGACY ||
        found.version > VIRTIO_MODERN)
        return -ENODEV;
    if (found.id == 0)
        return 0;
    if (!plic_serves(node))
        return -ENXIO;
    struct virtio_dev *d = kmalloc(sizeof(*d), GFP_KERNEL);
    if (!d)
        return -ENOMEM;
    *d = found;
    list_push_back(&devices, &d->link);
    const struct virtio_driver *drv = virtio_driver_find(d->id);
    if (drv)
        probe(d, drv);
    return 0;
}

void virtio_init(void) {
    struct fdt_node node = {0};
    while (fdt_next_compatible(&node, "virtio,mmio")) {
        int err = add_device(&node);
        if (err)
            pr_warn("virtio: %s not usable, error %d%s\n", node.name, -err,
                    err == -ENXIO ? ": wired to an interrupt controller that has no driver" : "");
    }
}
