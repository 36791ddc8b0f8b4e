// The real header, but interrupts are a variable and time is a count of readings (board.c).
#pragma once

#define irq_save riscv_irq_save
#define irq_restore riscv_irq_restore
#define time_read riscv_time_read
#include_next "riscv/csr.h"
#undef irq_save
#undef irq_restore
#undef time_read

extern uint64_t board_sstatus, board_time;

static inline uint64_t irq_save(void) {
    uint64_t old = board_sstatus;
    board_sstatus &= ~SSTATUS_SIE;
    return old & SSTATUS_SIE;
}
static inline void irq_restore(uint64_t saved) { board_sstatus |= saved; }
static inline uint64_t time_read(void) { return board_time++; }
