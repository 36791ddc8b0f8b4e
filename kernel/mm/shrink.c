// The list of shrinkers: whoever keeps memory that can be given back. Registered at boot by an
// explicit call, never removed, so walking needs no lock; registering takes one, for two at once.
//
// shrink_all(priority) asks each for count >> priority objects: 12 is a gentle 1/4096, 0
// everything. Pressure is thus spread in proportion to what each holds. Shrinkers may free pages
// and take spin locks of rank SLAB and up; they are called with none held.

#include "mm/shrink.h"

#include "lib/assert.h"
#include "mm/buddy.h"
#include "mm/slab.h"
#include "sync/cpu.h"
#include "sync/spinlock.h"

static struct list shrinkers = LIST_INIT(shrinkers);
static struct spinlock shrinkers_lock = SPINLOCK_INIT("shrinkers", RANK_RECLAIM);

void shrinker_register(struct shrinker *s) {
    assert(s->count && s->scan);
    spin_lock(&shrinkers_lock);
    list_push_back(&shrinkers, &s->link);
    spin_unlock(&shrinkers_lock);
}

uint64_t shrink_all(int priority) {
    uint64_t freed = 0;
    struct shrinker *s;

    assertf(priority >= 0 && priority <= 12, "priority %d", priority);
    list_for_each(s, &shrinkers, link) {
        uint64_t wanted = s->count() >> priority;
        if (wanted)
            freed += s->scan(wanted);
    }
    return freed;
}

static void drain_this_cpu(void *unused) {
    slab_reap_all();
    pcp_drain_local();
}

void mm_drain_all(void) {
    might_sleep();
    shrink_all(0);
    cpu_call_others(cpu_online_mask, drain_this_cpu, NULL);
    drain_this_cpu(NULL);
}
