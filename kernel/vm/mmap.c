// mmap(2), munmap(2) and the two edits that everything else is made of.
//
// Only VMAs change here. mmap adds one (or lets a neighbour grow), frames come at the faults.
// munmap splits the VMAs at both ends, takes what lies between out of the tree, and then unmaps:
//
//   before   AAAAAAAAAA   BBBB   CCCCCCCC        munmap from [ to ]
//                 [                  ]
//   after    AAAAA[                  ]CCC        A', B, C' are dead: freed after mm->lock is gone,
//                                                as the last use of a file may lock inodes
//
// Errors are those of the manual pages; everything that can fail is checked, and the splits done,
// before anything is unmapped.
//
// Invariants: mm's books follow every edit; no VMA that could be merged with its neighbour stays
// apart.
#include "vm/mmap.h"

#include "abi/errno.h"
#include "abi/mman.h"
#include "sched/limits.h"
#include "vm/commit.h"
#include "vm/huge.h"
#include "vm/lend.h"
#include "vm/mlock.h"
#include "vm/pagecache.h"
#include "vm/rmap.h"
#include "vm/shmem.h"
#include "vm/tlb.h"
#include "vm/zap.h"

#define KNOWN_FLAGS                                                                                \
    (MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_DENYWRITE |        \
     MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK |       \
     MAP_FIXED_NOREPLACE | MAP_UNINITIALIZED)

static void detach(struct mm *mm, struct vma *v, struct list *dead) {
    vma_remove(mm, v);
    if (v->mapping)
        rmap_remove_vma(v);
    mlock_forget(v, v->start, v->end);
    mm_account(mm, v->flags, -(int64_t)vma_pages(v));
    if (v->file)
        list_push_back(dead, &v->link);
    else
        vma_free(v);
}

static void unmap_pages(struct mm *mm, uaddr_t start, uaddr_t end) {
    struct tlb_gather g;
    struct pt_cursor c;
    if (!pt_first(&c, mm->root, start, end)) // without ptl: others only take entries out
        return;
    tlb_gather_init(&g, mm, false);
    zap_range(&g, start, end, ZAP_TABLES);
    tlb_finish(&g);
}

// [start, v->end) goes: v only gets shorter.
static void cut_tail(struct mm *mm, struct vma *v, uaddr_t start) {
    uaddr_t end = v->end;
    mm_account(mm, v->flags, -(int64_t)((end - start) >> PAGE_SHIFT));
    rmap_edit_begin(v->mapping);
    vma_set_range(mm, v, v->start, start, v->pgoff);
    rmap_edit_end(v->mapping);
    huge_split_at(mm, start);
    mlock_forget(v, start, end);
    unmap_pages(mm, start, end);
}

// Makes start and end boundaries between VMAs. *v is the first that overlaps, and stays so.
static int isolate(struct mm *mm, struct vma **v, uaddr_t start, uaddr_t end) {
    struct vma *first = *v, *last, *upper;
    int err = 0;
    if (first->start < start) {
        err = vma_split(mm, first, start, v);
        if (err)
            return err;
    }
    last = (*v)->end >= end ? *v : vma_lookup(mm, end);
    if (last && last->start < end && end < last->end)
        err = vma_split(mm, last, end, &upper);
    if (err)
        vma_merge(mm, first);
    return err;
}

int vm_unmap_locked(struct mm *mm, uaddr_t start, uaddr_t end, struct list *dead) {
    assertf(rwsem_write_held(&mm->lock), "unmap of %#lx-%#lx", start, end);
    assertf(start < end && IS_ALIGNED(start | end, PAGE_SIZE), "%#lx-%#lx", start, end);
    struct vma *v = vma_intersect(mm, start, end), *next;
    if (!v)
        return 0;
    int err = lend_take(mm, start, end, LEND_EDGES);
    if (err)
        return err;
    if (v->start < start && v->end == end) {
        cut_tail(mm, v, start);
        return 0;
    }
    err = isolate(mm, &v, start, end);
    if (err)
        return err;
    for (; v && v->start < end; v = next) {
        next = vma_next(mm, v);
        detach(mm, v, dead);
    }
    unmap_pages(mm, start, end);
    return 0;
}

void vm_free_dead_list(struct list *dead) {
    struct vma *v, *next;
    list_for_each_safe(v, next, dead, link) {
        list_remove(&v->link);
        vma_free(v);
    }
}

int vm_munmap(struct mm *mm, uaddr_t addr, uint64_t len) {
    struct list dead = LIST_INIT(dead);
    if (!IS_ALIGNED(addr, PAGE_SIZE) || len == 0 || len > USER_END || addr > USER_END - len)
        return -EINVAL;
    down_write(&mm->lock);
    int err = vm_unmap_locked(mm, addr, addr + ALIGN_UP(len, PAGE_SIZE), &dead);
    up_write(&mm->lock);
    vm_free_dead(&dead);
    return err;
}

// prev and a new area at its end are alike: prev can grow over it.
static bool continues(const struct vma *prev, uaddr_t start, uint32_t vm_flags,
                      struct mapping *mapping, void *file, uint64_t pgoff) {
    return prev->end == start && prev->mapping == mapping && prev->file == file && !prev->moved &&
           !((prev->flags ^ vm_flags) & ~VM_MERGE_IGNORES) &&
           !(vm_flags & (VM_SPECIAL | VM_GROWSDOWN)) && prev->pgoff + vma_pages(prev) == pgoff;
}

static struct vma *prev_of(struct mm *mm, struct vma *next) {
    if (next)
        return vma_prev(mm, next);
    return list_empty(&mm->vma_list) ? NULL : list_last(&mm->vma_list, struct vma, link);
}

int vm_add_area(struct mm *mm, uaddr_t start, uaddr_t end, uint32_t vm_flags,
                struct mapping *mapping, void *file, uint64_t pgoff) {
    struct vma *next = vma_find(mm, start), *prev = prev_of(mm, next), *v = prev;
    assertf(!next || next->start >= end, "%#lx-%#lx is taken by %#lx", start, end, next->start);
    if (prev && continues(prev, start, vm_flags, mapping, file, pgoff)) {
        rmap_edit_begin(mapping);
        vma_set_range(mm, prev, prev->start, end, prev->pgoff);
        rmap_edit_end(mapping);
    } else {
        v = vma_alloc(mm);
        if (!v)
            return -ENOMEM;
        v->start = start;
        v->end = end;
        v->flags = vm_flags;
        v->pgoff = pgoff;
        v->mapping = mapping;
        v->file = file;
        vma_open(v);
        vma_insert(mm, v);
    }
    if (next && next->start == end)
        vma_merge(mm, v);
    mm_account(mm, vm_flags, (end - start) >> PAGE_SHIFT);
    return 0;
}

// What the caller asked for, checked before the lock is taken.
struct request {
    uaddr_t addr;
    uint64_t len;
    uint32_t vm_flags;
    int flags;
    struct mapping *mapping;
    void *file;
    uint64_t pgoff;
};

static int check_type(int flags) {
    switch (flags & MAP_TYPE) {
    case MAP_SHARED:
    case MAP_PRIVATE:
        return 0;
    case MAP_SHARED_VALIDATE:
        return flags & ~(KNOWN_FLAGS | MAP_SHARED_VALIDATE) ? -EOPNOTSUPP : 0;
    }
    return -EINVAL;
}

static int check_request(struct request *r, uint64_t off) {
    int err = check_type(r->flags);
    if (err)
        return err;
    if (r->len == 0 || !IS_ALIGNED(off, PAGE_SIZE))
        return -EINVAL;
    if (r->len > USER_END)
        return -ENOMEM;
    r->len = ALIGN_UP(r->len, PAGE_SIZE);
    if (off + r->len < off)
        return -EOVERFLOW;
    if (r->flags & MAP_HUGETLB)
        return -ENOSYS;
    if ((r->flags & MAP_LOCKED) && !current_memlock_limit())
        return -EPERM;
    if (r->mapping && !r->mapping->ops->hold)
        return -ENODEV;
    if ((r->flags & MAP_GROWSDOWN) && (r->mapping || (r->vm_flags & VM_SHARED)))
        return -EINVAL;
    return 0;
}

static uint32_t request_vm_flags(int prot, int flags, uint32_t maymask, uint32_t extra) {
    uint32_t f = (prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) | maymask | extra;
    if ((flags & MAP_TYPE) != MAP_PRIVATE)
        f |= VM_SHARED;
    if (flags & MAP_GROWSDOWN)
        f |= VM_GROWSDOWN;
    if ((flags & MAP_NORESERVE) && READ_ONCE(overcommit_memory) != OVERCOMMIT_NEVER)
        f |= VM_NORESERVE;
    if (flags & MAP_LOCKED)
        f |= VM_LOCKED;
    return f | commit_flag(f);
}

static bool range_ok(uaddr_t addr, uint64_t len) {
    return addr >= MMAP_MIN_ADDR && len <= USER_END && addr <= USER_END - len;
}

// MAP_FIXED: the range itself. Unmaps what is there.
static int take_fixed(struct mm *mm, struct request *r, struct list *dead) {
    if (!IS_ALIGNED(r->addr, PAGE_SIZE))
        return -EINVAL;
    if (r->len > USER_END || r->addr > USER_END - r->len)
        return -ENOMEM;
    if (r->addr < MMAP_MIN_ADDR)
        return -EPERM;
    if (!vma_intersect(mm, r->addr, r->addr + r->len))
        return 0;
    if (r->flags & MAP_FIXED_NOREPLACE)
        return -EEXIST;
    return vm_unmap_locked(mm, r->addr, r->addr + r->len, dead);
}

int vm_find_place(struct mm *mm, uaddr_t *addr, uint64_t len) {
    uaddr_t hint = ALIGN_DOWN(*addr, PAGE_SIZE);
    if (hint && range_ok(hint, len)) {
        struct vma *next = vma_find(mm, hint);
        if (!next || hint + len <= vma_guard_start(next)) {
            *addr = hint;
            return 0;
        }
    }
    *addr = vma_find_gap(mm, len, MMAP_MIN_ADDR, mm->mmap_base);
    if (!*addr)
        *addr = vma_find_gap(mm, len, MMAP_MIN_ADDR, USER_END);
    return *addr ? 0 : -ENOMEM;
}

// Where large pages fit: for anonymous memory of n times 2 MiB, as Linux does. False: no room.
static bool find_aligned(struct mm *mm, struct request *r) {
    if (r->addr || r->mapping || !IS_ALIGNED(r->len, HUGE_SIZE) || huge_setting == HUGE_NEVER)
        return false;
    const uint64_t slack = HUGE_SIZE - PAGE_SIZE;
    uaddr_t gap = vma_find_gap(mm, r->len + slack, MMAP_MIN_ADDR, mm->mmap_base);
    r->addr = gap ? ALIGN_DOWN(gap + slack, HUGE_SIZE) : 0;
    return gap;
}

static int map_locked(struct mm *mm, struct request *r, struct list *dead) {
    bool fixed = r->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    r->vm_flags |= mm->lock_flags;
    int err = mm_may_grow(mm, r->vm_flags, r->len >> PAGE_SHIFT);
    if (!err && fixed)
        err = take_fixed(mm, r, dead);
    else if (!err && !find_aligned(mm, r))
        err = vm_find_place(mm, &r->addr, r->len);
    if (err)
        return err;
    uint64_t pgoff = r->mapping ? r->pgoff : r->addr >> PAGE_SHIFT;
    return vm_add_area(mm, r->addr, r->addr + r->len, r->vm_flags, r->mapping, r->file, pgoff);
}

int64_t vm_mmap(struct mm *mm, uaddr_t addr, uint64_t len, int prot, int flags,
                struct mapping *mapping, void *file, uint64_t off, uint32_t maymask,
                uint32_t extra_vm_flags) {
    struct request r = {.addr = addr, .len = len, .flags = flags, .mapping = mapping, .file = file,
                        .vm_flags = request_vm_flags(prot, flags, maymask, extra_vm_flags),
                        .pgoff = off >> PAGE_SHIFT};
    struct list dead = LIST_INIT(dead);
    int err = check_request(&r, off);
    if (err)
        return err;
    bool shmem = !mapping && (r.vm_flags & VM_SHARED);
    if (shmem) {
        err = shmem_create(r.len, !(r.vm_flags & VM_NORESERVE), &r.mapping, &r.file);
        if (err)
            return err;
        r.pgoff = 0;
    }
    down_write(&mm->lock);
    err = map_locked(mm, &r, &dead);
    up_write(&mm->lock);
    vm_free_dead(&dead);
    if (shmem)
        r.mapping->ops->release(r.file); // the VMA has its own hold
    if (err)
        return err;
    bool lock = (r.vm_flags & VM_LOCK_MASK) == VM_LOCKED;
    if (lock || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE)
        (void)!vm_populate(mm, r.addr, r.addr + r.len, POPULATE_ALL); // errors do not count
    return r.addr;
}
