// Slots and their users: entry counts and the swap cache.
//
//   entry --> areas[area]->map[slot] { count, pfn }
//               count: swap PTEs that name it (and shared objects' trees)     pfn: its page, if any
//
// A slot is free when count and pfn are both 0. Counts change under page-table locks, from fork and
// exit, and when a write ends: so the one lock is a spin lock that ranks behind them.
//
// A page of the cache that no PTE maps and no entry names is an orphan: whoever makes it one drops
// it, slot and frame. That takes the page lock, which may be held. So the holder looks again after
// it has let go (swapcache_unlock), and so does the end of a write: whoever comes last finds it.
//
// Invariants: 1. map[slot].pfn is p <=> PG_SWAPCACHE of p and p->private is the slot's entry; the
// cache has a reference. Both change only under swap_lock with the page locked. 2. the slot's bit
// is set <=> count or pfn is not 0, or it is bad. 3. A page in the cache gets its first PTE only
// with the page lock held. 4. NR_SWAPCACHE_UNMAPPED counts pages of the cache without PTE; the last
// PTE may go at any time, so whoever takes it and sees PG_SWAPCACHE afterwards brings the count up
// to date; whoever sets PG_SWAPCACHE looks at mapcount afterwards.
//
// Locks: swap_lock for all areas. Rejected: a radix tree for the cache (its nodes must be allocated
// just when no memory is left; eight bytes for each slot are there from the start); a lock for each
// area (an operation here stands for a disk transfer).
#include "vm/swapmap.h"

#include "abi/errno.h"
#include "mm/stat.h"
#include "vm/mm.h"
#include "vm/pagelock.h"

struct spinlock swap_lock = SPINLOCK_INIT("swap", RANK_SWAPMAP);
struct list swap_mms = LIST_INIT(swap_mms);
static struct swap_area *areas[SWAP_AREAS_MAX];          // [swap]
static struct list open_areas = LIST_INIT(open_areas);   // [swap] highest priority first
static uint64_t total_pages, used_pages;                 // [swap] of open areas

// ---- areas ----

struct swap_area *swap_area_at(uint32_t number) {
    return number < SWAP_AREAS_MAX ? READ_ONCE(areas[number]) : NULL;
}

struct swap_area *swap_area_of(swp_t e) {
    struct swap_area *a = swap_area_at(swp_area(e));
    assertf(a && swp_slot(e) < a->slots.count, "entry %#lx of no area", e.v);
    return a;
}

static uint64_t slots_taken(const struct swap_area *a) { return a->total - a->slots.free; }

// Behind all others of its priority.
static void enqueue(struct swap_area *a) {
    struct swap_area *next;
    list_for_each(next, &open_areas, link)
        if (next->prio < a->prio)
            break;
    list_push_back(list_node(next, link), &a->link); // before `next`, or at the end
}

static void set_open(struct swap_area *a, bool open) {
    assertf(a->open != open, "area %u is open: %d", a->number, open);
    a->open = open;
    if (open)
        enqueue(a);
    else
        list_remove(&a->link);
    total_pages += open ? a->total : -a->total;
    used_pages += open ? slots_taken(a) : -slots_taken(a);
}

void swap_area_open(struct swap_area *a, bool open) {
    spin_lock(&swap_lock);
    set_open(a, open);
    spin_unlock(&swap_lock);
}

void swap_area_add(struct swap_area *a) {
    spin_lock(&swap_lock);
    assertf(!areas[a->number], "area %u is taken", a->number);
    areas[a->number] = a;
    list_init(&a->link);
    set_open(a, true);
    spin_unlock(&swap_lock);
}

void swap_area_remove(struct swap_area *a) {
    spin_lock(&swap_lock);
    assertf(!a->open && slots_taken(a) == a->bad, "area %u: %lu slots in use", a->number,
            slots_taken(a));
    areas[a->number] = NULL;
    spin_unlock(&swap_lock);
}

bool swap_area_unused(struct swap_area *a) {
    spin_lock(&swap_lock);
    bool unused = slots_taken(a) == a->bad;
    spin_unlock(&swap_lock);
    return unused;
}

uint64_t swap_total_pages(void) { return READ_ONCE(total_pages); }

uint64_t swap_free_pages(void) {
    uint64_t used = READ_ONCE(used_pages), total = READ_ONCE(total_pages);
    return total - min(used, total);
}

bool swap_nearly_full(void) { return READ_ONCE(used_pages) * 2 > READ_ONCE(total_pages); }

// ---- slots; swap_lock held ----

// The slot of an entry that must exist.
static struct swap_slot *slot_of(swp_t e, struct swap_area **area) {
    struct swap_area *a = swap_area_at(swp_area(e));
    assertf(a && swp_slot(e) > 0 && swp_slot(e) < a->slots.count, "entry %#lx of no area", e.v);
    *area = a;
    return &a->map[swp_slot(e)];
}

static struct swap_slot *slot_alloc(swp_t *e) {
    struct swap_area *a;
    bool fresh;

    list_for_each(a, &open_areas, link) {
        uint64_t slot = slots_alloc(&a->slots, cpu_id(), &fresh);
        if (slot == SLOT_NONE)
            continue;
        assertf(a->map[slot].count == 0 && a->map[slot].pfn == 0, "slot %lu: %u, page %#x", slot,
                a->map[slot].count, a->map[slot].pfn);
        used_pages++;
        *e = swp_make(a->number, slot);
        if (fresh) { // the next cluster comes from the next area of this priority
            list_remove(&a->link);
            enqueue(a);
        }
        return &a->map[slot];
    }
    return NULL;
}

// Count or page went: is the slot free?
static void slot_release(struct swap_area *a, struct swap_slot *s) {
    if (s->count & SLOT_COUNT || s->pfn)
        return;
    if (s->count & SLOT_BAD) {
        a->bad++;
        return;
    }
    slots_free(&a->slots, (uint64_t)(s - a->map));
    used_pages -= a->open;
}

// Is the page counted as unmapped when it is?
static void sync_unmapped(struct swap_slot *s, const struct page *p) {
    bool unmapped = atomic_load(&p->mapcount) == 0;
    if (unmapped == !!(s->count & SLOT_UNMAPPED))
        return;
    s->count ^= SLOT_UNMAPPED;
    mm_stat_add(NR_SWAPCACHE_UNMAPPED, unmapped ? 1 : -1);
}

static void cache_insert(struct swap_slot *s, struct page *p, swp_t e) {
    assertf(page_test(p, PG_LOCKED) && !page_test(p, PG_SWAPCACHE) && !s->pfn,
            "page %#lx flags %#x, slot has %#x", page_to_pfn(p), p->flags, s->pfn);
    page_get(p);
    s->pfn = (uint32_t)page_to_pfn(p);
    p->private = e.v;
    page_set(p, PG_SWAPCACHE);
    fence_full(); // invariant 4: the flag before the look at mapcount
    sync_unmapped(s, p);
    mm_stat_add(NR_SWAPCACHE, 1);
}

// The cache's reference becomes the caller's.
static void cache_remove(struct swap_area *a, struct swap_slot *s, struct page *p) {
    assertf(page_test(p, PG_LOCKED) && !page_test(p, PG_WRITEBACK) && s->pfn == page_to_pfn(p),
            "page %#lx flags %#x, slot has %#x", page_to_pfn(p), p->flags, s->pfn);
    if (s->count & SLOT_UNMAPPED)
        mm_stat_add(NR_SWAPCACHE_UNMAPPED, -1);
    s->count &= ~SLOT_UNMAPPED;
    s->pfn = 0;
    page_clear(p, PG_SWAPCACHE);
    p->private = 0;
    mm_stat_add(NR_SWAPCACHE, -1);
    slot_release(a, s);
}

// Takes the slot's page out if it is an orphan whose lock is free. It, or NULL; the caller drops
// the cache's reference.
static struct page *remove_orphan(struct swap_area *a, struct swap_slot *s) {
    struct page *p = s->pfn ? pfn_to_page(s->pfn) : NULL;
    if (!p || s->count & SLOT_COUNT || atomic_load(&p->mapcount) || !page_trylock(p))
        return NULL;
    bool orphan = atomic_load(&p->mapcount) == 0 && !page_test(p, PG_WRITEBACK);
    if (orphan)
        cache_remove(a, s, p);
    page_unlock(p);
    return orphan ? p : NULL;
}

// ---- the cache ----

int swapcache_add(struct page *p) {
    swp_t e;
    spin_lock(&swap_lock);
    struct swap_slot *s = slot_alloc(&e);
    if (s) {
        page_set(p, PG_DIRTY);
        cache_insert(s, p, e);
    }
    spin_unlock(&swap_lock);
    return s ? 0 : -ENOSPC;
}

int swapcache_add_unread(struct page *p, swp_t e) {
    int err = -ENOENT;
    spin_lock(&swap_lock);
    struct swap_area *a = swap_area_at(swp_area(e));
    struct swap_slot *s = a && swp_slot(e) < a->slots.count ? &a->map[swp_slot(e)] : NULL;
    if (s && s->count & SLOT_COUNT) {
        err = s->pfn ? -EEXIST : 0;
        if (!err)
            cache_insert(s, p, e);
    }
    spin_unlock(&swap_lock);
    return err;
}

struct page *swapcache_find(swp_t e) {
    struct page *p = NULL;
    spin_lock(&swap_lock);
    const struct swap_area *a = swap_area_at(swp_area(e));
    if (a && swp_slot(e) < a->slots.count && a->map[swp_slot(e)].pfn) {
        p = pfn_to_page(a->map[swp_slot(e)].pfn);
        page_get(p);
    }
    spin_unlock(&swap_lock);
    return p;
}

void swapcache_delete(struct page *p) {
    struct swap_area *a;
    spin_lock(&swap_lock);
    struct swap_slot *s = slot_of(page_swp(p), &a);
    cache_remove(a, s, p);
    spin_unlock(&swap_lock);
    page_set(p, PG_DIRTY);
    page_put(p);
}

bool swapcache_reclaim(struct page *p) {
    const uint32_t busy = 1u << PG_DIRTY | 1u << PG_WRITEBACK;
    struct swap_area *a;
    spin_lock(&swap_lock);
    bool gone = atomic_load(&p->mapcount) == 0 && atomic_load(&p->refcount) == 2 &&
                !(p->flags & busy);
    if (gone) {
        struct swap_slot *s = slot_of(page_swp(p), &a);
        cache_remove(a, s, p);
    }
    spin_unlock(&swap_lock);
    if (gone)
        page_put(p);
    return gone;
}

void swap_page_sync(struct page *p) {
    struct page *gone = NULL;
    struct swap_area *a;
    spin_lock(&swap_lock);
    if (page_test(p, PG_SWAPCACHE)) {
        struct swap_slot *s = slot_of(page_swp(p), &a);
        sync_unmapped(s, p);
        gone = remove_orphan(a, s);
    }
    spin_unlock(&swap_lock);
    if (gone)
        page_put(gone);
}

void swapcache_unlock(struct page *p) {
    page_unlock(p);
    if (page_test(p, PG_SWAPCACHE) && atomic_load(&p->mapcount) == 0)
        swap_page_sync(p);
}

bool swap_reuse(struct page *p) {
    struct swap_area *a;
    bool gone = false;
    if (!page_trylock(p))
        return false;
    spin_lock(&swap_lock);
    if (page_test(p, PG_SWAPCACHE) && !page_test(p, PG_WRITEBACK) &&
        atomic_load(&p->mapcount) == 1 && atomic_load(&p->refcount) == 2) {
        struct swap_slot *s = slot_of(page_swp(p), &a);
        gone = !(s->count & SLOT_COUNT);
        if (gone)
            cache_remove(a, s, p);
    }
    spin_unlock(&swap_lock);
    page_unlock(p);
    if (gone)
        page_put(p); // the PTE has another
    return gone;
}

// ---- entries ----

int swap_slot_alloc(swp_t *e) {
    spin_lock(&swap_lock);
    struct swap_slot *s = slot_alloc(e);
    if (s)
        s->count = 1;
    spin_unlock(&swap_lock);
    return s ? 0 : -ENOSPC;
}

void swap_dup(swp_t e) {
    struct swap_area *a;
    spin_lock(&swap_lock);
    struct swap_slot *s = slot_of(e, &a);
    assertf((s->count & SLOT_COUNT) < SLOT_COUNT && slots_used(&a->slots, swp_slot(e)),
            "entry %#lx: count %#x", e.v, s->count);
    s->count++;
    spin_unlock(&swap_lock);
}

void swap_free(swp_t e) {
    struct page *gone = NULL;
    struct swap_area *a;
    spin_lock(&swap_lock);
    struct swap_slot *s = slot_of(e, &a);
    assertf(s->count & SLOT_COUNT, "entry %#lx is freed twice", e.v);
    s->count--;
    if (!(s->count & SLOT_COUNT)) {
        if (s->pfn)
            gone = remove_orphan(a, s);
        else
            slot_release(a, s);
    }
    spin_unlock(&swap_lock);
    if (gone)
        page_put(gone);
}

uint32_t swap_count(swp_t e) {
    return READ_ONCE(swap_area_of(e)->map[swp_slot(e)].count) & SLOT_COUNT;
}

void swap_slot_failed(swp_t e) {
    struct swap_area *a;
    spin_lock(&swap_lock);
    slot_of(e, &a)->count |= SLOT_BAD;
    spin_unlock(&swap_lock);
}

bool swap_slot_is_bad(swp_t e) {
    return READ_ONCE(swap_area_of(e)->map[swp_slot(e)].count) & SLOT_BAD;
}

void swap_out_pte(pte_t *slot, struct page *p) {
    assertf(page_test(p, PG_LOCKED) && page_test(p, PG_SWAPCACHE), "page %#lx flags %#x",
            page_to_pfn(p), p->flags);
    swap_dup(page_swp(p));
    pte_t old = {atomic_swap(&slot->v, pte_swap(page_swp(p).v).v)};
    assertf(pte_has_page(old) && pte_pfn(old) == page_to_pfn(p), "PTE %#lx", old.v);
    if (pte_dirty(old) && !page_test(p, PG_DIRTY))
        page_set(p, PG_DIRTY);
    pt_count_special(slot, *slot, 1);
    int maps = atomic_sub(&p->mapcount, 1);
    assertf(maps > 0, "page %#lx mapcount %d", page_to_pfn(p), maps);
    if (maps == 1) {
        mm_stat_add(NR_ANON, -1);
        swap_page_sync(p);
    }
}

void swap_count_out(struct mm *mm, uint64_t n) {
    assertf(spin_held(&mm->ptl) && mm->rss_anon >= n, "%lu of %lu pages are out", n, mm->rss_anon);
    mm_hiwater_rss(mm);
    mm->rss_anon -= n;
    mm->swap_entries += n;
    swap_note_mm(mm);
}

void swap_note_mm(struct mm *mm) {
    if (likely(!list_empty(&mm->swap_link)))
        return;
    spin_lock(&swap_lock);
    if (list_empty(&mm->swap_link))
        list_push_back(&swap_mms, &mm->swap_link);
    spin_unlock(&swap_lock);
}

void swap_forget_mm(struct mm *mm) {
    if (list_empty(&mm->swap_link))
        return;
    spin_lock(&swap_lock);
    list_remove(&mm->swap_link);
    spin_unlock(&swap_lock);
}

static void area_check(const struct swap_area *a) {
    uint64_t bad = 0;
    slots_check(&a->slots);
    for (uint64_t slot = 0; slot < a->slots.count; slot++) {
        const struct swap_slot *s = &a->map[slot];
        bool used = s->count & SLOT_COUNT || s->pfn;
        bad += !used && s->count & SLOT_BAD;
        assertf(!(used || s->count & SLOT_BAD) || slots_used(&a->slots, slot),
                "slot %lu: count %#x, free", slot, s->count);
        if (!s->pfn)
            continue;
        const struct page *p = pfn_to_page(s->pfn);
        assertf(page_test(p, PG_SWAPCACHE) && page_swp(p).v == swp_make(a->number, slot).v,
                "slot %lu has page %#x of entry %#lx, flags %#x", slot, s->pfn, p->private,
                p->flags);
        assertf(p->refcount > 0, "page %#x is free", s->pfn);
    }
    assertf(bad == a->bad, "%lu bad slots, counted %lu", bad, a->bad);
}

void swap_check(void) {
    uint64_t total = 0, used = 0;
    spin_lock(&swap_lock);
    for (uint32_t i = 0; i < SWAP_AREAS_MAX; i++) {
        const struct swap_area *a = areas[i];
        if (!a)
            continue;
        area_check(a);
        total += a->open ? a->total : 0;
        used += a->open ? slots_taken(a) : 0;
    }
    assertf(total == total_pages && used == used_pages, "%lu of %lu pages used, counted %lu of %lu",
            used, total, used_pages, total_pages);
    spin_unlock(&swap_lock);
}
