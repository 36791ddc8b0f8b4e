// Counters of memory in use, in pages or events; per-CPU, summed when read, so that counting costs
// three instructions. Names follow /proc/vmstat.
#pragma once

#include "riscv/atomic.h"
#include "sync/cpu.h"

enum mm_stat {
    NR_SLAB,          // pages of slabs
    NR_PAGETABLE,
    NR_KSTACK,        // pages
    NR_VMALLOC,
    NR_ANON,          // anonymous pages mapped or in swap cache
    NR_FILE,          // page-cache pages, of files and block devices
    NR_BUFFERS,       // of NR_FILE: pages of block devices
    NR_SHMEM,         // of NR_FILE: tmpfs
    NR_MAPPED,        // page-cache pages that some PTE maps
    NR_DIRTY,
    NR_WRITEBACK,
    PGALLOC, PGFREE, PGFAULT, PGMAJFAULT, PGPGIN, PGPGOUT, // events
    COW_COPIES, TLB_SHOOTDOWNS,
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
