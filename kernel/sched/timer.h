// Time and timers. ktime_ns() is the monotonic clock: ns since the kernel's first instruction.
// Timers are one-shot, kept per CPU in a red-black tree by expiry; callbacks run in the timer
// interrupt and must not sleep.
#pragma once

#include "lib/rbtree.h"
#include "riscv/csr.h"
#include "riscv/machine.h"

// ns = (ticks - machine.boot_ticks) * clock_mult / 2^32, by a 128-bit product. Set by
// timer_init_cpu of the boot CPU; ktime_ns() is 0 before.
extern uint64_t clock_mult;

static inline uint64_t ktime_ns(void) {
    uint64_t ticks = time_read() - machine.boot_ticks;
    return (uint64_t)(((unsigned __int128)ticks * clock_mult) >> 32);
}
// CLOCK_REALTIME = ktime_ns() + offset; the RTC sets it at boot, clock_settime(2) later.
int64_t realtime_offset_ns(void);
void realtime_set_offset(int64_t ns);

struct timer {
    struct rb_node node; // [base lock]
    uint64_t expires;    // [base lock] ktime_ns
    void (*fn)(struct timer *);
    int cpu;             // [base lock] -1: not armed
    int last_cpu;        // [base lock] where its callback may still run
};

void timer_init(struct timer *t, void (*fn)(struct timer *));
// On this CPU; rearms if armed. Any context, its own callback included.
void timer_arm(struct timer *t, uint64_t expires);
// True when it was armed. Waits until a running callback is done; not from the callback.
bool timer_cancel(struct timer *t);
// Called by the trap handler: runs what is due (the end of a slice, too), programs the next event.
void timer_interrupt(void);
void timer_init_cpu(void); // called by sched_init and sched_init_cpu
// The next event that the scheduler wants on this CPU (end of slice); UINT64_MAX: none. Interrupts
// are off.
void timer_set_slice(uint64_t expires);
// Sleeps until ktime_ns() >= deadline: 0, or -EINTR when a signal came first.
int sleep_until(uint64_t deadline);
