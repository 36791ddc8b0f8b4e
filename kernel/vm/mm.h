// An address space: the VMAs, the page table that caches them, and the article's landmarks.
//
//   brk, mmap and exec edit VMAs only; frames come at the fault (vm/fault.c).
//
// Lock key: [mm] the rwsem `lock`: read for faults, write for edits   [ptl] page-table lock
//           [I] immutable   [a] atomic   [swap] swap_lock (vm/swapmap.c)
#pragma once

#include "lib/rbtree.h"
#include "lib/refcount.h"
#include "mm/pgtable.h"
#include "lib/list.h"
#include "sched/mutex.h"

struct family;
struct mapping_ops;
struct thread;
struct uio;
struct vma;

struct mm {
    struct refcount users;    // processes and threads that run in it, and borrowers (/proc, ptrace)
    struct rwsem lock;
    struct rb_root vmas;      // [mm] by address, augmented with the largest gap
    struct list vma_list;     // [mm] in address order
    struct vma *vma_cache;    // [a] hint: the VMA found last
    uint64_t map_count;       // [mm]
    struct family *family;    // [own] where its anonymous pages' other PTEs may be (vm/family.h)
    struct list family_link;  // [family]
    struct list moved;        // [ptl] VMAs that mremap(2) moved: v->moved_link

    struct list swap_link;    // [swap] mms with swap entries, see swap_note_mm()

    uaddr_t cow_next;         // [a] hint: where a run of stores to shared pages goes on,
    uint32_t cow_run;         // [a] and how long it is (vm/cowrun.c)

    struct spinlock ptl;
    pte_t *root;              // [ptl] 512 entries; the kernel half is shared
    uint64_t huge_leaves;     // [ptl] level-1 leaves: large pages (vm/huge.h)
    pte_t *spare_tables;      // [ptl] a table for each of them
    uint64_t lent;            // [ptl] tables shared with others of the family (vm/lend.h)
    uint64_t satp;            // [own] root and ASID; changes only while one thread uses the mm
    uint32_t cpus;            // [a] CPUs that may hold its translations (set by the switch, too)
    uint32_t threads;         // [a] threads whose satp it is (mm_attach)

    uaddr_t start_code, end_code, start_data, end_data; // [mm]
    uaddr_t start_brk, brk, start_stack;
    uaddr_t arg_start, arg_end, env_start, env_end;
    uaddr_t mmap_base;        // [I] top of the mmap area, below the stack's reserve
    uint32_t lock_flags;      // [mm] of VM_LOCK_MASK, for VMAs to come (mlockall)
    uint64_t committed;       // [mm] pages promised: of areas with VM_ACCOUNT
    uint64_t total_pages, data_pages, stack_pages, exec_pages, locked_pages; // [mm]
    uint64_t rss_anon, rss_file, rss_shmem, swap_entries; // [ptl] pages
    uint64_t hiwater_rss, hiwater_vm; // pages; brought up to date when rss or total shrinks
    uint64_t auxv[2 * 24];    // [I] after exec
    void *exe;                // [mm] the executable (struct file, opaque here)
    const struct mapping_ops *exe_ops; // how to hold and release exe
};

// An empty address space of a new family (exec), or of an existing one (fork). NULL: out of memory.
struct mm *__must_check mm_create(void);
struct mm *__must_check mm_create_member(struct family *f);
// fork: copies the VMAs and shares every private page copy-on-write. NULL: out of memory (all
// undone). The caller's mm is current.
struct mm *__must_check mm_fork(struct mm *old);
static inline void mm_get(struct mm *mm) { ref_get(&mm->users); }
void mm_put(struct mm *mm); // the last one unmaps everything and frees the tables
// Makes mm the current thread's address space and loads it. NULL: kernel only.
void mm_switch(struct mm *mm);
// The same for a thread that has not started yet. The reference is the caller's.
void mm_attach(struct thread *t, struct mm *mm);
// Reads or writes another process's memory through its VMAs (for /proc/<pid>/cmdline, ptrace).
// Returns bytes moved, short at the first hole.
size_t mm_access(struct mm *mm, uaddr_t addr, void *buf, size_t n, bool write);
// The same with scattered memory of the caller. Short at the first hole of either.
size_t mm_access_uio(struct mm *mm, uaddr_t addr, size_t n, struct uio *u, bool write);
// Which count of resident pages p belongs to. ptl held while it changes.
static inline uint64_t *mm_rss_of(struct mm *mm, const struct page *p) {
    if (page_test(p, PG_ANON))
        return &mm->rss_anon;
    return page_test(p, PG_SWAPBACKED) ? &mm->rss_shmem : &mm->rss_file;
}
// Resident pages now and at most so far; page-table pages, root included.
uint64_t mm_rss(const struct mm *mm);
uint64_t mm_hiwater_rss(struct mm *mm);
static inline uint64_t mm_table_pages(const struct mm *mm) {
    return 1 + (uint64_t)READ_ONCE(virt_to_page(mm->root)->mapcount);
}
// Adds n pages (or takes them) of a VMA with these flags to the books. mm write-locked.
void mm_account(struct mm *mm, uint32_t vm_flags, int64_t n);
// RLIMIT_DATA: n pages that become data, by a change of flags, are too many.
bool mm_data_full(const struct mm *mm, uint32_t old, uint32_t new, uint64_t n);
// 0, or -ENOMEM when n more pages of this kind would pass a limit of the current process or are not
// to be promised, -EAGAIN when more must not be locked.
int __must_check mm_may_grow(struct mm *mm, uint32_t vm_flags, uint64_t n);
// ptl held. False: the leaf of a page that is large no longer was split (vm/huge.c).
bool huge_settle(struct mm *mm, const struct pt_cursor *c);
// The next last-level table with entries in [*at, end): c is on its first, ptl is held, and *at is
// past the table. A large page's leaf comes as a table of one entry, and c->va may lie below the
// old *at then. False: there is none, and ptl is free. Callers look at [c->slot, c->stop), let go
// of ptl, and come back, so that it is never held for long.
static inline bool mm_lock_table(struct mm *mm, struct pt_cursor *c, uaddr_t *at, uaddr_t end) {
    spin_lock(&mm->ptl);
    while (*at < end && pt_first(c, mm->root, *at, end)) {
        if (unlikely(c->level) && !huge_settle(mm, c))
            continue; // a table now
        *at = pt_cursor_end(c);
        return true;
    }
    spin_unlock(&mm->ptl);
    return false;
}
// Does the brk area lie in v? (It merges with an anonymous bss right below it, as on Linux.)
bool vma_is_heap(const struct vma *v);
// Walks VMAs against page tables against struct page counts; asserts on a breach.
void mm_check(struct mm *mm);
void vm_init(void); // caches, zero page, writeback thread
