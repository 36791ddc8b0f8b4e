// The kernel's page table.
//
//   slots of the root   256 .. 383   linear map: RAM at PAGE_OFFSET, as large leaves as fit
//                       384 .. 447   vmalloc area
//                       448 .. 479   KASAN builds: shadow (kasan.c)
//
//   linear map over the image   [start) RW | text R X | rodata R | data, bss RW -> end of RAM
//
// 1. No address is writable and executable. No leaf covers two kinds, so around the image leaves
// are
//    4 KiB, elsewhere 2 MiB and 1 GiB.
// 2. Top-level entries of the kernel half are made here at boot and never change: pt_root_alloc()
//    copies them once into each user root, and no root has to be kept in step later.
//    So every level-1 table of the vmalloc area exists from boot on. 64 of them would be 256 KiB,
//    too much for a machine of 16 MiB: the area's used part is 2 GiB of addresses per GiB of RAM,
//    at least 1 and at most 64 (kernel_vmalloc_end), one table each. One GiB holds 65,536 kernel
//    stacks.
// 3. Level-0 tables of the vmalloc area are made as needed and kept: freed ranges are used again.
// 4. All leaves are global, accessed and dirty: the hardware has nothing to write.
//
// TLB: a range is flushed on all harts when it is mapped (the specification lets a hart remember
// that an address was invalid) and when kernel_unmap() unmaps it. Since mapping flushes, unmapping
// may skip it where stale translations do no harm: kernel_unmap_noflush().
//
// Locks: kernel_pt_lock (RANK_PAGETABLE) for the vmalloc area's tables; the rest is immutable.

#include "mm/pgtable.h"

#include "abi/errno.h"
#include "klog/panic.h"
#include "mm/buddy.h"
#include "mm/kasan.h"
#include "mm/stat.h"
#include "riscv/machine.h"
#include "riscv/mmu.h"
#include "riscv/sbi.h"
#include "sync/spinlock.h"

#define LINEAR_SLOT pt_index(PAGE_OFFSET, 2)
#define VMALLOC_SLOT pt_index(VMALLOC_START, 2)
#define KASAN_SLOT pt_index(KASAN_SHADOW_START, 2)
#define FLUSH_PAGES_MAX 64 // beyond this many pages the whole TLB goes

pte_t *kernel_root;
static size_t linear_slots, vmalloc_slots; // [I] in use
static struct spinlock kernel_pt_lock = SPINLOCK_INIT("kernel page table", RANK_PAGETABLE);

uint64_t kernel_satp(void) { return SATP_SV39 | virt_to_phys(kernel_root) >> PAGE_SHIFT; }

vaddr_t kernel_vmalloc_end(void) { return VMALLOC_START + vmalloc_slots * pt_level_size(2); }

// Boot only: a slot, or the end.
static pte_t *slot_or_panic(vaddr_t va, int level) {
    pte_t *slot = pt_find_alloc(kernel_root, va, level, GFP_NOFAIL_TEST | GFP_HIGH);
    if (!slot)
        panic("no memory for the kernel's page table");
    return slot;
}

// The largest leaf that starts at va and pa and ends by `end`.
static int leaf_level(vaddr_t va, paddr_t pa, vaddr_t end) {
    for (int level = PT_LEVELS - 1; level > 0; level--)
        if (IS_ALIGNED(va | pa, pt_level_size(level)) && end - va >= pt_level_size(level))
            return level;
    return 0;
}

// Maps linear-map addresses [va, end), page aligned.
static void map_linear(vaddr_t va, vaddr_t end, uint64_t bits) {
    assertf(IS_ALIGNED(va | end, PAGE_SIZE) && va <= end, "[%#lx, %#lx)", va, end);
    while (va < end) {
        paddr_t pa = virt_to_phys((void *)va);
        int level = leaf_level(va, pa, end);
        pte_t *slot = slot_or_panic(va, level);
        assertf(pte_none(*slot), "va %#lx is mapped already: %#lx", va, slot->v);
        pt_set(slot, pte_make(pa, bits | PTE_KERNEL));
        va += pt_level_size(level);
    }
}

static void map_image(void) {
    map_linear((vaddr_t)__text_start, (vaddr_t)__text_end, PTE_R | PTE_X);
    map_linear((vaddr_t)__rodata_start, (vaddr_t)__rodata_end, PTE_R);
    map_linear((vaddr_t)__data_start, (vaddr_t)__data_end, PTE_R | PTE_W);
}

// One range of RAM, around the image if it holds that.
static void map_ram(const struct mem_range *r) {
    vaddr_t from = (vaddr_t)phys_to_virt(ALIGN_UP(max(r->base, ram_base), PAGE_SIZE));
    vaddr_t to = min((vaddr_t)phys_to_virt(ALIGN_DOWN(r->base + r->size, PAGE_SIZE)),
                     (vaddr_t)VMALLOC_START);
    vaddr_t text = (vaddr_t)__text_start, end = (vaddr_t)__data_end;

    if (from >= to)
        return;
    if (text < from || text >= to) {
        map_linear(from, to, PTE_R | PTE_W);
        return;
    }
    assertf((vaddr_t)__text_end == (vaddr_t)__rodata_start &&
                (vaddr_t)__rodata_end == (vaddr_t)__data_start && end <= to,
            "image [%#lx, %#lx) in RAM [%#lx, %#lx)", text, end, from, to);
    map_linear(from, text, PTE_R | PTE_W);
    map_image();
    map_linear(end, to, PTE_R | PTE_W);
}

// Number of consecutive non-empty entries of the root from slot i on; holes in RAM included.
static size_t slots_used(size_t i, size_t max) {
    while (max && pte_none(kernel_root[i + max - 1]))
        max--;
    return max;
}

void kernel_pt_init(void) {
    kernel_root = pt_table_alloc(GFP_NOFAIL_TEST | GFP_HIGH);
    if (!kernel_root)
        panic("no memory for the kernel's page table");
    for (int i = 0; i < machine.ram_count; i++)
        map_ram(&machine.ram[i]);
    linear_slots = slots_used(LINEAR_SLOT, VMALLOC_SLOT - LINEAR_SLOT);
    assert(linear_slots > 0);

    uint64_t ram = (mem_total_pages() + mem_reserved_pages()) << PAGE_SHIFT;
    vmalloc_slots = min(DIV_ROUND_UP(2 * ram, pt_level_size(2)),
                        (VMALLOC_END - VMALLOC_START) / pt_level_size(2));
    for (size_t i = 0; i < vmalloc_slots; i++)
        slot_or_panic(VMALLOC_START + i * pt_level_size(2), 1);
    kasan_map();
    mmu_load(kernel_satp());
    tlb_flush_all_local();
    kasan_start();
}

pte_t *pt_root_alloc(void) {
    pte_t *root = pt_table_alloc(GFP_KERNEL);

    if (!root)
        return NULL;
    for (size_t i = LINEAR_SLOT; i < LINEAR_SLOT + linear_slots; i++)
        root[i] = kernel_root[i]; // not counted: invariant of pgtable.h
    for (size_t i = VMALLOC_SLOT; i < VMALLOC_SLOT + vmalloc_slots; i++)
        root[i] = kernel_root[i];
    for (size_t i = KASAN_SLOT; i < KASAN_SLOT + KASAN_ROOT_SLOTS; i++)
        root[i] = kernel_root[i];
    return root;
}

void pt_root_free(pte_t *root) {
    assertf(root != kernel_root && virt_to_page(root)->private == 0, "root %p: %lu entries in use",
            root, virt_to_page(root)->private);
    for (size_t i = LINEAR_SLOT; i < LINEAR_SLOT + linear_slots; i++)
        root[i].v = 0;
    for (size_t i = VMALLOC_SLOT; i < VMALLOC_SLOT + vmalloc_slots; i++)
        root[i].v = 0;
    for (size_t i = KASAN_SLOT; i < KASAN_SLOT + KASAN_ROOT_SLOTS; i++)
        root[i].v = 0;
    pt_table_free(root); // all zero again
}

static void flush_local(vaddr_t va, size_t size) {
    if (size > FLUSH_PAGES_MAX * PAGE_SIZE) {
        tlb_flush_all_local();
        return;
    }
    for (vaddr_t end = va + size; va < end; va += PAGE_SIZE)
        tlb_flush_page_local(va);
}

// The other online harts, by firmware, which waits until all have flushed. Hart ids below 64 go in
// one call.
static void flush_others(vaddr_t va, size_t size) {
    uint32_t others = atomic_load(&cpu_online_mask) & ~(1u << cpu_id());
    uint64_t mask = 0;

    for (uint32_t cpu = 0; others >> cpu; cpu++) {
        if (!(others >> cpu & 1))
            continue;
        if (machine.hartid[cpu] < 64)
            mask |= 1UL << machine.hartid[cpu];
        else
            sbi_remote_sfence(1, machine.hartid[cpu], va, size);
    }
    if (mask)
        sbi_remote_sfence(mask, 0, va, size);
}

// The CPU must not change between the two halves: nothing here sleeps.
void kernel_flush(vaddr_t va, size_t size) {
    fence_full(); // the entries are visible before anyone flushes
    flush_local(va, size);
    flush_others(va, size);
}

static void check_range(vaddr_t va, size_t size) {
    assertf(IS_ALIGNED(va | size, PAGE_SIZE) && va >= VMALLOC_START &&
                size <= kernel_vmalloc_end() - va,
            "kernel range %#lx + %#lx", va, size);
}

static void clear_range(vaddr_t va, size_t size) {
    struct pt_cursor c;
    for (bool more = pt_first(&c, kernel_root, va, va + size); more; more = pt_next(&c))
        pt_clear(c.slot);
}

int kernel_map_noflush(vaddr_t va, paddr_t pa, size_t size, uint64_t bits) {
    check_range(va, size);
    assertf((bits & (PTE_W | PTE_X)) != (PTE_W | PTE_X), "va %#lx bits %#lx", va, bits);
    spin_lock(&kernel_pt_lock);
    for (size_t done = 0; done < size; done += PAGE_SIZE) {
        pte_t *slot = pt_find_alloc(kernel_root, va + done, 0, GFP_ATOMIC);
        if (!slot) {
            if (done)
                clear_range(va, done);
            spin_unlock(&kernel_pt_lock);
            return -ENOMEM;
        }
        assertf(pte_none(*slot), "va %#lx is mapped already: %#lx", va + done, slot->v);
        pt_set(slot, pte_make(pa + done, bits | PTE_KERNEL));
    }
    spin_unlock(&kernel_pt_lock);
    return 0;
}

void kernel_unmap_noflush(vaddr_t va, size_t size) {
    check_range(va, size);
    spin_lock(&kernel_pt_lock);
    clear_range(va, size);
    spin_unlock(&kernel_pt_lock);
}

int kernel_map(vaddr_t va, paddr_t pa, size_t size, uint64_t bits) {
    int err = kernel_map_noflush(va, pa, size, bits);
    if (!err)
        kernel_flush(va, size);
    return err;
}

void kernel_unmap(vaddr_t va, size_t size) {
    kernel_unmap_noflush(va, size);
    kernel_flush(va, size);
}
