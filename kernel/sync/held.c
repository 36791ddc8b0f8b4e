// The ranks of sleeping locks that a thread holds. Mutexes may be released in any order, so the
// entries are a set kept sorted by rank; a new lock must rank above the highest one.
#include "sync/held.h"

#include "klog/backtrace.h"
#include "klog/panic.h"

void held_push(struct held_sleepers *h, const void *lock, const char *name, enum lockrank rank,
               vaddr_t caller) {
    assertf(h->count < HELD_SLEEPERS_MAX, "%d sleeping locks", h->count);
    if (h->count > 0) {
        int top = h->count - 1;
        bool ordered = h->entry[top].rank < rank ||
                       (h->entry[top].rank == rank && h->entry[top].lock < lock);
        if (unlikely(!ordered) && !panicking())
            panic("lock order: %s (rank %d) wanted by %s while %s (rank %d) is held since %s",
                  name, rank, function_name(caller), h->entry[top].name, h->entry[top].rank,
                  function_name(h->entry[top].caller));
    }
    h->entry[h->count].rank = rank;
    h->entry[h->count].lock = lock;
    h->entry[h->count].name = name;
    h->entry[h->count].caller = caller;
    h->count++;
}

void held_pop(struct held_sleepers *h, const void *lock) {
    int i = h->count - 1;
    while (i >= 0 && h->entry[i].lock != lock)
        i--;
    assertf(i >= 0, "release of lock %p, which this thread does not hold", lock);
    for (; i + 1 < h->count; i++)
        h->entry[i] = h->entry[i + 1];
    h->count--;
}
