// One crime of each kind that a checked build must report (docs/checkers.md): boot with
// crash=KIND. In a build without that checker nothing stops them, which is why there are checkers;
// crash_on_purpose() then says so.
//
// What an access is off by comes from volatile variables, so the compiler cannot see the crime.
#include "test/crash.h"

#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/kspace.h"
#include "mm/slab.h"
#include "riscv/layout.h"

static volatile int zero, one = 1, eight = 8;
static volatile uint8_t sink;
static uint8_t crime_table[20] = {1};
static volatile vaddr_t kept;

// ---- KASAN --------------------------------------------------------------------------------------

static __noinline void crime_slab_right(void) {
    uint8_t *p = kmalloc(24, GFP_KERNEL);
    p[24 * one] = 1;
    kfree(p);
}

static __noinline void crime_slab_left(void) {
    uint8_t *p = kmalloc(64, GFP_KERNEL);
    sink = p[-one];
    kfree(p);
}

// Behind what was asked for, within what the size class has.
static __noinline void crime_slab_unasked(void) {
    uint8_t *p = kmalloc(20, GFP_KERNEL);
    sink = p[20 * one];
    kfree(p);
}

static __noinline void crime_large_right(void) {
    uint8_t *p = kmalloc(5000, GFP_KERNEL);
    p[5000 * one] = 1;
    kfree(p);
}

static __noinline void crime_vmalloc_right(void) {
    uint8_t *p = vmalloc(5000);
    sink = p[5000 * one];
    vfree(p);
}

static __noinline void crime_use_after_free(void) {
    uint32_t *p = kmalloc(128, GFP_KERNEL);
    kfree(p);
    sink = (uint8_t)p[one];
}

static __noinline void crime_page_after_free(void) {
    uint64_t *p = frame_alloc(GFP_KERNEL, 0);
    frame_free(p, 0);
    p[one] = 1;
}

static __noinline void crime_double_free(void) {
    uint8_t *p = kmalloc(100, GFP_KERNEL);
    kfree(p);
    kfree(p);
    sink = 1; // not a tail call: this function stays in the backtrace
}

// Through a pointer, as UBSAN knows the array's size.
static __noinline void crime_global(void) {
    uint8_t *volatile p = crime_table;
    sink = p[20 * one];
}

static __noinline void crime_stack(void) {
    volatile uint8_t before[16], after[12], *volatile p = after;
    before[0] = after[0] = 0;
    p[12 * one] = before[0];
}

static __noinline void keep_local(void) {
    uint8_t local[32];
    memset(local, one, sizeof(local));
    kept = (vaddr_t)local; // a number, or the compiler warns
}

static __noinline void crime_stack_return(void) {
    keep_local();
    sink = ((volatile uint8_t *)kept)[one];
}

static __noinline void crime_memcpy(void) {
    uint8_t *p = kmalloc(40, GFP_KERNEL);
    memcpy(p, crime_table, sizeof(crime_table) + (size_t)one);
    kfree(p);
}

static __noinline void crime_string(void) {
    char *p = kmalloc(8, GFP_KERNEL);
    memset(p, 'x', 8);
    sink = (uint8_t)strlen(p);
    kfree(p);
}

static __noinline void crime_dead_stack(void) {
    uint8_t *p = kstack_alloc();
    kstack_free(p);
    sink = p[KSTACK_SIZE - one];
}

// ---- UBSAN --------------------------------------------------------------------------------------

static __noinline void crime_shift(void) { sink = (uint8_t)(one << (eight << 2)); }

static __noinline void crime_overflow(void) {
    volatile int sum = INT32_MAX;
    sum = sum + one;
}

static __noinline void crime_divide(void) { sink = (uint8_t)(eight / zero); }

static __noinline void crime_bounds(void) {
    static uint8_t rows[4];
    sink = rows[eight];
}

static __noinline void crime_null_member(void) {
    struct page *volatile page = NULL;
    sink = (uint8_t)page->index;
}

static __noinline void crime_misaligned(void) {
    uint64_t words[2] = {0, 0};
    uint32_t *volatile p = (uint32_t *)((char *)words + one);
    sink = (uint8_t)*p;
}

static __noinline void crime_bool(void) {
    bool flag;
    memset(&flag, eight, sizeof(flag));
    sink = *(volatile bool *)&flag;
}

static __noinline void crime_unreachable(void) {
    if (one)
        __builtin_unreachable();
}

const struct crash crimes[] = {
    {"slab_right", crime_slab_right},
    {"slab_left", crime_slab_left},
    {"slab_unasked", crime_slab_unasked},
    {"large_right", crime_large_right},
    {"vmalloc_right", crime_vmalloc_right},
    {"use_after_free", crime_use_after_free},
    {"page_after_free", crime_page_after_free},
    {"double_free", crime_double_free},
    {"global", crime_global},
    {"stack", crime_stack},
    {"stack_return", crime_stack_return},
    {"memcpy", crime_memcpy},
    {"string", crime_string},
    {"dead_stack", crime_dead_stack},
    {"shift", crime_shift},
    {"add", crime_overflow},
    {"divide", crime_divide},
    {"bounds", crime_bounds},
    {"null_member", crime_null_member},
    {"misaligned", crime_misaligned},
    {"bool", crime_bool},
    {"unreachable", crime_unreachable},
    {NULL, NULL},
};
