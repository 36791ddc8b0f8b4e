// The book of promises (vm/commit.h): one number, changed with one atomic operation by whoever
// edits areas (mm_account) or makes shared memory.
#include "vm/commit.h"

#include "abi/errno.h"
#include "mm/buddy.h"
#include "vm/swap.h"

uint64_t overcommit_memory = OVERCOMMIT_GUESS, overcommit_ratio = 50, overcommit_kbytes;

int64_t commit_pages;
uint64_t commit_ram;

uint64_t commit_limit(void) {
    uint64_t kib = READ_ONCE(overcommit_kbytes);
    uint64_t ram = kib ? kib / (PAGE_SIZE / 1024)
                       : commit_ram * READ_ONCE(overcommit_ratio) / 100;
    return ram + swap_total_pages();
}

uint64_t commit_total(void) {
    int64_t pages = atomic_load_relaxed(&commit_pages);
    assertf(pages >= 0, "%ld pages promised", pages);
    return (uint64_t)pages;
}

int commit_check_slow(uint64_t pages) {
    switch (READ_ONCE(overcommit_memory)) {
    case OVERCOMMIT_ALWAYS:
        return 0;
    case OVERCOMMIT_NEVER:
        return commit_total() + pages > commit_limit() ? -ENOMEM : 0;
    default:
        return pages > commit_ram + swap_total_pages() ? -ENOMEM : 0;
    }
}

void commit_init(void) { commit_ram = mem_total_pages(); }
