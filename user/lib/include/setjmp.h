/* Jumps out of functions: ra, sp, s0-s11, fs0-fs11. */
#ifndef XV_SETJMP_H
#define XV_SETJMP_H

typedef unsigned long jmp_buf[26];

int setjmp(jmp_buf env) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf env, int value);

#endif
