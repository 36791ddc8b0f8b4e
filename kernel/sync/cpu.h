// Per-CPU state of the lowest kind, and `current`. A CPU is an index 0 .. cpu_count-1; a hart id is
// the firmware's number for it (machine.hartid[cpu]). Floors above keep their own arrays indexed by
// cpu_id(), sized CPU_MAX.
#pragma once

#include "riscv/csr.h"
#include "riscv/machine.h"
#include "riscv/tcb.h"

#define HELD_SPINS_MAX 12

struct thread;
struct spinlock;

struct cpu {
    uint64_t spin_depth;     // spin locks held
    uint64_t irq_saved;      // interrupt state before the outermost one
    struct spinlock *held[HELD_SPINS_MAX]; // ascending ranks
    uint32_t id;
    uint32_t irq_nest;       // >0 while in an interrupt handler
    bool online;
    struct thread *idle;
    uint64_t ipi_work;       // [a] IPI_* bits to do
} __aligned(256); // a power of two, so that indexing is a shift

extern struct cpu cpus[CPU_MAX];
extern uint32_t cpu_online_mask; // [a]

// Valid only while the thread cannot move: interrupts off, or in code that does not sleep (the
// kernel is not preempted, so a thread changes CPU only where it sleeps).
static inline uint32_t cpu_id(void) { return current_tcb->cpu; }
static inline struct cpu *this_cpu(void) { return &cpus[cpu_id()]; }
static inline struct thread *current(void) { return (struct thread *)current_tcb; }

// Asserts that sleeping is allowed here: no spin lock held, not in an interrupt.
void might_sleep(void);

#define IPI_RESCHED 1
#define IPI_CALL 2
#define IPI_PANIC 4
void ipi_send(uint32_t cpu, uint64_t work);
// Runs fn(arg) on every other online CPU of the mask, by IPI, and waits until all have done it.
// Interrupts on, no spin lock held.
void cpu_call_others(uint32_t mask, void (*fn)(void *), void *arg);
// Called by the trap handler for IRQ_S_SOFT. Returns the bits that higher floors must act on.
uint64_t ipi_receive(void);
