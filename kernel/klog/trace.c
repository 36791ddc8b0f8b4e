// The trace ring: the last TRACE_EVENTS events of all harts, newest overwrite oldest. A slot is
// taken by one atomic add, so harts do not wait for each other; a slow writer may be overtaken by a
// whole round, which a debugging aid can bear.
#include "klog/trace.h"

#include "klog/printk.h"
#include "riscv/atomic.h"
#include "riscv/csr.h"
#include "riscv/machine.h"
#include "riscv/tcb.h"

#define TRACE_EVENTS 512

struct trace_event {
    uint64_t ticks;
    const char *event;
    uint64_t a, b;
    uint32_t cpu;
};

bool trace_on;
static struct trace_event events[TRACE_EVENTS];
static uint64_t next; // [a] events ever recorded

void trace_record(const char *event, uint64_t a, uint64_t b) {
    struct trace_event *e = &events[atomic_add_relaxed(&next, 1) % TRACE_EVENTS];
    *e = (struct trace_event){time_read(), event, a, b, current_tcb->cpu};
}

void trace_dump(size_t last) {
    uint64_t end = atomic_load_relaxed(&next);
    uint64_t n = min(end, (uint64_t)TRACE_EVENTS);
    n = min(n, (uint64_t)last);
    for (uint64_t i = end - n; i < end; i++) {
        const struct trace_event *e = &events[i % TRACE_EVENTS];
        uint64_t us = ticks_to_ns(e->ticks - machine.boot_ticks) / 1000;
        pr_info("trace: %5lu.%06lu cpu%u %s %#lx %#lx\n", us / 1000000, us % 1000000, e->cpu,
                e->event, e->a, e->b);
    }
}
