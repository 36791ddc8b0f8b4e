/*
 * What a test program shares with the grader, which stops it at lab_mark() and looks at it from outside.
 * The program is a witness, not a judge: nothing that it says counts, only where it stands and what
 * its memory holds.
 */
#pragma once

/* Defined once per program with LAB_MARK. The grader may choose the value that it returns. */
long lab_mark(long id, long a, long b, long c);

#define LAB_MARK \
    __attribute__((noinline, noclone, used)) long lab_mark(long id, long a, long b, long c) \
    { \
        __asm__ volatile("" : "+r"(id), "+r"(a), "+r"(b), "+r"(c) : : "memory"); \
        return id; \
    }
