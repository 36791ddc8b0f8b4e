// Traps of the kernel that nothing can mend: cause and address in words, then panic.
#pragma once

#include "lib/compiler.h"

struct trapframe;

__noreturn void fatal_trap(const struct trapframe *tf);
// What a trap is called: "load page fault", "illegal instruction".
const char *trap_cause_name(uint64_t scause);
// What lies at an address of the kernel's map: "the NULL page", "kernel text", "the linear map".
const char *address_class(vaddr_t addr);
// Registers what panic() needs of the floors above it.
void fatal_init(void);
