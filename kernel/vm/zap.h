// Taking PTEs out, and freeing what they mapped.
#pragma once

#include "vm/tlb.h"
#include "vm/vma.h"

// Clears the PTEs of [start, end). The frames go to g, as does the range to flush. Takes mm->ptl, a
// table at a time.
#define ZAP_TABLES 1    // tables that become empty go too: mm->lock is held for writing, or mm dies
#define ZAP_FILE_ONLY 2 // pages of the file go, private copies and the zero page stay
#define ZAP_LOCKED 4    // the pages were locked by their VMA (vm/mlock.h)
void zap_range(struct tlb_gather *g, uaddr_t start, uaddr_t end, unsigned how);
// What zap_range() has to know of v.
static inline unsigned zap_locked(const struct vma *v) {
    return v->flags & VM_LOCKED ? ZAP_LOCKED : 0;
}
