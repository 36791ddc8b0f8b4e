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

long syscall_unknown(uint64_t nr) {
    static uint64_t said[BITMAP_WORDS(SYSCALL_MAX)]; // [a] one bit for each number
    uint64_t at = min(nr, (uint64_t)SYSCALL_MAX - 1), bit = 1UL << at % 64;
    if (!(atomic_or(&said[at / 64], bit) & bit))
        pr_debug("syscall: %lu is not implemented (%s)\n", nr, current()->name);
    return -ENOSYS;
}
