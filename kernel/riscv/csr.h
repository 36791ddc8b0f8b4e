// Control and status registers of supervisor mode (RISC-V Privileged Architecture, chapter 4).
#pragma once

#include "lib/compiler.h"

#define SSTATUS_SIE (1UL << 1)  // interrupts on in S mode
#define SSTATUS_SPIE (1UL << 5) // ... after sret
#define SSTATUS_SPP (1UL << 8)  // trap came from S mode
#define SSTATUS_FS_MASK (3UL << 13)
#define SSTATUS_FS_OFF (0UL << 13)
#define SSTATUS_FS_INITIAL (1UL << 13)
#define SSTATUS_FS_CLEAN (2UL << 13)
#define SSTATUS_FS_DIRTY (3UL << 13)
#define SSTATUS_SUM (1UL << 18) // S mode may touch user pages
#define SSTATUS_MXR (1UL << 19)

#define SIE_SOFT (1UL << 1)
#define SIE_TIMER (1UL << 5)
#define SIE_EXTERNAL (1UL << 9)

// scause values. Interrupts have the top bit set.
#define SCAUSE_INTERRUPT (1UL << 63)
#define IRQ_S_SOFT (SCAUSE_INTERRUPT | 1)
#define IRQ_S_TIMER (SCAUSE_INTERRUPT | 5)
#define IRQ_S_EXTERNAL (SCAUSE_INTERRUPT | 9)
#define EXC_INST_MISALIGNED 0
#define EXC_INST_ACCESS 1
#define EXC_ILLEGAL 2
#define EXC_BREAKPOINT 3
#define EXC_LOAD_MISALIGNED 4
#define EXC_LOAD_ACCESS 5
#define EXC_STORE_MISALIGNED 6
#define EXC_STORE_ACCESS 7
#define EXC_SYSCALL 8
#define EXC_INST_PAGE_FAULT 12
#define EXC_LOAD_PAGE_FAULT 13
#define EXC_STORE_PAGE_FAULT 15

#define SATP_SV39 (8UL << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK (0xffffUL << SATP_ASID_SHIFT)
#define SATP_PPN_MASK ((1UL << 44) - 1)

// Macros because the register name is part of the instruction.
#define csr_read(reg) ({ uint64_t v_; asm volatile("csrr %0, " #reg : "=r"(v_)); v_; })
#define csr_write(reg, v) ({ asm volatile("csrw " #reg ", %0" ::"rK"((uint64_t)(v)) : "memory"); })
#define csr_set(reg, v) ({ asm volatile("csrs " #reg ", %0" ::"rK"((uint64_t)(v)) : "memory"); })
#define csr_clear(reg, v) ({ asm volatile("csrc " #reg ", %0" ::"rK"((uint64_t)(v)) : "memory"); })

static inline void irq_enable(void) { asm volatile("csrsi sstatus, 2" ::: "memory"); }
static inline void irq_disable(void) { asm volatile("csrci sstatus, 2" ::: "memory"); }
static inline bool irq_enabled(void) { return csr_read(sstatus) & SSTATUS_SIE; }

// Turns interrupts off; returns what irq_restore() needs to bring the old state back.
static inline uint64_t irq_save(void) {
    uint64_t old;
    asm volatile("csrrci %0, sstatus, 2" : "=r"(old)::"memory");
    return old & SSTATUS_SIE;
}
static inline void irq_restore(uint64_t saved) {
    asm volatile("csrs sstatus, %0" ::"r"(saved) : "memory");
}

static inline uint64_t time_read(void) { return csr_read(time); } // timebase ticks
static inline void wait_for_interrupt(void) { asm volatile("wfi" ::: "memory"); }
