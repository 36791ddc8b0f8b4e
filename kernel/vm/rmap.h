// From a page to its mappings. File pages: through mapping->vmas. (Anonymous pages follow with
// reclaim.) Needed by truncation, and by writeback to catch later stores through shared mappings.
#pragma once

#include "vm/pagecache.h"

struct vma;

void rmap_add_vma(struct vma *v);    // mm write-locked
void rmap_remove_vma(struct vma *v);
// Around a change of the range of VMAs that map m; NULL is ignored. mm write-locked.
static inline void rmap_edit_begin(struct mapping *m) {
    if (m)
        mutex_lock(&m->rmap_lock);
}
static inline void rmap_edit_end(struct mapping *m) {
    if (m)
        mutex_unlock(&m->rmap_lock);
}
// Removes every PTE that maps pages [first, last] of m, in every mm; private copies stay unless
// also_private_copies (truncation: those go too).
void rmap_unmap_range(struct mapping *m, uint64_t first, uint64_t last, bool also_private_copies);
// Write-protects all shared mappings of a page before it is written; true if some PTE was dirty.
bool rmap_clean_page(struct page *p);
