// The two global lists of mappings.
//
//   mappings_all     every mapping that ever had a page: drop_caches and reclaim go round it
//   mappings_dirty   a superset of those with dirty pages: what sync(2) and the writer go through
//
// A mapping belongs to an inode, whose life fs/ rules; vm/ holds no reference on it. A pass over a
// list therefore pins the mapping under mappings_lock before it drops that lock, and
// mapping_destroy() takes the mapping off the lists and waits for the pins.
//
// Invariants: 1. a mapping with an entry tagged dirty is on mappings_dirty, or a pass that will put
// it back has it pinned, or page_mark_dirty() is about to call mapping_note_dirty(). A pass takes a
// mapping off first and looks at its tags then, so no dirty page is forgotten. 2. pins > 0 only for
// mappings that are not destroyed.
#include "vm/mappings.h"

#include "sched/timer.h"

struct spinlock mappings_lock = SPINLOCK_INIT("mappings", RANK_RECLAIM);
struct list mappings_all = LIST_INIT(mappings_all);
struct list mappings_dirty = LIST_INIT(mappings_dirty);
struct waitq writeback_waitq;
static struct waitq unpin_waitq; // mapping_delist() waits here for pins to go

void mappings_init(void) {
    waitq_init(&writeback_waitq);
    waitq_init(&unpin_waitq);
}

void mapping_enlist(struct mapping *m) {
    spin_lock(&mappings_lock);
    if (list_empty(&m->all_link))
        list_push_back(&mappings_all, &m->all_link);
    spin_unlock(&mappings_lock);
}

void mapping_note_dirty(struct mapping *m) {
    fence_full(); // the tag is set before the list is looked at (invariant 1)
    if (!list_empty(&m->dirty_link))
        return;
    spin_lock(&mappings_lock);
    bool first = list_empty(&mappings_dirty);
    if (list_empty(&m->dirty_link)) {
        m->dirtied_ns = ktime_ns();
        list_push_back(&mappings_dirty, &m->dirty_link);
    }
    spin_unlock(&mappings_lock);
    if (first)
        waitq_wake_all(&writeback_waitq);
}

struct mapping *mappings_next(void) {
    struct mapping *m = NULL;
    spin_lock(&mappings_lock);
    if (!list_empty(&mappings_all)) {
        m = list_first(&mappings_all, struct mapping, all_link);
        list_move_back(&mappings_all, &m->all_link);
        mapping_pin(m);
    }
    spin_unlock(&mappings_lock);
    return m;
}

uint64_t mappings_count(void) {
    uint64_t n = 0;
    struct list *l;
    spin_lock(&mappings_lock);
    for (l = mappings_all.next; l != &mappings_all; l = l->next)
        n++;
    spin_unlock(&mappings_lock);
    return n;
}

void mapping_unpin(struct mapping *m) {
    spin_lock(&mappings_lock);
    assertf(m->pins > 0, "mapping %p unpinned twice", (void *)m);
    bool last = --m->pins == 0;
    spin_unlock(&mappings_lock);
    if (last)
        waitq_wake_all(&unpin_waitq);
}

static bool delist_if_unpinned(struct mapping *m) {
    spin_lock(&mappings_lock);
    list_remove(&m->all_link);
    list_remove(&m->dirty_link);
    bool unpinned = m->pins == 0;
    spin_unlock(&mappings_lock);
    return unpinned;
}

void mapping_delist(struct mapping *m) {
    wait_event(&unpin_waitq, delist_if_unpinned(m));
    assert(list_empty(&m->all_link) && list_empty(&m->dirty_link));
}
