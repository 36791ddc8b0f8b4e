// VMAs: ranges of an address space with one backing and one protection. The set is a red-black
// tree plus an ordered list, with the largest free gap of each subtree kept in the tree, so that
// finding room is O(log n). Knows only lib/ and an allocator: the host tests include vma.c whole.
//
//   split:  AAAAAAAA  at x ->  AAA|AAAAA          (two VMAs, same backing, pgoff adjusted)
//   merge:  AAA BBB AAA  insert A at B's place -> AAAAAAAAA when flags, backing and pgoff continue
//
// Invariants: 1. start < end, both page aligned, below USER_END. 2. VMAs do not overlap. 3. no two
// neighbours that could be merged stay apart after an edit. 4. gap of a node = its own free space
// below it (down to the previous VMA's end or 0); max_gap = the largest in its subtree.
#pragma once

#include "lib/compiler.h"
#include "lib/list.h"
#include "lib/rbtree.h"

// Protection and kind; VM_READ..VM_EXEC equal PROT_*.
#define VM_READ 1u
#define VM_WRITE 2u
#define VM_EXEC 4u
#define VM_SHARED 8u
#define VM_MAYREAD 0x10u // limits of mprotect
#define VM_MAYWRITE 0x20u
#define VM_MAYEXEC 0x40u
#define VM_GROWSDOWN 0x100u
#define VM_LOCKED 0x200u // its pages count in page->mlocked (vm/mlock.h)
#define VM_NORESERVE 0x400u
#define VM_ACCOUNT 0x800u // counted in what is promised (vm/commit.h)
#define VM_STACK 0x1000u // named [stack]
#define VM_DONTEXPAND 0x2000u
#define VM_SPECIAL 0x4000u // vDSO: pages without struct page accounting
#define VM_HAS_ANON 0x8000u // a private copy of a page of the file was made here: fork must look
#define VM_LOCKONFAULT 0x10000u // mlock2: pages are locked as they are touched
#define VM_LOCK_MASK (VM_LOCKED | VM_LOCKONFAULT)
#define VM_DONTFORK 0x20000u // madvise(2)
#define VM_WIPEONFORK 0x40000u
#define VM_HUGEPAGE 0x80000u // madvise(2): large pages wanted ...
#define VM_NOHUGEPAGE 0x100000u // ... or not
#define VM_MERGE_IGNORES VM_HAS_ANON

// No mapping may come closer below a VM_GROWSDOWN one, so that an overrun stack faults.
#define STACK_GUARD_GAP (256UL << PAGE_SHIFT)

struct mm;
struct mapping;

struct vma {
    uaddr_t start, end;      // [mm]
    uint32_t flags;          // [mm] VM_*; VM_HAS_ANON also by faults, atomically
    uint64_t pgoff;          // [mm] page number in the mapping; anonymous private memory: start >>
                             //      PAGE_SHIFT at creation, so that neighbours continue each other
    struct mapping *mapping; // [I] NULL: anonymous
    void *file;              // [I] opaque open file that holds the mapping, see mapping_ops.hold
    struct mm *mm;           // [I]
    struct rb_node node;     // [mm]
    struct list link;        // [mm] mm->vma_list, in address order
    uint64_t gap, max_gap;   // [mm] bytes; a growing stack's guard does not count as free
    struct list rmap_link;   // [rmap] mapping->vmas
    int64_t moved;           // [mm] bytes that mremap(2) moved it: its anonymous pages were born at
                             //      address - moved, where the reverse map looks for them
    struct list moved_link;  // [ptl] mm->moved, when moved != 0
};

// The first VMA with end > addr, or NULL. O(log n), one comparison when the hint fits.
struct vma *vma_find(struct mm *mm, uaddr_t addr);
// The VMA that contains addr, or NULL.
struct vma *vma_lookup(struct mm *mm, uaddr_t addr);
struct vma *vma_next(struct mm *mm, struct vma *v);
struct vma *vma_prev(struct mm *mm, struct vma *v);
// Any VMA that overlaps [start, end)?
struct vma *vma_intersect(struct mm *mm, uaddr_t start, uaddr_t end);
void vma_insert(struct mm *mm, struct vma *v); // no overlap: asserts
void vma_remove(struct mm *mm, struct vma *v); // unlinks, does not free
// Moves a boundary and repairs the gaps. The caller has checked for overlap.
void vma_set_range(struct mm *mm, struct vma *v, uaddr_t start, uaddr_t end, uint64_t pgoff);
// Splits v at addr (page aligned, inside); v keeps the lower part, *upper gets the new one.
// 0 or -ENOMEM (nothing changed).
int __must_check vma_split(struct mm *mm, struct vma *v, uaddr_t addr, struct vma **upper);
// [start, end) lies in *v: splits so that it is a VMA of its own, which *v is then. 0 or -ENOMEM
// (nothing changed).
int __must_check vma_isolate(struct mm *mm, struct vma **v, uaddr_t start, uaddr_t end);
bool vma_can_merge(const struct vma *lower, const struct vma *upper);
// Merges v with its neighbours where possible; returns the survivor.
struct vma *vma_merge(struct mm *mm, struct vma *v);
// Highest free range of `size` bytes below `limit` and above `floor` (top-down); the answer's
// address, or 0 when there is none.
uaddr_t vma_find_gap(struct mm *mm, uint64_t size, uaddr_t floor, uaddr_t limit);
// All zero but for mm, and on no list. NULL: out of memory.
struct vma *__must_check vma_alloc(struct mm *mm);
void vma_free(struct vma *v); // of no tree; releases the file, too: may sleep
// What it maps as one that nobody else maps yet: holds the file and enters the mapping's list.
void vma_open(struct vma *v);
void vma_tree_init(struct mm *mm);
void vma_init(void); // the cache
static inline uint64_t vma_pages(const struct vma *v) { return (v->end - v->start) >> PAGE_SHIFT; }
// The number by which the reverse map knows an anonymous page of v: of its address at birth.
static inline uint64_t vma_birth_index(const struct vma *v, uaddr_t addr) {
    return (addr - (uint64_t)v->moved) >> PAGE_SHIFT;
}
// Page number in the mapping of an address in v.
static inline uint64_t vma_pgoff(const struct vma *v, uaddr_t addr) {
    return v->pgoff + ((addr - v->start) >> PAGE_SHIFT);
}
// Lowest address that other mappings must stay below.
static inline uaddr_t vma_guard_start(const struct vma *v) {
    if (!(v->flags & VM_GROWSDOWN))
        return v->start;
    return v->start > STACK_GUARD_GAP ? v->start - STACK_GUARD_GAP : 0;
}
void vma_check(struct mm *mm); // asserts the invariants
