/* mmap and munmap of anonymous memory. */
#include "testutil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static void *map_at(void *where, size_t len, int prot, int flags)
{
    return mmap(where, len, prot, ANON | flags, -1, 0);
}

static void test_anonymous(void)
{
    for (size_t len = 1; len <= 4 * MIB; len = len * 3 + 1) {
        char *p = map_anon(len);
        size_t whole = (len + PAGE - 1) & -PAGE;
        check((uintptr_t)p % PAGE == 0);
        check(all_bytes(p, 0, whole));
        fill_pattern(p, whole, len, 0);
        check_int(check_pattern(p, whole, len, 0), -1);
        check_ok(munmap(p, len));
    }
}

static void test_private_fork(void)
{
    char *p = map_anon(2 * PAGE);

    p[0] = 'a';
    pid_t pid = xfork();
    if (pid == 0) {
        check(p[0] == 'a' && p[PAGE] == 0);
        p[0] = p[PAGE] = 'c';
        _exit(0);
    }
    check_exit(pid, 0);
    check(p[0] == 'a' && p[PAGE] == 0);
}

static void test_shared_fork(void)
{
    volatile int *p = mmap(NULL, 3 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    check(p != MAP_FAILED);
    p[0] = 1;
    for (int i = 1; i <= 20; i++) {
        pid_t pid = xfork();
        if (pid == 0) {
            p[0]++;
            p[PAGE / 4] += i;   /* first touched by a child */
            p[2 * PAGE / 4] = i;
            _exit(0);
        }
        check_exit(pid, 0);
        check_int(p[2 * PAGE / 4], i);
    }
    check_int(p[0], 21);
    check_int(p[PAGE / 4], 210);
}

static void test_fixed_replaces(void)
{
    char *p = map_anon(4 * PAGE);

    memset(p, 'a', 4 * PAGE);
    check(map_at(p + PAGE, 2 * PAGE, RW, MAP_FIXED) == p + PAGE);
    check(all_bytes(p, 'a', PAGE) && all_bytes(p + PAGE, 0, 2 * PAGE));
    check(all_bytes(p + 3 * PAGE, 'a', PAGE));
}

static void test_noreplace(void)
{
    char *p = map_anon(4 * PAGE);

    p[2 * PAGE] = 'k';
    check_errno(map_at(p + PAGE, PAGE, RW, MAP_FIXED_NOREPLACE), EEXIST);
    check_errno(map_at(p + 3 * PAGE, 2 * PAGE, RW, MAP_FIXED_NOREPLACE), EEXIST);
    check(p[2 * PAGE] == 'k');
    check_ok(munmap(p + PAGE, PAGE));
    check(map_at(p + PAGE, PAGE, RW, MAP_FIXED_NOREPLACE) == p + PAGE);
    check(p[PAGE] == 0);
}

static void test_populate(void)
{
    long before = proc_value("/proc/self/status", "VmRSS");
    char *p = map_at(NULL, MIB, RW, MAP_POPULATE);

    check(p != MAP_FAILED);
    check(proc_value("/proc/self/status", "VmRSS") - before >= 1024);
    check(all_bytes(p, 0, MIB));
    check_ok(munmap(p, MIB));
    check(proc_value("/proc/self/status", "VmRSS") - before < 128);
}

static void read_at(void *p) { *(volatile char *)p; }
static void write_at(void *p) { *(volatile char *)p = 1; }

static void test_prot_none(void)
{
    char *p = map_at(NULL, 2 * PAGE, PROT_NONE, 0);

    check(p != MAP_FAILED);
    check_killed(read_at, p, SIGSEGV);
    check_killed(write_at, p + PAGE, SIGSEGV);
    check(!readable(p) && !writable(p));
}

static void test_hint(void)
{
    char *p = map_anon(16 * PAGE);

    check_ok(munmap(p, 16 * PAGE));
    check(map_at(p + 4 * PAGE, 4 * PAGE, RW, 0) == p + 4 * PAGE);
    char *q = map_at(p + 5 * PAGE, PAGE, RW, 0); /* taken: elsewhere */
    check(q != MAP_FAILED && (q < p + 4 * PAGE || q >= p + 8 * PAGE));
    q = map_at(p + 12 * PAGE + 1234, PAGE, RW, 0);
    check(q != MAP_FAILED && (uintptr_t)q % PAGE == 0);
    q = map_at((void *)KERNEL_ADDRESS, PAGE, RW, 0); /* impossible: elsewhere */
    check(q != MAP_FAILED && (uintptr_t)q < NON_CANONICAL);
    *q = 1;
}

static void test_errors(void)
{
    char *p = map_anon(PAGE);

    check_errno(map_at(NULL, 0, RW, 0), EINVAL);
    check_errno(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
    check_errno(map_at(p + 1, PAGE, RW, MAP_FIXED), EINVAL);
    check_errno(map_at(NULL, -1UL, RW, 0), ENOMEM);
    check_errno(map_at(NULL, -PAGE, RW, MAP_NORESERVE), ENOMEM);
    check_errno(map_at(NULL, 1UL << 62, RW, MAP_NORESERVE), ENOMEM);
    check_errno(map_at((void *)KERNEL_ADDRESS, PAGE, RW, MAP_FIXED), ENOMEM);
    check_errno(map_at((void *)-PAGE, PAGE, RW, MAP_FIXED), ENOMEM);
    check_errno(mmap(NULL, PAGE, RW, MAP_PRIVATE, 999, 0), EBADF);
    check_errno(mmap(NULL, PAGE, RW, MAP_PRIVATE, 0, 1), EINVAL);
    check_errno(munmap(p + 1, PAGE), EINVAL);
    check_errno(munmap(p, 0), EINVAL);
    check_errno(munmap(p, -PAGE), EINVAL);
    check_errno(munmap((void *)KERNEL_ADDRESS, PAGE), EINVAL);
    *p = 1;
}

/* More than the machine could ever hold, and the ends of the user half. */
static void test_user_end(void)
{
    char *last = (char *)USER_END - PAGE;

    check_errno(map_at(NULL, USER_END, RW, MAP_NORESERVE), ENOMEM);
    check_errno(map_at(last, 2 * PAGE, RW, MAP_FIXED_NOREPLACE), ENOMEM);
    check_errno(map_at((void *)USER_END, PAGE, RW, MAP_FIXED), ENOMEM);
    check_errno(munmap(last, 2 * PAGE), EINVAL);
}

/* All gaps of the user half can be mapped; touching is possible at both ends of each. */
static void test_whole_half(void)
{
    uint64_t total = 0;

    for (uint64_t size = 128 * GIB; size >= 64 * KIB;) {
        char *p = map_at(NULL, size, RW, MAP_NORESERVE);
        if (p == MAP_FAILED) {
            check_int(errno, ENOMEM);
            size /= 2;
            continue;
        }
        total += size;
        if (size >= GIB)
            p[0] = p[size - 1] = 1;
    }
    check(total > 255 * GIB);
    check_errno(map_at(NULL, GIB, RW, MAP_NORESERVE), ENOMEM);
    pid_t pid = xfork();
    if (pid == 0)
        _exit(3);
    check_exit(pid, 3);
}

static void test_munmap_middle(void)
{
    char *p = map_anon(5 * PAGE);

    fill_pattern(p, 5 * PAGE, 1, 0);
    check_ok(munmap(p + 2 * PAGE, PAGE));
    check_killed(read_at, p + 2 * PAGE, SIGSEGV);
    check_int(check_pattern(p, 2 * PAGE, 1, 0), -1);
    check_int(check_pattern(p + 3 * PAGE, 2 * PAGE, 1, 3 * PAGE), -1);
    check_ok(munmap(p + 2 * PAGE, PAGE)); /* nothing there: fine */
    check_ok(munmap(p + PAGE, 1));        /* the whole page */
    check(!readable(p + PAGE) && readable(p) && readable(p + 3 * PAGE));
    check_ok(munmap(p, 5 * PAGE)); /* across the hole */
    check(!readable(p) && !readable(p + 4 * PAGE));
}

/* A gap that was freed is used again: addresses don't run away. */
static void test_reuse(void)
{
    char *first = map_anon(64 * PAGE);

    check_ok(munmap(first, 64 * PAGE));
    for (int i = 0; i < 1000; i++) {
        char *p = map_anon(64 * PAGE);
        check(p == first);
        p[i % 64 * PAGE] = 1;
        check_ok(munmap(p, 64 * PAGE));
    }
}

static void test_rlimit_as(void)
{
    struct rlimit limit;

    check_ok(getrlimit(RLIMIT_AS, &limit));
    limit.rlim_cur = 64 * MIB;
    check_ok(setrlimit(RLIMIT_AS, &limit));
    char *p = map_anon(8 * MIB);
    check_errno(map_at(NULL, 128 * MIB, RW, MAP_NORESERVE), ENOMEM);
    check_ok(munmap(p, 8 * MIB));
}

/*
 * Random maps, unmaps and protections of 48 pages against a model: for each page what protection it
 * has and which byte it holds.
 */
#define ARENA 48

struct arena {
    char *base;
    int prot[ARENA]; /* -1: not mapped */
    char byte[ARENA];
};

static void verify_arena(const struct arena *a)
{
    for (int i = 0; i < ARENA; i++) {
        char *p = a->base + i * PAGE;
        check_int(readable(p), a->prot[i] > 0);
        if (a->prot[i] > 0)
            check(p[0] == a->byte[i] && p[PAGE - 1] == a->byte[i]);
    }
}

static int is_mapped(const struct arena *a, int from, int to)
{
    for (int i = from; i < to; i++) {
        if (a->prot[i] < 0)
            return 0;
    }
    return 1;
}

static void write_pages(struct arena *a, int from, int to, char byte)
{
    for (int i = from; i < to; i++) {
        if (a->prot[i] == RW) {
            memset(a->base + i * PAGE, byte, PAGE);
            a->byte[i] = byte;
        }
    }
}

static void arena_step(struct arena *a, uint64_t *r)
{
    static const int prots[] = {PROT_NONE, PROT_READ, RW, RW};
    int from = rnd_below(r, ARENA), to = from + 1 + rnd_below(r, ARENA - from);
    int op = rnd_below(r, 4), prot = prots[rnd_below(r, 4)];
    char *p = a->base + from * PAGE;
    size_t len = (to - from) * PAGE;

    if (op == 0) {
        check(map_at(p, len, prot, MAP_FIXED) == p);
    } else if (op == 1) {
        check_ok(munmap(p, len));
        prot = -1;
    } else if (op == 2 && is_mapped(a, from, to)) {
        check_ok(mprotect(p, len, prot));
    } else {
        write_pages(a, from, to, rnd(r));
        return;
    }
    for (int i = from; i < to; i++) {
        a->prot[i] = prot;
        if (op < 2)
            a->byte[i] = 0;
    }
}

static void test_model(void)
{
    struct arena a = {.base = map_anon(ARENA * PAGE)};
    uint64_t r = test_seed;

    for (int i = 0; i < ARENA; i++)
        a.prot[i] = RW;
    for (int step = 0; step < 300; step++) {
        arena_step(&a, &r);
        if (step % 10 == 0)
            verify_arena(&a);
        if (step % 60 == 30) { /* on in a child: what it does must not matter here */
            int status;
            pid_t pid = xfork();
            if (pid == 0) {
                for (int i = 0; i < 30; i++)
                    arena_step(&a, &r);
                verify_arena(&a);
                _exit(0);
            }
            arena_step(&a, &r);
            check(waitpid(pid, &status, 0) == pid && status == 0);
        }
    }
    verify_arena(&a);
}

const struct test mmap_tests[] = {
    {"mmap.anonymous", test_anonymous},
    {"mmap.private_fork", test_private_fork},
    {"mmap.shared_fork", test_shared_fork},
    {"mmap.fixed_replaces", test_fixed_replaces},
    {"mmap.noreplace", test_noreplace, T_NATIVE},
    {"mmap.populate", test_populate, T_NATIVE},
    {"mmap.prot_none", test_prot_none},
    {"mmap.hint", test_hint},
    {"mmap.errors", test_errors},
    {"mmap.user_end", test_user_end, T_NATIVE},
    {"mmap.whole_half", test_whole_half, T_NATIVE},
    {"mmap.munmap_middle", test_munmap_middle},
    {"mmap.reuse", test_reuse, T_NATIVE},
    {"mmap.rlimit_as", test_rlimit_as, T_NATIVE},
    {"mmap.model", test_model},
    {NULL, NULL},
};
