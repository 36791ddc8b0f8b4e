// Run queues: fairness by virtual run time.
//
//   tree, by vruntime:      [leftmost] ... [later] ... [latest]        running: rq->curr
//                                ^ runs next
//
// A thread's vruntime grows by the time it runs, divided by its weight; the queue runs the thread
// whose vruntime is smallest, so over time each gets CPU time in proportion to its weight. A nice
// level is a factor of 1.25. min_vruntime follows the smallest vruntime of the queue upwards: a
// thread that slept joins a little before it, so sleeping does not save up credit, and a thread
// that moves to another queue takes only its distance to min_vruntime along.
//
// Invariants: 1. every thread in the tree is READY, on_rq, and has last_cpu == rq->cpu.
// 2. leftmost is the tree's first node. 3. nr and load count the tree and a running non-idle curr.
// 4. vruntimes are compared by signed difference, so wrapping is harmless.
//
// Source of the idea: Linux's CFS (Documentation/scheduler/sched-design-CFS.rst). Rejected: a heap
// (no cheap removal from the middle), per-priority arrays (no fairness among equals over time).
#include "sched/runq.h"

struct runq runqs[CPU_MAX];

struct runq *runq_lock_of(struct thread *t) {
    for (;;) {
        uint32_t cpu = READ_ONCE(t->last_cpu);
        struct runq *rq = &runqs[cpu];
        spin_lock(&rq->lock);
        if (likely(t->last_cpu == cpu))
            return rq;
        spin_unlock(&rq->lock); // it moved between the look and the lock
    }
}

static void update_min_vruntime(struct runq *rq) {
    uint64_t v;
    if (rq->curr != rq->idle) {
        v = rq->curr->vruntime;
        if (rq->leftmost && vruntime_before(runq_thread(rq->leftmost)->vruntime, v))
            v = runq_thread(rq->leftmost)->vruntime;
    } else if (rq->leftmost) {
        v = runq_thread(rq->leftmost)->vruntime;
    } else {
        return;
    }
    if (vruntime_before(rq->min_vruntime, v))
        rq->min_vruntime = v;
}

uint64_t runq_update(struct runq *rq) {
    struct thread *t = rq->curr;
    uint64_t now = ktime_ns(), ran = now - t->exec_start;
    t->exec_start = now;
    t->sum_exec += ran;
    if (t != rq->idle) {
        t->vruntime += likely(t->weight == NICE_0_WEIGHT) ? ran : ran * NICE_0_WEIGHT / t->weight;
        update_min_vruntime(rq);
    }
    return now;
}

void runq_insert(struct runq *rq, struct thread *t) {
    struct rb_node **link = &rq->tree.node, *parent = NULL;
    bool first = true;
    assertf(!t->on_rq, "%s (%d) is queued already", t->name, t->tid);
    while (*link) {
        parent = *link;
        if (vruntime_before(t->vruntime, runq_thread(parent)->vruntime)) {
            link = &parent->left;
        } else {
            link = &parent->right;
            first = false;
        }
    }
    rb_insert(&rq->tree, &t->rq_node, parent, link);
    if (first)
        rq->leftmost = &t->rq_node;
    t->on_rq = true;
    t->state = THREAD_READY;
}

void runq_remove(struct runq *rq, struct thread *t) {
    assertf(t->on_rq, "%s (%d) is not queued", t->name, t->tid);
    if (rq->leftmost == &t->rq_node)
        rq->leftmost = rb_next(&t->rq_node);
    rb_remove(&rq->tree, &t->rq_node);
    t->on_rq = false;
}

void runq_account(struct runq *rq, struct thread *t) {
    rq->nr++;
    rq->load += t->weight;
}

void runq_unaccount(struct runq *rq, struct thread *t) {
    rq->nr--;
    rq->load -= t->weight;
}

void runq_place(struct runq *rq, struct thread *t, bool is_new) {
    if (is_new) { // the parent's turn is not cut short by forking
        t->vruntime = rq->min_vruntime + SCHED_MIN_SLICE_NS * NICE_0_WEIGHT / t->weight;
        return;
    }
    uint64_t floor = rq->min_vruntime - SCHED_LATENCY_NS / 2;
    if (vruntime_before(t->vruntime, floor))
        t->vruntime = floor;
}

uint64_t runq_slice(const struct runq *rq, const struct thread *t) {
    if (rq->nr < 2)
        return SCHED_LATENCY_NS;
    uint64_t slice = SCHED_LATENCY_NS * t->weight / rq->load;
    return max(slice, SCHED_MIN_SLICE_NS);
}

bool runq_preempts(const struct runq *rq, const struct thread *t) {
    return rq->curr == rq->idle ||
           vruntime_before(t->vruntime + SCHED_WAKEUP_NS, rq->curr->vruntime);
}

// 1024 * 1.25^-nice, by integer steps from nice 0.
uint64_t nice_to_weight(int nice) {
    uint64_t w = NICE_0_WEIGHT << 8; // eight more bits against rounding
    for (; nice < 0; nice++)
        w += w / 4;
    for (; nice > 0; nice--)
        w -= w / 5;
    return w >> 8;
}
