// Figures about the run queues, and the check of their invariants (runq.c, sched.c).
//
// The load average is the number of runnable threads, sampled every 5 s and averaged with weights
// that fall off over 1, 5 and 15 minutes: avg = avg * e + n * (1 - e), e = exp(-5 s / period), in
// 1/65536 as /proc/loadavg wants it. Threads in uninterruptible sleep are not counted (Linux does).
#include "riscv/atomic.h"
#include "sched/runq.h"

#define LOAD_ONE 65536UL
#define LOAD_PERIOD_NS 5000000000UL

static const uint64_t load_decay[3] = {60296, 64453, 65173}; // e for 1, 5, 15 minutes
static uint64_t loadavg[3]; // [a] written by one timer only
static struct timer load_timer;

static uint64_t count_running(void) {
    uint64_t n = 0;
    for (int i = 0; i < machine.cpu_count; i++)
        n += READ_ONCE(runqs[i].nr);
    return n;
}

static void load_sample(struct timer *t) {
    uint64_t n = count_running() * LOAD_ONE;
    for (int i = 0; i < 3; i++)
        loadavg[i] = (loadavg[i] * load_decay[i] + n * (LOAD_ONE - load_decay[i])) / LOAD_ONE;
    timer_arm(t, t->expires + LOAD_PERIOD_NS);
}

void sched_stats_init(void) {
    timer_init(&load_timer, load_sample);
    timer_arm(&load_timer, ktime_ns() + LOAD_PERIOD_NS);
}

bool sched_get_cpu_stats(int cpu, struct cpu_stats *out) {
    struct runq *rq = &runqs[cpu];
    if (!rq->idle)
        return false;
    spin_lock(&rq->lock);
    runq_update(rq);
    uint64_t since = READ_ONCE(rq->idle_since), now = time_read();
    uint64_t waits = since && now > since ? now - since : 0;
    uint64_t here = READ_ONCE(rq->curr->utime) - rq->curr_utime; // of the thread that runs
    bool nice = rq->curr->nice > 0;
    out->user_ns = ticks_to_ns(rq->user_ticks + (nice ? 0 : here));
    out->nice_ns = ticks_to_ns(rq->nice_ticks + (nice ? here : 0));
    out->idle_ns = ticks_to_ns(rq->idle_ticks + waits);
    out->switches = rq->switches;
    spin_unlock(&rq->lock);
    return true;
}

void sched_get_stats(struct sched_stats *out) {
    struct cpu_stats c;
    *out = (struct sched_stats){.nr_running = count_running()};
    for (int i = 0; i < machine.cpu_count; i++) {
        if (!sched_get_cpu_stats(i, &c))
            continue;
        out->nr_switches += c.switches;
        out->idle_ns += c.idle_ns;
    }
    for (int i = 0; i < 3; i++)
        out->loadavg[i] = READ_ONCE(loadavg[i]);
}

static void check_queue(struct runq *rq) {
    uint32_t n = 0;
    uint64_t load = 0, last = 0;
    assert(rb_check(&rq->tree));
    assertf(rq->leftmost == rb_first(&rq->tree), "cpu %u: leftmost is not first", rq->cpu);
    for (struct rb_node *node = rq->leftmost; node; node = rb_next(node)) {
        struct thread *t = runq_thread(node);
        assertf(t->state == THREAD_READY && t->on_rq, "%s: queued in state %d", t->name, t->state);
        assertf(t->last_cpu == rq->cpu, "%s: queued on %u, thinks %u", t->name, rq->cpu,
                t->last_cpu);
        assertf(n == 0 || !vruntime_before(t->vruntime, last), "%s: out of order", t->name);
        last = t->vruntime;
        load += t->weight;
        n++;
    }
    if (rq->curr != rq->idle) {
        load += rq->curr->weight;
        n++;
    }
    assertf(rq->nr == n && rq->load == load, "cpu %u: nr %u of %u, load %lu of %lu", rq->cpu,
            rq->nr, n, rq->load, load);
}

void sched_check(void) {
    for (int i = 0; i < machine.cpu_count; i++) {
        if (!runqs[i].idle)
            continue;
        spin_lock(&runqs[i].lock);
        check_queue(&runqs[i]);
        spin_unlock(&runqs[i].lock);
    }
}
