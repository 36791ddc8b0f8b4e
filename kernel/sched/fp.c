// Lazy floating point. sstatus.FS in the user frame runs through
//
//   Off --first use: fp_trap() loads--> Clean --any FP store by the program--> Dirty
//    ^                                    ^                                      |
//    +---- switched in elsewhere, or      +------- switched out: fp_sync() ------+
//          others used the registers               saves, regs stay valid
//
// A thread that is switched in on the CPU whose registers still hold its state (fp_owner and fp_cpu
// agree) finds them as they are: no load. Programs without floating point pay two comparisons.
// Invariant: FS is not Off => this CPU's registers hold the running thread's state.
#include "sched/fp.h"

#include "lib/string.h"

static const struct fpstate fp_zero;

bool fp_trap(struct trapframe *tf) {
    struct thread *t = current();
    struct runq *rq = this_runq();
    if ((tf->sstatus & SSTATUS_FS_MASK) != SSTATUS_FS_OFF)
        return false;
    fp_restore(t->fp_used ? &t->fp : &fp_zero);
    rq->fp_owner = t;
    t->fp_cpu = rq->cpu;
    tf->sstatus |= SSTATUS_FS_CLEAN;
    return true;
}

bool fp_sync(void) {
    struct thread *t = current();
    struct trapframe *tf = tcb_user_frame(&t->tcb);
    if ((tf->sstatus & SSTATUS_FS_MASK) == SSTATUS_FS_DIRTY) {
        fp_save(&t->fp);
        t->fp_used = true;
        tf->sstatus = (tf->sstatus & ~SSTATUS_FS_MASK) | SSTATUS_FS_CLEAN;
    }
    return t->fp_used;
}

void fp_fork(struct thread *child) {
    tcb_user_frame(&child->tcb)->sstatus &= ~SSTATUS_FS_MASK;
    child->fp_used = fp_sync();
    if (child->fp_used)
        child->fp = current()->fp;
}

void fp_reset(struct trapframe *tf) {
    struct thread *t = current();
    t->fp_used = false;
    t->fp_cpu = CPU_MAX;
    tf->sstatus &= ~SSTATUS_FS_MASK;
}

void fp_load(const struct fpstate *fp) {
    struct thread *t = current();
    t->fp = *fp;
    t->fp_used = true;
    t->fp_cpu = CPU_MAX;
    tcb_user_frame(&t->tcb)->sstatus &= ~SSTATUS_FS_MASK;
}
