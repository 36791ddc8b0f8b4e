// The TLB and satp: what the machine boundary of an address space is, about ten functions.
#pragma once

#include "riscv/csr.h"

static inline void mmu_load(uint64_t satp) { csr_write(satp, satp); }
static inline uint64_t mmu_loaded(void) { return csr_read(satp); }
static inline void tlb_flush_all_local(void) { asm volatile("sfence.vma" ::: "memory"); }
static inline void tlb_flush_page_local(uint64_t va) {
    asm volatile("sfence.vma %0" ::"r"(va) : "memory");
}
static inline void tlb_flush_page_asid_local(uint64_t va, uint64_t asid) {
    asm volatile("sfence.vma %0, %1" ::"r"(va), "r"(asid) : "memory");
}
static inline void tlb_flush_asid_local(uint64_t asid) {
    asm volatile("sfence.vma zero, %0" ::"r"(asid) : "memory");
}
// Number of ASID bits the hart implements (0 when none), found by writing ones to satp.
int mmu_asid_bits(void);
