// What machine code knows of a thread. struct thread begins with it, and register tp points to it
// in the kernel; sscratch holds it while in user mode and is 0 in the kernel.
#pragma once

#define TCB_KSTACK_TOP 0
#define TCB_SCRATCH 8
#define TCB_WORK 16
#define TCB_CPU 20
#define TCB_CONTEXT 32
#define HART_SLOT_ID 0
#define HART_SLOT_TCB 8
#define HART_SLOT_SIZE 16

// Work to do before returning to user mode.
#define WORK_RESCHED 1 // call schedule()
#define WORK_SIGNAL 2  // a signal or a kill is pending

#ifndef __ASSEMBLER__
#include "riscv/trapframe.h"

// Callee-saved registers: what context_switch() saves and restores.
struct context {
    uint64_t ra, sp, s[12];
};

struct tcb {
    vaddr_t kstack_top; // the user trapframe lies right below it
    uint64_t scratch;   // trap entry parks the user's sp here
    uint32_t work;      // [a] WORK_*
    uint32_t cpu;       // index of the CPU that runs it; valid while running
    uint64_t satp;      // [own] page table to run on; 0 = keep whatever is loaded (kernel thread)
    struct context ctx; // [switch]
    bool use_reserves;  // [a] it is being ended for memory: allocations may go below the watermarks
    bool in_reclaim;    // [own] reclaims: its own requests take reserves, and reclaim nothing
};

// A hart that was asked to start, and its tcb: how hart_entry (boot.S) knows itself.
struct hart_slot {
    uint64_t hartid;
    struct tcb *tcb; // NULL: no further slots
};

_Static_assert(offsetof(struct hart_slot, hartid) == HART_SLOT_ID, "boot.S");
_Static_assert(offsetof(struct hart_slot, tcb) == HART_SLOT_TCB, "boot.S");
_Static_assert(sizeof(struct hart_slot) == HART_SLOT_SIZE, "boot.S");
_Static_assert(offsetof(struct tcb, scratch) == TCB_SCRATCH, "trapvec.S");
_Static_assert(offsetof(struct tcb, work) == TCB_WORK, "trapvec.S");
_Static_assert(offsetof(struct tcb, cpu) == TCB_CPU, "trapvec.S");
_Static_assert(offsetof(struct tcb, ctx) == TCB_CONTEXT, "switch.S");

register struct tcb *current_tcb asm("tp");

// Makes the running code that of another tcb. Clang takes tp for callee-saved and would put back
// an assignment to current_tcb at the function's end; it does not see this one.
static inline void tcb_become(struct tcb *t) { asm volatile("mv tp, %0" ::"r"(t) : "memory"); }

static inline struct trapframe *tcb_user_frame(const struct tcb *t) {
    return (struct trapframe *)(t->kstack_top - sizeof(struct trapframe));
}

// switch.S: saves the callee-saved registers into prev->ctx, loads next's, sets tp.
// Returns prev of the switch that resumed the caller. Interrupts are off.
struct tcb *context_switch(struct tcb *prev, struct tcb *next);
// trapvec.S: leaves for user mode with the frame at the top of the current kernel stack.
void return_to_user(void);
// switch.S: the first code of a new thread: calls switch_finish(prev), then s1(s0 as argument).
// s1 never returns.
void thread_trampoline(void);
// Upcall (docs/floors.md), defined by sched/: what schedule() does after context_switch() returned.
void switch_finish(struct tcb *prev);
// switch.S: the 32 floating point registers and fcsr. They leave sstatus.FS as they found it.
void fp_save(struct fpstate *);
void fp_restore(const struct fpstate *);
#endif
