// Counters: each CPU adds to its own line, a reader sums. The sum of a counter is exact when
// nothing runs; while others count, it is a value between before and after. One CPU's share may be
// negative (a page counted on one hart is discounted on another), the sum not for long: cut at 0.

#include "mm/stat.h"

#include "mm/zone.h"

// Every frame that is not free has one owner, so the books balance:
//   total = free + the sum of these + in transit
static const enum mm_stat owners[] = {
    NR_SLAB, NR_SLAB_RECLAIMABLE, NR_PAGETABLE, NR_KSTACK, NR_VMALLOC, NR_ANON,
    NR_SWAPCACHE_UNMAPPED, NR_FILE, NR_PIPE, NR_KERNEL,
};

struct mm_stats mm_stats[CPU_MAX];

long mm_stat_read(enum mm_stat s) {
    long sum = 0;

    assertf(s < MM_STAT_COUNT, "counter %d", s);
    for (int cpu = 0; cpu < CPU_MAX; cpu++) {
        sum += READ_ONCE(mm_stats[cpu].n[s]);
        // Single pages are counted by the lists that they pass (mm/zone.h): no extra line touched.
        for (int z = 0; z < ZONE_COUNT; z++)
            sum += s == PGALLOC ? pcp_allocs(&pcps[cpu][z])
                   : s == PGFREE ? (long)READ_ONCE(pcps[cpu][z].frees)
                                 : 0;
    }
    return max(sum, 0L);
}

long mm_stat_in_transit(void) {
    long rest = (long)mem_total_pages() - (long)mem_free_pages();

    for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
        rest -= mm_stat_read(owners[i]);
    return rest;
}
