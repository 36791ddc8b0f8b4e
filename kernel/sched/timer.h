// Time and timers. ktime_ns() is the monotonic clock: ns since the kernel's first instruction.
// Timers are one-shot, kept per CPU in a red-black tree by expiry; callbacks run in the timer
// interrupt and must not sleep.
#pragma once

#include "lib/rbtree.h"
#include "lib/types.h"

uint64_t ktime_ns(void);
// CLOCK_REALTIME = ktime_ns() + offset; the RTC sets it at boot, clock_settime(2) later.
int64_t realtime_offset_ns(void);
void realtime_set_offset(int64_t ns);

struct timer {
    struct rb_node node;
    uint64_t expires; // ktime_ns
    void (*fn)(struct timer *);
    int cpu;          // -1: not armed
};

void timer_init(struct timer *t, void (*fn)(struct timer *));
void timer_arm(struct timer *t, uint64_t expires); // rearms if armed
// True when it was armed. Waits until a running callback is done; not from the callback.
bool timer_cancel(struct timer *t);
// Called by the trap handler: runs what is due, programs the next event.
void timer_interrupt(void);
void timer_init_cpu(void);
// The next event that the scheduler wants on this CPU (end of slice); UINT64_MAX: none.
void timer_set_slice(uint64_t expires);
// Sleeps; -EINTR when a signal came, with the time left in *left (may be NULL).
int sleep_until(uint64_t deadline);
