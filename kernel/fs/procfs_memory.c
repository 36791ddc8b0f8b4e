// /proc: what is known of memory. Linux's formats to the column, so that its tools read them.
#include "fs/procfs_system.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/kspace.h"
#include "mm/lru.h"
#include "mm/slab.h"
#include "mm/stat.h"
#include "vm/commit.h"
#include "vm/huge.h"
#include "vm/swap.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)

static uint64_t stat_pages(enum mm_stat s) { return (uint64_t)mm_stat_read(s); }

static uint64_t reclaimable(uint64_t pages, uint64_t low) { return pages - min(pages / 2, low); }

// What could be had without swapping (Linux's estimate): free memory above the high watermarks, and
// the cache and the slabs that shrink, of which the low watermark or a half stays in use.
static uint64_t available_pages(void) {
    struct zone_info z;
    uint64_t low = 0, high = 0, free = mem_free_pages();

    for (int i = 0; i < ZONE_COUNT; i++)
        if (zone_get_info(i, &z)) {
            low += z.low;
            high += z.high;
        }
    uint64_t file = stat_pages(NR_FILE), shmem = stat_pages(NR_SHMEM);
    uint64_t cache = reclaimable(file - min(file, shmem), low);
    return free - min(free, high) + cache + reclaimable(stat_pages(NR_SLAB_RECLAIMABLE), low);
}

static void line(struct textbuf *t, const char *name, uint64_t pages) {
    int pad = 15 - (int)strlen(name);
    text_printf(t, "%s:%*s%8lu kB\n", name, max(pad, 0), "", pages * KIB_PER_PAGE);
}

// xv39's own, after Linux's lines: the rest of the books. MemTotal = MemFree + Buffers + Cached +
// AnonPages + Slab + KernelStack + PageTables + (VmallocUsed - KernelStack) + these four, and
// MemTotal + MemReserved is all of RAM.
static void own_lines(struct textbuf *t) {
    long transit = mm_stat_in_transit();

    line(t, "SwapUnmapped", stat_pages(NR_SWAPCACHE_UNMAPPED));
    line(t, "PipeBuffers", stat_pages(NR_PIPE));
    line(t, "KernelFrames", stat_pages(NR_KERNEL));
    text_printf(t, "InTransit:      %8ld kB\n", transit * (long)KIB_PER_PAGE);
    line(t, "MemReserved", mem_reserved_pages());
}

static int meminfo(struct textbuf *t, void *arg) {
    uint64_t file = stat_pages(NR_FILE), buffers = stat_pages(NR_BUFFERS);
    uint64_t shmem = stat_pages(NR_SHMEM), anon = stat_pages(NR_ANON);
    uint64_t total = mem_total_pages();

    line(t, "MemTotal", total);
    line(t, "MemFree", mem_free_pages());
    line(t, "MemAvailable", available_pages());
    line(t, "Buffers", buffers);
    line(t, "Cached", file - min(file, buffers));
    line(t, "SwapCached", stat_pages(NR_SWAPCACHE));
    line(t, "Active", lru_pages(LRU_ACTIVE_ANON) + lru_pages(LRU_ACTIVE_FILE));
    line(t, "Inactive", lru_pages(LRU_INACTIVE_ANON) + lru_pages(LRU_INACTIVE_FILE));
    line(t, "Active(anon)", lru_pages(LRU_ACTIVE_ANON));
    line(t, "Inactive(anon)", lru_pages(LRU_INACTIVE_ANON));
    line(t, "Active(file)", lru_pages(LRU_ACTIVE_FILE));
    line(t, "Inactive(file)", lru_pages(LRU_INACTIVE_FILE));
    line(t, "Unevictable", lru_pages(LRU_UNEVICTABLE));
    line(t, "Mlocked", stat_pages(NR_MLOCK));
    line(t, "SwapTotal", swap_total_pages());
    line(t, "SwapFree", swap_free_pages());
    line(t, "Dirty", stat_pages(NR_DIRTY));
    line(t, "Writeback", stat_pages(NR_WRITEBACK));
    line(t, "AnonPages", anon);
    line(t, "Mapped", stat_pages(NR_MAPPED));
    line(t, "Shmem", shmem);
    line(t, "KReclaimable", stat_pages(NR_SLAB_RECLAIMABLE));
    line(t, "Slab", stat_pages(NR_SLAB_RECLAIMABLE) + stat_pages(NR_SLAB));
    line(t, "SReclaimable", stat_pages(NR_SLAB_RECLAIMABLE));
    line(t, "SUnreclaim", stat_pages(NR_SLAB));
    line(t, "KernelStack", stat_pages(NR_KSTACK));
    line(t, "PageTables", stat_pages(NR_PAGETABLE));
    line(t, "SecPageTables", 0);
    line(t, "NFS_Unstable", 0);
    line(t, "Bounce", 0);
    line(t, "WritebackTmp", 0);
    line(t, "CommitLimit", commit_limit());
    line(t, "Committed_AS", commit_total());
    line(t, "VmallocTotal", (VMALLOC_END - VMALLOC_START) / PAGE_SIZE);
    line(t, "VmallocUsed", stat_pages(NR_VMALLOC) + stat_pages(NR_KSTACK));
    line(t, "VmallocChunk", 0);
    line(t, "Percpu", 0);
    line(t, "AnonHugePages", stat_pages(NR_ANON_THPS));
    line(t, "ShmemHugePages", 0);
    line(t, "ShmemPmdMapped", 0);
    line(t, "FileHugePages", 0);
    line(t, "FilePmdMapped", 0);
    own_lines(t);
    return 0;
}

static int buddyinfo(struct textbuf *t, void *arg) {
    struct zone_info z;

    for (int i = 0; i < ZONE_COUNT; i++) {
        if (!zone_get_info(i, &z))
            continue;
        text_printf(t, "Node 0, zone %8s ", z.name);
        for (int order = 0; order <= MAX_ORDER; order++)
            text_printf(t, "%6lu ", z.free_blocks[order]);
        text_write(t, "\n", 1);
    }
    return 0;
}

static int zoneinfo(struct textbuf *t, void *arg) {
    struct zone_info z;

    for (int i = 0; i < ZONE_COUNT; i++)
        if (zone_get_info(i, &z))
            text_printf(t,
                        "Node 0, zone %8s\n  pages free     %lu\n        boost    0\n"
                        "        min      %lu\n        low      %lu\n        high     %lu\n"
                        "        spanned  %lu\n        present  %lu\n        managed  %lu\n"
                        "        cma      0\n  pagesets\n    count: %lu\n",
                        z.name, z.free, z.min, z.low, z.high, z.present, z.present, z.managed,
                        z.pcp_pages);
    return 0;
}

// Frames are not grouped by mobility here: everything is of the first type, which is what Linux
// shows when it has too little memory for groups.
static int pagetypeinfo(struct textbuf *t, void *arg) {
    struct zone_info z;

    text_printf(t, "Page block order: %d\nPages per block:  %lu\n\n", MAX_ORDER, 1UL << MAX_ORDER);
    text_printf(t, "%-43s ", "Free pages count per migrate type at order");
    for (int order = 0; order <= MAX_ORDER; order++)
        text_printf(t, "%6d ", order);
    text_printf(t, "\n");
    for (int i = 0; i < ZONE_COUNT; i++) {
        if (!zone_get_info(i, &z))
            continue;
        text_printf(t, "Node %4d, zone %8s, type %12s ", 0, z.name, "Unmovable");
        for (int order = 0; order <= MAX_ORDER; order++)
            text_printf(t, "%6lu ", z.free_blocks[order]);
        text_printf(t, "\n");
    }
    text_printf(t, "\n%-23s%12s \n", "Number of blocks type ", "Unmovable");
    for (int i = 0; i < ZONE_COUNT; i++)
        if (zone_get_info(i, &z))
            text_printf(t, "Node %d, zone %8s %12lu \n", 0, z.name, z.present >> MAX_ORDER);
    return 0;
}

static int slabinfo(struct textbuf *t, void *arg) {
    struct slab_info s;

    text_printf(t, "slabinfo - version: 2.1\n"
                   "# name            <active_objs> <num_objs> <objsize> <objperslab> "
                   "<pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata "
                   "<active_slabs> <num_slabs> <sharedavail>\n");
    for (int i = 0; slab_get_info(i, &s); i++)
        text_printf(t,
                    "%-17s %6lu %6lu %6lu %4lu %4lu : tunables %4u %4u %4u : slabdata %6lu %6lu "
                    "%6lu\n",
                    s.name, s.active_objs, s.total_objs, s.objsize, s.objs_per_slab,
                    s.pages_per_slab, 0u, 0u, 0u, s.active_slabs, s.total_slabs, 0ul);
    return 0;
}

static int vmallocinfo(struct textbuf *t, void *arg) {
    struct kspace_info k;

    for (int i = 0; kspace_get_info(i, &k); i++)
        text_printf(t, "0x%016lx-0x%016lx %7lu %s pages=%lu\n", k.start, k.end, k.end - k.start,
                    k.what, k.pages);
    return 0;
}

static int vmstat(struct textbuf *t, void *arg) {
    static const struct {
        const char *name;
        enum mm_stat stat;
    } rows[] = {
        {"nr_slab_reclaimable", NR_SLAB_RECLAIMABLE},
        {"nr_slab_unreclaimable", NR_SLAB}, {"nr_page_table_pages", NR_PAGETABLE},
        {"nr_anon_pages", NR_ANON},
        {"nr_file_pages", NR_FILE},         {"nr_shmem", NR_SHMEM},
        {"nr_mapped", NR_MAPPED},           {"nr_dirty", NR_DIRTY},
        {"nr_writeback", NR_WRITEBACK},
        {"pswpin", PSWPIN},                 {"pswpout", PSWPOUT},
        {"nr_swapcached", NR_SWAPCACHE},
        {"pgalloc_normal", PGALLOC},
        {"pgfree", PGFREE},                 {"pgfault", PGFAULT},
        {"pgmajfault", PGMAJFAULT},         {"cow_copies", COW_COPIES},
        {"nr_tlb_remote_flush", TLB_SHOOTDOWNS},
        {"pgscan_kswapd", PGSCAN_KSWAPD},   {"pgscan_direct", PGSCAN_DIRECT},
        {"pgsteal_kswapd", PGSTEAL_KSWAPD}, {"pgsteal_direct", PGSTEAL_DIRECT},
        {"allocstall_normal", ALLOCSTALL},
        {"pgactivate", PGACTIVATE},         {"pgdeactivate", PGDEACTIVATE},
        {"oom_kill", OOM_KILLS},            {"drop_pagecache", DROP_PAGECACHE},
        {"drop_slab", DROP_SLAB},           {"nr_pipe_pages", NR_PIPE},
        {"nr_kernel_frames", NR_KERNEL},    {"thp_fault_alloc", THP_FAULT_ALLOC},
        {"thp_fault_fallback", THP_FAULT_FALLBACK}, {"thp_split_page", THP_SPLIT_PAGE},
        {"thp_split_pmd", THP_SPLIT_PMD},
    };

    static const char *const lists[LRU_COUNT] = {"inactive_anon", "active_anon", "inactive_file",
                                                 "active_file", "unevictable"};

    for (int l = 0; l < LRU_COUNT; l++)
        text_printf(t, "nr_%s %lu\n", lists[l], lru_pages(l));
    text_printf(t, "nr_free_pages %lu\nnr_kernel_stack %lu\n", mem_free_pages(),
                stat_pages(NR_KSTACK) * KIB_PER_PAGE); // in KiB, unlike the rest
    text_printf(t, "nr_anon_transparent_hugepages %lu\n", stat_pages(NR_ANON_THPS) / HUGE_PAGES);
    text_printf(t, "pgpgin %ld\npgpgout %ld\n", mm_stat_read(PGPGIN) / 2,
                mm_stat_read(PGPGOUT) / 2); // in KiB, counted in sectors (dev/blk.c)
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        text_printf(t, "%s %ld\n", rows[i].name, mm_stat_read(rows[i].stat));
    return 0;
}

static void swaps_row(void *arg, const char *name, bool is_file, uint64_t pages, uint64_t used,
                      int prio) {
    uint64_t size = pages * KIB_PER_PAGE, in_use = used * KIB_PER_PAGE;
    int pad = 40 - (int)strlen(name);

    text_printf(arg, "%s%*s%s\t%lu\t%s%lu\t%s%d\n", name, max(pad, 1), " ",
                is_file ? "file\t" : "partition", size, size < 10000000 ? "\t" : "", in_use,
                in_use < 10000000 ? "\t" : "", prio);
}

static int swaps(struct textbuf *t, void *arg) {
    text_printf(t, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    swaps_show(swaps_row, t);
    return 0;
}

static uint64_t failalloc_get(void) { return failalloc_every; }
static struct procfs_number failalloc = {.max = INT32_MAX, .get = failalloc_get,
                                         .set = failalloc_set};

static const struct procfs_file files[] = {
    {.path = "meminfo", .mode = 0444, .show = meminfo},
    {.path = "buddyinfo", .mode = 0444, .show = buddyinfo},
    {.path = "zoneinfo", .mode = 0444, .show = zoneinfo},
    {.path = "pagetypeinfo", .mode = 0400, .show = pagetypeinfo},
    {.path = "slabinfo", .mode = 0400, .show = slabinfo},
    {.path = "vmallocinfo", .mode = 0400, .show = vmallocinfo},
    {.path = "vmstat", .mode = 0444, .show = vmstat},
    {.path = "sys/vm/failalloc", .mode = 0644, .show = procfs_show_number,
     .store = procfs_store_number, .arg = &failalloc},
    {.path = "swaps", .mode = 0444, .show = swaps},
};

void procfs_add_memory(void) {
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        procfs_add(&files[i]);
}
