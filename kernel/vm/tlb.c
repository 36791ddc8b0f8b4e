// TLB upkeep.
//
// ASIDs. Each mm owns one from birth to death, so satp is a constant that the context switch loads.
// They are handed out in rising order; one that was given back is stale, because some TLB may still
// hold its translations, and can be used again only after the one flush of everything that comes
// when the numbers have run out:
//
//   used  11111111111101110000      hand out from `next` upwards
//   stale 00101101000001000000  -> at the end: flush all harts, used &= ~stale, start again
//
// With no ASIDs in the hardware, or more mms than ASIDs, mms have ASID 0 and the context switch
// flushes when it loads them.
//
// Shootdown. mm->cpus has a bit for each CPU that ever ran the mm, hence may hold its translations;
// the context switch sets the bit before it loads satp (with a fence, pairing with the one in
// others_of). A flush is local plus one firmware call for all other CPUs, whose cost does not
// depend on the kernel there. An mm that only the current thread uses needs no such call even if it
// has run elsewhere: it takes a new ASID, and what other TLBs hold under the old one is never used
// again.
//
// Order of an unmap:  clear PTEs (ptl) | flush | free the frames and tables
//
// Invariants: 1. a frame or table is freed after the flush that follows the removal of its entry.
// 2. an ASID is used by at most one mm between two flushes of everything. 3. mm->satp changes only
// in its single thread.
//
// Rejected: an IPI that waits for each hart's kernel (needs interrupts on, and cannot be sent with
// a lock held); a generation compared at each switch (the switch would have to call into this
// file).
#include "vm/tlb.h"

#include "abi/errno.h"
#include "lib/bitmap.h"
#include "mm/buddy.h"
#include "mm/lru.h"
#include "mm/slab.h"
#include "mm/stat.h"
#include "riscv/mmu.h"
#include "riscv/sbi.h"
#include "sched/thread.h"

#define FLUSH_PAGES_MAX 32 // from here on flush all rather than page by page

static struct {
    struct spinlock lock;
    uint64_t *used, *stale; // [lock] bitmaps
    size_t count;           // [I] ASIDs there are, 0 included; 1: none to hand out
    size_t next;            // [lock]
} asids = {.lock = SPINLOCK_INIT("asid", RANK_ASID), .count = 1};

void tlb_init(void) {
    size_t count = 1UL << mmu_asid_bits();
    asids.used = kzalloc(BITMAP_WORDS(count) * 8, GFP_KERNEL);
    asids.stale = kzalloc(BITMAP_WORDS(count) * 8, GFP_KERNEL);
    if (!asids.used || !asids.stale)
        return; // all mms share ASID 0
    asids.count = count;
    asids.next = 1; // 0 is the kernel's
}

// Firmware calls take hart ids, as a mask from a base on.
static void remote_flush(uint32_t cpu_mask, uaddr_t start, uint64_t size) {
    while (cpu_mask) {
        uint64_t base = machine.hartid[bit_lowest(cpu_mask)], harts = 0;
        for (uint32_t m = cpu_mask; m; m &= m - 1) {
            uint32_t cpu = bit_lowest(m);
            uint64_t bit = machine.hartid[cpu] - base;
            if (bit >= 64)
                continue;
            harts |= 1UL << bit;
            cpu_mask &= ~(1u << cpu);
        }
        int err = sbi_remote_sfence(harts, base, start, size);
        assertf(err == 0, "remote flush of harts %#lx + %lu: error %d", harts, base, err);
    }
}

// The numbers have run out. asids.lock held.
static void recycle(void) {
    for (size_t i = 0; i < BITMAP_WORDS(asids.count); i++) {
        asids.used[i] &= ~asids.stale[i];
        asids.stale[i] = 0;
    }
    fence_full();
    tlb_flush_all_local();
    uint32_t others = atomic_load(&cpu_online_mask) & ~(1u << cpu_id());
    if (others)
        remote_flush(others, 0, -1UL);
    asids.next = 1;
}

static uint64_t asid_alloc(void) {
    if (asids.count == 1)
        return 0;
    spin_lock(&asids.lock);
    size_t asid = bitmap_find_clear(asids.used, asids.count, asids.next);
    if (asid == asids.count) {
        recycle();
        asid = bitmap_find_clear(asids.used, asids.count, asids.next);
    }
    if (asid == asids.count) {
        asid = 0; // every one is in use
    } else {
        bit_set(asids.used, asid);
        asids.next = asid + 1;
    }
    spin_unlock(&asids.lock);
    return asid;
}

static void asid_free(uint64_t asid) {
    if (asid == 0)
        return;
    spin_lock(&asids.lock);
    assertf(bit_test(asids.used, asid) && !bit_test(asids.stale, asid), "ASID %lu", asid);
    bit_set(asids.stale, asid);
    spin_unlock(&asids.lock);
}

static uint64_t satp_of(const struct mm *mm, uint64_t asid) {
    return SATP_SV39 | asid << SATP_ASID_SHIFT | virt_to_phys(mm->root) >> PAGE_SHIFT;
}

static uint64_t satp_asid(uint64_t satp) { return (satp & SATP_ASID_MASK) >> SATP_ASID_SHIFT; }

void tlb_mm_init(struct mm *mm) {
    mm->satp = satp_of(mm, asid_alloc());
    mm->cpus = 0;
}

void tlb_mm_destroy(struct mm *mm) {
    asid_free(satp_asid(mm->satp));
    mm->satp = 0;
}

// CPUs besides this one that may hold translations of mm. The PTEs were changed before.
static uint32_t others_of(const struct mm *mm) {
    fence_full();
    return atomic_load_relaxed(&mm->cpus) & ~(1u << cpu_id());
}

// mm runs nowhere but in this thread: leaves its old ASID's translations behind on all CPUs.
static bool move_to_new_asid(struct mm *mm) {
    struct thread *t = current();
    if (t->mm != mm || atomic_load(&mm->threads) != 1 || satp_asid(mm->satp) == 0)
        return false;
    uint64_t asid = asid_alloc();
    if (asid == 0)
        return false;
    asid_free(satp_asid(mm->satp));
    uint64_t irq = irq_save();
    t->tcb.satp = mm->satp = satp_of(mm, asid);
    WRITE_ONCE(mm->cpus, 1u << cpu_id());
    mmu_load(mm->satp);
    irq_restore(irq);
    return true;
}

void tlb_flush_here(const struct mm *mm, uaddr_t start, uaddr_t end) {
    uint64_t asid = satp_asid(mm->satp);
    if (end - start <= FLUSH_PAGES_MAX * PAGE_SIZE)
        for (uaddr_t va = start; va < end; va += PAGE_SIZE)
            tlb_flush_page_asid_local(va, asid);
    else
        tlb_flush_asid_local(asid);
}

void tlb_flush_range(struct mm *mm, uaddr_t start, uaddr_t end) {
    assertf(start < end, "flush of %#lx-%#lx", start, end);
    uint32_t others = others_of(mm);
    if (unlikely(others)) {
        mm_stat_add(TLB_SHOOTDOWNS, 1);
        if (move_to_new_asid(mm))
            return;
        uint64_t size = end - start;
        remote_flush(others, start, size > FLUSH_PAGES_MAX * PAGE_SIZE ? -1UL : size);
    }
    tlb_flush_here(mm, start, end);
}

void tlb_gather_init(struct tlb_gather *g, struct mm *mm, bool whole) {
    g->mm = mm;
    g->start = UINT64_MAX;
    g->end = 0;
    g->whole = whole;
    g->count = 0;
    g->room = TLB_LOCAL_PAGES;
    g->pages = g->local;
    g->tables = NULL;
}

void tlb_gather_table(void *gather, pte_t *table) {
    struct tlb_gather *g = gather;
    virt_to_page(g->mm->root)->mapcount--; // pgtable.h
    if (g->whole) {
        pt_table_free(table);
        return;
    }
    tlb_gather_range(g, 0, USER_END); // only a flush of everything reaches upper levels
    table->v = (uint64_t)g->tables;   // a hart may still walk it: an aligned address has bit 0
    g->tables = table;                // clear, which no walk takes for a valid entry
}

static void free_tables(struct tlb_gather *g) {
    while (g->tables) {
        pte_t *table = g->tables;
        g->tables = (pte_t *)table->v;
        table->v = 0; // all zero again
        pt_table_free(table);
    }
}

void tlb_flush_gathered(struct tlb_gather *g) {
    if (!g->whole && g->start < g->end)
        tlb_flush_range(g->mm, g->start, g->end);
    assertf(g->count <= g->room, "%u pages gathered", g->count);
    if (g->whole)
        pages_release(g->pages, g->count);
    else
        pages_put(g->pages, g->count);
    g->count = 0;
    g->start = UINT64_MAX;
    g->end = 0;
    free_tables(g);
}

void tlb_gather_full(struct tlb_gather *g) {
    struct page **more = g->pages == g->local ? frame_alloc(GFP_ATOMIC, 0) : NULL;
    if (!more) {
        uaddr_t start = g->start, end = g->end;
        tlb_flush_gathered(g);
        tlb_gather_range(g, start, end); // the caller may be in the middle of it
        return;
    }
    for (uint32_t i = 0; i < g->count; i++)
        more[i] = g->pages[i];
    g->pages = more;
    g->room = PAGE_SIZE / sizeof(struct page *);
}

void tlb_finish(struct tlb_gather *g) {
    tlb_flush_gathered(g);
    if (g->pages != g->local)
        frame_free(g->pages, 0);
    g->pages = g->local;
    g->room = TLB_LOCAL_PAGES;
}
