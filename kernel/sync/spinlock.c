// Spin locks.
//
// While a hart holds any spin lock its interrupts are off, so the stack of held locks, cpu->held,
// is touched by nobody else and an interrupt handler always begins with it empty. The state from
// before the outermost lock comes back with its release.
//
// Invariants
// 1. held[0..spin_depth) have ascending ranks (equal ones ascending addresses, by spin_lock_two).
//    One comparison with the top checks the whole lock order, and finds recursion as well.
// 2. l->cpu and l->caller are written and read only by the holder, or by reports.
//
// A lock that stays taken for SPIN_SECONDS panics and names its holder: a hang would say nothing.
//
// Rejected: ticket or queued locks. At 16 harts fairness costs more instructions in the usual case,
// where nobody waits, than it saves.
#include "sync/spinlock.h"

#include "klog/backtrace.h"
#include "klog/panic.h"
#include "riscv/atomic.h"
#include "sync/cpu.h"

#define SPIN_SECONDS 20
#define CALLER ((vaddr_t)__builtin_return_address(0))

static __noinline void order_broken(const struct spinlock *top, const struct spinlock *l,
                                    vaddr_t caller) {
    if (panicking())
        return;
    panic("lock order: %s (rank %u) wanted by %s while %s (rank %u) is held since %s", l->name,
          l->rank, function_name(caller), top->name, top->rank, function_name(top->caller));
}

static inline bool in_order(const struct spinlock *top, const struct spinlock *l) {
    return top->rank < l->rank;
}

static inline bool try_take(struct spinlock *l) {
    return __atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE) == 0;
}

static inline void taken(struct cpu *c, struct spinlock *l, vaddr_t caller) {
    c->held[c->spin_depth++] = l;
    l->cpu = (uint16_t)c->id;
    l->caller = caller;
}

static void spin_wait(struct spinlock *l, vaddr_t caller) {
    uint64_t limit = time_read() + SPIN_SECONDS * machine.timebase;
    do {
        while (READ_ONCE(l->locked)) {
            cpu_relax();
            if (time_read() > limit && !panicking())
                panic("spin lock %s, held by CPU %u since %s, is wanted by %s for %d s", l->name,
                      l->cpu, function_name(l->caller), function_name(caller), SPIN_SECONDS);
        }
    } while (!try_take(l));
}

// All the rest that lock_from() leaves: out of order, too deep, or somebody has it.
static __noinline void lock_slow(struct cpu *c, struct spinlock *l, vaddr_t caller) {
    assertf(c->spin_depth < HELD_SPINS_MAX, "%lu spin locks held", c->spin_depth);
    if (c->spin_depth && !in_order(c->held[c->spin_depth - 1], l))
        order_broken(c->held[c->spin_depth - 1], l, caller);
    spin_wait(l, caller);
    taken(c, l, caller);
}

// The usual case touches no stack and calls nothing: about 25 instructions.
static inline void lock_from(struct spinlock *l, vaddr_t caller) {
    uint64_t irq = irq_save();
    uint32_t id = cpu_id();
    struct cpu *c = &cpus[id];
    uint64_t depth = c->spin_depth;
    if (depth == 0)
        c->irq_saved = irq;
    else if (unlikely(depth == HELD_SPINS_MAX || !in_order(c->held[depth - 1], l)))
        return lock_slow(c, l, caller);
    if (unlikely(!try_take(l)))
        return lock_slow(c, l, caller);
    c->held[depth] = l; // taken(), with what is in registers already
    c->spin_depth = depth + 1;
    l->cpu = (uint16_t)id;
    l->caller = caller;
}

void spin_lock(struct spinlock *l) { lock_from(l, CALLER); }

// May be tried out of order, because it does not wait. The stack stays sorted by rank.
bool spin_trylock(struct spinlock *l) {
    uint64_t irq = irq_save();
    struct cpu *c = this_cpu();
    if (c->spin_depth == HELD_SPINS_MAX || !try_take(l)) {
        irq_restore(irq);
        return false;
    }
    if (c->spin_depth == 0)
        c->irq_saved = irq;
    taken(c, l, CALLER);
    for (uint64_t i = c->spin_depth - 1; i > 0 && !in_order(c->held[i - 1], l); i--) {
        c->held[i] = c->held[i - 1];
        c->held[i - 1] = l;
    }
    return true;
}

// Releases one that is not the last taken.
static __noinline void unlock_slow(struct cpu *c, struct spinlock *l) {
    uint64_t i = c->spin_depth;
    while (i > 0 && c->held[i - 1] != l)
        i--;
    if (i == 0)
        panic("spin lock %s released by CPU %u, which does not hold it", l->name, c->id);
    for (; i < c->spin_depth; i++)
        c->held[i - 1] = c->held[i];
    c->spin_depth--; // not the only one: interrupts stay off
    __atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
}

void spin_unlock(struct spinlock *l) {
    struct cpu *c = this_cpu();
    uint64_t depth = c->spin_depth - 1; // 0 - 1 finds no lock either
    if (unlikely(depth >= HELD_SPINS_MAX || c->held[depth] != l))
        return unlock_slow(c, l);
    c->spin_depth = depth;
    __atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
    if (depth == 0)
        irq_restore(c->irq_saved);
}

bool spin_held(const struct spinlock *l) {
    uint64_t irq = irq_save();
    bool held = READ_ONCE(l->locked) && l->cpu == cpu_id();
    irq_restore(irq);
    return held;
}

// The second one has the rank of the first, so its place in the order is the address.
void spin_lock_two(struct spinlock *a, struct spinlock *b) {
    struct spinlock *low = a < b ? a : b, *high = a < b ? b : a;
    lock_from(low, CALLER);
    if (low == high)
        return;
    assert(low->rank == high->rank);
    struct cpu *c = this_cpu();
    assert(c->spin_depth < HELD_SPINS_MAX);
    if (!try_take(high))
        spin_wait(high, CALLER);
    taken(c, high, CALLER);
}

void spin_unlock_two(struct spinlock *a, struct spinlock *b) {
    if (a != b)
        spin_unlock(a < b ? b : a);
    spin_unlock(a < b ? a : b);
}
