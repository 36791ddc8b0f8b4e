// The board's MMU (board.c): what a flush shows it in the kernel's page table, it maps.
#pragma once

#include "riscv/csr.h"

void mmu_load(uint64_t satp);
uint64_t mmu_loaded(void);
void tlb_flush_all_local(void);
void tlb_flush_page_local(uint64_t va);
