// Failure injection: failalloc=N on the command line, or a write at run time, makes every N-th
// allocation answer NULL, so that every error path can be walked on purpose. The test costs the
// allocators one load and one branch while it is off (mm/buddy.h). The count is global, so a run
// with one hart and a fixed instruction clock fails the same allocations each time.
//
// Exempt are GFP_NOFAIL_TEST requests: boot, and paths that have no error to return.

#include "mm/buddy.h"

#include "riscv/atomic.h"

uint64_t failalloc_every;
static uint64_t failalloc_count; // [a] allocations seen since it was turned on

void failalloc_set(uint64_t every) {
    failalloc_count = 0;
    WRITE_ONCE(failalloc_every, every);
}

bool failalloc_hit(gfp_t gfp) {
    uint64_t every = READ_ONCE(failalloc_every);

    if (every == 0 || gfp & GFP_NOFAIL_TEST)
        return false;
    return atomic_add_relaxed(&failalloc_count, 1) % every == every - 1;
}
