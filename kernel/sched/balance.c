// Which CPU runs what: placement at wake-up, stealing when idle, pushing when crowded, affinity.
//
//   wake:  by a thread that is about to sleep, alone here? -> here, without an interrupt to
//   elsewhere;
//          last CPU idle? -> there; this CPU idle? -> here; any idle? -> that one; else the last
//          CPU (a new thread: the CPU with the fewest)
//   idle:  take the thread that would run next from the most crowded CPU
//   busy:  every BALANCE_NS, at a slice's end, give one to a CPU that has two fewer
//
// There is no pull by busy CPUs: one without a waiting thread has no tick. The crowded one has, so
// it pushes. Two queues are locked together only here, by address (spin_lock_two).
//
// On one CPU every question is answered by one comparison.
#include "abi/errno.h"
#include "riscv/atomic.h"
#include "sched/runq.h"

uint32_t sched_idle_mask;

static bool claim_idle(uint32_t cpu) {
    uint32_t bit = 1u << cpu;
    return (atomic_load_relaxed(&sched_idle_mask) & bit) &&
           (atomic_and(&sched_idle_mask, ~bit) & bit);
}

static uint32_t emptiest(uint32_t mask, uint32_t best) {
    for (uint32_t cpu = 0; cpu < (uint32_t)machine.cpu_count; cpu++)
        if ((mask >> cpu & 1) &&
            (!(mask >> best & 1) || READ_ONCE(runqs[cpu].nr) < READ_ONCE(runqs[best].nr)))
            best = cpu;
    return best;
}

uint32_t balance_pick_cpu(struct thread *t, bool is_new) {
    if (machine.cpu_count == 1)
        return 0;
    uint32_t allowed = t->affinity & atomic_load(&cpu_online_mask), last = t->last_cpu;
    if (current()->wake_sync && (allowed >> cpu_id() & 1) && this_runq()->nr == 1)
        return cpu_id();
    if ((allowed >> last & 1) && READ_ONCE(runqs[last].nr) == 0)
        return last;
    if ((allowed >> cpu_id() & 1) && READ_ONCE(this_runq()->nr) == 0)
        return cpu_id();
    for (uint32_t idle = allowed & atomic_load(&sched_idle_mask); idle; idle &= idle - 1) {
        uint32_t cpu = (uint32_t)__builtin_ctz(idle);
        if (claim_idle(cpu))
            return cpu;
    }
    if (is_new || !(allowed >> last & 1))
        return emptiest(allowed, last);
    return last;
}

void runq_move(struct runq *from, struct runq *to, struct thread *t) {
    runq_remove(from, t);
    runq_unaccount(from, t);
    t->vruntime += to->min_vruntime - from->min_vruntime;
    t->last_cpu = to->cpu;
    runq_insert(to, t);
    runq_account(to, t);
}

// Moves the first waiting thread that may run on `to`; both locked.
static bool move_one(struct runq *from, struct runq *to) {
    for (struct rb_node *n = from->leftmost; n; n = rb_next(n))
        if (runq_thread(n)->affinity >> to->cpu & 1) {
            runq_move(from, to, runq_thread(n));
            return true;
        }
    return false;
}

static struct runq *most_crowded(const struct runq *self) {
    struct runq *best = NULL;
    uint32_t most = 1;
    for (int i = 0; i < machine.cpu_count; i++)
        if (&runqs[i] != self && READ_ONCE(runqs[i].nr) > most) {
            best = &runqs[i];
            most = best->nr;
        }
    return best;
}

bool balance_steal(struct runq *rq) {
    if (machine.cpu_count == 1)
        return false;
    struct runq *from = most_crowded(rq);
    if (!from)
        return false;
    spin_lock_two(&rq->lock, &from->lock);
    bool moved = from->leftmost && move_one(from, rq);
    spin_unlock_two(&rq->lock, &from->lock);
    return moved;
}

void balance_push(struct runq *rq, uint64_t now) {
    if (machine.cpu_count == 1 || now < rq->next_balance)
        return;
    rq->next_balance = now + BALANCE_NS;
    struct runq *to = &runqs[emptiest(atomic_load(&cpu_online_mask), rq->cpu)];
    if (READ_ONCE(rq->nr) < READ_ONCE(to->nr) + 2)
        return;
    bool moved = false;
    spin_lock_two(&rq->lock, &to->lock);
    if (rq->nr >= to->nr + 2)
        moved = move_one(rq, to);
    if (moved)
        set_work(to->curr, WORK_RESCHED);
    spin_unlock_two(&rq->lock, &to->lock);
    if (moved)
        ipi_send(to->cpu, IPI_RESCHED);
}

int sched_set_affinity(struct thread *t, uint32_t cpu_mask) {
    if (!(cpu_mask & atomic_load(&cpu_online_mask)))
        return -EINVAL;
    struct runq *rq = runq_lock_of(t);
    t->affinity = cpu_mask;
    bool misplaced = !(cpu_mask >> t->last_cpu & 1), kick = false, requeue = false;
    if (misplaced && t == rq->curr) { // keep_running() will send it away
        set_work(t, WORK_RESCHED);
        kick = rq->cpu != cpu_id();
    } else if (misplaced && t->on_rq) {
        runq_remove(rq, t);
        runq_unaccount(rq, t);
        requeue = true;
    }
    spin_unlock(&rq->lock);
    if (kick)
        ipi_send(rq->cpu, IPI_RESCHED);
    if (requeue)
        sched_activate(t, false);
    return 0;
}

void sched_set_nice(struct thread *t, int nice) {
    struct runq *rq = runq_lock_of(t);
    bool counted = t->on_rq || (t == rq->curr && t->state != THREAD_DEAD);
    if (t == rq->curr)
        runq_update(rq);
    t->nice = nice;
    if (counted)
        rq->load -= t->weight;
    t->weight = nice_to_weight(nice);
    if (counted)
        rq->load += t->weight;
    spin_unlock(&rq->lock);
}

void sched_fork(struct thread *child, struct thread *parent) {
    child->nice = parent->nice;
    child->weight = parent->weight;
    child->affinity = parent->affinity;
    child->last_cpu = cpu_id();
}
