/* mprotect, and code in memory. */
#include "testutil.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)

static void read_at(void *p) { *(volatile char *)p; }
static void write_at(void *p) { *(volatile char *)p = 1; }
static void call_at(void *p) { ((void (*)(void))p)(); }

static void test_read_only(void)
{
    char *p = map_anon(2 * PAGE);

    p[0] = 'a';
    check_ok(mprotect(p, PAGE, PROT_READ));
    check(p[0] == 'a');
    check_killed(write_at, p, SIGSEGV);
    check(!writable(p) && writable(p + PAGE));
    check_ok(mprotect(p, PAGE, RW));
    p[0] = 'b';
    check(p[0] == 'b');
}

static void test_none_keeps(void)
{
    char *p = map_anon(3 * PAGE);

    fill_pattern(p, 3 * PAGE, 5, 0);
    check_ok(mprotect(p + PAGE, PAGE, PROT_NONE));
    check_killed(read_at, p + PAGE, SIGSEGV);
    check_ok(mprotect(p + PAGE, PAGE, PROT_READ));
    check_int(check_pattern(p, 3 * PAGE, 5, 0), -1);
}

/* Lines of /proc/self/maps that lie in [start, end). */
static int areas_in(char *start, char *end)
{
    static char maps[65536];
    int n = 0;

    check(read_text("/proc/self/maps", maps, sizeof(maps)) != NULL);
    for (char *line = maps; *line; line = strchr(line, '\n') + 1) {
        char *from = (char *)strtoul(line, NULL, 16);
        n += from >= start && from < end;
    }
    return n;
}

static void test_split_merge(void)
{
    /* a fence on both sides, so that no neighbour merges with it */
    char *p = mmap(NULL, 12 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *start = p + PAGE, *end = p + 11 * PAGE;

    check_ok(mprotect(start, 10 * PAGE, RW));
    check_int(areas_in(start, end), 1);
    check_ok(mprotect(start + 3 * PAGE, 2 * PAGE, PROT_READ));
    check_int(areas_in(start, end), 3);
    check_ok(mprotect(start + 4 * PAGE, PAGE, PROT_NONE));
    check_int(areas_in(start, end), 4);
    check_ok(mprotect(start, PAGE, PROT_READ));
    check_int(areas_in(start, end), 5);
    check_ok(mprotect(start, 4 * PAGE, RW));
    check_int(areas_in(start, end), 3);
    check_ok(mprotect(start, 10 * PAGE, RW));
    check_int(areas_in(start, end), 1);
    check_ok(munmap(start + 5 * PAGE, PAGE));
    check_int(areas_in(start, end), 2);
    mmap(start + 5 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    check_int(areas_in(start, end), 1);
    memset(start, 1, 10 * PAGE);
}

static void test_errors(void)
{
    char *p = map_anon(5 * PAGE);

    check_ok(munmap(p + 2 * PAGE, PAGE));
    check_errno(mprotect(p + 1, PAGE, PROT_READ), EINVAL);
    check_errno(mprotect(p, PAGE, 0x80), EINVAL);
    check_errno(mprotect((void *)KERNEL_ADDRESS, PAGE, PROT_READ), ENOMEM);
    check_errno(mprotect(p + 2 * PAGE, PAGE, PROT_READ), ENOMEM);
    check_errno(mprotect(p, -PAGE, PROT_READ), ENOMEM);
    check_errno(mprotect(p + PAGE, 3 * PAGE, PROT_READ), ENOMEM);
    check(writable(p));
    check(!writable(p + PAGE)); /* up to the hole it was done */
    check(writable(p + 3 * PAGE));
}

static void test_nothing(void)
{
    char *p = map_anon(PAGE);

    check_ok(mprotect(p, 0, PROT_NONE));
    check_ok(mprotect((void *)PAGE, 0, PROT_NONE));
    *p = 1;
}

/* Giving write permission back to a page that a child shares must not give it the shared frame. */
static void test_keeps_cow(void)
{
    char *p = map_anon(4 * PAGE);
    int go[2];
    char byte;

    fill_pattern(p, 4 * PAGE, 3, 0);
    check_ok(pipe(go));
    pid_t pid = xfork();
    if (pid == 0) {
        close(go[1]);
        read(go[0], &byte, 1);
        check_int(check_pattern(p, 4 * PAGE, 3, 0), -1);
        _exit(0);
    }
    check_ok(mprotect(p, 4 * PAGE, PROT_READ));
    check_ok(mprotect(p, 4 * PAGE, RW));
    memset(p, 'x', 4 * PAGE);
    check_int(write(go[1], "g", 1), 1);
    check_exit(pid, 0);
    check(all_bytes(p, 'x', 4 * PAGE));
}

/* The same for the zero page that reading gave. */
static void test_keeps_zero(void)
{
    char *p = map_anon(2 * PAGE), *q = map_anon(2 * PAGE);

    check(p[0] == 0 && q[0] == 0 && p[PAGE] == 0 && q[PAGE] == 0);
    check_ok(mprotect(p, 2 * PAGE, PROT_READ));
    check_ok(mprotect(p, 2 * PAGE, RW));
    memset(p, 'x', 2 * PAGE);
    check(all_bytes(q, 0, 2 * PAGE));
}

static void put_code(char *p, int value)
{
    uint32_t code[] = {0x00000513 | (uint32_t)value << 20, 0x00008067}; /* li a0, value; ret */

    memcpy(p, code, sizeof(code));
    __asm__ volatile("fence.i" ::: "memory");
}

static void test_code(void)
{
    char *p = mmap(NULL, PAGE, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int (*fn)(void) = (int (*)(void))(void *)p;

    check(p != MAP_FAILED);
    for (int i = 0; i < 50; i++) {
        put_code(p, i);
        check_int(fn(), i);
    }
    pid_t pid = xfork();
    if (pid == 0) {
        put_code(p, 99);
        _exit(fn());
    }
    check_exit(pid, 99);
    check_int(fn(), 49);
    check_ok(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
    check_int(fn(), 49);
}

static void test_no_exec(void)
{
    char *p = map_anon(PAGE);

    put_code(p, 1);
    check_killed(call_at, p, SIGSEGV);
    check_ok(mprotect(p, PAGE, PROT_READ));
    check_killed(call_at, p, SIGSEGV);
    check_ok(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
    check_int(((int (*)(void))(void *)p)(), 1);
    check_killed(write_at, p, SIGSEGV);
}

/* The program's own text and constants. */
static void test_program(void)
{
    static const char constant[] = "constant";

    check_killed(write_at, (void *)test_program, SIGSEGV);
    check_killed(write_at, (void *)constant, SIGSEGV);
    check(!writable((void *)constant));
}

const struct test mprotect_tests[] = {
    {"mprotect.read_only", test_read_only},
    {"mprotect.none_keeps", test_none_keeps},
    {"mprotect.split_merge", test_split_merge, T_NATIVE},
    {"mprotect.errors", test_errors},
    {"mprotect.nothing", test_nothing, T_NATIVE},
    {"mprotect.keeps_cow", test_keeps_cow},
    {"mprotect.keeps_zero", test_keeps_zero},
    {"mprotect.code", test_code},
    {"mprotect.no_exec", test_no_exec},
    {"mprotect.program", test_program},
    {NULL, NULL},
};
