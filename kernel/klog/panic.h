// The end: says hart, task, cause in words, a symbolised backtrace and the held locks of every
// hart, then powers off with a failing status, so that scripts never wait.
#pragma once

#include "lib/assert.h"

struct trapframe;

__noreturn void panic(const char *fmt, ...) __printf(1, 2);
// The same for a fatal trap: adds the registers, and backtraces from the frame.
__noreturn void panic_trap(const struct trapframe *tf, const char *fmt, ...) __printf(2, 3);
// The same; instead of the backtrace, explain(what) prints what is known by printk.
__noreturn void panic_explain(void (*explain)(const void *), const void *what, const char *fmt, ...)
    __printf(3, 4);
bool panicking(void);
// Other harts end up here when one has panicked (from the IPI): prints its own state and stops.
void panic_stop_this_hart(const struct trapframe *tf);
// Bit i: CPU i has reported to panic_stop_this_hart() and does nothing any more.
uint32_t panic_stopped_mask(void);
// Upcalls (docs/floors.md): print what floor F4 and above know (held locks, task names), stop the
// other harts, power off.
struct panic_ops {
    void (*describe_cpu)(void);     // "hart 1, task 17 (sh)" and held locks, by printk
    void (*stop_others)(void);      // sends the IPIs, waits for each hart's report
    void (*power_off)(int status);  // does not return
};
void panic_set_ops(const struct panic_ops *ops);
