// Messages between harts.
//
// ipi_work of the target collects IPI_* bits; the SBI interrupt only says "look". Several bits, or
// the same one twice, may arrive as one interrupt.
//
// A call: the caller puts its struct call in its own slot, tells each target by a bit in
// calls_from, and waits until all targets have cleared theirs in call.pending. Any number of CPUs
// may call at a time, also each other, because a waiting caller takes interrupts and so serves the
// others' calls.
#include "sync/cpu.h"

#include "lib/assert.h"
#include "riscv/atomic.h"
#include "riscv/sbi.h"

struct call {
    void (*fn)(void *);
    void *arg;
    uint32_t pending; // [a] CPUs that have not finished
};

static struct call *slot[CPU_MAX];    // of the calling CPU
static uint32_t calls_from[CPU_MAX];  // [a] of the target: CPUs whose slot it has to serve

void ipi_send(uint32_t cpu, uint64_t work) {
    if (atomic_or(&cpus[cpu].ipi_work, work) & work)
        return; // already on its way
    sbi_send_ipi(1, machine.hartid[cpu]);
}

void cpu_call_others(uint32_t mask, void (*fn)(void *), void *arg) {
    might_sleep(); // and so interrupts are on: others' calls get through while we wait
    uint32_t me = cpu_id();
    mask &= atomic_load(&cpu_online_mask) & ~(1u << me);
    struct call call = {.fn = fn, .arg = arg, .pending = mask};
    slot[me] = &call;
    for (uint32_t cpu = 0; mask >> cpu; cpu++) {
        if (!(mask >> cpu & 1))
            continue;
        atomic_or(&calls_from[cpu], 1u << me);
        ipi_send(cpu, IPI_CALL);
    }
    while (atomic_load(&call.pending))
        cpu_relax();
}

static void serve_calls(void) {
    uint32_t me = cpu_id();
    uint32_t from = atomic_swap(&calls_from[me], 0);
    for (uint32_t cpu = 0; from >> cpu; cpu++) {
        if (!(from >> cpu & 1))
            continue;
        struct call *call = slot[cpu];
        call->fn(call->arg);
        atomic_and(&call->pending, ~(1u << me)); // *call is gone after this
    }
}

uint64_t ipi_receive(void) {
    csr_clear(sip, SIE_SOFT);
    fence_full(); // clear before reading: a bit set later raises the interrupt again
    uint64_t work = atomic_swap(&this_cpu()->ipi_work, 0);
    if (work & IPI_CALL)
        serve_calls();
    return work & ~(uint64_t)IPI_CALL;
}
