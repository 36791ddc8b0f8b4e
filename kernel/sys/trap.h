// What traps do: the C side of trapvec.S.
#pragma once

#include "riscv/trapframe.h"

// Called by trapvec.S, interrupts off. The user frame lies at the top of the thread's stack.
void trap_from_user(struct trapframe *tf);
void trap_from_kernel(struct trapframe *tf);
// Before the return to user mode while tcb.work is set; trapvec.S tests again afterwards.
void trap_user_work(struct trapframe *tf);
// On the emergency stack; tf->sp is where the thread's stack ended.
void trap_stack_overflow(struct trapframe *tf);
// This hart takes interrupts once they are enabled, and lets user mode read the clock.
void trap_init_cpu(void);
