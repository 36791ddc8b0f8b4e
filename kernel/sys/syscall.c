// The system call table, made of the lines in syscall_table.h.
//
// All handlers are called through one type with six arguments. The calling convention passes them
// in registers, so a handler that takes fewer never looks at the rest.
#include "sys/syscall.h"

#include "abi/errno.h"
#include "klog/printk.h"
#include "lib/bitmap.h"
#include "riscv/atomic.h"
#include "sched/thread.h"

const syscall_fn syscall_table[SYSCALL_MAX] = {
#define SYSCALL(nr, fn, nargs) [nr] = (syscall_fn)(void (*)(void))fn,
#include "sys/syscall_table.h"
#undef SYSCALL
};

// -ENOSYS; says so once for each number (level debug).
static long unknown(uint64_t nr) {
    static uint64_t said[BITMAP_WORDS(SYSCALL_MAX)]; // [a] one bit for each number
    uint64_t at = min(nr, (uint64_t)SYSCALL_MAX - 1), bit = 1UL << at % 64;
    if (!(atomic_or(&said[at / 64], bit) & bit))
        pr_debug("syscall: %lu is not implemented (%s)\n", nr, current()->name);
    return -ENOSYS;
}

long syscall_slow(uint64_t nr, struct trapframe *tf) {
    syscall_fn fn = nr < SYSCALL_MAX ? syscall_table[nr] : NULL;
    if (!current()->systrace)
        return unknown(nr);
    struct systrace_event e = {
        .nr = (uint32_t)min(nr, (uint64_t)UINT32_MAX),
        .args = {tf->a0, tf->a1, tf->a2, tf->a3, tf->a4, tf->a5},
    };
    e.result = fn ? fn(tf->a0, tf->a1, tf->a2, tf->a3, tf->a4, tf->a5) : unknown(nr);
    systrace_record(&e);
    return e.result;
}
