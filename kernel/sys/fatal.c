// The last words: fatal traps explained, and what panic() prints of each hart.
//
// panic() itself is on the log's floor and knows neither threads nor locks nor the power switch;
// this file, which sees everything, tells it by struct panic_ops.
#include "sys/fatal.h"

#include "dev/power.h"
#include "klog/backtrace.h"
#include "klog/panic.h"
#include "klog/printk.h"
#include "riscv/atomic.h"
#include "sched/thread.h"
#include "sync/spinlock.h"

#define STOP_MS 500 // how long a hart may take to answer the panic IPI

const char *trap_cause_name(uint64_t scause) {
    static const char *const names[] = {
        [EXC_INST_MISALIGNED] = "misaligned instruction",
        [EXC_INST_ACCESS] = "instruction access fault",
        [EXC_ILLEGAL] = "illegal instruction",
        [EXC_BREAKPOINT] = "breakpoint",
        [EXC_LOAD_MISALIGNED] = "misaligned load",
        [EXC_LOAD_ACCESS] = "load access fault",
        [EXC_STORE_MISALIGNED] = "misaligned store",
        [EXC_STORE_ACCESS] = "store access fault",
        [EXC_SYSCALL] = "system call",
        [EXC_INST_PAGE_FAULT] = "instruction page fault",
        [EXC_LOAD_PAGE_FAULT] = "load page fault",
        [EXC_STORE_PAGE_FAULT] = "store page fault",
    };
    if (scause & SCAUSE_INTERRUPT)
        return "interrupt of no known kind";
    return scause < ARRAY_SIZE(names) && names[scause] ? names[scause] : "unknown trap";
}

static bool in_image(vaddr_t addr, const char *start, const char *end) {
    return addr >= (vaddr_t)start && addr < (vaddr_t)end;
}

const char *address_class(vaddr_t addr) {
    if (addr < PAGE_SIZE)
        return "the NULL page";
    if (addr < USER_END)
        return "a user address, outside the user copy routines";
    if (addr < PAGE_OFFSET)
        return "non-canonical: no Sv39 address";
    if (in_image(addr, __text_start, __text_end))
        return "kernel text, read-only";
    if (in_image(addr, __rodata_start, __rodata_end))
        return "kernel constants, read-only";
    if (addr < VMALLOC_START)
        return "the linear map";
    if (addr < VMALLOC_END)
        return "the vmalloc area: a guard page, or freed";
    return "above the vmalloc area";
}

static const char *access_verb(uint64_t scause) {
    switch (scause) {
    case EXC_INST_PAGE_FAULT:
    case EXC_INST_ACCESS:
        return "jumped to";
    case EXC_STORE_PAGE_FAULT:
    case EXC_STORE_ACCESS:
        return "wrote";
    default:
        return "read";
    }
}

__noreturn void fatal_trap(const struct trapframe *tf) {
    switch (tf->scause) {
    case EXC_INST_PAGE_FAULT:
    case EXC_LOAD_PAGE_FAULT:
    case EXC_STORE_PAGE_FAULT:
    case EXC_INST_ACCESS:
    case EXC_LOAD_ACCESS:
    case EXC_STORE_ACCESS:
        panic_trap(tf, "the kernel %s %#lx (%s): %s", access_verb(tf->scause), tf->stval,
                   address_class(tf->stval), trap_cause_name(tf->scause));
    default:
        panic_trap(tf, "%s in the kernel", trap_cause_name(tf->scause));
    }
}

static void print_spin_locks(const struct cpu *c) {
    for (uint64_t i = 0; i < min(c->spin_depth, (uint64_t)HELD_SPINS_MAX); i++) {
        printk(LOG_EMERG, "  holds spin lock %s since %s\n", c->held[i]->name,
               function_name(c->held[i]->caller));
    }
}

static void print_sleeping_locks(const struct held_sleepers *h) {
    for (int i = 0; i < min(h->count, HELD_SLEEPERS_MAX); i++) {
        printk(LOG_EMERG, "  holds lock %s since %s\n", h->entry[i].name,
               function_name(h->entry[i].caller));
    }
}

static void describe_cpu(void) {
    const struct cpu *c = this_cpu();
    uint64_t hartid = machine.hartid[c->id];
    if (!c->idle) { // tp is a boot tcb, not a thread yet
        printk(LOG_EMERG, "hart %lu, during boot\n", hartid);
        print_spin_locks(c);
        return;
    }
    const struct thread *t = current();
    printk(LOG_EMERG, "hart %lu, %s %d (%.16s)%s\n", hartid, t->proc ? "task" : "kernel thread",
           t->tid, t->name, c->irq_nest ? ", in an interrupt" : "");
    print_spin_locks(c);
    print_sleeping_locks(&t->held);
}

static void stop_cpu(uint32_t cpu) {
    uint64_t limit = time_read() + ns_to_ticks(STOP_MS * 1000000UL);
    ipi_send(cpu, IPI_PANIC);
    while (!(panic_stopped_mask() >> cpu & 1)) {
        if (time_read() > limit) {
            printk(LOG_EMERG, "hart %lu does not answer\n", machine.hartid[cpu]);
            return;
        }
        cpu_relax();
    }
}

// One after the other, so that their reports don't mix.
static void stop_others(void) {
    uint32_t others = atomic_load(&cpu_online_mask) & ~(1u << cpu_id());
    for (uint32_t cpu = 0; others >> cpu; cpu++)
        if (others >> cpu & 1)
            stop_cpu(cpu);
}

void fatal_init(void) {
    static const struct panic_ops ops = {describe_cpu, stop_others, power_off};
    panic_set_ops(&ops);
}
