/*
 * The first instructions of a program.  sp points at argc; everything else is found from there, so
 * the rest of the start is C.
 */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    mv      a0, sp
    andi    sp, sp, -16
    li      s0, 0           /* the outermost frame */
    li      ra, 0
    tail    __libc_start
    .size _start, . - _start
