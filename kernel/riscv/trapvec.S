// Trap entry and exit.
//
// Protocol (riscv/tcb.h): in user mode sscratch holds the thread's tcb; in the kernel it is 0 and
// tp holds the tcb. So the first two instructions tell where the trap came from.
//
//   user   -> frame at the top of the thread's kernel stack -> trap_from_user(frame)
//             -> tcb.work != 0: trap_user_work(frame), test again -> sret
//   kernel -> frame on the current stack -> trap_from_kernel(frame) -> sret
//
// Invariants
// 1. The user frame is complete whenever C code runs for the thread (fork, signals, debuggers
//    read and write it), apart from stval, which trap_from_user() reads when it needs it.
// 2. Interrupts are off from the last test of tcb.work to sret: a wake-up is not lost.
// 3. SUM is off in C code: a user trap arrives with it off, a kernel trap clears it.
// 4. A kernel frame lies on a good stack. Stacks are aligned so that bit KSTACK_SHIFT of a good sp
//    is set and of the guard below clear (layout.h); a frame that would reach into the guard goes
//    to the hart's emergency stack instead, and the culprit is named.
//
// This path is the dearest of all: a system call takes 87 instructions here. Hence scause decides
// in C, where the compiler keeps the system call first, and nothing is saved twice.
#include "riscv/layout.h"
#include "riscv/tcb.h"
#include "riscv/trapframe.h"

#define SSTATUS_SIE 2
#define SSTATUS_SUM 0x40000
#define TF_REG(n) (((n) - 1) * 8)

// All registers but sp (x2) and tp (x4), which the entries handle.
    .macro save_registers
    .irp n, 1,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    sd x\n, TF_REG(\n)(sp)
    .endr
    .endm

    .macro load_registers
    .irp n, 1,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld x\n, TF_REG(\n)(sp)
    .endr
    .endm

    .section .text.asm, "ax"
    .balign 4
    .globl trap_vector
trap_vector:
    csrrw tp, sscratch, tp
    beqz tp, kernel_trap

    sd sp, TCB_SCRATCH(tp)
    ld sp, TCB_KSTACK_TOP(tp)
    addi sp, sp, -TF_SIZE
    save_registers
    ld t0, TCB_SCRATCH(tp)      // the user's sp
    csrrw t1, sscratch, zero    // the user's tp; from here on a trap is the kernel's
    csrr t2, sepc
    csrr t3, sstatus
    csrr t4, scause
    sd t0, TF_REG(2)(sp)
    sd t1, TF_REG(4)(sp)
    sd t2, TF_SEPC(sp)
    sd t3, TF_SSTATUS(sp)
    sd t4, TF_SCAUSE(sp)
    mv a0, sp
    li s0, 0                    // the backtrace ends here
    call trap_from_user
user_return:
    csrci sstatus, SSTATUS_SIE
    lw t0, TCB_WORK(tp)
    bnez t0, user_work
    ld t0, TF_SEPC(sp)
    ld t1, TF_SSTATUS(sp)
    csrw sepc, t0
    csrw sstatus, t1
    csrw sscratch, tp
    load_registers
    ld x4, TF_REG(4)(sp)
    ld x2, TF_REG(2)(sp)
    sret

user_work:
    mv a0, sp
    call trap_user_work
    j user_return

    .globl return_to_user
return_to_user:
    ld sp, TCB_KSTACK_TOP(tp)
    addi sp, sp, -TF_SIZE
    li s0, 0
    j user_return

kernel_trap:
    csrrw tp, sscratch, zero    // tp back where it was, sscratch 0 again
    sd t0, TCB_SCRATCH(tp)      // free while in the kernel
    addi sp, sp, -TF_SIZE
    srli t0, sp, KSTACK_SHIFT
    andi t0, t0, 1
    beqz t0, stack_overflow
    ld t0, TCB_SCRATCH(tp)
    save_registers
    addi t0, sp, TF_SIZE
    li t1, SSTATUS_SUM
    csrr t2, sepc
    csrrc t3, sstatus, t1
    csrr t4, scause
    csrr t5, stval
    sd t0, TF_REG(2)(sp)
    sd tp, TF_REG(4)(sp)
    sd t2, TF_SEPC(sp)
    sd t3, TF_SSTATUS(sp)
    sd t4, TF_SCAUSE(sp)
    sd t5, TF_STVAL(sp)
    mv a0, sp                   // s0 stays: the backtrace goes on through the frame
    call trap_from_kernel
    .globl kernel_trap_return   // backtrace.c knows frames by this return address
kernel_trap_return:
    ld t0, TF_SEPC(sp)
    ld t1, TF_SSTATUS(sp)
    csrw sepc, t0
    csrw sstatus, t1
    load_registers
    ld x2, TF_REG(2)(sp)
    sret

// sp - TF_SIZE is in the guard. t0 is in tcb.scratch, sscratch is free to hold sp meanwhile.
stack_overflow:
    addi sp, sp, TF_SIZE
    csrw sscratch, sp
    lwu sp, TCB_CPU(tp)
    slli sp, sp, 3
    lla t0, emergency_stack_top
    add sp, sp, t0
    ld sp, 0(sp)
    ld t0, TCB_SCRATCH(tp)
    addi sp, sp, -TF_SIZE
    save_registers
    csrrw t0, sscratch, zero
    csrr t2, sepc
    csrr t3, sstatus
    csrr t4, scause
    csrr t5, stval
    sd t0, TF_REG(2)(sp)
    sd tp, TF_REG(4)(sp)
    sd t2, TF_SEPC(sp)
    sd t3, TF_SSTATUS(sp)
    sd t4, TF_SCAUSE(sp)
    sd t5, TF_STVAL(sp)
    mv a0, sp
    call trap_stack_overflow    // never returns
