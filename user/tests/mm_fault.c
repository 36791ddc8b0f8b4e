/* Accesses that must kill, each with the right signal, and registers that must survive. */
#include "testutil.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void read_at(void *p) { *(volatile char *)p; }
static void write_at(void *p) { *(volatile char *)p = 1; }
static void call_at(void *p) { ((void (*)(void))p)(); }

static const uintptr_t bad_addresses[] = {
    0, 8, PAGE - 1, KERNEL_ADDRESS, KERNEL_ADDRESS + 0x200000, 0xffffffe000000000, -8UL,
    NON_CANONICAL, NON_CANONICAL - PAGE, 0x8000000000000000, 0xffffffbfffffffff,
};
#define BAD_COUNT (sizeof(bad_addresses) / sizeof(bad_addresses[0]))

static void test_read(void)
{
    for (size_t i = 0; i < BAD_COUNT; i++)
        check_killed(read_at, (void *)bad_addresses[i], SIGSEGV);
}

static void test_write(void)
{
    for (size_t i = 0; i < BAD_COUNT; i++)
        check_killed(write_at, (void *)bad_addresses[i], SIGSEGV);
}

static void test_jump(void)
{
    for (size_t i = 0; i < BAD_COUNT; i++)
        check_killed(call_at, (void *)bad_addresses[i], SIGSEGV);
}

static void test_user_end(void)
{
    check_killed(read_at, (void *)USER_END, SIGSEGV);
    check_killed(write_at, (void *)USER_END, SIGSEGV);
    check_killed(call_at, (void *)USER_END, SIGSEGV);
}

static void do_unimp(void *u) { __asm__ volatile(".word 0"); }
static void do_sret(void *u) { __asm__ volatile("sret"); }
static void do_mret(void *u) { __asm__ volatile("mret"); }
static void do_sfence(void *u) { __asm__ volatile("sfence.vma"); }
static void do_csr_read(void *u) { long v; __asm__ volatile("csrr %0, sstatus" : "=r"(v)); }
static void do_csr_write(void *u) { __asm__ volatile("csrw satp, zero"); }
static void do_ebreak(void *u) { __asm__ volatile("ebreak"); }

static void test_privileged(void)
{
    check_killed(do_unimp, NULL, SIGILL);
    check_killed(do_sret, NULL, SIGILL);
    check_killed(do_mret, NULL, SIGILL);
    check_killed(do_csr_read, NULL, SIGILL);
    check_killed(do_csr_write, NULL, SIGILL);
    check_killed(do_ebreak, NULL, SIGTRAP);
}

static void test_sfence(void) { check_killed(do_sfence, NULL, SIGILL); }

/* A stack pointer that points nowhere: the kernel must not use it; system calls still work. */
static void use_bad_stack(void *sp)
{
    long pid;

    __asm__ volatile("mv s2, sp\n\tmv sp, %1\n\tli a7, 172\n\tecall\n\tmv %0, a0\n\t"
                     "mv sp, s2"
                     : "=r"(pid) : "r"(sp) : "a0", "a7", "s2", "memory");
    check_int(pid, getpid());
    __asm__ volatile("mv sp, %0\n\tsd zero, -8(sp)" : : "r"(sp));
}

static void test_bad_stack(void)
{
    for (size_t i = 0; i < BAD_COUNT; i++)
        check_killed(use_bad_stack, (void *)(bad_addresses[i] & ~15UL), SIGSEGV);
}

/* An access that lies on two pages, neither of them touched so far, or one of them bad. */
static void test_misaligned(void)
{
    char *p = map_anon(3 * PAGE);

    for (int i = 1; i < 8; i++) {
        uint64_t *at = (uint64_t *)(p + PAGE - i), v = 0x0102030405060708 * i;
        *(volatile uint64_t *)at = v;
        check(*(volatile uint64_t *)at == v && memcmp(at, &v, 8) == 0);
        check_ok(mmap(p, 2 * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p ? 0 : -1);
    }
    check_ok(munmap(p + 2 * PAGE, PAGE));
}

/*
 * Whether every register but a0 is the same after a system call and a page fault at *touch, which
 * a6 and a7 hold: sets each to its own number, subtracts that afterwards, and ors the results.
 */
#define EACH_REGISTER(op)                                                                          \
    op(ra, 1) op(gp, 3) op(tp, 4) op(t0, 5) op(t1, 6) op(t2, 7) op(s0, 8) op(s1, 9) op(a1, 11)     \
    op(a2, 12) op(a3, 13) op(a4, 14) op(a5, 15) op(s2, 18) op(s3, 19) op(s4, 20) op(s5, 21)        \
    op(s6, 22) op(s7, 23) op(s8, 24) op(s9, 25) op(s10, 26) op(s11, 27) op(t3, 28) op(t4, 29)      \
    op(t5, 30) op(t6, 31)
#define SAVED_REGISTER(op)                                                                         \
    op(ra, 0) op(gp, 8) op(tp, 16) op(s0, 24) op(s1, 32) op(s2, 40) op(s3, 48) op(s4, 56)          \
    op(s5, 64) op(s6, 72) op(s7, 80) op(s8, 88) op(s9, 96) op(s10, 104) op(s11, 112)
#define SET(reg, n)       "li " #reg ", " #n "\n\t"
#define SUBTRACT(reg, n)  "addi " #reg ", " #reg ", -" #n "\n\t"
#define OR(reg, n)        "or a0, a0, " #reg "\n\t"
#define SAVE(reg, off)    "sd " #reg ", " #off "(sp)\n\t"
#define RESTORE(reg, off) "ld " #reg ", " #off "(sp)\n\t"

static __attribute__((naked)) long changed_registers(long number, volatile char *touch)
{
    __asm__("addi sp, sp, -128\n\t" SAVED_REGISTER(SAVE) "mv a7, a0\n\tmv a6, a1\n\t"
            EACH_REGISTER(SET) "ecall\n\tsb t6, 0(a6)\n\t" EACH_REGISTER(SUBTRACT)
            "li a0, 0\n\t" EACH_REGISTER(OR) SAVED_REGISTER(RESTORE)
            "addi sp, sp, 128\n\tret");
}

static void test_registers(void)
{
    char *p = map_anon(200 * PAGE);

    for (int i = 0; i < 200; i++)
        check_int(changed_registers(i % 2 ? SYS_getpid : SYS_sched_yield, p + i * PAGE), 0);
    check_int(changed_registers(9999, p), 0);
}

static void test_unknown_call(void)
{
    check_errno(syscall(9999), ENOSYS);
    check_errno(syscall(-1), ENOSYS);
    check_errno(syscall(0x7fffffffffffffff), ENOSYS);
}

/* All 64 bits count. */
static void test_wide_call(void) { check_errno(syscall(1L << 40 | SYS_getpid), ENOSYS); }

static void test_divide(void)
{
    volatile long a = 7, b = 0, c = -1, min = (long)1 << 63;
    long q, r;

    __asm__ volatile("div %0, %2, %3\n\trem %1, %2, %3" : "=&r"(q), "=&r"(r) : "r"(a), "r"(b));
    check(q == -1 && r == 7);
    __asm__ volatile("div %0, %2, %3\n\trem %1, %2, %3" : "=&r"(q), "=&r"(r) : "r"(min), "r"(c));
    check(q == min && r == 0);
}

static void test_user_time(void)
{
    uint64_t last = 0, now;

    for (int i = 0; i < 1000; i++) {
        __asm__ volatile("rdtime %0" : "=r"(now));
        check(now >= last);
        last = now;
    }
    check(last > 0);
}

const struct test fault_tests[] = {
    {"fault.read", test_read},
    {"fault.write", test_write},
    {"fault.jump", test_jump},
    {"fault.user_end", test_user_end, T_NATIVE},
    {"fault.privileged", test_privileged},
    {"fault.sfence", test_sfence, T_NATIVE}, /* the emulator runs it */
    {"fault.bad_stack", test_bad_stack},
    {"fault.misaligned", test_misaligned},
    {"fault.registers", test_registers},
    {"fault.unknown_call", test_unknown_call},
    {"fault.wide_call", test_wide_call, T_NATIVE},
    {"fault.divide", test_divide},
    {"fault.user_time", test_user_time},
    {NULL, NULL},
};
