// From a page to its mappings: file pages through mapping->vmas, anonymous pages through the family
// of address spaces they were born in (vm/family.h). Needed by truncation, by writeback to catch
// later stores through shared mappings, and by reclaim.
#pragma once

#include "vm/pagecache.h"

struct vma;

void rmap_add_vma(struct vma *v);    // mm write-locked
void rmap_remove_vma(struct vma *v);
// A VMA that mremap(2) moved enters its mm's tree, or leaves it.
void rmap_add_moved(struct vma *v);
void rmap_remove_moved(struct vma *v);
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

// For reclaim; the page is locked and referenced, mm->lock of nobody is needed.
// Was the page used through a PTE since the last call? Clears what says so. *exec (may be NULL): it
// is mapped as code.
// Other harts may go on with a translation from before and not set A again until they switch to
// another address space, or something there is unmapped. That is harmless: A is a hint for the
// choice of pages. No store is lost (D stays), and whoever takes the page away then clears the PTE
// and flushes everywhere (rmap_unmap_page()): at worst a page in use costs one minor fault. To know
// better would cost a firmware call for each young page.
bool rmap_referenced(struct page *p, bool *exec);
// How many address spaces have the page: more than its mapcount where tables are lent. The page
// need not be locked, or even be in use.
int rmap_sharers(const struct page *p);
// Takes the page out of all its page tables. An anonymous page is in the swap cache: its PTEs name
// the slot then. False: some PTE stays (it came meanwhile, or is locked).
bool rmap_unmap_page(struct page *p);
