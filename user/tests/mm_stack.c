/* The stack: it grows down to its limit, and not into what lies below. */
#include "testutil.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)

/* Recursion over `bytes` of stack, a frame of half a KiB at a time. */
static __attribute__((noinline)) long recurse(long bytes)
{
    volatile char frame[448];

    asm volatile("" : : "r"(frame)); /* all of it: clang keeps only the byte that is used */
    frame[0] = 1;
    if (bytes > 0)
        return recurse(bytes - 512) + frame[0];
    return frame[0];
}

static long deep_enough(void) { return ram_bytes() < 32 * MIB ? (long)MIB : (long)(6 * MIB); }

static void test_deep(void)
{
    for (int i = 0; i < 2; i++)
        check_int(recurse(deep_enough()), deep_enough() / 512 + 1);
}

static void run_away(void *unused) { recurse(1L << 40); }

static void test_overflow(void)
{
    struct rlimit limit;

    check_ok(getrlimit(RLIMIT_STACK, &limit));
    if (limit.rlim_cur > 8 * MIB || limit.rlim_cur > ram_bytes() / 4) {
        limit.rlim_cur = MIB;
        check_ok(setrlimit(RLIMIT_STACK, &limit));
    }
    check_killed(run_away, NULL, SIGSEGV);
}

static void recurse_by(void *bytes) { recurse((long)bytes); }

/* The limit counts when the stack grows. */
static void test_rlimit(void)
{
    struct rlimit limit;

    check_ok(getrlimit(RLIMIT_STACK, &limit));
    limit.rlim_cur = 256 * KIB;
    check_ok(setrlimit(RLIMIT_STACK, &limit));
    recurse(128 * KIB);
    check_killed(recurse_by, (void *)(512 * KIB), SIGSEGV);
    limit.rlim_cur = MIB;
    check_ok(setrlimit(RLIMIT_STACK, &limit));
    recurse(768 * KIB);
}

/* New stack is zero; a touch far below the stack pointer is growth too. */
static void test_far(void)
{
    char *sp = __builtin_frame_address(0);
    char *page = (char *)((uintptr_t)(sp - 900 * KIB) & -PAGE);

    check(all_bytes(page, 0, PAGE));
    page[-(long)(64 * KIB)] = 1;
    check(page[-(long)(32 * KIB)] == 0);
}

/* A system call is the first to touch it. */
static void test_by_kernel(void)
{
    char *far = (char *)((uintptr_t)__builtin_frame_address(0) - 700 * KIB);
    int fds[2];

    check_ok(pipe(fds));
    check_int(write(fds[1], "stack", 5), 5);
    check_int(read(fds[0], far, 5), 5);
    check(memcmp(far, "stack", 5) == 0);
}

/* The start of the stack's area, from /proc/self/maps. */
static char *stack_start(void)
{
    static char maps[32768];

    check(read_text("/proc/self/maps", maps, sizeof(maps)) != NULL);
    char *line = strstr(maps, "[stack]");
    check(line != NULL);
    while (line > maps && line[-1] != '\n')
        line--;
    return (char *)strtoul(line, NULL, 16);
}

/* Growth stops with a gap above the next mapping, whose bytes stay as they are. */
static void test_guard_gap(void)
{
    char *wall = stack_start() - 2 * MIB;
    char *p = mmap(wall, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    check(p == wall);
    memset(p, 'w', PAGE);
    int status = status_of(run_away, NULL);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    recurse(512 * KIB);
    check(all_bytes(p, 'w', PAGE));
    check(!writable(p + PAGE) && !writable(p + 2 * PAGE));
}

/* Each child has a stack of its own that starts as a copy. */
static void test_fork(void)
{
    char big[64 * KIB];

    fill_pattern(big, sizeof(big), 3, 0);
    for (int i = 0; i < 5; i++) {
        pid_t pid = xfork();
        if (pid == 0) {
            check_int(check_pattern(big, sizeof(big), 3, 0), -1);
            memset(big, i, sizeof(big));
            recurse(300 * KIB);
            check(all_bytes(big, i, sizeof(big)));
            _exit(0);
        }
        check_exit(pid, 0);
    }
    check_int(check_pattern(big, sizeof(big), 3, 0), -1);
}

static void test_not_executable(void)
{
    uint32_t code[4] = {0x02a00513, 0x00008067};
    pid_t pid = xfork();
    int status;

    __asm__ volatile("fence.i" : : "r"(code) : "memory");
    if (pid == 0)
        _exit(((int (*)(void))(void *)code)());
    check_ok(waitpid(pid, &status, 0));
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

const struct test stack_tests[] = {
    {"stack.deep", test_deep},
    {"stack.overflow", test_overflow, T_NATIVE},
    {"stack.rlimit", test_rlimit, T_NATIVE},
    {"stack.far", test_far},
    {"stack.by_kernel", test_by_kernel},
    {"stack.guard_gap", test_guard_gap, T_NATIVE},
    {"stack.fork", test_fork},
    {"stack.not_executable", test_not_executable, T_NATIVE},
    {NULL, NULL},
};
