// Families of address spaces, for the reverse map of anonymous pages.
//
//   exec -> mm A --fork--> mm B --fork--> mm C        one family: A, B, C
//                                  exec -> mm D       another
//
// fork copies PTEs at the same addresses. So whoever wants the PTEs of a page that was born at
// address va looks at va in each member: no list per VMA, nothing to allocate or to copy in fork,
// and one list link for a whole address space.
//
// Invariants: 1. A page with PG_ANON that some PTE maps: every mm that maps it is a member of
// page->owner. 2. A mm is a member from before its first PTE until after its last one. So a page
// with mapcount > 0, seen under families_lock, has a living family: its last member takes that lock
// in order to leave. Pages that nobody maps (swap cache) may name a family that is gone.
//
// Locks: families_lock (leaf) for references; family->lock for the list, held during a walk.
// Rejected: a tree of VMAs per page group (Linux's anon_vma): it finds the mappers of a page in a
// huge family faster, at the price of two objects for each VMA in each fork.
#include "vm/family.h"

#include "mm/slab.h"

static struct slab_cache *family_slab;
static struct spinlock families_lock = SPINLOCK_INIT("families", RANK_RECLAIM);

void family_init(void) {
    family_slab = slab_cache_create("mm_family", sizeof(struct family), 0, NULL);
}

struct family *family_create(struct mm *mm) {
    struct family *f = slab_alloc(family_slab, GFP_KERNEL);
    if (!f)
        return NULL;
    f->refs = 1;
    f->size = 1;
    mutex_init(&f->lock, "family", RANK_RMAP);
    spin_init(&f->table_lock, "lent tables", RANK_LENT);
    list_init(&f->mms);
    list_push_back(&f->mms, &mm->family_link);
    mm->family = f;
    return f;
}

void family_join(struct mm *mm, struct family *f) {
    spin_lock(&families_lock);
    assertf(f->refs > 0, "family %p is dead", (void *)f);
    f->refs++;
    spin_unlock(&families_lock);
    mm->family = f;
    mutex_lock(&f->lock);
    list_push_back(&f->mms, &mm->family_link);
    f->size++;
    mutex_unlock(&f->lock);
}

void family_put(struct family *f) {
    spin_lock(&families_lock);
    assertf(f->refs > 0, "family %p put twice", (void *)f);
    bool last = --f->refs == 0;
    spin_unlock(&families_lock);
    if (!last)
        return;
    assertf(list_empty(&f->mms) && f->size == 0, "family %p has %lu members", (void *)f, f->size);
    slab_free(family_slab, f);
}

void family_leave(struct mm *mm) {
    struct family *f = mm->family;
    mutex_lock(&f->lock);
    list_remove(&mm->family_link);
    f->size--;
    mutex_unlock(&f->lock);
    mm->family = NULL;
    family_put(f);
}

// Who has no hold on the page (/proc/kpagecount) may see it leave and come back as another's, or as
// a file's, between two looks: only an owner that stays the same through all is its family.
struct family *family_of_page(const struct page *p) {
    struct family *f = NULL;
    spin_lock(&families_lock);
    if (page_test(p, PG_ANON) && atomic_load(&p->mapcount) > 0) {
        f = READ_ONCE(p->owner);
        fence_full();
        if (!page_test(p, PG_ANON) || READ_ONCE(p->owner) != f)
            f = NULL;
    }
    if (f) {
        assertf(f->refs > 0, "page %#lx is mapped and its family dead", page_to_pfn(p));
        f->refs++;
    }
    spin_unlock(&families_lock);
    return f;
}
