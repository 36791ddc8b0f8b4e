/*
 * What the kernel holds: free frames, and the objects of each slab cache.
 *
 * Only where /proc/sys/vm/drop_caches and /proc/slabinfo are there and the caches can be emptied to
 * the last frame, as on xv39; on Linux nothing is compared.
 */
#ifndef XV_LEAK_H
#define XV_LEAK_H

#include <stddef.h>

struct holdings {
    long free_kib;
    int caches;
    struct {
        char name[24];
        long objects;
    } cache[64];
};

/* Whether this kernel can be asked. */
int leak_checkable(void);
/* Empties the caches, then counts. What exited processes leave behind may take a moment: waits up
 * to 100 ms for at least as much free memory as in `before` (may be NULL). */
void leak_count(struct holdings *h, const struct holdings *before);
/* Whether `now` holds more than `before`; then says what. */
int leak_compare(const struct holdings *before, const struct holdings *now, char *text,
                 size_t size);

#endif
