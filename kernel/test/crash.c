// Every way to die that the kernel explains, one function each: the tests of panic boot with
// crash=KIND and compare what is printed. The functions are not inlined, so their names are seen in
// the backtrace.
#include "test/crash.h"

#include "klog/printk.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "riscv/layout.h"
#include "sched/sched.h"
#include "sync/spinlock.h"

static volatile int sink;
static struct spinlock low = SPINLOCK_INIT("crash_low", RANK_FILE);
static struct spinlock high = SPINLOCK_INIT("crash_high", RANK_PID);

static __noinline int read_at(vaddr_t addr) { return *(volatile int *)addr; }

static __noinline void crash_null(void) { sink = read_at(16); }

static __noinline void crash_wild(void) { sink = read_at(0x1234567800000000); }

static __noinline void crash_text(void) { *(volatile int *)__text_start = 0; }

// The recursion is hidden from the compiler by `deeper`.
static __noinline int eat_stack(int depth);
static int (*volatile deeper)(int) = eat_stack;
static int eat_stack(int depth) {
    volatile char frame[200];
    frame[depth % 200] = (char)depth;
    return deeper(depth + 1) + frame[depth % 200];
}
static __noinline void crash_overflow(void) { sink = deeper(1); }

static __noinline void crash_assert(void) { assertf(sink == 1, "sink %d", sink); }

static __noinline void crash_order(void) {
    spin_lock(&high);
    spin_lock(&low);
}

static __noinline void crash_recursive(void) {
    spin_lock(&low);
    spin_lock(&low);
}

static __noinline void crash_sleep(void) {
    spin_lock(&low);
    schedule();
}

static __noinline void crash_illegal(void) { asm volatile("unimp"); }

static const struct crash crashes[] = {
    {"null", crash_null},         {"wild", crash_wild},     {"text", crash_text},
    {"overflow", crash_overflow}, {"assert", crash_assert}, {"order", crash_order},
    {"recursive", crash_recursive}, {"sleep", crash_sleep}, {"illegal", crash_illegal},
    {NULL, NULL},
};

static const struct crash *find(const struct crash *table, const char *kind) {
    while (table->kind && strcmp(table->kind, kind) != 0)
        table++;
    return table->kind ? table : NULL;
}

static void list(const struct crash *table) {
    for (; table->kind; table++)
        printk(LOG_NOTICE, "crash: crash=%s\n", table->kind);
}

void crash_on_purpose(const char *kind) {
    const struct crash *c = find(crashes, kind);
    if (!c)
        c = find(crimes, kind);
    if (c) {
        c->crash();
        printk(LOG_NOTICE, "crash: nobody noticed %s\n", kind);
        return;
    }
    list(crashes);
    list(crimes);
}
