// Harts: what tp points to before the scheduler has threads, and how further harts are started.
#pragma once

#include "riscv/machine.h"
#include "riscv/tcb.h"

// CPU i runs on boot_tcb[i] from its first instruction in C until sched_init() or sched_init_cpu()
// makes an idle thread of it, on the same stack.
extern struct tcb boot_tcb[CPU_MAX];
// Top of the stack that trap entry takes when a kernel stack has overflowed. CPU 0's is static.
extern vaddr_t emergency_stack_top[CPU_MAX];

// Starts machine.hartid[cpu] in hart_main(cpu) (sys/main.c) with the page table satp, on the kernel
// stack that begins at `stack` (KSTACK_SIZE, aligned as layout.h says); `emergency` is such a stack
// as well. 0 or a negative errno of SBI.
int __must_check hart_start(uint32_t cpu, void *stack, void *emergency, uint64_t satp);
