// Giving memory back when frames run out.
#pragma once

#include "lib/compiler.h"

#define RECLAIM_PRIORITY 12 // of the first round: 1/4096 of each list

// Who reclaims: /proc/vmstat tells them apart.
enum reclaimer { BY_KSWAPD, BY_REQUEST };

// One round: looks at the part 2^-priority (RECLAIM_PRIORITY to 0) of the reclaim lists, and asks
// the shrinkers for as much. Frames freed; *dirty grows by the pages that have to be written first.
// Sleeps.
uint64_t reclaim_pages(enum reclaimer by, uint64_t wanted, int priority, uint64_t *dirty);
// Sleeps until some page has been written since `ended` was reclaim_writes_ended(), or for a short
// time.
uint32_t reclaim_writes_ended(void);
void reclaim_wait(uint32_t ended);
void reclaim_note_written(void); // any context: pages were written, and may be clean now
void kswapd_wake(void); // any context
void kswapd_init(void); // starts the thread
void reclaim_init(void); // registers with the page allocator
