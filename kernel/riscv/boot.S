// From firmware to C.
//
// SBI enters _start on one hart, in S mode with paging off, at the physical address where the image
// was loaded: a0 = hart id, a1 = device tree. The image is linked at PAGE_OFFSET +
// KERNEL_LOAD_OFFSET, so until paging is on every address must be formed relative to pc (lla),
// which medany code does.
//
//   physical  ram_base      + KERNEL_LOAD_OFFSET  _start ...
//   virtual   PAGE_OFFSET   + KERNEL_LOAD_OFFSET  _start ...
//
// The early page table maps only the linear map (128 leaves of 1 GiB). No identity mapping is
// needed: stvec holds the high address of the next line, and the first fetch after satp is written
// faults there. ram_base must be a multiple of 1 GiB for that, as it is on every board we know.
// kernel_pt_init() (mm/) replaces the table by one that is never writable and executable at once.
//
// Further harts are started by hart_start() through SBI HSM in hart_entry, and go straight to the
// kernel's page table in the same way. Each finds its struct tcb in hart_slots by its hart id. So
// does one that comes to _start after the boot hart: OpenSBI (1.1 for one) says that a hart shall
// start before it says where, and a hart that looks just then, late out of the firmware, enters
// with the address and the a1 of the boot hart.
#include "riscv/layout.h"
#include "riscv/tcb.h"

#define PTE_VRWX_AD_G 0xef
#define SATP_MODE_SV39 8
#define LINEAR_GIBS 128

    .section .text.boot, "ax"
    .globl _start
_start:
    csrr s2, time           // the clock starts here
    lla t0, boot_hart_came
    li t1, 1
    amoswap.w t1, t1, (t0)
    bnez t1, hart_entry
    csrw sie, zero
    csrw sstatus, zero
    csrw sscratch, zero     // 0: we are in the kernel
    mv s0, a0
    mv s1, a1

    lla t0, __bss_start     // page aligned at both ends
    lla t1, __bss_end
1:  sd zero, 0(t0)
    sd zero, 8(t0)
    sd zero, 16(t0)
    sd zero, 24(t0)
    addi t0, t0, 32
    bltu t0, t1, 1b

    lla t0, _start
    li t1, KERNEL_LOAD_OFFSET
    sub s3, t0, t1
    lla t0, ram_base
    sd s3, 0(t0)

    lla t0, early_root      // linear map: slots 256 .. 383
    srli t1, s3, 2          // ppn << 10
    addi t1, t1, PTE_VRWX_AD_G
    li t2, 1 << 28          // 1 GiB >> 2
    li t3, LINEAR_GIBS
    addi t4, t0, 1024
    addi t4, t4, 1024
2:  sd t1, 0(t4)
    addi t4, t4, 8
    add t1, t1, t2
    addi t3, t3, -1
    bnez t3, 2b

    srli t0, t0, 12
    li t1, SATP_MODE_SV39
    slli t1, t1, 60
    or t0, t0, t1
    li t2, PAGE_OFFSET
    sub t2, t2, s3          // virtual - physical
    lla t1, 3f
    add t1, t1, t2
    csrw stvec, t1
    sfence.vma
    csrw satp, t0
    .balign 4
3:  lla t0, trap_vector
    csrw stvec, t0
    lla tp, boot_tcb
    lla sp, boot_stack_top
#ifdef KASAN
    call kasan_early_init   // compiled code writes shadow from its first frame on
#endif
    mv a0, s0
    mv a1, s1
    mv a2, s2
    li s0, 0                // the backtrace ends here
    call kernel_main        // never returns

// a0 = hart id.
    .globl hart_entry
hart_entry:
    lla t0, hart_slots
1:  ld a1, HART_SLOT_TCB(t0)
    beqz a1, not_asked_for
    ld t1, HART_SLOT_ID(t0)
    addi t0, t0, HART_SLOT_SIZE
    bne t1, a0, 1b
    csrw sie, zero
    csrw sstatus, zero
    csrw sscratch, zero
    lla t0, hart_satp
    ld t0, 0(t0)
    lla t1, hart_entry_high
    ld t1, 0(t1)
    csrw stvec, t1
    sfence.vma
    csrw satp, t0
    .balign 4
hart_high:
    lla t0, trap_vector
    csrw stvec, t0
    mv tp, a1
    ld sp, TCB_KSTACK_TOP(tp)
    lw a0, TCB_CPU(tp)
    li s0, 0
    call hart_main          // never returns
not_asked_for:
    wfi
    j not_asked_for

    .data
boot_hart_came:             // not in .bss, which the boot hart clears
    .word 0

    .section .rodata
    .balign 8
hart_entry_high:
    .quad hart_high

// Stacks of the boot hart, aligned as layout.h wants: the upper halves.
    .section .bss
    .balign 2 * KSTACK_SIZE
    .skip KSTACK_SIZE
    .skip KSTACK_SIZE
    .globl boot_stack_top
boot_stack_top:
    .skip KSTACK_SIZE
    .skip KSTACK_SIZE
    .globl boot_emergency_top
boot_emergency_top:
    .balign 4096
    .globl early_root
early_root:
    .skip 4096
