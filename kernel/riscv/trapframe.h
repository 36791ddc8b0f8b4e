// The registers of an interrupted context, as trapvec.S saves them on the kernel stack.
// Order: x1..x31, then the CSRs. trapvec.S uses the TF_* offsets; the assertions keep both equal.
#pragma once

#define TF_SIZE 288
#define TF_SEPC 248
#define TF_SSTATUS 256
#define TF_SCAUSE 264
#define TF_STVAL 272
#define TF_ORIG_A0 280

#ifndef __ASSEMBLER__
#include "lib/types.h"

struct trapframe {
    uint64_t ra, sp, gp, tp, t0, t1, t2, s0, s1;
    uint64_t a0, a1, a2, a3, a4, a5, a6, a7;
    uint64_t s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
    uint64_t t3, t4, t5, t6;
    uint64_t sepc, sstatus, scause, stval;
    uint64_t orig_a0; // a0 at system call entry, for restarting it
};

_Static_assert(sizeof(struct trapframe) == TF_SIZE, "trapvec.S");
_Static_assert(offsetof(struct trapframe, sepc) == TF_SEPC, "trapvec.S");
_Static_assert(offsetof(struct trapframe, orig_a0) == TF_ORIG_A0, "trapvec.S");

struct fpstate {
    uint64_t f[32];
    uint64_t fcsr;
};
#endif
