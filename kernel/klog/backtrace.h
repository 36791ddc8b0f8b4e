// Backtraces by frame pointer (s0), symbolised from the table linked into the image.
#pragma once

#include "lib/compiler.h"

// pc is a return address. Prints "  #0 0xffffffc0002004a6 function+0x1a" for each return address,
// through kernel traps to what they interrupted; stops at the stack's end or at the first frame
// pointer that cannot be one.
void backtrace_print(vaddr_t pc, vaddr_t fp);
void backtrace_here(void);
struct trapframe;
void backtrace_trap(const struct trapframe *tf); // of the interrupted kernel context
// Name of the function that holds addr and the offset in it; NULL when unknown. The table is made
// by tools/symtab.awk from the linked kernel and linked in by a second pass.
const char *symbol_name(vaddr_t addr, uint64_t *offset);
const char *function_name(vaddr_t addr); // the same, for messages: "?" when unknown
vaddr_t symbol_address(const char *name); // 0 when unknown
