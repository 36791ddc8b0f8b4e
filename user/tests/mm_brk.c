/* brk: the heap's end. */
#include "testutil.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The system call: the break afterwards. */
static char *set_break(char *to) { return (char *)syscall(SYS_brk, to); }

/* The break rounded up to a page. */
static char *page_break(void)
{
    char *b = (char *)(((uintptr_t)set_break(0) + PAGE - 1) & -PAGE);

    check(set_break(b) == b);
    return b;
}

static void test_grow(void)
{
    char *b = page_break();

    check(set_break(b + MIB) == b + MIB);
    check(set_break(0) == b + MIB);
    check(all_bytes(b, 0, MIB));
    memset(b, 7, MIB);
    check(all_bytes(b, 7, MIB));
    check(set_break(b) == b);
}

static void test_lazy(void)
{
    char *b = page_break();
    long before = proc_value("/proc/self/status", "VmRSS");

    size_t size = ram_bytes() / 2 < 64 * MIB ? 4 * MIB : 64 * MIB; /* more is no honest promise */

    check(set_break(b + size) == b + size);
    keep_small(b, size);
    b[0] = b[size / 2] = b[size - 1] = 1;
    long after = proc_value("/proc/self/status", "VmRSS");
    check(after - before < 1024);
    check(b[PAGE] == 0);
    check(set_break(b) == b);
}

static void test_shrink_frees(void)
{
    char *b = page_break();
    uint64_t size = 2 * MIB;

    for (int i = 0; i < 20; i++) {
        check(set_break(b + size) == b + size);
        check(all_bytes(b, 0, size));
        memset(b, i + 1, size);
        check(set_break(b) == b);
    }
}

static void test_shrink_unmaps(void)
{
    char *b = page_break();

    check(set_break(b + 4 * PAGE) == b + 4 * PAGE);
    memset(b, 1, 4 * PAGE);
    check(set_break(b + 2 * PAGE) == b + 2 * PAGE);
    check(writable(b + PAGE) && !readable(b + 2 * PAGE) && !writable(b + 3 * PAGE));
}

static void test_misaligned(void)
{
    char *b = page_break();

    check(set_break(b + 1) == b + 1);
    b[PAGE - 1] = 'x'; /* the whole page is there */
    check(set_break(b + 3 * PAGE + 5) == b + 3 * PAGE + 5);
    b[4 * PAGE - 1] = 'y';
    check(set_break(b + 2 * PAGE - 1) == b + 2 * PAGE - 1);
    check(b[PAGE - 1] == 'x');
    check(set_break(b + 2 * PAGE) == b + 2 * PAGE);
    check(b[PAGE - 1] == 'x');
}

static void test_errors(void)
{
    char *b = page_break();

    check(set_break((char *)KERNEL_ADDRESS) == b);
    check(set_break((char *)-1UL) == b);
    check(set_break((char *)NON_CANONICAL) == b);
    check(set_break((char *)PAGE) == b);
    check(set_break((char *)1) == b);
    check(set_break(0) == b);
}

static void test_collision(void)
{
    char *b = page_break();
    char *wall = mmap(b + 64 * PAGE, PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    check(wall == b + 64 * PAGE);
    *wall = 'w';
    check(set_break(b + 80 * PAGE) == b);
    check(set_break(b + 65 * PAGE) == b);
    check(*wall == 'w');
    check(set_break(b + 16 * PAGE) == b + 16 * PAGE);
    check(set_break(b) == b);
}

static void test_fork(void)
{
    char *b = page_break();

    check(set_break(b + PAGE) == b + PAGE);
    *b = 'p';
    pid_t pid = xfork();
    if (pid == 0) {
        check(set_break(b + 9 * PAGE) == b + 9 * PAGE);
        check(*b == 'p');
        memset(b, 'c', 9 * PAGE);
        check(set_break(b) == b);
        _exit(0);
    }
    check_exit(pid, 0);
    check(set_break(0) == b + PAGE && *b == 'p');
}

static void test_rlimit(void)
{
    char *b = page_break();
    struct rlimit limit;

    check_ok(getrlimit(RLIMIT_DATA, &limit));
    limit.rlim_cur = 4 * MIB;
    check_ok(setrlimit(RLIMIT_DATA, &limit));
    check(set_break(b + 2 * MIB) == b + 2 * MIB);
    check(set_break(b + 8 * MIB) == b + 2 * MIB);
}

/* Many small steps make one area, not many. */
static void test_small_steps(void)
{
    static char maps[32768];
    char *b = page_break();
    int heaps = 0;

    for (int i = 1; i <= 512; i++) {
        check(set_break(b + i * 1000) == b + i * 1000);
        b[i * 1000 - 1] = 1;
    }
    check(read_text("/proc/self/maps", maps, sizeof(maps)) != NULL);
    for (char *at = maps; (at = strstr(at, "[heap]")); at++)
        heaps++;
    check_int(heaps, 1);
}

const struct test brk_tests[] = {
    {"mm.brk_grow", test_grow},
    {"mm.brk_lazy", test_lazy},
    {"mm.brk_shrink_frees", test_shrink_frees},
    {"mm.brk_shrink_unmaps", test_shrink_unmaps, T_NATIVE},
    {"mm.brk_misaligned", test_misaligned, T_NATIVE},
    {"mm.brk_errors", test_errors},
    {"mm.brk_collision", test_collision},
    {"mm.brk_fork", test_fork},
    {"mm.brk_rlimit", test_rlimit, T_NATIVE},
    {"mm.brk_small_steps", test_small_steps, T_NATIVE},
    {NULL, NULL},
};
