// Switching between kernel contexts, and the floating point registers.
//
// A switch looks like a call to the compiler, so only the callee-saved registers matter. The frame
// of user mode is on the thread's kernel stack already.
#include "riscv/tcb.h"

#define SSTATUS_FS 0x6000
#define CTX(i) (TCB_CONTEXT + 8 * (i))
#define FCSR (32 * 8)

    .section .text.asm, "ax"

// struct tcb *context_switch(struct tcb *prev, struct tcb *next): a0 stays, so that the resumed
// context sees as the result who ran before it.
    .globl context_switch
context_switch:
    addi t0, a0, TCB_CONTEXT
    sc.d t1, ra, (t0)           // drops a load reservation of prev; the word is overwritten anyway
    sd ra, CTX(0)(a0)
    sd sp, CTX(1)(a0)
    sd s0, CTX(2)(a0)
    sd s1, CTX(3)(a0)
    sd s2, CTX(4)(a0)
    sd s3, CTX(5)(a0)
    sd s4, CTX(6)(a0)
    sd s5, CTX(7)(a0)
    sd s6, CTX(8)(a0)
    sd s7, CTX(9)(a0)
    sd s8, CTX(10)(a0)
    sd s9, CTX(11)(a0)
    sd s10, CTX(12)(a0)
    sd s11, CTX(13)(a0)
    mv tp, a1
    ld ra, CTX(0)(a1)
    ld sp, CTX(1)(a1)
    ld s0, CTX(2)(a1)
    ld s1, CTX(3)(a1)
    ld s2, CTX(4)(a1)
    ld s3, CTX(5)(a1)
    ld s4, CTX(6)(a1)
    ld s5, CTX(7)(a1)
    ld s6, CTX(8)(a1)
    ld s7, CTX(9)(a1)
    ld s8, CTX(10)(a1)
    ld s9, CTX(11)(a1)
    ld s10, CTX(12)(a1)
    ld s11, CTX(13)(a1)
    ret

// A new thread's ctx.ra. s0 = argument, s1 = function, sp = top of its stack (or below its frame).
    .globl thread_trampoline
thread_trampoline:
    mv s2, s0
    li s0, 0                    // the backtrace ends here
    call switch_finish          // a0 = prev
    mv a0, s2
    jalr s1
    unimp                       // s1 never returns

    .globl fp_save
fp_save:
    li t0, SSTATUS_FS
    csrrs t1, sstatus, t0       // FS off would make the stores illegal
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fsd f\n, 8 * \n(a0)
    .endr
    frcsr t2
    sd t2, FCSR(a0)
    csrw sstatus, t1
    ret

    .globl fp_restore
fp_restore:
    li t0, SSTATUS_FS
    csrrs t1, sstatus, t0
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fld f\n, 8 * \n(a0)
    .endr
    ld t2, FCSR(a0)
    fscsr t2
    csrw sstatus, t1
    ret
