// A machine for the memory floor's host tests: RAM is a file in memory, mapped where the linear map
// is; harts are a number; what the MMU would show is mapped when the TLB is flushed.
#pragma once

#include "riscv/machine.h"
#include "riscv/pte.h"

// Makes the machine that m describes (RAM, reserved ranges, harts) and runs on its CPU 0. Once in
// a process.
void board_power_on(const struct machine *m);
// What follows runs on this CPU.
void board_set_cpu(uint32_t cpu);
// Walks the tables from root as the hardware does: the leaf that translates va, and its level.
// An entry that is no table ends the walk, whatever it is.
pte_t board_walk(const pte_t *root, vaddr_t va, int *level);
// Flushes that other harts were asked for, one each.
extern uint64_t board_remote_flushes;
// The symbol table that reports use; ends with a NULL name.
struct board_symbol {
    const char *name;
    vaddr_t start;
};
extern const struct board_symbol *board_symbols;
