/*
 * Code that C cannot express.
 *
 * vfork: the child runs on the parent's stack, so this function must not have a frame.
 * setjmp saves what a function call preserves; longjmp(env, 0) makes setjmp return 1.
 */
#include "abi/syscall.h"

#define CLONE_VFORK_VM_SIGCHLD 0x4111

    .macro each_saved op, fop
    \op     ra, 0(a0)
    \op     sp, 8(a0)
    \op     s0, 16(a0)
    \op     s1, 24(a0)
    \op     s2, 32(a0)
    \op     s3, 40(a0)
    \op     s4, 48(a0)
    \op     s5, 56(a0)
    \op     s6, 64(a0)
    \op     s7, 72(a0)
    \op     s8, 80(a0)
    \op     s9, 88(a0)
    \op     s10, 96(a0)
    \op     s11, 104(a0)
    \fop    fs0, 112(a0)
    \fop    fs1, 120(a0)
    \fop    fs2, 128(a0)
    \fop    fs3, 136(a0)
    \fop    fs4, 144(a0)
    \fop    fs5, 152(a0)
    \fop    fs6, 160(a0)
    \fop    fs7, 168(a0)
    \fop    fs8, 176(a0)
    \fop    fs9, 184(a0)
    \fop    fs10, 192(a0)
    \fop    fs11, 200(a0)
    .endm

    .section .text.vfork, "ax"
    .globl vfork
    .type vfork, @function
vfork:
    li      a7, SYS_clone
    li      a0, CLONE_VFORK_VM_SIGCHLD
    li      a1, 0
    ecall
    tail    __sysret
    .size vfork, . - vfork

    .section .text.setjmp, "ax"
    .globl setjmp
    .type setjmp, @function
setjmp:
    each_saved sd, fsd
    li      a0, 0
    ret
    .size setjmp, . - setjmp

    .section .text.longjmp, "ax"
    .globl longjmp
    .type longjmp, @function
longjmp:
    each_saved ld, fld
    seqz    a0, a1
    add     a0, a0, a1
    ret
    .size longjmp, . - longjmp

/* int clone(int (*fn)(void *), void *stack, int flags, void *arg, pid_t *ptid, void *tls, ctid) */
    .section .text.clone, "ax"
    .globl clone
    .type clone, @function
clone:
    beqz    a0, 2f
    beqz    a1, 2f
    andi    a1, a1, -16
    addi    a1, a1, -16
    sd      a0, 0(a1)
    sd      a3, 8(a1)
    mv      a0, a2
    mv      a2, a4
    mv      a3, a5
    mv      a4, a6
    li      a7, SYS_clone
    ecall
    beqz    a0, 1f
    tail    __sysret
1:  ld      a1, 0(sp)
    ld      a0, 8(sp)
    jalr    a1
    li      a7, SYS_exit
    ecall
2:  li      a0, -22 /* EINVAL */
    tail    __sysret
    .size clone, . - clone
