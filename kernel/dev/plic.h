// The platform-level interrupt controller, for irq.c (RISC-V PLIC specification 1.0).
#pragma once

#include "lib/compiler.h"

struct fdt_node;

// Finds the controller and each hart's S-mode context in the device tree. 0, -ENODEV, -ENOMEM.
int __must_check plic_init(void);
uint32_t plic_lines(void); // lines are 1 .. plic_lines(); 0 before plic_init()
// Is the device wired to this controller? A machine may have others, which we do not drive.
bool plic_serves(const struct fdt_node *device);
void plic_init_cpu(void);  // lets every priority through to this hart
// Routes a line to a CPU, or stops it. The caller holds irq.c's lock.
void plic_enable(uint32_t line, uint32_t cpu);
void plic_disable(uint32_t line, uint32_t cpu);
// The pending line of highest priority for this hart, 0 when there is none; until complete, the
// line's gateway sends no further interrupt.
uint32_t plic_claim(void);
void plic_complete(uint32_t line);
