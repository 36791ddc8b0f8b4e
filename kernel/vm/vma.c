// The set of VMAs of an address space: find, insert, split, merge, find room.
//
//   list   a <-> b <-> c <-> d          in address order: neighbours
//   tree         b                      by address: search
//               / \.
//              a   c                    each node: gap below itself, and the largest in its subtree
//                   \.
//                    d
//
//   gap of c = guard_start(c) - b.end:  ...bbbbb[   gap of c   ]ccccc...
//
// Finding room goes top-down, as Linux does: the highest gap that fits below the limit. Only the
// gap that the limit cuts needs a look of its own; below it the first node with a large enough gap
// is found by max_gap, skipping subtrees without one.
//
// Splitting and merging, and which neighbour gives its struct vma:
//
//   split at x:     AAAAAAAA -> AAAA BBBB     A keeps the lower part, B is new
//   merge v with previous:  AA vv -> AAAA     A grows, v is freed
//   merge v with next:      vv BB -> vvvv     v grows, B is freed
//
// Invariants: see vma.h. The list and the tree hold the same VMAs in the same order; mm->map_count
// is their number; vma_cache points to one of them or is NULL.
//
// Locks: mm->lock; for VMAs of a file the mapping's rmap_lock as well while a range changes, since
// rmap.c walks them without mm->lock. Rejected: Linux's maple tree (RCU is why it exists).
#include "vm/vma.h"

#include "abi/errno.h"
#include "lib/assert.h"
#include "mm/slab.h"
#include "vm/huge.h"
#include "vm/mm.h"
#include "vm/rmap.h"

static struct slab_cache *vma_slab;

void vma_init(void) { vma_slab = slab_cache_create("vm_area_struct", sizeof(struct vma), 0, NULL); }

static inline struct vma *node_vma(const struct rb_node *n) {
    return rb_entry(n, struct vma, node);
}
static inline uint64_t node_max_gap(const struct rb_node *n) {
    return n ? node_vma(n)->max_gap : 0;
}

static void augment(struct rb_node *n) {
    struct vma *v = node_vma(n);
    uint64_t below = max(node_max_gap(n->left), node_max_gap(n->right));
    v->max_gap = max(v->gap, below);
}

void vma_tree_init(struct mm *mm) {
    mm->vmas = (struct rb_root){.augment = augment};
    list_init(&mm->vma_list);
    list_init(&mm->moved);
    mm->vma_cache = NULL;
    mm->map_count = 0;
}

struct vma *vma_alloc(struct mm *mm) {
    struct vma *v = slab_alloc(vma_slab, GFP_KERNEL);
    if (!v)
        return NULL;
    *v = (struct vma){.mm = mm};
    list_init(&v->link);
    list_init(&v->rmap_link);
    list_init(&v->moved_link);
    return v;
}

void vma_open(struct vma *v) {
    if (v->file)
        v->mapping->ops->hold(v->file);
    if (v->mapping)
        rmap_add_vma(v);
}

void vma_free(struct vma *v) {
    assertf(list_empty(&v->rmap_link), "VMA %#lx freed while its file knows it", v->start);
    if (v->file)
        v->mapping->ops->release(v->file);
    slab_free(vma_slab, v);
}

struct vma *vma_next(struct mm *mm, struct vma *v) {
    return v->link.next == &mm->vma_list ? NULL : list_entry(v->link.next, struct vma, link);
}

struct vma *vma_prev(struct mm *mm, struct vma *v) {
    return v->link.prev == &mm->vma_list ? NULL : list_entry(v->link.prev, struct vma, link);
}

static struct vma *last_vma(struct mm *mm) {
    return list_empty(&mm->vma_list) ? NULL : list_last(&mm->vma_list, struct vma, link);
}

struct vma *vma_find(struct mm *mm, uaddr_t addr) {
    struct vma *v = READ_ONCE(mm->vma_cache), *best = NULL;
    if (v && v->start <= addr) { // the one found last, or the one above it
        if (addr < v->end)
            return v;
        v = vma_next(mm, v);
        if (v && addr < v->end)
            return v;
    }
    for (struct rb_node *n = mm->vmas.node; n;) {
        v = node_vma(n);
        if (v->end <= addr) {
            n = n->right;
            continue;
        }
        best = v;
        if (v->start <= addr)
            break;
        n = n->left;
    }
    if (best)
        WRITE_ONCE(mm->vma_cache, best);
    return best;
}

struct vma *vma_lookup(struct mm *mm, uaddr_t addr) {
    struct vma *v = vma_find(mm, addr);
    return v && v->start <= addr ? v : NULL;
}

struct vma *vma_intersect(struct mm *mm, uaddr_t start, uaddr_t end) {
    struct vma *v = vma_find(mm, start);
    return v && v->start < end ? v : NULL;
}

static uint64_t gap_below(struct mm *mm, struct vma *v) {
    struct vma *prev = vma_prev(mm, v);
    uaddr_t from = prev ? prev->end : 0, to = vma_guard_start(v);
    return to > from ? to - from : 0;
}

// The gap of v may have changed.
static void repair_gap(struct mm *mm, struct vma *v) {
    uint64_t gap = v ? gap_below(mm, v) : 0;
    if (!v || v->gap == gap)
        return;
    v->gap = gap;
    rb_update(&mm->vmas, &v->node);
}

void vma_insert(struct mm *mm, struct vma *v) {
    struct rb_node **link = &mm->vmas.node, *parent = NULL;
    struct list *before = &mm->vma_list;

    assertf(v->start < v->end && IS_ALIGNED(v->start | v->end, PAGE_SIZE), "VMA %#lx-%#lx",
            v->start, v->end);
    while (*link) {
        struct vma *at = node_vma(parent = *link);
        if (v->start < at->start) {
            link = &parent->left;
        } else {
            link = &parent->right;
            before = &at->link;
        }
    }
    list_push_front(before, &v->link); // right behind its predecessor
    struct vma *prev = vma_prev(mm, v), *next = vma_next(mm, v);
    assertf(!prev || prev->end <= v->start, "VMA %#lx overlaps %#lx-%#lx", v->start, prev->start,
            prev->end);
    assertf(!next || v->end <= next->start, "VMA end %#lx overlaps %#lx", v->end, next->start);
    v->gap = gap_below(mm, v);
    if (next) // it is above v in the tree, on the path that rb_insert() summarises anew
        next->gap = gap_below(mm, next);
    rb_insert(&mm->vmas, &v->node, parent, link);
    if (unlikely(v->moved))
        rmap_add_moved(v);
    mm->map_count++;
}

void vma_remove(struct mm *mm, struct vma *v) {
    struct vma *next = vma_next(mm, v);
    assertf(mm->map_count > 0 && v->mm == mm, "VMA %#lx of another mm", v->start);
    list_remove(&v->link);
    if (next) { // takes v's place, or is above it: rb_remove() summarises its path anew ...
        next->gap = gap_below(mm, next);
        if (!v->node.left && v->node.right)
            augment(&next->node); // ... which begins above it if it is v's only child
    }
    rb_remove(&mm->vmas, &v->node);
    if (unlikely(v->moved))
        rmap_remove_moved(v);
    if (mm->vma_cache == v)
        mm->vma_cache = NULL;
    mm->map_count--;
}

void vma_set_range(struct mm *mm, struct vma *v, uaddr_t start, uaddr_t end, uint64_t pgoff) {
    assertf(start < end && IS_ALIGNED(start | end, PAGE_SIZE), "VMA %#lx-%#lx", start, end);
    v->start = start;
    v->end = end;
    v->pgoff = pgoff;
    repair_gap(mm, v);
    repair_gap(mm, vma_next(mm, v));
}

int vma_split(struct mm *mm, struct vma *v, uaddr_t addr, struct vma **upper) {
    struct vma *u = vma_alloc(mm);

    assertf(v->start < addr && addr < v->end && IS_ALIGNED(addr, PAGE_SIZE),
            "split of %#lx-%#lx at %#lx", v->start, v->end, addr);
    if (!u)
        return -ENOMEM;
    u->start = addr;
    u->end = v->end;
    u->flags = v->flags;
    u->pgoff = vma_pgoff(v, addr);
    u->mapping = v->mapping;
    u->file = v->file;
    u->moved = v->moved;
    if (u->file)
        u->mapping->ops->hold(u->file);
    huge_split_at(mm, addr);
    rmap_edit_begin(v->mapping); // rmap.c sees either one VMA or two that meet
    vma_set_range(mm, v, v->start, addr, v->pgoff);
    vma_insert(mm, u);
    if (u->mapping)
        list_push_back(&u->mapping->vmas, &u->rmap_link);
    rmap_edit_end(v->mapping);
    *upper = u;
    return 0;
}

int vma_isolate(struct mm *mm, struct vma **v, uaddr_t start, uaddr_t end) {
    struct vma *whole = *v, *upper;
    int err = 0;
    assertf(whole->start <= start && start < end && end <= whole->end, "%#lx-%#lx of %#lx-%#lx",
            start, end, whole->start, whole->end);
    if (whole->start < start)
        err = vma_split(mm, whole, start, v);
    if (!err && (*v)->end > end)
        err = vma_split(mm, *v, end, &upper);
    if (err)
        *v = vma_merge(mm, whole);
    return err;
}

bool vma_can_merge(const struct vma *lower, const struct vma *upper) {
    return lower->end == upper->start && lower->mapping == upper->mapping &&
           lower->file == upper->file && lower->moved == upper->moved &&
           !((lower->flags ^ upper->flags) & ~VM_MERGE_IGNORES) &&
           !(lower->flags & (VM_SPECIAL | VM_GROWSDOWN)) &&
           lower->pgoff + vma_pages(lower) == upper->pgoff;
}

// lower takes over upper's range; upper is freed.
static void absorb(struct mm *mm, struct vma *lower, struct vma *upper) {
    uaddr_t end = upper->end;
    assert(vma_can_merge(lower, upper));
    rmap_edit_begin(lower->mapping);
    list_remove(&upper->rmap_link);
    vma_remove(mm, upper);
    lower->flags |= upper->flags & VM_MERGE_IGNORES;
    vma_set_range(mm, lower, lower->start, end, lower->pgoff);
    rmap_edit_end(lower->mapping);
    vma_free(upper); // not the file's last reference: lower has one
}

struct vma *vma_merge(struct mm *mm, struct vma *v) {
    struct vma *prev = vma_prev(mm, v), *next = vma_next(mm, v);
    if (next && vma_can_merge(v, next))
        absorb(mm, v, next);
    if (prev && vma_can_merge(prev, v)) {
        absorb(mm, prev, v);
        return prev;
    }
    return v;
}

// The highest node of the subtree at n whose gap is at least size. There is one.
static struct vma *highest_in(struct rb_node *n, uint64_t size) {
    for (;;) {
        assertf(node_max_gap(n) >= size, "a subtree without a gap of %#lx", size);
        if (node_max_gap(n->right) >= size)
            n = n->right;
        else if (node_vma(n)->gap >= size)
            return node_vma(n);
        else
            n = n->left;
    }
}

// The highest VMA below v whose gap is at least size, or NULL.
static struct vma *highest_before(struct vma *v, uint64_t size) {
    struct rb_node *n = &v->node;
    for (;;) {
        if (node_max_gap(n->left) >= size)
            return highest_in(n->left, size);
        struct rb_node *parent = rb_parent(n);
        while (parent && n == parent->left) {
            n = parent;
            parent = rb_parent(n);
        }
        if (!parent)
            return NULL;
        n = parent;
        if (node_vma(n)->gap >= size)
            return node_vma(n);
    }
}

// The highest place for size bytes in [from, to), but not below floor; 0: none.
static uaddr_t fit(uaddr_t from, uaddr_t to, uint64_t size, uaddr_t floor) {
    from = max(from, floor);
    return to > from && to - from >= size ? to - size : 0;
}

uaddr_t vma_find_gap(struct mm *mm, uint64_t size, uaddr_t floor, uaddr_t limit) {
    struct vma *last = last_vma(mm), *v;

    assertf(size > 0 && floor > 0, "gap of %#lx from %#lx", size, floor);
    if (!last || last->end <= limit) { // the free range above them all
        uaddr_t addr = fit(last ? last->end : 0, limit, size, floor);
        if (addr || !last)
            return addr;
        v = last->gap >= size ? last : highest_before(last, size);
    } else { // v: the first that ends above limit; limit cuts its gap, or it
        v = vma_find(mm, limit);
        struct vma *prev = vma_prev(mm, v);
        uaddr_t addr = fit(prev ? prev->end : 0, min(vma_guard_start(v), limit), size, floor);
        if (addr)
            return addr;
        v = highest_before(v, size);
    }
    return v ? fit(0, vma_guard_start(v), size, floor) : 0;
}

void vma_check(struct mm *mm) {
    struct vma *v, *prev = NULL;
    struct rb_node *n = rb_first(&mm->vmas);
    uint64_t count = 0;

    assertf(rb_check(&mm->vmas), "the tree of mm %p is no red-black tree", (void *)mm);
    list_for_each(v, &mm->vma_list, link) {
        assertf(n == &v->node, "list and tree differ at %#lx", v->start);
        assertf(v->mm == mm && v->start < v->end && v->end <= USER_END, "%#lx-%#lx", v->start,
                v->end);
        assertf(IS_ALIGNED(v->start | v->end, PAGE_SIZE), "%#lx-%#lx", v->start, v->end);
        assertf(!prev || prev->end <= v->start, "%#lx-%#lx overlaps %#lx", prev->start, prev->end,
                v->start);
        assertf(!prev || !vma_can_merge(prev, v), "%#lx and %#lx stay apart", prev->start,
                v->start);
        assertf(v->gap == gap_below(mm, v), "%#lx: gap %#lx", v->start, v->gap);
        uint64_t largest = max(node_max_gap(v->node.left), node_max_gap(v->node.right));
        assertf(v->max_gap == max(v->gap, largest), "%#lx: max_gap %#lx", v->start, v->max_gap);
        assertf(!v->file || v->mapping, "%#lx has a file and no mapping", v->start);
        assertf(!v->moved == list_empty(&v->moved_link), "%#lx, moved by %ld", v->start, v->moved);
        assertf(v->mapping || vma_birth_index(v, v->start) == v->pgoff,
                "%#lx is page %lu, moved by %ld", v->start, v->pgoff, v->moved);
        prev = v;
        n = rb_next(n);
        count++;
    }
    assertf(!n && count == mm->map_count, "%lu VMAs, %lu counted", count, mm->map_count);
}
