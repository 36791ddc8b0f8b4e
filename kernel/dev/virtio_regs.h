// Registers of the MMIO transport, shared by virtio.c and virtq.c (Virtual I/O Device Version 1.2,
// 4.2.2 and, for version 1, 4.2.4).
#pragma once

#include "dev/mmio.h"
#include "dev/virtio.h"

enum virtio_reg {
    VIRTIO_MAGIC = 0x000, // "virt"
    VIRTIO_VERSION = 0x004,
    VIRTIO_DEVICE_ID = 0x008,
    VIRTIO_DEVICE_FEATURES = 0x010,
    VIRTIO_DEVICE_FEATURES_SEL = 0x014,
    VIRTIO_DRIVER_FEATURES = 0x020,
    VIRTIO_DRIVER_FEATURES_SEL = 0x024,
    VIRTIO_GUEST_PAGE_SIZE = 0x028, // version 1
    VIRTIO_QUEUE_SEL = 0x030,
    VIRTIO_QUEUE_NUM_MAX = 0x034,
    VIRTIO_QUEUE_NUM = 0x038,
    VIRTIO_QUEUE_ALIGN = 0x03c, // version 1
    VIRTIO_QUEUE_PFN = 0x040,   // version 1
    VIRTIO_QUEUE_READY = 0x044,
    VIRTIO_QUEUE_NOTIFY = 0x050,
    VIRTIO_INTERRUPT_STATUS = 0x060,
    VIRTIO_INTERRUPT_ACK = 0x064,
    VIRTIO_STATUS = 0x070,
    VIRTIO_QUEUE_DESC = 0x080, // 64 bits in two registers, as the next two
    VIRTIO_QUEUE_DRIVER = 0x090,
    VIRTIO_QUEUE_DEVICE = 0x0a0,
    VIRTIO_CONFIG_GENERATION = 0x0fc,
    VIRTIO_CONFIG = 0x100,
};

#define VIRTIO_MMIO_SIZE 0x200 // registers and the largest configuration that we read

enum virtio_status {
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
    VIRTIO_FAILED = 128,
};

#define VIRTIO_LEGACY 1 // version of the transport before virtio 1.0
#define VIRTIO_MODERN 2
#define VIRTIO_F_VERSION_1 32

static inline uint32_t virtio_read(struct virtio_dev *d, enum virtio_reg reg) {
    return mmio_read32(d->regs + reg);
}
static inline void virtio_write(struct virtio_dev *d, enum virtio_reg reg, uint32_t v) {
    mmio_write32(d->regs + reg, v);
}
