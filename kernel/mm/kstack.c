// Kernel stacks: 8 KiB of mapped memory above an unmapped guard of the same size, in an area of
// their own.
//
//   area->start (16 KiB aligned)     + 8 KiB                       + 16 KiB
//   |          guard, unmapped       |          stack              |
//                                    ^ kstack_alloc() returns this  ^ first sp
//
// So bit KSTACK_SHIFT of a good stack pointer is set, and trap entry sees an overflow by one test.
//
// fork and exit would otherwise map and unmap all the time, so each CPU keeps a few stacks that
// were freed. The slots are taken and filled with atomic swaps: no lock, and memory pressure can
// take them from any CPU.

#include "mm/area.h"
#include "mm/buddy.h"
#include "mm/kasan.h"
#include "mm/kspace.h"
#include "mm/shrink.h"
#include "mm/stat.h"
#include "riscv/atomic.h"
#include "riscv/layout.h"
#include "sync/cpu.h"

#define KSTACKS_KEPT 4

static struct {
    void *slot[KSTACKS_KEPT]; // [a]
} __aligned(64) kept[CPU_MAX];

static __noinline void *kstack_make(void) {
    if (failalloc_now(GFP_KERNEL))
        return NULL;
    struct area *a = area_alloc(KSTACK_SIZE, 2UL * KSTACK_SIZE, "kstack");
    if (!a)
        return NULL;
    vaddr_t stack = a->start + KSTACK_SIZE;
    if (pages_map(stack, KSTACK_SIZE, GFP_KERNEL, PG_KSTACK)) {
        area_free(a);
        return NULL;
    }
    mm_stat_add(NR_KSTACK, KSTACK_SIZE / PAGE_SIZE);
    return (void *)stack;
}

static __noinline void kstack_destroy(void *stack) {
    struct area *a = area_find((vaddr_t)stack - KSTACK_SIZE);

    assertf(a && a->what[0] == 'k', "%p is not a kernel stack", stack);
    pages_unmap((vaddr_t)stack, KSTACK_SIZE);
    area_free(a);
    mm_stat_add(NR_KSTACK, -(KSTACK_SIZE / (long)PAGE_SIZE));
}

void *kstack_alloc(void) {
    void **slot = kept[cpu_id()].slot;

    for (int i = 0; i < KSTACKS_KEPT; i++) {
        void *stack = READ_ONCE(slot[i]);
        if (stack && (stack = atomic_swap(&slot[i], NULL))) {
            kasan_stack_alloc(stack);
            return stack;
        }
    }
    return kstack_make();
}

void kstack_free(void *stack) {
    void **slot = kept[cpu_id()].slot;

    kasan_stack_free(stack);
    for (int i = 0; i < KSTACKS_KEPT; i++)
        if (!READ_ONCE(slot[i]) && atomic_cas(&slot[i], NULL, stack))
            return;
    kstack_destroy(stack);
}

static uint64_t kept_count(void) {
    uint64_t n = 0;
    for (int cpu = 0; cpu < CPU_MAX; cpu++)
        for (int i = 0; i < KSTACKS_KEPT; i++)
            n += READ_ONCE(kept[cpu].slot[i]) != NULL;
    return n;
}

static uint64_t kept_scan(uint64_t wanted) {
    uint64_t n = 0;
    for (int cpu = 0; cpu < CPU_MAX; cpu++)
        for (int i = 0; i < KSTACKS_KEPT && n < wanted; i++) {
            void *stack = atomic_swap(&kept[cpu].slot[i], NULL);
            if (stack) {
                kstack_destroy(stack);
                n++;
            }
        }
    return n;
}

static struct shrinker kstack_shrinker = {.name = "kstack", .count = kept_count, .scan = kept_scan};

void kstack_init(void) { shrinker_register(&kstack_shrinker); }
