// Floating point state, kept lazily: saved at a switch only when the thread dirtied it, loaded only
// when a thread uses it and the registers hold another's.
#pragma once

#include "sched/runq.h"

// An illegal instruction came from user mode: true when it was the first floating point use since
// the registers were not the thread's; they are now, and the instruction can be run again.
bool fp_trap(struct trapframe *tf);
// Makes current()->fp current (fork, signal frames); true when it holds anything but zeroes.
bool fp_sync(void);
// The child starts with a copy of the current thread's state. Its user frame has been made.
void fp_fork(struct thread *child);
// Forgets the state (exec): all zero at the next use. *tf is the new user frame.
void fp_reset(struct trapframe *tf);
// Replaces current()->fp (sigreturn).
void fp_load(const struct fpstate *fp);

// At a switch. The user frame's FS field is the thread's view: Off means "trap at the next use".
static inline void fp_switch(struct runq *rq, struct thread *prev, struct thread *next) {
    if (prev->mm) {
        struct trapframe *tf = tcb_user_frame(&prev->tcb);
        if (unlikely((tf->sstatus & SSTATUS_FS_MASK) == SSTATUS_FS_DIRTY))
            fp_sync();
    }
    if (next->mm && !(rq->fp_owner == next && next->fp_cpu == rq->cpu))
        tcb_user_frame(&next->tcb)->sstatus &= ~SSTATUS_FS_MASK;
}
