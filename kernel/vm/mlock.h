// Locked pages: page->mlocked is the number of PTEs in VM_LOCKED VMAs that map a page. Whoever sets
// or takes such a PTE changes it under the ptl; a page with a count is never reclaimed.
#pragma once

#include "mm/page.h"
#include "vm/vma.h"

void page_mlock(struct page *p);
void page_munlock(struct page *p);
// A PTE of v maps p now.
static inline void vma_note_mapped(const struct vma *v, struct page *p) {
    if (unlikely(v->flags & VM_LOCKED))
        page_mlock(p);
}
// [start, end) of v is on its way out: its pages are locked by v no more. mm write-locked, and no
// reverse map leads here.
void mlock_forget(struct vma *v, uaddr_t start, uaddr_t end);
