// The clock, timers, and the one hardware comparator that each CPU has.
//
//   timers (tree by expiry) --earliest--+
//                                       +--> min --> stimecmp (Sstc) or SBI set_timer
//   end of slice (scheduler) -----------+
//
// The comparator is only ever moved to an earlier time. When what it was set for is cancelled or
// put off, the interrupt comes anyway, finds nothing due, and programs what is next by then: that
// costs one interrupt now and then, and saves a firmware call at nearly every switch and every
// timeout that did not happen.
//
// Invariants: 1. programmed <= min(first timer, slice) on every CPU with interrupts on.
// 2. programmed and slice belong to their CPU, with interrupts off; only the tree is shared (a
// timer may be cancelled from elsewhere) and guarded by the base's lock. 3. A timer is in the tree
// of base t->cpu, or in none (-1). 4. Callbacks run without the base's lock, with interrupts off.
#include "sched/timer.h"

#include "riscv/atomic.h"
#include "riscv/sbi.h"
#include "sched/runq.h"

#define NS_PER_S 1000000000UL
#define CSR_STIMECMP 0x14d // by number: older assemblers do not know Sstc's name

struct timer_base {
    struct spinlock lock;
    struct rb_root tree;
    struct timer *first;   // [lock]
    struct timer *running; // [a] whose callback is being called
    uint64_t slice;        // [own CPU] UINT64_MAX: none
    uint64_t programmed;   // [own CPU] UINT64_MAX: nothing
} __aligned(64);

static struct timer_base bases[CPU_MAX];
uint64_t clock_mult;
static uint64_t tick_mult; // ticks = ns * tick_mult / 2^56
static int64_t realtime_offset; // [a]

int64_t realtime_offset_ns(void) { return atomic_load_relaxed(&realtime_offset); }
void realtime_set_offset(int64_t ns) { atomic_store(&realtime_offset, ns); }

static void clock_init(void) {
    uint64_t whole = machine.timebase / NS_PER_S, rest = machine.timebase % NS_PER_S;
    uint64_t high = (rest << 32) / NS_PER_S, low = (rest << 32) % NS_PER_S;
    tick_mult = (whole << 56) + (high << 24) + (low << 24) / NS_PER_S;
    clock_mult = (NS_PER_S << 32) / machine.timebase;
}

// Rounded up, so that the interrupt is never early by a tick.
static uint64_t deadline_ticks(uint64_t ns) {
    if (ns >= UINT64_MAX / 2)
        return UINT64_MAX;
    return machine.boot_ticks + 1 + (uint64_t)(((unsigned __int128)ns * tick_mult) >> 56);
}

static void comparator_set(uint64_t ns) {
    uint64_t ticks = deadline_ticks(ns);
    if (machine.has_sstc)
        asm volatile("csrw %0, %1" ::"i"(CSR_STIMECMP), "r"(ticks));
    else
        sbi_set_timer(ticks);
}

// Interrupts are off.
static inline void program(struct timer_base *b, uint64_t ns) {
    if (ns >= b->programmed)
        return;
    b->programmed = ns;
    comparator_set(ns);
}

void timer_set_slice(uint64_t expires) {
    struct timer_base *b = &bases[cpu_id()];
    b->slice = expires;
    program(b, expires);
}

void timer_init(struct timer *t, void (*fn)(struct timer *)) {
    t->fn = fn;
    t->cpu = t->last_cpu = -1;
}

static void tree_insert(struct timer_base *b, struct timer *t) {
    struct rb_node **link = &b->tree.node, *parent = NULL;
    bool first = true;
    while (*link) {
        parent = *link;
        if (t->expires < rb_entry(parent, struct timer, node)->expires) {
            link = &parent->left;
        } else {
            link = &parent->right;
            first = false;
        }
    }
    rb_insert(&b->tree, &t->node, parent, link);
    if (first)
        b->first = t;
}

static void tree_remove(struct timer_base *b, struct timer *t) {
    if (b->first == t) {
        struct rb_node *next = rb_next(&t->node);
        b->first = next ? rb_entry(next, struct timer, node) : NULL;
    }
    rb_remove(&b->tree, &t->node);
    t->cpu = -1;
}

// Takes t out of whatever tree it is in. True when it was armed.
static bool disarm(struct timer *t) {
    int cpu;
    while ((cpu = READ_ONCE(t->cpu)) >= 0) {
        struct timer_base *b = &bases[cpu];
        spin_lock(&b->lock);
        bool mine = t->cpu == cpu;
        if (mine)
            tree_remove(b, t);
        spin_unlock(&b->lock);
        if (mine)
            return true;
    }
    return false;
}

void timer_arm(struct timer *t, uint64_t expires) {
    disarm(t);
    uint64_t saved = irq_save(); // stay on this CPU, whatever the caller's context
    struct timer_base *b = &bases[cpu_id()];
    spin_lock(&b->lock);
    t->expires = expires;
    t->cpu = t->last_cpu = (int)cpu_id();
    tree_insert(b, t);
    if (b->first == t)
        program(b, expires);
    spin_unlock(&b->lock);
    irq_restore(saved);
}

bool timer_cancel(struct timer *t) {
    bool armed = disarm(t);
    if (armed || t->last_cpu < 0)
        return armed;
    struct timer_base *b = &bases[t->last_cpu];
    fence_full(); // pairs with take_due()
    while (atomic_load(&b->running) == t) {
        assertf((int)cpu_id() != t->last_cpu, "timer cancelled by its own callback");
        cpu_relax();
    }
    return false;
}

// The first timer if it is due, out of the tree and marked running.
static struct timer *take_due(struct timer_base *b, uint64_t now) {
    spin_lock(&b->lock);
    struct timer *t = b->first;
    if (t && t->expires <= now) {
        atomic_store(&b->running, t);
        fence_full(); // before cpu = -1: a canceller sees one or the other
        tree_remove(b, t);
    } else {
        t = NULL;
    }
    spin_unlock(&b->lock);
    return t;
}

void timer_interrupt(void) {
    struct timer_base *b = &bases[cpu_id()];
    struct timer *t;
    b->programmed = 0; // what is armed meanwhile need not program: the end of this function does
    while ((t = take_due(b, ktime_ns())) != NULL) {
        t->fn(t);
        atomic_store(&b->running, NULL);
    }
    if (b->slice <= ktime_ns()) {
        b->slice = UINT64_MAX;
        sched_tick();
    }
    spin_lock(&b->lock);
    uint64_t next = b->first ? min(b->first->expires, b->slice) : b->slice;
    b->programmed = next;
    comparator_set(next); // always: it also takes the pending interrupt away
    spin_unlock(&b->lock);
}

void timer_init_cpu(void) {
    struct timer_base *b = &bases[cpu_id()];
    if (!clock_mult)
        clock_init();
    spin_init(&b->lock, "timer", RANK_TIMER);
    b->slice = UINT64_MAX;
    b->programmed = UINT64_MAX;
    comparator_set(UINT64_MAX);
    csr_set(sie, SIE_TIMER);
}
