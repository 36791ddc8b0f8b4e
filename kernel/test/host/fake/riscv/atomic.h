// The real header, but for the barrier that is an instruction.
#pragma once

#define fence_full riscv_fence_full
#include_next "riscv/atomic.h"
#undef fence_full

static inline void fence_full(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
