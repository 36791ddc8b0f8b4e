// Interrupt lines: drivers register a handler for a line (upcall, docs/floors.md); the trap handler
// calls irq_handle() for an external interrupt, which claims from the PLIC until none is left.
#pragma once

#include "lib/compiler.h"

typedef void (*irq_handler)(void *arg); // the one function typedef: a handler's signature

// 0, -EBUSY (line taken), -EINVAL or -ENOMEM. The handler runs with interrupts off; a line stays
// registered for ever.
int __must_check irq_register(uint32_t line, const char *name, irq_handler fn, void *arg);
void irq_handle(void);
void irq_init(void);     // PLIC from the device tree; lets interrupts through to this hart
void irq_init_cpu(void); // each further hart
// "line name count per cpu" for /proc/interrupts: counts has machine.cpu_count entries, *name is
// NULL for a line without handler. False past the last line.
bool irq_get_info(uint32_t line, const char **name, uint64_t counts[]);
