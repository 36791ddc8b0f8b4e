// Backtraces by frame pointer (s0), symbolised from the table linked into the image.
#pragma once

#include "lib/compiler.h"

// Prints "  #0 function+0x1a (file is in the ELF)" for each return address; stops at the stack's
// end or at the first frame pointer that cannot be one.
void backtrace_print(vaddr_t pc, vaddr_t fp);
void backtrace_here(void);
// Name of the function that holds addr and the offset in it; NULL when unknown. The table is made
// by tools/symtab.py from the linked kernel and linked in by a second pass.
const char *symbol_name(vaddr_t addr, uint64_t *offset);
vaddr_t symbol_address(const char *name); // 0 when unknown
