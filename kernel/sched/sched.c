// The scheduler: switching, waking, the idle loop.
//
// schedule(), with this CPU's run queue locked from A to B, across the stack switch:
//
//   A lock, charge prev | prev runnable? -> tree : leave | next = leftmost, else idle
//     slice timer if others wait | FP, satp | context_switch
//   B switch_finish(), on next's stack: unlock, drop a dead prev
//
// Waking (thread_wake_state) locks the run queue that the thread last ran on. Since that lock is
// held over the switch, the waker sees one of two things: the thread is still current there (it has
// set its state but not switched yet: putting the state back to RUNNING is all), or it is
// completely saved and can be queued anywhere. A thread can therefore neither run on two CPUs nor
// lose a wake-up.
//
// Invariants: 1. a thread's [rq] members change only under runqs[last_cpu].lock, except that the
// running thread itself may write its own state (SLEEPING .. STOPPED, RUNNING). 2. last_cpu changes
// only under that lock, and only while the thread is not running. 3. A thread that sets a sleeping
// state makes a full fence before it looks at its condition, and the waker makes one between
// changing the condition and looking at the state (waitq.c, thread_wake_state). 4. spin_depth is 1
// at the switch.
//
// Tickless: the slice timer runs only while somebody waits in the tree. A CPU without a runnable
// thread sleeps in wfi until an interrupt. Kernel code is not preempted: WORK_RESCHED is looked at
// on the way to user mode, in cond_resched() and by the idle loop.
//
// Rejected: an on_cpu flag that wakers spin on (the lock held over the switch says the same for
// less); preempting the kernel (every per-CPU access would need thought); a periodic tick.
#include "sched/runq.h"

#include "lib/string.h"
#include "mm/pgtable.h"
#include "riscv/atomic.h"
#include "riscv/mmu.h"
#include "sched/fp.h"

static struct thread idle_threads[CPU_MAX];

// Adds this CPU to next's mask before its page table is live here, so that a shootdown which misses
// the bit happened before any translation was cached.
static inline void switch_space(struct thread *next) {
    uint64_t satp = next->tcb.satp;
    uint32_t bit = 1u << next->tcb.cpu;
    if (next->mm_cpus && !(atomic_load_relaxed(next->mm_cpus) & bit)) {
        atomic_or(next->mm_cpus, bit);
        fence_full();
    }
    if (satp == 0 || satp == csr_read(satp))
        return;
    mmu_load(satp);
    if (unlikely(next->mm && !(satp & SATP_ASID_MASK)))
        tlb_flush_all_local(); // no ASID of its own (vm/tlb.c)
}

static void switch_to(struct runq *rq, struct thread *prev, struct thread *next, uint64_t now) {
    struct cpu *cpu = this_cpu();
    assertf(cpu->spin_depth == 1, "switch with %lu spin locks held", cpu->spin_depth);
    rq->curr = next;
    rq->switches++;
    next->state = THREAD_RUNNING;
    next->exec_start = now;
    next->tcb.cpu = rq->cpu;
    thread_charge_kernel();
    next->time_mark = prev->time_mark;
    *(prev->nice > 0 ? &rq->nice_ticks : &rq->user_ticks) += prev->utime - rq->curr_utime;
    rq->curr_utime = next->utime;
    prev->irq_saved = cpu->irq_saved;
    fp_switch(rq, prev, next);
    switch_space(next);
    switch_finish(context_switch(&prev->tcb, &next->tcb));
}

void switch_finish(struct tcb *tcb) {
    struct thread *prev = (struct thread *)tcb;
    struct runq *rq = this_runq();
    // Read before the unlock: a sleeping prev may be woken, run and be gone right after it.
    bool dead = prev->state == THREAD_DEAD, moving = prev->moving;
    this_cpu()->irq_saved = current()->irq_saved;
    spin_unlock(&rq->lock);
    if (unlikely(dead | moving)) {
        uint64_t saved = irq_save();
        irq_enable(); // freeing a stack may have to ask other CPUs
        if (dead)
            thread_put(prev);
        else
            sched_activate(prev, false);
        irq_disable();
        irq_restore(saved);
    }
}

// prev stays runnable: is it still the one to run? Else it goes back into the tree.
static bool keep_running(struct runq *rq, struct thread *prev) {
    if (unlikely(!(prev->affinity >> rq->cpu & 1))) {
        prev->moving = true;
        prev->state = THREAD_READY;
        runq_unaccount(rq, prev);
        return false;
    }
    if (!rq->leftmost || !vruntime_before(runq_thread(rq->leftmost)->vruntime, prev->vruntime))
        return true;
    runq_insert(rq, prev);
    return false;
}

static struct thread *pick_next(struct runq *rq) {
    if (!rq->leftmost)
        return rq->idle;
    struct thread *next = runq_thread(rq->leftmost);
    runq_remove(rq, next);
    return next;
}

// The part of schedule() under the lock. Unlocks.
static void schedule_locked(struct runq *rq) {
    struct thread *prev = current(), *next;
    uint64_t now = runq_update(rq);
    if (prev->tcb.work & WORK_RESCHED)
        clear_work(prev, WORK_RESCHED);
    if (prev == rq->idle) {
        next = pick_next(rq);
    } else if (prev->state == THREAD_RUNNING) {
        next = keep_running(rq, prev) ? prev : pick_next(rq);
        prev->nivcsw += next != prev;
    } else {
        runq_unaccount(rq, prev);
        prev->nvcsw++;
        next = pick_next(rq);
    }
    timer_set_slice(rq->leftmost ? now + runq_slice(rq, next) : UINT64_MAX);
    if (next != prev)
        switch_to(rq, prev, next, now);
    else
        spin_unlock(&rq->lock);
}

void schedule(void) {
    might_sleep();
    struct runq *rq = this_runq();
    spin_lock(&rq->lock);
    schedule_locked(rq);
}

void sched_exit(void) {
    might_sleep();
    struct runq *rq = this_runq();
    spin_lock(&rq->lock);
    current()->state = THREAD_DEAD; // under the lock: no late waker can undo it
    schedule_locked(rq);
    assertf(false, "%s (%d) ran after its end", current()->name, current()->tid);
    __builtin_unreachable();
}

void sched_yield(void) {
    struct runq *rq = this_runq();
    struct thread *t = current();
    spin_lock(&rq->lock);
    runq_update(rq);
    if (rq->leftmost && !vruntime_before(runq_thread(rq->leftmost)->vruntime, t->vruntime))
        t->vruntime = runq_thread(rq->leftmost)->vruntime + 1;
    schedule_locked(rq);
}

// Queues t on the locked rq and tells the CPU what follows from it: preempt, or time the slice of
// whom it runs. Unlocks.
static void enqueue_and_kick(struct runq *rq, struct thread *t, bool is_new) {
    uint64_t now = runq_update(rq);
    bool local = rq->cpu == cpu_id(), kick = false;
    runq_place(rq, t, is_new);
    runq_insert(rq, t);
    runq_account(rq, t);
    bool may_wait = local && current()->wake_sync && rq->curr != rq->idle;
    if (runq_preempts(rq, t) && !may_wait) {
        kick = !(rq->curr->tcb.work & WORK_RESCHED);
        set_work(rq->curr, WORK_RESCHED);
    } else if (rq->nr == 2) { // curr is no longer alone: its slice begins to count
        if (local)
            timer_set_slice(now + runq_slice(rq, rq->curr));
        else
            kick = true;
    }
    uint32_t cpu = rq->cpu;
    spin_unlock(&rq->lock);
    if (kick && !local)
        ipi_send(cpu, IPI_RESCHED);
}

void sched_activate(struct thread *t, bool is_new) {
    struct runq *home = runq_lock_of(t);
    t->moving = false;
    t->state = THREAD_READY; // claimed: further wakers leave it alone
    uint32_t cpu = balance_pick_cpu(t, is_new);
    if (cpu != home->cpu) {
        struct runq *rq = &runqs[cpu];
        t->vruntime += rq->min_vruntime - home->min_vruntime;
        t->last_cpu = cpu;
        spin_unlock(&home->lock);
        spin_lock(&rq->lock); // nobody else moves it: it is neither queued nor running
        home = rq;
    }
    enqueue_and_kick(home, t, is_new);
}

bool thread_wake_state(struct thread *t, uint32_t states) {
    fence_full(); // invariant 3
    if (!(states >> READ_ONCE(t->state) & 1))
        return false;
    struct runq *rq = runq_lock_of(t);
    if (!(states >> t->state & 1)) {
        spin_unlock(&rq->lock);
        return false;
    }
    if (t == rq->curr) { // has not switched away yet
        t->state = THREAD_RUNNING;
        spin_unlock(&rq->lock);
        return true;
    }
    if (machine.cpu_count == 1) {
        enqueue_and_kick(rq, t, false);
        return true;
    }
    t->state = THREAD_READY;
    spin_unlock(&rq->lock);
    sched_activate(t, false);
    return true;
}

void thread_kick(struct thread *t) {
    fence_full(); // what t is to see was stored before the look at its state
    uint32_t cpu = READ_ONCE(t->last_cpu);
    if (cpu != cpu_id() && READ_ONCE(t->state) == THREAD_RUNNING)
        ipi_send(cpu, IPI_RESCHED);
}

void sched_tick(void) {
    struct runq *rq = this_runq();
    spin_lock(&rq->lock);
    uint64_t now = runq_update(rq);
    if (rq->leftmost) {
        struct thread *curr = rq->curr;
        if (curr == rq->idle ||
            vruntime_before(runq_thread(rq->leftmost)->vruntime, curr->vruntime))
            set_work(curr, WORK_RESCHED);
        timer_set_slice(now + runq_slice(rq, curr));
    }
    spin_unlock(&rq->lock);
    balance_push(rq, now);
}

static void make_idle_thread(struct tcb *boot) {
    uint32_t cpu = boot->cpu;
    struct thread *t = &idle_threads[cpu];
    struct runq *rq = &runqs[cpu];
    t->tcb = *boot;
    t->tcb.satp = kernel_satp();
    ref_init(&t->ref, 1);
    strlcpy(t->name, "idle", sizeof t->name);
    t->state = THREAD_RUNNING;
    t->last_cpu = cpu;
    t->affinity = 1u << cpu;
    t->weight = NICE_0_WEIGHT;
    t->irq_saved = SSTATUS_SIE;
    t->fp_cpu = CPU_MAX;
    spin_init(&rq->lock, "runq", RANK_RUNQ);
    rq->cpu = cpu;
    rq->idle = rq->curr = t;
    cpus[cpu].idle = t;
    timer_init_cpu();
    t->exec_start = t->start_ns = ktime_ns();
    t->time_mark = time_read();
    tcb_become(&t->tcb);
}

void sched_init(void) {
    make_idle_thread(current_tcb);
    thread_init();
}

void sched_init_cpu(void) { make_idle_thread(current_tcb); }

// With interrupts off, wfi ends when one is pending; it is taken after irq_enable(). So a wake-up
// between the look at nr and wfi is not lost.
static void idle_wait(struct runq *rq) {
    uint32_t bit = 1u << rq->cpu;
    irq_disable();
    atomic_or(&sched_idle_mask, bit);
    fence_full(); // before the look at nr: a waker that saw no bit has queued by now
    if (READ_ONCE(rq->nr) == 0 && !(current_tcb->work & WORK_RESCHED)) {
        uint64_t start = time_read();
        WRITE_ONCE(rq->idle_since, start);
        wait_for_interrupt();
        WRITE_ONCE(rq->idle_since, 0);
        rq->idle_ticks += time_read() - start;
    }
    atomic_and(&sched_idle_mask, ~bit);
    irq_enable();
}

void sched_idle(void) {
    struct runq *rq = this_runq();
    irq_enable();
    for (;;) {
        // WORK_RESCHED left set, its thread stolen meanwhile, would keep the next waker from
        // kicking
        if (READ_ONCE(rq->nr) != 0 || current_tcb->work & WORK_RESCHED || balance_steal(rq))
            schedule();
        else
            idle_wait(rq);
    }
}
