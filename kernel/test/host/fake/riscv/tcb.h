// The real header, but the thread pointer is a variable and no register.
#pragma once

#include "riscv/trapframe.h"

#define register extern
#define asm(name)
#include_next "riscv/tcb.h"
#undef register
#undef asm
