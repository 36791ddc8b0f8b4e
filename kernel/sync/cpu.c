// Per-CPU state, and the question whether sleeping is allowed.
#include "sync/cpu.h"

#include "klog/panic.h"
#include "sync/spinlock.h"

struct cpu cpus[CPU_MAX];
uint32_t cpu_online_mask;

_Static_assert(sizeof(struct cpu) == 256, "an index into cpus[] is a shift");

void might_sleep(void) {
    const struct cpu *c = this_cpu();
    if (unlikely(c->spin_depth || c->irq_nest)) {
        const struct spinlock *l = c->spin_depth ? c->held[c->spin_depth - 1] : NULL;
        panic("sleeping with spin lock %s held or in an interrupt (depth %lu, %u)",
              l ? l->name : "(none)", c->spin_depth, c->irq_nest);
    }
}
