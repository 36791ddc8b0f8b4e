// Copies to and from user memory, the only code that runs with sstatus.SUM set.
//
// A fault here at a user address is first tried like any page fault; when it cannot be solved,
// trap_from_kernel() looks up the faulting pc in the exception table and continues at the fixup.
// The table has one line (first, end, fixup) for each stretch of code with one recovery:
//
//   blocks and words fault -> the byte loop goes on from where the last whole block ended
//   a byte faults          -> return: exactly the bytes before it are done
//
// A fault at a kernel address is never fixed up: it is a bug and panics.
#include "abi/errno.h"

#define SSTATUS_SUM 0x40000

    .macro fixup first, end, to
    .pushsection .extable, "a"
    .balign 8
    .quad \first, \end, \to
    .popsection
    .endm

    .section .text.asm, "ax"

// size_t copy(dst a0, src a1, n a2): bytes left. a3 = end of dst, t6 = SUM.
    .globl __raw_copy_from_user
    .globl __raw_copy_to_user
__raw_copy_from_user:
__raw_copy_to_user:
    li t6, SSTATUS_SUM
    csrs sstatus, t6
    add a3, a0, a2
    sltiu t0, a2, 16            // short: bytes
    bnez t0, copy_bytes
    andi t0, a0, 7
    beqz t0, 2f
    addi t0, t0, -8
    sub t0, a0, t0              // dst rounded up
copy_head:
    lbu t1, 0(a1)
    sb t1, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    bne a0, t0, copy_head
2:  andi a5, a1, 7
    bnez a5, copy_shifted

    sub t0, a3, a0
    andi t1, t0, -128
    beqz t1, 4f
    add a4, a0, t1              // end of the 128-byte blocks
copy_blocks:
    ld t0, 0(a1)
    ld t1, 8(a1)
    ld t2, 16(a1)
    ld t3, 24(a1)
    ld t4, 32(a1)
    ld t5, 40(a1)
    ld a6, 48(a1)
    ld a7, 56(a1)
    sd t0, 0(a0)
    sd t1, 8(a0)
    sd t2, 16(a0)
    sd t3, 24(a0)
    sd t4, 32(a0)
    sd t5, 40(a0)
    sd a6, 48(a0)
    sd a7, 56(a0)
    ld t0, 64(a1)
    ld t1, 72(a1)
    ld t2, 80(a1)
    ld t3, 88(a1)
    ld t4, 96(a1)
    ld t5, 104(a1)
    ld a6, 112(a1)
    ld a7, 120(a1)
    sd t0, 64(a0)
    sd t1, 72(a0)
    sd t2, 80(a0)
    sd t3, 88(a0)
    sd t4, 96(a0)
    sd t5, 104(a0)
    sd a6, 112(a0)
    sd a7, 120(a0)
    addi a0, a0, 128
    addi a1, a1, 128
    bne a0, a4, copy_blocks
4:  andi a4, a3, -8             // end of the words
    beq a0, a4, copy_bytes
copy_words:
    ld t0, 0(a1)
    sd t0, 0(a0)
    addi a0, a0, 8
    addi a1, a1, 8
    bne a0, a4, copy_words
copy_bytes:
    beq a0, a3, 6f
copy_byte:
    lbu t1, 0(a1)
    sb t1, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    bne a0, a3, copy_byte
copy_end:
6:  csrc sstatus, t6
    sub a0, a3, a0
    ret
    fixup copy_head, 2b, copy_fault
    fixup copy_blocks, copy_bytes, copy_bytes
    fixup copy_byte, copy_end, copy_fault
copy_fault:
    li t6, SSTATUS_SUM
    j copy_end

// dst aligned, src not: words put together from two aligned ones. Reads no word that does not hold
// a wanted byte. a5 = src & 7, a1 = src rounded down.
copy_shifted:
    andi a4, a3, -8
    beq a0, a4, copy_bytes
    slli a6, a5, 3              // right shift of the first word
    neg a7, a6                  // left shift of the second, modulo 64
    sub a1, a1, a5
copy_pair:
    ld t0, 0(a1)
copy_next:
    ld t1, 8(a1)
    srl t0, t0, a6
    sll t2, t1, a7
    or t0, t0, t2
    sd t0, 0(a0)
    mv t0, t1
    addi a0, a0, 8
    addi a1, a1, 8
    bne a0, a4, copy_next
copy_shifted_end:
    add a1, a1, a5
    j copy_bytes
    fixup copy_pair, copy_shifted_end, copy_shifted_end

// size_t __raw_clear_user(dst a0, n a1): bytes left.
    .globl __raw_clear_user
__raw_clear_user:
    li t6, SSTATUS_SUM
    csrs sstatus, t6
    add a3, a0, a1
    sltiu t0, a1, 16
    bnez t0, clear_bytes
    andi t0, a0, 7
    beqz t0, 2f
    addi t0, t0, -8
    sub t0, a0, t0
clear_head:
    sb zero, 0(a0)
    addi a0, a0, 1
    bne a0, t0, clear_head
2:  sub t0, a3, a0
    andi t1, t0, -64
    beqz t1, 4f
    add a4, a0, t1
clear_blocks:
    sd zero, 0(a0)
    sd zero, 8(a0)
    sd zero, 16(a0)
    sd zero, 24(a0)
    sd zero, 32(a0)
    sd zero, 40(a0)
    sd zero, 48(a0)
    sd zero, 56(a0)
    addi a0, a0, 64
    bne a0, a4, clear_blocks
4:  andi a4, a3, -8
    beq a0, a4, clear_bytes
clear_words:
    sd zero, 0(a0)
    addi a0, a0, 8
    bne a0, a4, clear_words
clear_bytes:
    beq a0, a3, 6f
clear_byte:
    sb zero, 0(a0)
    addi a0, a0, 1
    bne a0, a3, clear_byte
clear_end:
6:  csrc sstatus, t6
    sub a0, a3, a0
    ret
    fixup clear_head, 2b, clear_fault
    fixup clear_blocks, clear_bytes, clear_bytes
    fixup clear_byte, clear_end, clear_fault
clear_fault:
    li t6, SSTATUS_SUM
    j clear_end

// ssize_t __raw_strncpy_from_user(dst a0, src a1, n a2): length, n, or -EFAULT.
    .globl __raw_strncpy_from_user
__raw_strncpy_from_user:
    li t6, SSTATUS_SUM
    csrs sstatus, t6
    mv a3, a0
    add a4, a0, a2
    beq a0, a4, 2f
string_byte:
    lbu t1, 0(a1)
    sb t1, 0(a0)
    beqz t1, 2f
    addi a0, a0, 1
    addi a1, a1, 1
    bne a0, a4, string_byte
string_end:
2:  csrc sstatus, t6
    sub a0, a0, a3
    ret
    fixup string_byte, string_end, string_fault
string_fault:
    li t6, SSTATUS_SUM
    csrc sstatus, t6
    li a0, -EFAULT
    ret

// int __raw_cmpxchg_user_u32(addr a0, uint32_t *old a1, new a2): *old is expected before, found
// after.
    .globl __raw_cmpxchg_user_u32
__raw_cmpxchg_user_u32:
    li t6, SSTATUS_SUM
    lw t0, 0(a1)
    csrs sstatus, t6
cmpxchg:
    lr.w.aqrl t1, (a0)
    bne t1, t0, cmpxchg_end
    sc.w.aqrl t2, a2, (a0)
    bnez t2, cmpxchg
cmpxchg_end:
    csrc sstatus, t6
    sw t1, 0(a1)
    li a0, 0
    ret
    fixup cmpxchg, cmpxchg_end, string_fault
