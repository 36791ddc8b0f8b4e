/* Swap: pages that go out by MADV_PAGEOUT and come back. */
#include "swaputil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_round_trip(void)
{
    struct rusage before, after;
    struct sysinfo info;
    long free_pages;

    begin_swap(257);
    free_pages = swap_free();
    check_int(free_pages, 256);
    check_int(swap_total(), 256);
    long out = proc_value("/proc/vmstat", "pswpout"), in = proc_value("/proc/vmstat", "pswpin");
    long rss = proc_value("/proc/self/status", "VmRSS") / 4;
    char *p = swapped(200, 7);
    check_int(vm_swap(), 200);
    check_int(swap_free(), 56);
    check_ok(sysinfo(&info));
    check_int(info.totalswap * info.mem_unit, 256 * PAGE);
    check_int(info.freeswap * info.mem_unit, 56 * PAGE);
    check(proc_value("/proc/self/status", "VmRSS") / 4 < rss + 100);
    check_int(proc_value("/proc/vmstat", "pswpout") - out, 200);
    check_ok(getrusage(RUSAGE_SELF, &before));
    check_int(check_pattern(p, 200 * PAGE, 7, 0), -1);
    check_ok(getrusage(RUSAGE_SELF, &after));
    check(after.ru_majflt > before.ru_majflt && after.ru_majflt - before.ru_majflt < 200);
    check(proc_value("/proc/vmstat", "pswpin") - in >= 200);
    check_int(vm_swap(), 0);
    fill_pattern(p, 200 * PAGE, 8, 0); /* written: the slots are given up */
    check_int(swap_free(), 256);
    check_int(check_pattern(p, 200 * PAGE, 8, 0), -1);
    munmap(p, 200 * PAGE);
    end_swap();
    check_int(swap_total(), 0);
}

/* A page that was only read keeps its slot: the second time nothing is written. */
static void test_clean_again(void)
{
    begin_swap(513);
    char *p = swapped(64, 3);
    check_int(check_pattern(p, 64 * PAGE, 3, 0), -1);
    check_int(swap_free(), 512 - 64);
    check(proc_value("/proc/meminfo", "SwapCached") / 4 >= 64);
    long out = proc_value("/proc/vmstat", "pswpout");
    page_out(p, 64 * PAGE);
    check_int(vm_swap(), 64);
    check_int(proc_value("/proc/vmstat", "pswpout"), out);
    *(volatile char *)(p + 5 * PAGE) ^= 0;
    page_out(p, 64 * PAGE);
    check_int(proc_value("/proc/vmstat", "pswpout"), out + 1);
    check_int(check_pattern(p, 64 * PAGE, 3, 0), -1);
    munmap(p, 64 * PAGE);
    check_int(swap_free(), 512);
    end_swap();
}

static void test_freed(void)
{
    begin_swap(257);
    char *p = swapped(100, 1);
    check_ok(madvise(p, 40 * PAGE, MADV_DONTNEED));
    check_int(vm_swap(), 60);
    check_int(swap_free(), 256 - 60);
    check_int(all_bytes(p, 0, 40 * PAGE), 1);
    check_ok(munmap(p + 90 * PAGE, 10 * PAGE));
    check_int(swap_free(), 256 - 50);
    check_int(check_pattern(p + 40 * PAGE, 50 * PAGE, 1, 40 * PAGE), -1);
    pid_t pid = xfork();
    if (pid == 0) {
        swapped(50, 2);
        _exit(vm_swap() < 50);
    }
    check_exit(pid, 0);
    page_out(p, 90 * PAGE);
    check_int(check_pattern(p + 40 * PAGE, 50 * PAGE, 1, 40 * PAGE), -1);
    munmap(p, 90 * PAGE);
    check_int(swap_free(), 256);
    end_swap();
}

static void test_fork(void)
{
    begin_swap(257);
    char *p = swapped(60, 9);
    for (int round = 0; round < 3; round++) {
        pid_t pid = xfork();
        if (pid == 0) {
            check_int(vm_swap(), 60);
            check_int(check_pattern(p, 30 * PAGE, 9, 0), -1);
            fill_pattern(p + 20 * PAGE, 40 * PAGE, 10, 0);
            check_int(check_pattern(p, 20 * PAGE, 9, 0), -1);
            check_int(check_pattern(p + 20 * PAGE, 40 * PAGE, 10, 0), -1);
            _exit(0);
        }
        if (round == 1)
            fill_pattern(p, 30 * PAGE, 9, 0); /* the same again, while the child runs */
        check_exit(pid, 0);
        check_int(check_pattern(p, 60 * PAGE, 9, 0), -1);
        page_out(p, 60 * PAGE);
        check_int(vm_swap(), 60);
    }
    munmap(p, 60 * PAGE);
    check_int(swap_free(), 256);
    end_swap();
}

/* Pages that a child shares stay; each then has its own, wherever they are. */
static void test_cow(void)
{
    int to_child[2], to_parent[2];
    char byte;

    begin_swap(257);
    char *p = map_anon(32 * PAGE);
    fill_pattern(p, 32 * PAGE, 5, 0);
    check_ok(pipe(to_child));
    check_ok(pipe(to_parent));
    pid_t pid = xfork();
    if (pid == 0) {
        for (int i = 0; i < 16; i++)
            p[i * PAGE] = 'c';
        page_out(p, 32 * PAGE);
        check_int(vm_swap(), 16); /* the others are the parent's, too */
        check_int(write(to_parent[1], "x", 1), 1);
        check_int(read(to_child[0], &byte, 1), 1);
        for (int i = 0; i < 32; i++) {
            check(i >= 16 || p[i * PAGE] == 'c');
            check_int(check_pattern(p + i * PAGE + 1, PAGE - 1, 5, i * PAGE + 1), -1);
        }
        _exit(0);
    }
    check_int(read(to_parent[0], &byte, 1), 1);
    page_out(p, 32 * PAGE);
    check_int(vm_swap(), 16);
    check_int(check_pattern(p, 32 * PAGE, 5, 0), -1);
    memset(p, 'p', 32 * PAGE);
    check_int(write(to_child[1], "x", 1), 1);
    check_exit(pid, 0);
    check_int(all_bytes(p, 'p', 32 * PAGE), 1);
    munmap(p, 32 * PAGE);
    check_int(swap_free(), 256);
    end_swap();
}

static void read_byte(void *p) { *(volatile char *)p; }
static void write_byte(void *p) { *(volatile char *)p = 1; }

static void test_mprotect(void)
{
    begin_swap(257);
    char *p = swapped(48, 4);
    check_ok(mprotect(p, 16 * PAGE, PROT_NONE));
    check_ok(mprotect(p + 16 * PAGE, 16 * PAGE, PROT_READ));
    check_int(vm_swap(), 48);
    check_killed(read_byte, p, SIGSEGV);
    check_killed(write_byte, p + 16 * PAGE, SIGSEGV);
    check_int(check_pattern(p + 16 * PAGE, 32 * PAGE, 4, 16 * PAGE), -1);
    check_ok(mprotect(p, 48 * PAGE, PROT_READ | PROT_WRITE));
    check_int(check_pattern(p, 48 * PAGE, 4, 0), -1);
    fill_pattern(p, 48 * PAGE, 6, 0);
    check_int(check_pattern(p, 48 * PAGE, 6, 0), -1);
    munmap(p, 48 * PAGE);
    /* the zero page under PROT_NONE is no swap entry */
    p = map_anon(4 * PAGE);
    check_int(*(volatile char *)p, 0);
    check_ok(mprotect(p, 4 * PAGE, PROT_NONE));
    check_int(vm_swap(), 0);
    check_ok(mprotect(p, 4 * PAGE, PROT_READ | PROT_WRITE));
    check_int(all_bytes(p, 0, 4 * PAGE), 1);
    munmap(p, 4 * PAGE);
    end_swap();
}

/* Private copies of a file's pages; what was not copied stays the file's. */
static void test_private_file(void)
{
    char data[8 * PAGE];

    begin_swap(65);
    fill_pattern(data, sizeof(data), 11, 0);
    make_file("f", data, sizeof(data));
    int fd = check_ok(open("f", O_RDWR));
    char *p = mmap(NULL, sizeof(data), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    check(p != MAP_FAILED);
    memset(p + 2 * PAGE, 'm', 3 * PAGE);
    page_out(p, sizeof(data));
    check_int(vm_swap(), 3);
    pid_t pid = xfork();
    if (pid == 0)
        _exit(!all_bytes(p + 2 * PAGE, 'm', 3 * PAGE));
    check_exit(pid, 0);
    check_int(check_pattern(p, 2 * PAGE, 11, 0), -1);
    check_int(all_bytes(p + 2 * PAGE, 'm', 3 * PAGE), 1);
    page_out(p, sizeof(data));
    check_ok(ftruncate(fd, 3 * PAGE)); /* private copies beyond the end go, too */
    check_int(vm_swap() + proc_value("/proc/self/smaps_rollup", "SwapPss") / 4, 2);
    check_killed(read_byte, p + 4 * PAGE, SIGBUS);
    check_int(all_bytes(p + 2 * PAGE, 'm', PAGE), 1);
    munmap(p, sizeof(data));
    close(fd);
    end_swap();
}

/* The kernel copies to and from pages that are out. */
static void test_calls(void)
{
    int fds[2];

    begin_swap(65);
    char *p = swapped(4, 12);
    check_ok(pipe(fds));
    check_int(write(fds[1], p + 100, 3 * PAGE), 3 * PAGE);
    page_out(p, 4 * PAGE);
    check_int(read(fds[0], p + PAGE + 50, 3 * PAGE - 50), 3 * PAGE - 50);
    check_int(check_pattern(p + PAGE + 50, 3 * PAGE - 50, 12, 100), -1);
    munmap(p, 4 * PAGE);
    end_swap();
}

static void test_swapoff(void)
{
    begin_swap(257);
    char *p = swapped(150, 13), *q = swapped(20, 14);
    check_ok(mprotect(q, 20 * PAGE, PROT_NONE));
    int go[2];
    char byte;
    check_ok(pipe(go));
    pid_t pid = xfork(); /* has the same entries */
    if (pid == 0) {
        check_int(read(go[0], &byte, 1), 1);
        check_int(vm_swap(), 0);
        _exit(check_pattern(p, 150 * PAGE, 13, 0) != -1);
    }
    check_ok(swapoff(AREA));
    check_int(vm_swap(), 0);
    check_int(proc_value("/proc/meminfo", "SwapCached"), 0);
    check_int(write(go[1], "x", 1), 1);
    check_exit(pid, 0);
    check_int(check_pattern(p, 150 * PAGE, 13, 0), -1);
    check_ok(mprotect(q, 20 * PAGE, PROT_READ));
    check_int(check_pattern(q, 20 * PAGE, 14, 0), -1);
    munmap(p, 150 * PAGE);
    munmap(q, 20 * PAGE);
    check_ok(unlink(AREA));
}

/* What does not fit stays in memory. */
static void test_full(void)
{
    begin_swap(17);
    char *p = swapped(64, 15);
    check_int(vm_swap(), 16);
    check_int(swap_free(), 0);
    char *q = swapped(8, 16);
    check_int(vm_swap(), 16);
    check_int(check_pattern(p, 64 * PAGE, 15, 0), -1);
    check_int(check_pattern(q, 8 * PAGE, 16, 0), -1);
    check_int(swap_free(), 8); /* while more than half is full, pages read give up their slots */
    munmap(p, 64 * PAGE);
    munmap(q, 8 * PAGE);
    end_swap();
}

#define CHURN_PAGES 96

/* A child that finds pages [at, at + n) as its parent has them, and writes to them. */
static void churn_child(char *p, const uint64_t *pattern, unsigned at, unsigned n, int wait_for_it)
{
    pid_t pid = xfork();

    if (pid == 0) {
        page_out(p, CHURN_PAGES * PAGE);
        for (unsigned i = at; i < at + n; i++) {
            check_int(check_pattern(p + i * PAGE, PAGE, pattern[i], 0), -1);
            p[i * PAGE] = 1;
        }
        _exit(0);
    }
    if (wait_for_it)
        check_exit(pid, 0);
    else
        page_out(p, CHURN_PAGES * PAGE);
}

/* Processes that swap, fork and check, all at once, with the area going on and off. */
static void churn(uint64_t seed, int rounds)
{
    unsigned pages = CHURN_PAGES;
    char *p = map_anon(pages * PAGE);
    uint64_t pattern[CHURN_PAGES];

    for (unsigned i = 0; i < pages; i++)
        fill_pattern(p + i * PAGE, PAGE, pattern[i] = rnd(&seed), 0);
    for (int r = 0; r < rounds; r++) {
        unsigned at = rnd_below(&seed, pages), n = 1 + rnd_below(&seed, pages - at);
        switch (rnd_below(&seed, 5)) {
        case 0:
        case 1:
            page_out(p + at * PAGE, n * PAGE);
            break;
        case 2:
            for (unsigned i = at; i < at + n; i++)
                check_int(check_pattern(p + i * PAGE, PAGE, pattern[i], 0), -1);
            break;
        case 3:
            for (unsigned i = at; i < at + n; i++)
                fill_pattern(p + i * PAGE, PAGE, pattern[i] = rnd(&seed), 0);
            break;
        default:
            churn_child(p, pattern, at, n, rnd_below(&seed, 2));
        }
    }
    for (unsigned i = 0; i < pages; i++)
        check_int(check_pattern(p + i * PAGE, PAGE, pattern[i], 0), -1);
}

static void test_churn(void)
{
    pid_t pids[4];
    int status, running = 4;

    make_area(AREA, 600);
    make_area(AREA2, 300);
    check_ok(swapon(AREA, 0));
    for (int i = 0; i < 4; i++) {
        pids[i] = xfork();
        if (pids[i] == 0) {
            churn(test_seed * 4 + (uint64_t)i, 60);
            while (wait(&status) > 0)
                check_int(status, 0);
            _exit(0);
        }
    }
    for (int on = 0; running;) {
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid > 0) {
            check_int(status, 0);
            running--;
            continue;
        }
        if (on ? swapoff(AREA2) : swapon(AREA2, SWAP_FLAG_PREFER | 1))
            check_int(errno, ENOMEM);
        else
            on = !on;
        sleep_ms(5);
    }
    swapoff(AREA2);
    check_ok(swapoff(AREA));
    check_int(swap_total(), 0);
    unlink(AREA);
    unlink(AREA2);
}

const struct test swap_tests[] = {
    {"swap.round_trip", test_round_trip, T_NATIVE},
    {"swap.clean_again", test_clean_again, T_NATIVE},
    {"swap.freed", test_freed, T_NATIVE},
    {"swap.fork", test_fork, T_NATIVE},
    {"swap.cow", test_cow, T_NATIVE},
    {"swap.mprotect", test_mprotect, T_NATIVE},
    {"swap.private_file", test_private_file, T_NATIVE},
    {"swap.calls", test_calls, T_NATIVE},
    {"swap.swapoff", test_swapoff, T_NATIVE},
    {"swap.full", test_full, T_NATIVE},
    {"swap.churn", test_churn, T_NATIVE},
    {NULL, NULL},
};
