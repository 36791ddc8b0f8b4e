#include "dev/irq.h"

#include "abi/errno.h"
#include "dev/plic.h"
#include "klog/printk.h"
#include "mm/slab.h"
#include "riscv/atomic.h"
#include "sync/cpu.h"
#include "sync/spinlock.h"

// From an interrupt line to a driver's function.
//
//   device -> PLIC -> hart's external interrupt -> trap.c -> irq_handle() -> irqs[line]->fn(arg)
//
// Every line goes to the boot CPU, as Linux's PLIC driver does it by default: the CPUs that run
// user programs are left alone, and a line is never handled by two at once.
//
// Invariants: 1. irqs[line] is set once and stays, so irq_handle() reads it without a lock: it is
//                published before the line is enabled.
//             2. a claimed line is completed by the same hart before irq_handle() returns.
// Locks: irq_lock for registration and the enable bits. counts[cpu] is written by its CPU only.
// Rejected: shared lines (none on machines with a PLIC), threaded handlers (ours are short).

struct irq {
    irq_handler fn;
    void *arg;
    const char *name;
    uint64_t counts[CPU_MAX]; // [own CPU]
};

static struct spinlock irq_lock = SPINLOCK_INIT("irq", RANK_IRQ);
static struct irq **irqs; // [irq_lock writes] irqs[0 .. plic_lines()]

#define IRQ_CPU 0

int irq_register(uint32_t line, const char *name, irq_handler fn, void *arg) {
    if (!irqs || line == 0 || line > plic_lines())
        return -EINVAL;
    struct irq *irq = kzalloc(sizeof(*irq), GFP_KERNEL);
    if (!irq)
        return -ENOMEM;
    *irq = (struct irq){.fn = fn, .arg = arg, .name = name};
    spin_lock(&irq_lock);
    bool taken = irqs[line];
    if (!taken) {
        atomic_store(&irqs[line], irq);
        plic_enable(line, IRQ_CPU);
    }
    spin_unlock(&irq_lock);
    if (taken)
        kfree(irq);
    return taken ? -EBUSY : 0;
}

// A line that nobody registered would come back for ever: stop it, and say so.
static void stop_stray_line(uint32_t line) {
    spin_lock(&irq_lock);
    plic_disable(line, IRQ_CPU);
    spin_unlock(&irq_lock);
    pr_warn("irq: line %u has no handler, disabled\n", line);
}

void irq_handle(void) {
    uint32_t line, lines = plic_lines();
    while ((line = plic_claim()) != 0) {
        struct irq *irq = line <= lines ? atomic_load(&irqs[line]) : NULL;
        if (likely(irq)) {
            irq->counts[cpu_id()]++;
            irq->fn(irq->arg);
        } else if (line <= lines) {
            stop_stray_line(line);
        }
        plic_complete(line);
    }
}

bool irq_get_info(uint32_t line, const char **name, uint64_t counts[]) {
    if (!irqs || line > plic_lines())
        return false;
    struct irq *irq = atomic_load(&irqs[line]);
    *name = irq ? irq->name : NULL;
    for (int cpu = 0; cpu < machine.cpu_count; cpu++)
        counts[cpu] = irq ? READ_ONCE(irq->counts[cpu]) : 0;
    return true;
}

void irq_init_cpu(void) {
    if (!irqs)
        return;
    plic_init_cpu();
    csr_set(sie, SIE_EXTERNAL);
}

void irq_init(void) {
    int err = plic_init();
    if (!err) {
        irqs = kzalloc((plic_lines() + 1) * sizeof(irqs[0]), GFP_KERNEL);
        err = irqs ? 0 : -ENOMEM;
    }
    if (err)
        pr_err("irq: no interrupt controller (error %d): devices will not work\n", -err);
    irq_init_cpu();
}
