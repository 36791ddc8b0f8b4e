// Instruction caches are not coherent with stores (RISC-V, Zifencei): each hart must fence before
// it executes what was written or read from a disk. PG_ISYNC says that this was done for a page.
#pragma once

#include "mm/page.h"
#include "riscv/sbi.h"
#include "sync/cpu.h"

static inline void icache_sync_all_harts(void) {
    uint32_t others = atomic_load_relaxed(&cpu_online_mask) & ~(1u << cpu_id());
    fence_i();
    for (uint32_t cpu = 0; others; cpu++, others >>= 1)
        if (others & 1)
            (void)sbi_remote_fence_i(1, machine.hartid[cpu]);
}

// Before these pages are mapped executable.
static inline void icache_sync_pages(struct page **pages, size_t n) {
    bool fresh = false;
    for (size_t i = 0; i < n; i++)
        if (!page_test(pages[i], PG_ISYNC)) {
            fresh = true;
            page_set(pages[i], PG_ISYNC);
        }
    if (fresh)
        icache_sync_all_harts();
}
