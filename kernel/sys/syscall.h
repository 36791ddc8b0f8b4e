// System calls: the table by number, and the dispatch on the hottest path of the kernel.
//
// A handler is `long sys_name(uint64_t a0, ...)` with as many arguments as syscall_table.h says.
// They are raw registers: a handler converts each (a C int argument is its low 32 bits) and trusts
// none. It returns a result or -errno. The caller's registers are tcb_user_frame(current_tcb).
#pragma once

#include "abi/syscall.h"
#include "abi/systrace.h"
#include "proc/systrace.h"
#include "riscv/csr.h"
#include "riscv/trapframe.h"
#include "sched/thread.h"

typedef long (*syscall_fn)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

// NULL: not implemented.
extern const syscall_fn syscall_table[SYSCALL_MAX];

#define SYSCALL_ARGS_0 void
#define SYSCALL_ARGS_1 uint64_t
#define SYSCALL_ARGS_2 SYSCALL_ARGS_1, uint64_t
#define SYSCALL_ARGS_3 SYSCALL_ARGS_2, uint64_t
#define SYSCALL_ARGS_4 SYSCALL_ARGS_3, uint64_t
#define SYSCALL_ARGS_5 SYSCALL_ARGS_4, uint64_t
#define SYSCALL_ARGS_6 SYSCALL_ARGS_5, uint64_t
#define SYSCALL(nr, fn, nargs) long fn(SYSCALL_ARGS_##nargs);
#include "sys/syscall_table.h"
#undef SYSCALL

// A call that is not in the table, or of a thread that is traced.
long syscall_slow(uint64_t nr, struct trapframe *tf);

// From trap_from_user(), interrupts off.
static inline void syscall_dispatch(struct trapframe *tf) {
    irq_enable();
    uint64_t nr = tf->a7;
    tf->orig_a0 = tf->a0;
    tf->sepc += 4;
    syscall_fn fn = likely(nr < current()->syscall_limit) ? syscall_table[nr] : NULL;
    if (likely(fn != NULL))
        tf->a0 = (uint64_t)fn(tf->a0, tf->a1, tf->a2, tf->a3, tf->a4, tf->a5);
    else
        tf->a0 = (uint64_t)syscall_slow(nr, tf);
}
