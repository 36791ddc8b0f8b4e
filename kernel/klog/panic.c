// Panics and failed assertions.
//
//   first hart:   message, its state, backtrace -> stop_others -> power off, status PANIC_STATUS
//   other harts:  reached by IPI one after the other: their state, backtrace, then stopped
//
// What can go wrong here is caught by counting: a panic inside a panic prints its message and
// powers off at once, a third one asks the firmware. A hart that panics while another one does
// waits to be stopped. From the first line on the log goes straight to the firmware's console.
#include "klog/panic.h"

#include "klog/backtrace.h"
#include "klog/printk.h"
#include "lib/format.h"
#include "riscv/atomic.h"
#include "riscv/csr.h"
#include "riscv/sbi.h"
#include "riscv/tcb.h"

#define PANIC_STATUS 101 // what a script sees of a panic; commands rarely end with it
#define NOBODY UINT32_MAX

static uint32_t panic_cpu = NOBODY; // [a] the first hart
static int panic_depth;             // [own] of the first hart
static uint32_t stopped;            // [a] CPUs that have reported
static const struct panic_ops *ops;

void panic_set_ops(const struct panic_ops *o) { ops = o; }

bool panicking(void) { return atomic_load_relaxed(&panic_cpu) != NOBODY; }

uint32_t panic_stopped_mask(void) { return atomic_load(&stopped); }

static __noreturn void stop_forever(void) {
    for (;;)
        asm volatile("wfi");
}

static __noreturn void power_off(void) {
    if (ops && panic_depth <= 2)
        ops->power_off(PANIC_STATUS);
    sbi_shutdown();
}

static void describe_cpu(void) {
    if (ops)
        ops->describe_cpu();
    else
        printk(LOG_EMERG, "hart %u, during boot\n", current_tcb->cpu);
}

// Interrupts off; one hart goes on, and says in words what happened.
static void panic_begin(const char *fmt, va_list args) {
    irq_disable();
    uint32_t me = current_tcb->cpu;
    if (!atomic_cas(&panic_cpu, NOBODY, me) && panic_cpu != me) {
        csr_set(sie, SIE_SOFT); // the first hart's IPI gets us
        irq_enable();
        stop_forever();
    }
    klog_panic_mode();
    bool again = ++panic_depth > 1;
    printk(LOG_EMERG, "%s: ", again ? "PANIC inside the panic" : "PANIC");
    vprintk(LOG_EMERG, fmt, args);
    printk(LOG_EMERG, "\n");
    if (again)
        power_off();
    describe_cpu();
}

static __noreturn void panic_end(void) {
    if (ops)
        ops->stop_others();
    power_off();
}

__noinline __noreturn void panic(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    panic_begin(fmt, args);
    backtrace_here();
    panic_end();
}

__noinline __noreturn void panic_explain(void (*explain)(const void *), const void *what,
                                         const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    panic_begin(fmt, args);
    explain(what);
    panic_end();
}

static void print_registers(const struct trapframe *tf) {
    static const char names[31][4] = {"ra", "sp", "gp", "tp", "t0", "t1",  "t2",  "s0",
                                      "s1", "a0", "a1", "a2", "a3", "a4",  "a5",  "a6",
                                      "a7", "s2", "s3", "s4", "s5", "s6",  "s7",  "s8",
                                      "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    const uint64_t *reg = &tf->ra;
    printk(LOG_EMERG, "pc %016lx  status %lx  cause %lx  value %lx\n", tf->sepc, tf->sstatus,
           tf->scause, tf->stval);
    for (int i = 0; i < 31; i++)
        printk(LOG_EMERG, "%-3s %016lx%s", names[i], reg[i], i % 4 == 3 || i == 30 ? "\n" : "  ");
}

__noinline __noreturn void panic_trap(const struct trapframe *tf, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    panic_begin(fmt, args);
    print_registers(tf);
    backtrace_trap(tf);
    panic_end();
}

void panic_stop_this_hart(const struct trapframe *tf) {
    irq_disable();
    describe_cpu();
    if (tf->sstatus & SSTATUS_SPP)
        backtrace_trap(tf);
    else
        printk(LOG_EMERG, "  in user mode at %#lx\n", tf->sepc);
    atomic_or(&stopped, 1u << current_tcb->cpu);
    stop_forever();
}

__noinline __noreturn void assert_failed(const char *file, int line, const char *fmt, ...) {
    char text[192];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    panic("%s:%d: assertion failed: %s", file, line, text);
}
