/* Copy-on-write: what fork shares must never show. */
#include "testutil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_values(void)
{
    char *p = map_anon(16 * PAGE);

    fill_pattern(p, 16 * PAGE, 1, 0);
    pid_t pid = xfork();
    if (pid == 0) {
        check_int(check_pattern(p, 16 * PAGE, 1, 0), -1);
        for (int i = 0; i < 16; i += 2)
            memset(p + i * PAGE, 'c', PAGE);
        for (int i = 1; i < 16; i += 2)
            check_int(check_pattern(p + i * PAGE, PAGE, 1, i * PAGE), -1);
        _exit(0);
    }
    check_exit(pid, 0);
    check_int(check_pattern(p, 16 * PAGE, 1, 0), -1);
}

/* Parent and child write in turns, told by pipes: who is first at a page varies. */
static void test_both_write(void)
{
    char *p = map_anon(32 * PAGE), byte;
    int to_child[2], to_parent[2];

    memset(p, 'o', 32 * PAGE);
    check_ok(pipe(to_child));
    check_ok(pipe(to_parent));
    pid_t pid = xfork();
    int mine = pid ? to_child[1] : to_parent[1], other = pid ? to_parent[0] : to_child[0];
    for (int i = 0; i < 32; i++) {
        if ((i & 1) == (pid == 0))
            p[i * PAGE] = pid ? 'p' : 'c';
        check_int(write(mine, "x", 1), 1);
        check_int(read(other, &byte, 1), 1);
        check_int(p[i * PAGE], (i & 1) != (pid == 0) ? 'o' : pid ? 'p' : 'c');
        p[i * PAGE + 8] = pid ? 'p' : 'c';
    }
    for (int i = 0; i < 32; i++)
        check(p[i * PAGE + 8] == (pid ? 'p' : 'c') && p[i * PAGE + 9] == 'o');
    if (pid == 0)
        _exit(0);
    check_exit(pid, 0);
}

/* The page goes to the last one that has it, whoever goes first. */
static void test_exit_orders(void)
{
    char *p = map_anon(4 * PAGE);

    for (int round = 0; round < 6; round++) {
        pid_t kids[3];
        int go[3][2];
        memset(p, 'a' + round, 4 * PAGE);
        for (int k = 0; k < 3; k++) {
            check_ok(pipe(go[k]));
            kids[k] = xfork();
            if (kids[k] == 0) {
                char byte;
                for (int i = 0; i <= k; i++)
                    close(go[i][1]);
                read(go[k][0], &byte, 1);
                check(all_bytes(p, 'a' + round, 4 * PAGE));
                memset(p, k, 4 * PAGE);
                _exit(k);
            }
            close(go[k][0]);
        }
        if (round & 1)
            memset(p, 'P', 4 * PAGE);
        for (int i = 0; i < 3; i++) {
            int k = (i + round) % 3;
            close(go[k][1]);
            check_exit(kids[k], k);
        }
        check(all_bytes(p, round & 1 ? 'P' : 'a' + round, 4 * PAGE));
    }
}

/* Each generation changes a page of its own and checks those of its ancestors. */
static void generation(char *p, int depth, int max)
{
    for (int i = 0; i < max; i++)
        check_int(p[i * PAGE], i < depth ? i + 1 : 'o');
    if (depth == max)
        return;
    p[depth * PAGE] = depth + 1;
    pid_t pid = xfork();
    if (pid == 0) {
        generation(p, depth + 1, max);
        _exit(0);
    }
    p[0] = 'x'; /* while the child looks */
    check_exit(pid, 0);
}

static void test_generations(void)
{
    char *p = map_anon(24 * PAGE);

    memset(p, 'o', 24 * PAGE);
    generation(p, 0, 24);
}

static void test_hundred_children(void)
{
    enum { KIDS = 100 };
    char *p = map_anon(8 * PAGE);
    pid_t kids[KIDS];
    int go[2];
    char byte;

    fill_pattern(p, 8 * PAGE, 9, 0);
    check_ok(pipe(go));
    for (int i = 0; i < KIDS; i++) {
        kids[i] = xfork();
        if (kids[i] == 0) {
            close(go[1]);
            read(go[0], &byte, 1); /* until all are there */
            check_int(check_pattern(p, 8 * PAGE, 9, 0), -1);
            memset(p + i % 8 * PAGE, i, PAGE);
            check(all_bytes(p + i % 8 * PAGE, i, PAGE));
            _exit(i);
        }
    }
    close(go[1]);
    for (int i = KIDS - 1; i >= 0; i--)
        check_exit(kids[i], i);
    check_int(check_pattern(p, 8 * PAGE, 9, 0), -1);
}

/* The kernel writes: it must copy like anyone else. */
static void test_kernel_writes(void)
{
    char *p = map_anon(2 * PAGE);
    int fds[2];

    memset(p, 'o', 2 * PAGE);
    check_ok(pipe(fds));
    pid_t pid = xfork();
    if (pid == 0) {
        check_int(write(fds[1], "child", 5), 5);
        check_int(read(fds[0], p + PAGE - 2, 5), 5); /* over both pages */
        check(memcmp(p + PAGE - 2, "child", 5) == 0);
        _exit(0);
    }
    check_exit(pid, 0);
    check(all_bytes(p, 'o', 2 * PAGE));
}

static void test_kernel_writes_zero(void)
{
    char *p = map_anon(2 * PAGE), *q = map_anon(2 * PAGE);
    int fds[2];

    check(p[0] == 0 && p[PAGE] == 0 && q[0] == 0); /* the zero page */
    check_ok(pipe(fds));
    check_int(write(fds[1], "dirt", 4), 4);
    check_int(read(fds[0], p + 100, 4), 4);
    check(memcmp(p + 100, "dirt", 4) == 0 && p[0] == 0 && all_bytes(p + PAGE, 0, PAGE));
    check(all_bytes(q, 0, 2 * PAGE));
    char *r = map_anon(PAGE);
    check(all_bytes(r, 0, PAGE));
}

static void test_kernel_writes_private_file(void)
{
    char data[PAGE], byte;
    int fds[2];

    fill_pattern(data, PAGE, 1, 0);
    make_file("f", data, PAGE);
    int fd = check_ok(open("f", O_RDONLY));
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    check(p[0] == data[0]);
    check_ok(pipe(fds));
    check_int(write(fds[1], "dirt", 4), 4);
    check_int(read(fds[0], p + 100, 4), 4);
    check(memcmp(p + 100, "dirt", 4) == 0);
    check_int(pread(fd, &byte, 1, 100), 1);
    check_int(byte, data[100]);
}

/* Reading untouched memory costs page tables at most. */
static void test_zero_reads(void)
{
    size_t size = ram_bytes() / 2;
    volatile char *p = map_anon(size);
    long before = proc_value("/proc/meminfo", "MemFree");

    for (size_t i = 0; i < size; i += PAGE)
        check(p[i] == 0);
    long used = before - proc_value("/proc/meminfo", "MemFree");
    check(used < (long)(size / KIB / 16));
    p[0] = 1;
    check(p[0] == 1 && p[1] == 0 && p[PAGE] == 0);
}

/* A child costs no copy of what it only reads. */
static void test_shares_frames(void)
{
    size_t size = ram_bytes() / 4;
    char *p = map_anon(size);

    memset(p, 1, size);
    for (int i = 0; i < 3; i++) {
        pid_t pid = xfork();
        if (pid == 0) {
            long before = proc_value("/proc/meminfo", "MemFree");
            for (size_t at = 0; at < size; at += PAGE)
                check(p[at] == 1);
            check(before - proc_value("/proc/meminfo", "MemFree") < (long)(size / KIB / 8));
            _exit(0);
        }
        check_exit(pid, 0);
    }
}

static long minor_faults(void)
{
    struct rusage u;

    check_ok(getrusage(RUSAGE_SELF, &u));
    return u.ru_minflt;
}

/* Who writes page after page has the next ones copied with his own, with what is in them; who does
 * not pays for what he writes. */
static void test_run(void)
{
    enum { PAGES = 200, RUN = 100, STEPS = 10 };
    char *p = map_anon(PAGES * PAGE);

    fill_pattern(p, PAGES * PAGE, 3, 0);
    pid_t pid = xfork();
    if (pid == 0) {
        long before = minor_faults(), free_kb = proc_value("/proc/meminfo", "AnonPages");
        for (int i = 0; i < STEPS; i++)
            p[(PAGES - 1 - 3 * i) * PAGE] ^= 1;
        long steps = minor_faults() - before, copied = proc_value("/proc/meminfo", "AnonPages");
        for (int i = 0; i < RUN; i++)
            p[i * PAGE] ^= 1;
        long run = minor_faults() - before - steps;
        long more = proc_value("/proc/meminfo", "AnonPages") - copied;
        for (int i = 0; i < STEPS; i++)
            p[(PAGES - 1 - 3 * i) * PAGE] ^= 1;
        for (int i = 0; i < RUN; i++)
            p[i * PAGE] ^= 1;
        check_int(check_pattern(p, PAGES * PAGE, 3, 0), -1);
        check(steps >= STEPS && steps < STEPS + 20);
        check(copied - free_kb >= STEPS * 4 && copied - free_kb < (STEPS + 12) * 4);
        check(run < RUN / 2);
        check(more >= RUN * 4 && more < (RUN + 24) * 4);
        memset(p, 0, PAGES * PAGE);
        _exit(0);
    }
    check_exit(pid, 0);
    check_int(check_pattern(p, PAGES * PAGE, 3, 0), -1);
}

/* After the others have gone, writing needs no copy; the bytes stay. */
static void test_last_owner(void)
{
    char *p = map_anon(64 * PAGE);

    fill_pattern(p, 64 * PAGE, 2, 0);
    for (int i = 0; i < 10; i++) {
        pid_t pid = xfork();
        if (pid == 0)
            _exit(0);
        check_exit(pid, 0);
        p[i * PAGE]++;
        p[i * PAGE]--;
    }
    check_int(check_pattern(p, 64 * PAGE, 2, 0), -1);
}

/* The child unmaps, remaps, protects: the parent's view does not change, and the other way round.
 */
static void test_unmaps(void)
{
    char *p = map_anon(6 * PAGE), byte;
    int go[2];

    fill_pattern(p, 6 * PAGE, 4, 0);
    check_ok(pipe(go));
    pid_t pid = xfork();
    if (pid == 0) {
        check_ok(munmap(p, 2 * PAGE));
        check_ok(mprotect(p + 2 * PAGE, PAGE, PROT_NONE));
        close(go[1]);
        read(go[0], &byte, 1);
        check_int(check_pattern(p + 3 * PAGE, 3 * PAGE, 4, 3 * PAGE), -1);
        _exit(0);
    }
    check_ok(munmap(p + 5 * PAGE, PAGE));
    memset(p + 3 * PAGE, 0, PAGE);
    close(go[1]);
    check_exit(pid, 0);
    check_int(check_pattern(p, 3 * PAGE, 4, 0), -1);
}

/* A tree of processes writes random pages, each comparing its memory with its own model. */
static void tree(char *p, unsigned char *model, int pages, uint64_t *r, int depth)
{
    pid_t kids[2];

    for (int k = 0; k < 2; k++) {
        kids[k] = -1;
        if (depth && (kids[k] = xfork()) == 0) {
            *r += k + 1;
            tree(p, model, pages, r, depth - 1);
            _exit(0);
        }
        for (int i = 0; i < 20; i++) {
            int page = rnd_below(r, pages);
            model[page] = rnd(r);
            memset(p + page * PAGE, model[page], PAGE);
        }
    }
    for (int i = 0; i < pages; i++)
        check(all_bytes(p + i * PAGE, model[i], PAGE));
    for (int k = 0; k < 2 && depth; k++)
        check_exit(kids[k], 0);
    for (int i = 0; i < pages; i++)
        check(all_bytes(p + i * PAGE, model[i], PAGE));
}

static void test_tree(void)
{
    unsigned char model[64] = {0};
    uint64_t r = test_seed;

    tree(map_anon(64 * PAGE), model, 64, &r, 4);
}

const struct test cow_tests[] = {
    {"cow.values", test_values},
    {"cow.both_write", test_both_write},
    {"cow.exit_orders", test_exit_orders},
    {"cow.generations", test_generations},
    {"cow.hundred_children", test_hundred_children},
    {"cow.kernel_writes", test_kernel_writes},
    {"cow.kernel_writes_zero", test_kernel_writes_zero},
    {"cow.kernel_writes_private_file", test_kernel_writes_private_file, T_DIRS},
    {"cow.zero_reads", test_zero_reads, T_NATIVE},
    {"cow.shares_frames", test_shares_frames, T_NATIVE},
    {"cow.run", test_run, T_NATIVE},
    {"cow.last_owner", test_last_owner},
    {"cow.unmaps", test_unmaps},
    {"cow.tree", test_tree},
    {NULL, NULL},
};
