// The address sanitizer (KASAN=1 builds; docs/checkers.md): every access to memory that is not an
// object's own is reported where it happens.
//
// One byte of shadow says of eight bytes of memory which of them may be touched:
//
//   shadow = address / 8 + KASAN_SHADOW_OFFSET        0: all   1..7: the first ones   else: none
//
//   linear map   128 GiB  -->  0xfffffff000000000  16 GiB   where RAM is: memory from bootmem (1/8)
//   vmalloc area  64 GiB  -->  0xfffffff400000000   8 GiB   stacks, vmalloc(): a page for 32 KiB
//   all the rest          -->                               one page of zeroes, shared, read-only
//
// The compiler calls __asan_load4() and the like before each load and store. It also lays redzones
// around the variables of a frame and writes their shadow when the function begins and ends, and
// hands over a table of the globals, whose redzones we poison once. memcpy(), page copies and user
// copies are checked as whole ranges: the linker sends their callers to __wrap_memcpy() (--wrap).
// The allocators do the rest through mm/kasan.h: what is free, behind, or between is poisoned.
//
// A variable of a function that has returned lies below the stack pointer, until another call
// covers it: so an access to the current stack below sp is a crime too, and costs no shadow.
//
//   boot   early table: the shared page, writable; whatever it says is ignored (kasan_on is false)
//          -> kasan_reserve(), kasan_map(): real shadow into the kernel's table
//          -> kasan_start(): shared page zeroed and read-only, globals and free pages poisoned
//
// 1. Reading any shadow byte never faults: where nothing else is mapped, the shared page is. So an
//    access to what is not mapped is reported by the hardware, as ever. User addresses have no
//    shadow and are left to it as well.
// 2. Two allocations never share a shadow byte: all are aligned to 8. So poisoning needs no lock.
// 3. Top-level entries of the shadow do not change after kasan_map().
//
// Locks: shadow_lock for tables and leaves of the vmalloc area's shadow. Not instrumented, and it
// must not call memset() and its like by their names: those check.
// Rejected: inline checks (faster by half, but code twice the size); shadow for user addresses.
#include "mm/kasan_impl.h"

#include "abi/errno.h"
#include "klog/panic.h"
#include "klog/printk.h"
#include "mm/bootmem.h"
#include "mm/buddy.h"
#include "mm/pgtable.h"
#include "riscv/machine.h"
#include "riscv/mmu.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes" // compiled code calls __asan_*, __wrap_*

#define SHADOW_SLOT pt_index(KASAN_SHADOW_START, 2)
#define SHADOW_PER_PAGE (PAGE_SIZE * GRANULE) // memory that a page of shadow tells about

_Static_assert(PAGE_OFFSET / GRANULE + KASAN_SHADOW_OFFSET == KASAN_SHADOW_START, "offset");
_Static_assert(SHADOW_PER_PAGE == 2 * KSTACK_SIZE, "a stack and its guard have their own page");

extern pte_t early_root[]; // boot.S
extern void (*const __init_array_start[])(void), (*const __init_array_end[])(void); // kernel.ld
void *__real_memset(void *dst, int c, size_t n);

static uint8_t shared_page[PAGE_SIZE] __aligned(PAGE_SIZE);
static pte_t shared_table[2][PT_ENTRIES] __aligned(PAGE_SIZE); // of levels 0 and 1
static struct mem_range reserved[MEM_RANGES_MAX];              // [I] shadow of machine.ram[i]
static bool kasan_on;
static struct spinlock shadow_lock = SPINLOCK_INIT("kasan shadow", RANK_PAGETABLE);

// ---- the shadow's tables ------------------------------------------------------------------------

// What an entry at `level` is where there is no shadow of its own.
static pte_t shared_entry(int level) {
    if (level > 0)
        return pte_table(virt_to_phys(shared_table[level - 1]));
    return pte_make(virt_to_phys(shared_page), PTE_R | PTE_KERNEL);
}

static void fill(pte_t *table, size_t n, pte_t entry) {
    for (size_t i = 0; i < n; i++)
        table[i] = entry;
}

void kasan_early_init(void) {
    fill(shared_table[0], PT_ENTRIES, pte_set(shared_entry(0), PTE_W));
    fill(shared_table[1], PT_ENTRIES, shared_entry(1));
    fill(early_root + SHADOW_SLOT, KASAN_ROOT_SLOTS, shared_entry(2));
    tlb_flush_all_local();
}

// The slot of shadow address va in a table of its own. NULL: out of memory. The lock is held, or it
// is boot.
static pte_t *own_slot(vaddr_t va, int level, gfp_t gfp) {
    pte_t *slot = kernel_root + pt_index(va, PT_LEVELS - 1);

    for (int l = PT_LEVELS - 1; l > level; l--) {
        if (slot->v == shared_entry(l).v) {
            pte_t *table = pt_table_alloc(gfp);
            if (!table)
                return NULL;
            fill(table, PT_ENTRIES, shared_entry(l - 1));
            virt_to_page(table)->private = virt_to_page(table)->index = PT_ENTRIES;
            __atomic_store_n(&slot->v, pte_table(virt_to_phys(table)).v, __ATOMIC_RELEASE);
        }
        slot = pte_to_table(*slot) + pt_index(va, l - 1);
    }
    return slot;
}

// Whole pages of shadow for machine.ram[i], as far as the linear map shows it.
static struct mem_range shadow_range(int i) {
    paddr_t from = max(machine.ram[i].base, ram_base);
    paddr_t to = min(machine.ram[i].base + machine.ram[i].size,
                     ram_base + (VMALLOC_START - PAGE_OFFSET));
    if (from >= to)
        return (struct mem_range){0, 0};
    vaddr_t start = ALIGN_DOWN((vaddr_t)shadow_of((vaddr_t)phys_to_virt(from)), PAGE_SIZE);
    vaddr_t end = ALIGN_UP((vaddr_t)shadow_of((vaddr_t)phys_to_virt(to)), PAGE_SIZE);
    return (struct mem_range){start, end - start};
}

void kasan_reserve(void) {
    for (int i = 0; i < machine.ram_count; i++) {
        struct mem_range shadow = shadow_range(i);
        size_t align = shadow.size < pt_level_size(1) ? PAGE_SIZE : pt_level_size(1);
        reserved[i].size = shadow.size;
        if (shadow.size)
            reserved[i].base = virt_to_phys(bootmem_alloc(shadow.size, align));
    }
}

static void map_reserved(vaddr_t va, const struct mem_range *r) {
    for (size_t done = 0, step; done < r->size; done += step) {
        bool large = IS_ALIGNED((va + done) | (r->base + done), pt_level_size(1)) &&
                     r->size - done >= pt_level_size(1);
        pte_t *slot = own_slot(va + done, large, GFP_NOFAIL_TEST | GFP_HIGH);
        assertf(slot, "no memory for the shadow's page table, %#lx", va + done);
        *slot = pte_make(r->base + done, PTE_R | PTE_W | PTE_KERNEL);
        step = pt_level_size(large);
    }
}

void kasan_map(void) {
    vaddr_t end = (vaddr_t)shadow_of(kernel_vmalloc_end());

    fill(kernel_root + SHADOW_SLOT, KASAN_ROOT_SLOTS, shared_entry(PT_LEVELS - 1));
    for (int i = 0; i < machine.ram_count; i++)
        map_reserved(shadow_range(i).base, &reserved[i]);
    for (vaddr_t va = (vaddr_t)shadow_of(VMALLOC_START); va < end; va += pt_level_size(2))
        assertf(own_slot(va, 1, GFP_NOFAIL_TEST | GFP_HIGH), "no memory for %#lx", va);
}

static bool set_shadow(vaddr_t va, const void *frame) {
    spin_lock(&shadow_lock);
    pte_t *slot = own_slot(va, 0, GFP_ATOMIC);
    if (slot)
        *slot = pte_make(virt_to_phys(frame), PTE_R | PTE_W | PTE_KERNEL);
    spin_unlock(&shadow_lock);
    return slot;
}

int kasan_area_map(vaddr_t va, size_t size) {
    vaddr_t start = ALIGN_DOWN((vaddr_t)shadow_of(va), PAGE_SIZE);
    vaddr_t end = ALIGN_UP((vaddr_t)shadow_of(va + size), PAGE_SIZE);

    for (vaddr_t at = start; at < end; at += PAGE_SIZE) {
        void *frame = frame_alloc(GFP_KERNEL | GFP_ZERO | GFP_NOFAIL_TEST, 0);
        if (!frame || !set_shadow(at, frame)) {
            frame_free(frame, 0);
            kasan_area_unmap(va, size);
            return -ENOMEM;
        }
    }
    kernel_flush(start, end - start); // the shared page was readable there
    return 0;
}

// Not flushed: nobody looks at the shadow of addresses that are not mapped, and the next
// kasan_area_map() flushes.
void kasan_area_unmap(vaddr_t va, size_t size) {
    vaddr_t at = ALIGN_DOWN((vaddr_t)shadow_of(va), PAGE_SIZE);
    vaddr_t end = ALIGN_UP((vaddr_t)shadow_of(va + size), PAGE_SIZE);

    for (; at < end; at += PAGE_SIZE) {
        spin_lock(&shadow_lock);
        pte_t *slot = pt_find(kernel_root, at, 0);
        assertf(slot, "no shadow table for %#lx", at);
        pte_t old = *slot;
        *slot = shared_entry(0);
        spin_unlock(&shadow_lock);
        if (old.v != shared_entry(0).v)
            frame_free(phys_to_virt(pte_paddr(old)), 0);
    }
}

// ---- what the allocators tell -------------------------------------------------------------------

void kasan_poison(const void *p, size_t size, uint8_t value) {
    assertf(IS_ALIGNED((vaddr_t)p | size, GRANULE), "%p + %zu", p, size);
    __real_memset(shadow_of((vaddr_t)p), value, size / GRANULE);
}

void kasan_unpoison(const void *p, size_t size) {
    uint8_t *shadow = shadow_of((vaddr_t)p);

    assertf(IS_ALIGNED((vaddr_t)p, GRANULE), "%p + %zu", p, size);
    __real_memset(shadow, 0, size / GRANULE);
    if (size % GRANULE)
        shadow[size / GRANULE] = size % GRANULE;
}

// Pages come and go before there is shadow, too; kasan_start() looks at what is free then.
void kasan_page_alloc(struct page *p) {
    if (kasan_on)
        kasan_unpoison(page_to_virt(p), PAGE_SIZE << p->order);
}

void kasan_page_free(struct page *p) {
    if (kasan_on)
        kasan_poison(page_to_virt(p), PAGE_SIZE << p->order, KASAN_PAGE_FREE);
}

void kasan_stack_free(void *stack) { kasan_poison(stack, KSTACK_SIZE, KASAN_STACK_FREE); }

void kasan_stack_alloc(void *stack) { kasan_unpoison(stack, KSTACK_SIZE); }

// The first `size` of `room` bytes may be touched.
static void cut(void *p, size_t size, size_t room, uint8_t value) {
    size_t whole = ALIGN_UP(size, GRANULE);

    assertf(whole <= room, "%p: %zu bytes of %zu", p, size, room);
    kasan_unpoison(p, size);
    kasan_poison((char *)p + whole, room - whole, value);
}

void *kasan_sized(void *p, size_t size, size_t room) {
    if (p)
        cut(p, size, room, KASAN_UNASKED);
    return p;
}

// ---- globals ------------------------------------------------------------------------------------

static struct {
    vaddr_t addr; // 0: the constructors are to poison; else the one that holds it is wanted
    struct kasan_global *found;
} search;

// The compiler made a constructor for each file; all it does is call this.
void __asan_register_globals(struct kasan_global *g, size_t n) {
    for (; n; g++, n--) {
        if (!search.addr)
            cut((void *)g->start, g->size, g->room, KASAN_GLOBAL);
        else if (search.addr - g->start < g->room)
            search.found = g;
    }
}

void __asan_unregister_globals(struct kasan_global *g, size_t n) {}

static void run_constructors(void) {
    for (void (*const *f)(void) = __init_array_start; f < __init_array_end; f++)
        (*f)();
}

const struct kasan_global *kasan_find_global(vaddr_t addr) {
    search.addr = addr;
    run_constructors();
    return search.found;
}

void kasan_start(void) {
    uint64_t bytes = 0;

    fill(shared_table[0], PT_ENTRIES, shared_entry(0));
    __real_memset(shared_page, 0, PAGE_SIZE);
    tlb_flush_all_local();
    run_constructors();
    for (pfn_t i = 0; i < mem_map_pages; i++)
        if (mem_map[i].refcount == 0)
            kasan_poison(page_to_virt(&mem_map[i]), PAGE_SIZE, KASAN_PAGE_FREE);
    for (int i = 0; i < machine.ram_count; i++)
        bytes += reserved[i].size;
    kasan_on = true;
    pr_info("kasan: on, %lu KiB of shadow\n", bytes / 1024);
}

// ---- checks -------------------------------------------------------------------------------------

// The first byte of [addr, end) that may not be touched, or end.
static vaddr_t first_bad(vaddr_t addr, vaddr_t end) {
    while (addr < end) {
        uint64_t n = *shadow_of(addr);
        vaddr_t granule = ALIGN_DOWN(addr, GRANULE);
        if (n && (n > GRANULE || max(addr, granule + n) < min(end, granule + GRANULE)))
            return n > GRANULE ? addr : max(addr, granule + n);
        addr = granule + GRANULE;
        while (IS_ALIGNED(addr, 64) && addr + 64 <= end && *(uint64_t *)shadow_of(addr) == 0)
            addr += 64;
    }
    return end;
}

// In the current stack, but below the frame of whoever called us: a frame that is gone. (Calls in
// the last place are jumps, so this holds in check_bytes() as well.)
static inline bool below_caller(vaddr_t addr) {
    vaddr_t sp = (vaddr_t)__builtin_frame_address(0);
    return unlikely((addr ^ sp) >> KSTACK_SHIFT == 0) && addr < sp;
}

// Something is unusual: a look at every byte.
static __noinline void check_bytes(vaddr_t addr, size_t size, bool write, vaddr_t pc) {
    bool dead = below_caller(addr);
    vaddr_t bad = dead ? addr : first_bad(addr, addr + size);

    if (bad < addr + size && kasan_on && !panicking()) {
        struct kasan_access a = {addr, size, write, dead, bad, pc};
        kasan_report(&a);
    }
}

// Of at most a granule. The compiler makes no access that is not aligned to its size.
static inline void check(vaddr_t addr, size_t size, bool write, vaddr_t pc) {
    if (likely(addr >= PAGE_OFFSET) && unlikely(*shadow_of(addr) || below_caller(addr)))
        check_bytes(addr, size, write, pc);
}

static inline void check_range(const void *p, size_t size, bool write, vaddr_t pc) {
    if (size && (vaddr_t)p >= PAGE_OFFSET)
        check_bytes((vaddr_t)p, size, write, pc);
}

#define CALLER ((vaddr_t)__builtin_return_address(0))
#define DEFINE_CHECKS(size)                                                                        \
    void __asan_load##size##_noabort(vaddr_t addr) { check(addr, size, false, CALLER); }           \
    void __asan_store##size##_noabort(vaddr_t addr) { check(addr, size, true, CALLER); }

DEFINE_CHECKS(1)
DEFINE_CHECKS(2)
DEFINE_CHECKS(4)
DEFINE_CHECKS(8)

void __asan_loadN_noabort(const void *p, size_t size) { check_range(p, size, false, CALLER); }
void __asan_storeN_noabort(const void *p, size_t size) { check_range(p, size, true, CALLER); }
void __asan_load16_noabort(const void *p) { check_range(p, 16, false, CALLER); }
void __asan_store16_noabort(const void *p) { check_range(p, 16, true, CALLER); }

// Before a call that does not return. The frames that stay behind never run on: their stack is
// given back, or the machine stops.
void __asan_handle_no_return(void) {}

// ---- whole ranges -------------------------------------------------------------------------------

void *__real_memcpy(void *dst, const void *src, size_t n);
void *__real_memmove(void *dst, const void *src, size_t n);
void __real_clear_page(void *page);
void __real_copy_page(void *dst, const void *src);
size_t __real___raw_copy_from_user(void *dst, uaddr_t src, size_t n);
size_t __real___raw_copy_to_user(uaddr_t dst, const void *src, size_t n);
ssize_t __real___raw_strncpy_from_user(char *dst, uaddr_t src, size_t n);

void *__wrap_memcpy(void *dst, const void *src, size_t n) {
    check_range(src, n, false, CALLER);
    check_range(dst, n, true, CALLER);
    return __real_memcpy(dst, src, n);
}

void *__wrap_memmove(void *dst, const void *src, size_t n) {
    check_range(src, n, false, CALLER);
    check_range(dst, n, true, CALLER);
    return __real_memmove(dst, src, n);
}

void *__wrap_memset(void *dst, int c, size_t n) {
    check_range(dst, n, true, CALLER);
    return __real_memset(dst, c, n);
}

void __wrap_clear_page(void *page) {
    check_range(page, PAGE_SIZE, true, CALLER);
    __real_clear_page(page);
}

void __wrap_copy_page(void *dst, const void *src) {
    check_range(src, PAGE_SIZE, false, CALLER);
    check_range(dst, PAGE_SIZE, true, CALLER);
    __real_copy_page(dst, src);
}

size_t __wrap___raw_copy_from_user(void *dst, uaddr_t src, size_t n) {
    check_range(dst, n, true, CALLER);
    return __real___raw_copy_from_user(dst, src, n);
}

size_t __wrap___raw_copy_to_user(uaddr_t dst, const void *src, size_t n) {
    check_range(src, n, false, CALLER);
    return __real___raw_copy_to_user(dst, src, n);
}

ssize_t __wrap___raw_strncpy_from_user(char *dst, uaddr_t src, size_t n) {
    check_range(dst, n, true, CALLER);
    return __real___raw_strncpy_from_user(dst, src, n);
}
