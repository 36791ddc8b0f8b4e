// Whole pages: 256 bytes a turn, 32 words.
    .section .text.asm, "ax"

// void clear_page(void *page): 545 instructions.
    .globl clear_page
clear_page:
    li t0, 4096
    add t0, a0, t0
1:
    .set i, 0
    .rept 32
    sd zero, i(a0)
    .set i, i + 8
    .endr
    addi a0, a0, 256
    bne a0, t0, 1b
    ret

// void copy_page(void *dst, const void *src): 1,051 instructions.
    .globl copy_page
copy_page:
    li t0, 4096
    add t0, a0, t0
1:
    .set i, 0
    .rept 8
    ld a2, i(a1)
    ld a3, i+8(a1)
    ld a4, i+16(a1)
    ld a5, i+24(a1)
    ld a6, i+32(a1)
    ld a7, i+40(a1)
    ld t1, i+48(a1)
    ld t2, i+56(a1)
    sd a2, i(a0)
    sd a3, i+8(a0)
    sd a4, i+16(a0)
    sd a5, i+24(a0)
    sd a6, i+32(a0)
    sd a7, i+40(a0)
    sd t1, i+48(a0)
    sd t2, i+56(a0)
    .set i, i + 64
    .endr
    addi a0, a0, 512
    addi a1, a1, 512
    bne a0, t0, 1b
    ret
