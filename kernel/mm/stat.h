// Counters of memory in use, in pages or events; per-CPU, summed when read, so that counting costs
// three instructions. Names follow /proc/vmstat.
#pragma once

#include "riscv/atomic.h"
#include "sync/cpu.h"

enum mm_stat {
    NR_SLAB,          // pages of slabs, and larger kmalloc() blocks
    NR_SLAB_RECLAIMABLE, // pages of slabs that a shrinker can empty (not in NR_SLAB)
    NR_PAGETABLE,
    NR_KSTACK,        // pages
    NR_VMALLOC,
    NR_ANON,          // anonymous pages that some PTE maps
    NR_ANON_THPS,     // of NR_ANON: in large pages (vm/huge.h)
    NR_SWAPCACHE,     // pages in the swap cache
    NR_SWAPCACHE_UNMAPPED, // of these, pages that no PTE maps (so not in NR_ANON)
    NR_FILE,          // page-cache pages, of files and block devices
    NR_BUFFERS,       // of NR_FILE: pages of block devices
    NR_SHMEM,         // of NR_FILE: tmpfs
    NR_PIPE,          // pages of pipes
    NR_KERNEL,        // frame_alloc(): rings, buffers, the zero page
    NR_MAPPED,        // page-cache pages that some PTE maps
    NR_MLOCK,         // pages that some VMA under mlock(2) maps
    NR_DIRTY,
    NR_WRITEBACK,
    PGALLOC, PGFREE, PGFAULT, PGMAJFAULT, PGPGIN, PGPGOUT, PSWPIN, PSWPOUT, // events
    PGSCAN_KSWAPD, PGSCAN_DIRECT, PGSTEAL_KSWAPD, PGSTEAL_DIRECT, // + enum reclaimer
    PGACTIVATE, PGDEACTIVATE, ALLOCSTALL,
    COW_COPIES, TLB_SHOOTDOWNS, OOM_KILLS, DROP_PAGECACHE, DROP_SLAB,
    THP_FAULT_ALLOC, THP_FAULT_FALLBACK, THP_SPLIT_PAGE, THP_SPLIT_PMD,
    MM_STAT_COUNT
};

struct mm_stats {
    long n[MM_STAT_COUNT];
} __aligned(64);
extern struct mm_stats mm_stats[CPU_MAX];

// Any context. An interrupt between load and store on the same hart may lose a count unless the
// caller has interrupts off; AMO on the own CPU's line makes it safe.
static inline void mm_stat_add(enum mm_stat s, long n) {
    atomic_add_relaxed(&mm_stats[cpu_id()].n[s], n);
}
long mm_stat_read(enum mm_stat s); // sum over CPUs, never below 0
// Frames that are neither free nor in one of the counters that say whose a frame is: on their way
// between the allocator and an owner. 0 when nothing runs; while others count, a rough value.
long mm_stat_in_transit(void);
