// /proc/kpagecount and /proc/kpageflags: 64 bits for each frame, by frame number from 0 on: how
// many PTEs map it, and what it is (proc(5); Linux's admin-guide, mm/pagemap).
//
// No lock: a frame may change while it is looked at, as on Linux. Frames of a free block but its
// first say nothing themselves (mm/buddy.c, invariant 2), so the block is looked for.
#include "abi/errno.h"
#include "fs/procfs_system.h"
#include "mm/buddy.h"
#include "vm/fault.h"
#include "vm/huge.h"
#include "vm/rmap.h"

enum kpf_bit { // Linux's numbers
    KPF_LOCKED, KPF_ERROR, KPF_REFERENCED, KPF_UPTODATE, KPF_DIRTY, KPF_LRU, KPF_ACTIVE, KPF_SLAB,
    KPF_WRITEBACK, KPF_RECLAIM, KPF_BUDDY, KPF_MMAP, KPF_ANON, KPF_SWAPCACHE, KPF_SWAPBACKED,
    KPF_COMPOUND_HEAD, KPF_COMPOUND_TAIL, KPF_HUGE, KPF_UNEVICTABLE, KPF_HWPOISON, KPF_NOPAGE,
    KPF_KSM, KPF_THP, KPF_OFFLINE, KPF_ZERO_PAGE, KPF_IDLE, KPF_PGTABLE,
    KPF_RESERVED = 32,
};

static bool in_free_block(pfn_t pfn) {
    for (int order = 0; order <= MAX_ORDER; order++) {
        const struct page *head = pfn_to_page(ALIGN_DOWN(pfn, 1UL << order));
        if (page_test(head, PG_BUDDY))
            return READ_ONCE(head->order) >= order;
    }
    return false;
}

// What speaks for the frame: itself, or the head of the large page that it is a part of.
static const struct page *speaker(pfn_t pfn) {
    pfn_t first = ALIGN_DOWN(pfn, HUGE_PAGES);
    return pfn_to_page(pfn_valid(first) && page_is_huge(pfn_to_page(first)) ? first : pfn);
}

static uint64_t frame_count(pfn_t pfn) {
    if (!pfn_valid(pfn) || page_test(pfn_to_page(pfn), PG_TABLE)) // a root's is not of PTEs
        return 0;
    return (uint64_t)rmap_sharers(speaker(pfn));
}

static uint64_t frame_flags(pfn_t pfn) {
    static const struct {
        enum page_flag flag;
        enum kpf_bit bit;
    } same[] = {
        {PG_LOCKED, KPF_LOCKED},       {PG_ERROR, KPF_ERROR},   {PG_REFERENCED, KPF_REFERENCED},
        {PG_UPTODATE, KPF_UPTODATE},   {PG_DIRTY, KPF_DIRTY},   {PG_LRU, KPF_LRU},
        {PG_ACTIVE, KPF_ACTIVE},       {PG_SLAB, KPF_SLAB},     {PG_WRITEBACK, KPF_WRITEBACK},
        {PG_PCP, KPF_BUDDY},           {PG_ANON, KPF_ANON},     {PG_SWAPCACHE, KPF_SWAPCACHE},
        {PG_ANON, KPF_SWAPBACKED},     {PG_TABLE, KPF_PGTABLE}, {PG_RESERVED, KPF_RESERVED},
    };
    if (!pfn_valid(pfn))
        return 1UL << KPF_NOPAGE;
    const struct page *p = speaker(pfn);
    uint64_t bits = 0;
    if (page_is_huge(p))
        bits = 1UL << KPF_THP |
               1UL << (p == pfn_to_page(pfn) ? KPF_COMPOUND_HEAD : KPF_COMPOUND_TAIL);
    for (size_t i = 0; i < ARRAY_SIZE(same); i++)
        if (page_test(p, same[i].flag))
            bits |= 1UL << same[i].bit;
    if (READ_ONCE(p->mapcount) && !page_test(p, PG_TABLE))
        bits |= 1UL << KPF_MMAP;
    if (READ_ONCE(p->refcount) == 0 && in_free_block(pfn))
        bits |= 1UL << KPF_BUDDY;
    return p == zero_page ? bits | 1UL << KPF_ZERO_PAGE : bits;
}

static ssize_t fill(char *buf, size_t n, off_t pos, uint64_t (*of)(pfn_t pfn)) {
    pfn_t end = mem_map_base_pfn + mem_map_pages, pfn = min((pfn_t)pos / sizeof(uint64_t), end);
    if (pos % (off_t)sizeof(uint64_t) || n % sizeof(uint64_t))
        return -EINVAL;
    size_t count = min(n / sizeof(uint64_t), end - pfn);
    for (size_t i = 0; i < count; i++)
        ((uint64_t *)buf)[i] = of(pfn + i);
    return (ssize_t)(count * sizeof(uint64_t));
}

static ssize_t kpageflags(char *buf, size_t n, off_t pos) { return fill(buf, n, pos, frame_flags); }
static ssize_t kpagecount(char *buf, size_t n, off_t pos) { return fill(buf, n, pos, frame_count); }

void procfs_add_kpage(void) {
    static const struct procfs_file files[] = {
        {.path = "kpageflags", .mode = 0400, .read = kpageflags},
        {.path = "kpagecount", .mode = 0400, .read = kpagecount},
    };
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        procfs_add(&files[i]);
}
