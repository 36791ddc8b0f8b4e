#include "dev/virtio.h"

#include "abi/errno.h"
#include "dev/virtio_regs.h"
#include "klog/printk.h"
#include "mm/buddy.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "riscv/atomic.h"
#include "sync/spinlock.h"

// A split virtqueue (Virtual I/O Device Version 1.2, 2.7): three arrays in shared memory.
//
//   desc[]   what to read and write: chains of {address, length, flags, next}
//   avail    ring of chain heads, written by us; avail->idx counts them
//   used     ring of {head, bytes written}, written by the device; used->idx counts them
//
//   free --virtq_begin/add--> being built --virtq_end--> avail ==device==> used --virtq_get--> free
//
// The device may write all of the shared memory, so nothing is believed that comes from it: which
// descriptors form a chain, which are free and whose a chain is, we keep in private arrays, and a
// used entry must name the head of a chain in flight. If it does not, the device is broken.
//
// Version 1 wants the arrays in one block, `used` at the next page; we lay them out so for both.
//
// Invariants: 1. free_count + lengths of all chains in flight (+ the one being built) == num.
//             2. cookie[i] != NULL exactly when descriptor i heads a chain in flight.
//             3. next[] of a chain or of the free list never leaves [0, num).
// Locks: lock (RANK_BLOCK) for everything; the caller takes it.
// Left out: indirect descriptors (a chain of our lengths fits), event index (kicks are few).

#define DESC_NEXT 1
#define DESC_WRITE 2
#define USED_NO_NOTIFY 1

struct vring_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};

struct vring_avail {
    uint16_t flags, idx, ring[];
};

struct vring_used {
    uint16_t flags, idx;
    struct {
        uint32_t id, len;
    } ring[];
};

_Static_assert(sizeof(struct vring_desc) == 16, "specification 2.7.5");

struct virtq_slot { // our private twin of a descriptor
    void *cookie;    // of a chain's head while in flight
    uint16_t next;   // in its chain or in the free list
    uint16_t length; // of a chain, at its head
};

struct virtq {
    struct spinlock lock;
    struct virtio_dev *dev; // [I]
    uint32_t index, num;    // [I] num is a power of two
    struct vring_desc *desc;   // [I] pointers into the shared memory
    struct vring_avail *avail; // [I]
    struct vring_used *used;   // [I]
    int order;                 // [I] of the shared memory
    struct virtq_slot *slot;   // [I] pointer
    uint16_t free_head, free_count;
    uint16_t avail_idx, kicked_idx; // ours, and what it was at the last kick
    uint16_t used_idx;              // next entry to look at
    uint16_t build_head, build_last, build_length;
};

// ---- making one ----

static size_t avail_offset(uint32_t num) { return num * sizeof(struct vring_desc); }
static size_t used_offset(uint32_t num) {
    return ALIGN_UP(avail_offset(num) + sizeof(struct vring_avail) + 2 * num + 2, PAGE_SIZE);
}
static size_t ring_bytes(uint32_t num) {
    return used_offset(num) + sizeof(struct vring_used) + 8 * num + 2;
}

static int order_of(size_t bytes) {
    int order = 0;
    while (PAGE_SIZE << order < bytes)
        order++;
    return order;
}

static void write_address(struct virtio_dev *d, enum virtio_reg reg, const void *va) {
    paddr_t pa = virt_to_phys(va);
    mmio_write32(d->regs + reg, (uint32_t)pa);
    mmio_write32(d->regs + reg + 4, (uint32_t)(pa >> 32));
}

// Tells the device where the queue is. The queue is selected.
static void announce(struct virtq *q) {
    struct virtio_dev *d = q->dev;
    virtio_write(d, VIRTIO_QUEUE_NUM, q->num);
    if (d->version == VIRTIO_LEGACY) {
        virtio_write(d, VIRTIO_QUEUE_ALIGN, PAGE_SIZE);
        virtio_write(d, VIRTIO_QUEUE_PFN, (uint32_t)(virt_to_phys(q->desc) >> PAGE_SHIFT));
        return;
    }
    write_address(d, VIRTIO_QUEUE_DESC, q->desc);
    write_address(d, VIRTIO_QUEUE_DRIVER, q->avail);
    write_address(d, VIRTIO_QUEUE_DEVICE, q->used);
    virtio_write(d, VIRTIO_QUEUE_READY, 1);
}

// The largest power of two up to both; 0 when the device has no such queue.
static uint32_t choose_size(uint32_t device_max, uint32_t want) {
    uint32_t num = 1;
    while (num * 2 <= min(device_max, want) && num < 1u << 15)
        num *= 2;
    return device_max ? num : 0;
}

// Memory for the arrays. 0 or -ENOMEM (nothing allocated).
static int allocate(struct virtq *q) {
    q->order = order_of(ring_bytes(q->num));
    q->slot = kmalloc_array(q->num, sizeof(q->slot[0]), GFP_KERNEL | GFP_ZERO);
    char *ring = frame_alloc(GFP_KERNEL | GFP_ZERO, q->order);
    if (!ring || !q->slot) {
        kfree(q->slot);
        if (ring)
            frame_free(ring, q->order);
        return -ENOMEM;
    }
    q->desc = (struct vring_desc *)ring;
    q->avail = (struct vring_avail *)(ring + avail_offset(q->num));
    q->used = (struct vring_used *)(ring + used_offset(q->num));
    for (uint32_t i = 0; i < q->num; i++)
        q->slot[i].next = (uint16_t)((i + 1) % q->num);
    q->free_count = (uint16_t)q->num;
    return 0;
}

struct virtq *virtq_create(struct virtio_dev *d, uint32_t index, uint32_t want) {
    virtio_write(d, VIRTIO_QUEUE_SEL, index);
    uint32_t num = choose_size(virtio_read(d, VIRTIO_QUEUE_NUM_MAX), want);
    struct virtq *q = num ? kzalloc(sizeof(*q), GFP_KERNEL) : NULL;
    if (!q)
        goto fail;
    spin_init(&q->lock, "virtq", RANK_BLOCK);
    q->dev = d;
    q->index = index;
    q->num = num;
    if (allocate(q))
        goto fail_queue;
    announce(q);
    return q;
fail_queue:
    kfree(q);
fail:
    pr_err("virtio: %s: no queue %u (%u entries)\n", d->name, index, num);
    return NULL;
}

void virtq_destroy(struct virtq *q) {
    frame_free(q->desc, q->order);
    kfree(q->slot);
    kfree(q);
}

uint32_t virtq_size(const struct virtq *q) { return q->num; }
struct spinlock *virtq_lock(struct virtq *q) { return &q->lock; }

// ---- to the device ----

int virtq_begin(struct virtq *q, uint32_t n) {
    if (unlikely(READ_ONCE(q->dev->broken)))
        return -EIO;
    if (n > q->free_count)
        return -ENOSPC;
    q->build_length = 0;
    q->build_head = q->free_head;
    return 0;
}

void virtq_add(struct virtq *q, paddr_t addr, uint32_t len, bool device_writes) {
    assertf(q->free_count > 0, "queue %u: more segments than begun", q->index);
    uint16_t i = q->free_head;
    q->free_head = q->slot[i].next;
    q->free_count--;
    q->build_last = i;
    q->build_length++;
    q->desc[i] = (struct vring_desc){
        .addr = addr,
        .len = len,
        .flags = DESC_NEXT | (device_writes ? DESC_WRITE : 0),
        .next = q->free_head, // where the next segment will be, if there is one
    };
}

void virtq_end(struct virtq *q, void *cookie) {
    assertf(cookie && q->build_length > 0, "queue %u: empty chain", q->index);
    struct virtq_slot *head = &q->slot[q->build_head];
    head->cookie = cookie;
    head->length = q->build_length;
    q->desc[q->build_last].flags &= (uint16_t)~DESC_NEXT;
    q->avail->ring[q->avail_idx & (q->num - 1)] = q->build_head;
    q->avail_idx++;
    atomic_store(&q->avail->idx, q->avail_idx); // after the entry and the descriptors
}

void virtq_kick(struct virtq *q) {
    // Without the lock: two kicks at once may both notify or leave kicked_idx behind, which costs a
    // needless notification later; a chain put before its own kick is never missed.
    uint16_t idx = READ_ONCE(q->avail_idx);
    if (READ_ONCE(q->kicked_idx) == idx || READ_ONCE(q->dev->broken))
        return;
    WRITE_ONCE(q->kicked_idx, idx);
    fence_full(); // idx before flags: the device sets flags, then looks at idx again
    if (!(READ_ONCE(q->used->flags) & USED_NO_NOTIFY))
        virtio_write(q->dev, VIRTIO_QUEUE_NOTIFY, q->index);
}

// ---- from the device ----

// Puts the chain of `head` back on the free list; returns its cookie.
static void *release_chain(struct virtq *q, uint16_t head) {
    struct virtq_slot *first = &q->slot[head];
    uint16_t last = head;
    for (uint16_t i = 1; i < first->length; i++)
        last = q->slot[last].next;
    q->slot[last].next = q->free_head;
    q->free_head = head;
    q->free_count += first->length;
    void *cookie = first->cookie;
    first->cookie = NULL;
    return cookie;
}

void *virtq_get(struct virtq *q, uint32_t *written) {
    uint16_t idx = atomic_load(&q->used->idx);
    if (idx == q->used_idx || unlikely(READ_ONCE(q->dev->broken)))
        return NULL;
    if ((uint16_t)(idx - q->used_idx) > q->num) {
        virtio_break(q->dev, "used index jumps");
        return NULL;
    }
    uint32_t entry = q->used_idx & (q->num - 1);
    uint32_t head = READ_ONCE(q->used->ring[entry].id);
    if (head >= q->num || !q->slot[head].cookie) {
        virtio_break(q->dev, "finished a request that was not made");
        return NULL;
    }
    *written = READ_ONCE(q->used->ring[entry].len);
    q->used_idx++;
    return release_chain(q, (uint16_t)head);
}

void *virtq_take_back(struct virtq *q) {
    assertf(READ_ONCE(q->dev->broken), "queue %u of a live device", q->index);
    for (uint32_t i = 0; i < q->num; i++)
        if (q->slot[i].cookie)
            return release_chain(q, (uint16_t)i);
    return NULL;
}
