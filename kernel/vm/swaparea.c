// Swap areas: the format on the disk, swapon(2), and what /proc/swaps tells.
//
//   page 0     boot bits | version, last_page, bad pages, UUID, label | ... "SWAPSPACE2"
//   page 1 ... last_page: slots; pages listed as bad, and pages that have no place, are never used
//
// A device's page cache and swap would hold two truths of one disk, so everything dirty is written
// and everything cached dropped before an area is used; afterwards only swap's own requests touch
// it.
//
// Locks: swapon_lock, one swapon or swapoff at a time; swap_lock (swapmap.c) for what others see.
#include "abi/swap.h"
#include "abi/errno.h"
#include "klog/printk.h"
#include "lib/string.h"
#include "mm/kspace.h"
#include "mm/slab.h"
#include "vm/swapoff.h"

struct mutex swapon_lock;
static int lowest_prio = -1; // [on] of areas without a wish

void swap_init(void) { mutex_init(&swapon_lock, "swapon", RANK_SWAPON); }

static int refuse(const struct swap_source *src, const char *why) {
    pr_warn("swap: %s: %s\n", src->name, why);
    return -EINVAL;
}

static int header_check(const struct swap_source *src, const struct swap_header *h) {
    if (memcmp(h->magic, SWAP_MAGIC, SWAP_MAGIC_LEN))
        return refuse(src, "unable to find swap-space signature");
    if (h->version != 1)
        return refuse(src, "unable to handle swap header version");
    if (h->last_page == 0)
        return refuse(src, "empty swap area");
    if (h->last_page >= src->pages)
        return refuse(src, "swap area shorter than signature indicates");
    if (h->nr_badpages > SWAP_BAD_MAX || (h->nr_badpages && src->is_file))
        return refuse(src, "bad list of bad pages");
    for (uint32_t i = 0; i < h->nr_badpages; i++)
        if (h->badpages[i] == 0 || h->badpages[i] > h->last_page)
            return refuse(src, "bad list of bad pages");
    return 0;
}

// Marks what cannot be used: the header, pages between extents, the list. total is what is left.
static void reserve_slots(struct swap_area *a, const struct swap_header *h) {
    uint64_t slot = 0;
    slots_reserve(&a->slots, 0);
    for (uint64_t i = 0; i < a->src.extent_count; i++) {
        const struct swap_extent *x = &a->src.extents[i];
        assertf(x->slot >= slot, "extent of slot %lu behind %lu", x->slot, slot);
        for (; slot < min(x->slot, a->slots.count); slot++)
            slots_reserve(&a->slots, slot);
        slot = x->slot + x->count;
    }
    for (; slot < a->slots.count; slot++)
        slots_reserve(&a->slots, slot);
    for (uint32_t i = 0; i < h->nr_badpages; i++)
        slots_reserve(&a->slots, h->badpages[i]);
    a->total = a->slots.free;
}

void swap_area_free(struct swap_area *a) {
    if (!a)
        return;
    vfree(a->map);
    vfree(a->slots.used);
    kfree(a);
}

static int area_create(const struct swap_source *src, const struct swap_header *h,
                       struct swap_area **out) {
    struct swap_area *a = kzalloc(sizeof(*a), GFP_KERNEL);
    uint64_t count = (uint64_t)h->last_page + 1;
    if (!a)
        return -ENOMEM;
    uint64_t *used = vmalloc(BITMAP_WORDS(count) * sizeof(*used));
    a->src = *src;
    a->map = vmalloc(count * sizeof(*a->map));
    a->slots.used = used;
    int err = used && a->map ? 0 : -ENOMEM;
    if (!err) {
        slots_init(&a->slots, used, count);
        reserve_slots(a, h);
        if (a->total == 0)
            err = refuse(src, "empty swap area");
    }
    if (err) {
        swap_area_free(a);
        return err;
    }
    *out = a;
    return 0;
}

// The area of a file or device; swapon_lock held, so that it stays.
struct swap_area *swap_area_find(const struct mapping *m) {
    struct swap_area *found = NULL;
    spin_lock(&swap_lock);
    for (uint32_t i = 0; i < SWAP_AREAS_MAX; i++) {
        struct swap_area *a = swap_area_at(i);
        if (a && a->src.mapping == m)
            found = a;
    }
    spin_unlock(&swap_lock);
    return found;
}

static int free_number(void) {
    int number = -1;
    spin_lock(&swap_lock);
    for (int i = SWAP_AREAS_MAX - 1; i >= 0; i--)
        if (!swap_area_at((uint32_t)i))
            number = i;
    spin_unlock(&swap_lock);
    return number;
}

// Everything cached of it is on the disk and forgotten.
static int empty_cache(struct mapping *m) {
    int err = page_cache_sync(m, 0, UINT64_MAX, true);
    if (!err)
        page_cache_drop_range(m, 0, LAST_INDEX);
    return err;
}

static int on_locked(const struct swap_source *src, int prio) {
    struct swap_area *a = NULL;
    struct page *header;
    int number = free_number();

    if (swap_area_find(src->mapping))
        return -EBUSY;
    if (number < 0)
        return -EPERM;
    if (src->pages < 1)
        return refuse(src, "empty swap area");
    int err = page_cache_get(src->mapping, 0, NULL, &header);
    if (err)
        return err;
    const struct swap_header *h = page_to_virt(header);
    err = header_check(src, h);
    if (!err)
        err = area_create(src, h, &a);
    page_put(header);
    if (err)
        return err;
    err = empty_cache(src->mapping);
    if (err) {
        swap_area_free(a);
        return err;
    }
    a->number = (uint32_t)number;
    a->prio = prio >= 0 ? prio : --lowest_prio;
    swap_area_add(a);
    pr_info("swap: %lu KiB on %s, priority %d, extents %lu\n", a->total * (PAGE_SIZE / 1024),
            src->name, a->prio, src->extent_count);
    return 0;
}

int swap_on(const struct swap_source *src, int prio) {
    mutex_lock(&swapon_lock);
    int err = on_locked(src, prio);
    mutex_unlock(&swapon_lock);
    return err;
}

void swaps_show(void (*row)(void *arg, const char *name, bool is_file, uint64_t pages,
                            uint64_t used, int prio), void *arg) {
    mutex_lock(&swapon_lock);
    for (uint32_t i = 0; i < SWAP_AREAS_MAX; i++) {
        spin_lock(&swap_lock);
        const struct swap_area *a = swap_area_at(i);
        uint64_t used = a ? a->total - a->slots.free : 0;
        spin_unlock(&swap_lock);
        if (a)
            row(arg, a->src.name, a->src.is_file, a->total, used, a->prio);
    }
    mutex_unlock(&swapon_lock);
}
