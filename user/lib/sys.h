/*
 * The system call instruction, for the library's own files.
 *
 * sysN() takes N arguments and returns what the kernel returned, -errno included; sysret() turns
 * that into the C convention.  Pointers are passed as long.
 */
#ifndef XV_SYS_H
#define XV_SYS_H

#include "abi/syscall.h"

static inline long sys6(long n, long a, long b, long c, long d, long e, long f)
{
    register long a7 __asm__("a7") = n;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;

    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : "memory");
    return a0;
}

static inline long sys3(long n, long a, long b, long c)
{
    register long a7 __asm__("a7") = n;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;

    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return a0;
}

static inline long sys1(long n, long a)
{
    register long a7 __asm__("a7") = n;
    register long a0 __asm__("a0") = a;

    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
    return a0;
}

static inline long sys0(long n) { return sys1(n, 0); }
static inline long sys2(long n, long a, long b) { return sys3(n, a, b, 0); }
static inline long sys4(long n, long a, long b, long c, long d)
{
    return sys6(n, a, b, c, d, 0, 0);
}
static inline long sys5(long n, long a, long b, long c, long d, long e)
{
    return sys6(n, a, b, c, d, e, 0);
}

/* r itself, or -1 with errno set when r is an error number from the kernel */
long __sysret(long r);
static inline long sysret(long r) { return __sysret(r); }

#endif
