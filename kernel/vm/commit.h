// Overcommit: how much memory is promised, and when a promise is refused (Linux's
// mm/overcommit-accounting). Counted are private writable areas (VM_ACCOUNT) and shared memory: all
// that may need a frame or a swap slot of its own one day.
//
//   overcommit_memory 0   refuses only what could never be had: more than all RAM and swap at once
//                     1   refuses nothing
//                     2   refuses what takes Committed_AS over CommitLimit
//
// Committed_AS is exact: it changes with the areas. The check comes right before; harts that ask at
// the same moment may together pass the limit by what they ask for.
#pragma once

#include "lib/compiler.h"
#include "riscv/atomic.h"
#include "vm/vma.h"

#define OVERCOMMIT_GUESS 0
#define OVERCOMMIT_ALWAYS 1
#define OVERCOMMIT_NEVER 2

extern uint64_t overcommit_memory, overcommit_ratio, overcommit_kbytes; // [a] /proc/sys/vm
extern uint64_t commit_ram;   // [I] pages of RAM
extern int64_t commit_pages;  // [a] promised now

uint64_t commit_limit(void); // pages
uint64_t commit_total(void); // pages promised now
// 0, or -ENOMEM: so many pages more must not be promised.
int __must_check commit_check_slow(uint64_t pages);
static inline int __must_check commit_check(uint64_t pages) {
    if (likely(READ_ONCE(overcommit_memory) == OVERCOMMIT_GUESS && pages <= commit_ram))
        return 0;
    return commit_check_slow(pages);
}
static inline void commit_add(int64_t pages) {
    atomic_add_relaxed(&commit_pages, pages);
}
void commit_init(void);
// VM_ACCOUNT if an area with these flags is a promise, else 0.
static inline uint32_t commit_flag(uint32_t vm_flags) {
    return (vm_flags & (VM_WRITE | VM_SHARED | VM_NORESERVE)) == VM_WRITE ? VM_ACCOUNT : 0;
}
