// The way from an allocation without a frame to the OOM killer (proc/oom.c), and the report of
// where memory went.
//
//   page_alloc: nothing to reclaim --> the killer, if some process holds much; else NULL
//   vm_fault: -ENOMEM --> oom_make_room: is there a frame after all?     yes: try again
//                                        no: the killer ends a process, waits: try again
//                                        the killer chose us: -ENOMEM, the signal waits already
//
// A task that is being ended for memory (tcb.use_reserves) allocates below the watermarks, so that
// it gets as far as its exit; when even that fails, its fault fails and it dies at once.
#include "vm/oom.h"

#include "klog/printk.h"
#include "mm/buddy.h"
#include "mm/lru.h"
#include "mm/stat.h"
#include "riscv/tcb.h"
#include "vm/swap.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)

static bool (*kill_somebody)(bool must);

// The page allocator's last resort.
static bool allocation_failed(void) { return !current_tcb->use_reserves && kill_somebody(false); }

void oom_set_killer(bool (*killer)(bool must)) {
    kill_somebody = killer;
    mm_set_oom(allocation_failed);
}

bool oom_make_room(void) {
    if (current_tcb->use_reserves || !kill_somebody)
        return false;
    struct page *p = page_alloc(GFP_USER, 0);
    if (p) { // somebody gave memory back meanwhile, or failalloc= struck
        page_put(p);
        return true;
    }
    return !failalloc_every && kill_somebody(true); // a made-up failure is nobody else's fault
}

static void show_zone(const struct zone_info *z) {
    printk(LOG_WARNING,
           "Node 0 %s free:%lukB boost:0kB min:%lukB low:%lukB high:%lukB present:%lukB "
           "managed:%lukB free_pcp:%lukB\n",
           z->name, z->free * KIB_PER_PAGE, z->min * KIB_PER_PAGE, z->low * KIB_PER_PAGE,
           z->high * KIB_PER_PAGE, z->present * KIB_PER_PAGE, z->managed * KIB_PER_PAGE,
           z->pcp_pages * KIB_PER_PAGE);
}

static void show_blocks(const struct zone_info *z) {
    uint64_t n[MAX_ORDER + 1];
    for (int order = 0; order <= MAX_ORDER; order++)
        n[order] = z->free_blocks[order];
    printk(LOG_WARNING,
           "Node 0 %s: %lu*4kB %lu*8kB %lu*16kB %lu*32kB %lu*64kB %lu*128kB %lu*256kB %lu*512kB "
           "%lu*1024kB %lu*2048kB %lu*4096kB = %lukB\n",
           z->name, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10],
           (z->free - z->pcp_pages) * KIB_PER_PAGE);
}

void oom_show_memory(void) {
    struct zone_info z;

    _Static_assert(MAX_ORDER == 10, "show_blocks() has eleven columns");
    printk(LOG_WARNING, "Mem-Info:\n");
    printk(LOG_WARNING, "active_anon:%lu inactive_anon:%lu isolated_anon:0\n",
           lru_pages(LRU_ACTIVE_ANON), lru_pages(LRU_INACTIVE_ANON));
    printk(LOG_WARNING, " active_file:%lu inactive_file:%lu isolated_file:0\n",
           lru_pages(LRU_ACTIVE_FILE), lru_pages(LRU_INACTIVE_FILE));
    printk(LOG_WARNING, " unevictable:%lu dirty:%ld writeback:%ld\n", lru_pages(LRU_UNEVICTABLE),
           mm_stat_read(NR_DIRTY), mm_stat_read(NR_WRITEBACK));
    printk(LOG_WARNING, " slab_reclaimable:%ld slab_unreclaimable:%ld\n",
           mm_stat_read(NR_SLAB_RECLAIMABLE), mm_stat_read(NR_SLAB));
    printk(LOG_WARNING, " mapped:%ld shmem:%ld pagetables:%ld\n", mm_stat_read(NR_MAPPED),
           mm_stat_read(NR_SHMEM), mm_stat_read(NR_PAGETABLE));
    // Linux goes on with what is never there; these make the sum whole (mm/stat.c).
    printk(LOG_WARNING, " anon:%ld file:%ld swapcache_unmapped:%ld kernel_stack:%ld\n",
           mm_stat_read(NR_ANON), mm_stat_read(NR_FILE), mm_stat_read(NR_SWAPCACHE_UNMAPPED),
           mm_stat_read(NR_KSTACK));
    printk(LOG_WARNING, " vmalloc:%ld pipe:%ld kernel:%ld in_transit:%ld\n",
           mm_stat_read(NR_VMALLOC), mm_stat_read(NR_PIPE), mm_stat_read(NR_KERNEL),
           mm_stat_in_transit());
    printk(LOG_WARNING, " free:%lu\n", mem_free_pages());
    for (int i = 0; i < ZONE_COUNT; i++)
        if (zone_get_info(i, &z)) {
            show_zone(&z);
            show_blocks(&z);
        }
    printk(LOG_WARNING, "%ld total pagecache pages\n", mm_stat_read(NR_FILE));
    printk(LOG_WARNING, "%ld pages in swap cache\n", mm_stat_read(NR_SWAPCACHE));
    printk(LOG_WARNING, "Free swap  = %lukB\n", swap_free_pages() * KIB_PER_PAGE);
    printk(LOG_WARNING, "Total swap = %lukB\n", swap_total_pages() * KIB_PER_PAGE);
    printk(LOG_WARNING, "%lu pages RAM\n", mem_total_pages() + mem_reserved_pages());
    printk(LOG_WARNING, "%lu pages reserved\n", mem_reserved_pages());
}
