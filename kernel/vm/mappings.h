// The set of all mappings, and of those with dirty pages: for sync(2), the periodic writer,
// drop_caches and reclaim. A pinned mapping is not destroyed.
#pragma once

#include "vm/pagecache.h"

extern struct spinlock mappings_lock; // RANK_RECLAIM: guards both lists and the members [mappings]
extern struct list mappings_all, mappings_dirty;
extern struct waitq writeback_waitq; // the periodic writer sleeps here

void mappings_init(void);
// Puts m on the list of all mappings (it gets its first page).
void mapping_enlist(struct mapping *m);
// m has a dirty page: puts it on the dirty list, wakes the periodic writer when it is the first.
void mapping_note_dirty(struct mapping *m);
// Takes m off both lists and waits until nobody has it pinned.
void mapping_delist(struct mapping *m);
// All mappings in turn: the one at the head of the ring, pinned and moved to its end, or NULL; and
// how many there are, so that a pass knows when to stop.
struct mapping *mappings_next(void);
uint64_t mappings_count(void);
// mappings_lock held.
static inline void mapping_pin(struct mapping *m) { m->pins++; }
void mapping_unpin(struct mapping *m); // mappings_lock not held
