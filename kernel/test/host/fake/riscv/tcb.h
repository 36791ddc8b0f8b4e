// The thread register of the real one does not exist here.
#pragma once

#include "riscv/trapframe.h"

#define WORK_RESCHED 1
#define WORK_SIGNAL 2

struct tcb {
    vaddr_t kstack_top;
    uint64_t scratch;
    uint32_t work;
    uint32_t cpu;
    uint64_t satp;
};

extern struct tcb *current_tcb;
