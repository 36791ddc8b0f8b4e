// kswapd: reclaim in the background, so that few requests have to do it themselves.
//
//   free pages  | min ... low ... high ...
//                         ^ a request that leaves less in the last zone wakes kswapd ...
//                                 ^ ... which stops when all zones together have as much
//
// A round that frees nothing although all of every list was looked at ends the attempt: the next
// request that has to go the slow way wakes it again.
//
// Invariant: `awake` is cleared before the zones are looked at, so no wake-up is lost.
#include "vm/reclaim.h"

#include "klog/printk.h"
#include "mm/buddy.h"
#include "mm/stat.h"
#include "sched/thread.h"
#include "sched/timer.h"
#include "vm/writeback.h"

#define BATCH 64            // frames wanted of one round

static struct waitq kswapd_waitq = WAITQ_INIT(kswapd_waitq);
static uint32_t awake; // [a]

void kswapd_wake(void) {
    if (atomic_load_relaxed(&awake) || atomic_swap(&awake, 1))
        return;
    waitq_wake_all(&kswapd_waitq);
}

// The zones have less than the sum of their high watermarks.
static bool too_little(void) {
    uint64_t free = 0, high = 0;
    struct zone_info z;
    for (int i = 0; i < ZONE_COUNT; i++)
        if (zone_get_info(i, &z)) {
            free += z.free;
            high += z.high;
        }
    return free < high;
}

static void balance(void) {
    for (int priority = RECLAIM_PRIORITY; priority >= 0 && too_little();) {
        uint32_t ended = reclaim_writes_ended();
        uint64_t dirty = 0, freed = reclaim_pages(BY_KSWAPD, BATCH, priority, &dirty);
        if (freed < BATCH)
            priority--;
        if (freed == 0 && dirty)
            writeback_kick();
        if (freed < BATCH && dirty)
            reclaim_wait(ended);
        cond_resched();
    }
}

static void kswapd_main(void *arg) {
    current_tcb->in_reclaim = true;
    for (;;) {
        wait_event(&kswapd_waitq, atomic_load(&awake));
        atomic_store(&awake, 0);
        balance();
    }
}

void kswapd_init(void) {
    if (!kthread_start("kswapd0", kswapd_main, NULL))
        pr_err("kswapd: no memory for the thread; every request reclaims for itself\n");
}
