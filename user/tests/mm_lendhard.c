/* Lent page tables in the hard cases: swap, reclaim, races, and no memory for a copy. */
#include "lendutil.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define FAILALLOC "/proc/sys/vm/failalloc"

/* Swap entries and zero pages among the pages of lent tables. */
static void test_swapped(void)
{
    begin_swap(1025);
    char *p = lendable(0, 5);
    check_ok(munmap(p + TABLE, SIZE - TABLE));
    page_out(p, 300 * PAGE);
    check_ok(madvise(p + 300 * PAGE, 20 * PAGE, MADV_DONTNEED));
    check(p[301 * PAGE] == 0 && p[302 * PAGE] == 0);
    long out = vm_swap(), used = swap_total() - swap_free();
    check_int(out, 300);
    pid_t pid = xfork();
    if (pid == 0) {
        check_int(vm_swap(), out);
        check_int(swap_total() - swap_free(), used);
        check_int(proc_value("/proc/self/smaps_rollup", "Swap") / 4, out);
        pid_t grandchild = xfork();
        if (grandchild == 0) {
            check_pages(p, 300 * PAGE, 5, 0);
            check_int(vm_swap(), 0);
            check(p[302 * PAGE] == 0);
            p[302 * PAGE] = 1;
            fill_pages(p, 300 * PAGE, 6, 0);
            _exit(0);
        }
        check_exit(grandchild, 0);
        check_int(vm_swap(), out);
        check_pages(p, 10 * PAGE, 5, 0);
        _exit(0);
    }
    check_exit(pid, 0);
    check_int(vm_swap(), out);
    check(p[302 * PAGE] == 0);
    pid = xfork();
    if (pid == 0) {
        pause();
        _exit(1);
    }
    end_swap(); /* what is in a table that both have must come back for both */
    check_int(vm_swap(), 0);
    check_pages(p, 300 * PAGE, 5, 0);
    check_ok(kill(pid, SIGKILL));
    check_int(waitpid(pid, NULL, 0), pid);
}

static long of(pid_t pid, const char *file, const char *name)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    return proc_value(path, name);
}

/* Memory runs short: the pages of lent tables go out under all who share them. */
static void test_reclaimed(void)
{
    enum { KIDS = 2 };
    size_t size = (ram_bytes() / 4) & -TABLE, hog = ram_bytes() / 8 * 7;
    int go[KIDS][2];
    pid_t pids[KIDS + 1];

    if (size < 2 * TABLE || size > 8 * TABLE)
        test_skip("for 20 to 70 MiB of memory");
    begin_swap((unsigned)(2 * size / PAGE));
    char *p = map_anon(size);
    fill_pages(p, size, 7, 0);
    for (int i = 0; i < KIDS; i++) {
        check_ok(pipe(go[i]));
        pids[i] = xfork();
        if (pids[i] == 0) {
            await(go[i]);
            check_pages(p, size, 7, 0);
            fill_pages(p, size, (uint64_t)i + 8, 0);
            check_pages(p, size, (uint64_t)i + 8, 0);
            _exit(0);
        }
    }
    pids[KIDS] = xfork();
    if (pids[KIDS] == 0) {
        check_ok(munmap(p, size));
        p = map_anon(hog);
        for (size_t at = 0; at < hog; at += PAGE)
            p[at] = 1;
        _exit(0);
    }
    check_exit(pids[KIDS], 0);
    for (int i = 0; i < KIDS; i++) {
        long swap = of(pids[i], "status", "VmSwap"), rss = of(pids[i], "status", "RssAnon");
        check(swap > (long)(size / KIB / 4));
        check_int(of(pids[i], "smaps_rollup", "Swap"), swap);
        check_int(of(pids[i], "smaps_rollup", "Anonymous"), rss);
        check(swap + rss >= (long)(size / KIB));
    }
    for (int i = 0; i < KIDS; i++) {
        tell(go[i]);
        check_exit(pids[i], 0);
    }
    check_pages(p, size, 7, 0);
    check_ok(munmap(p, size));
    end_swap();
}

/* A thread of this address space: fn(arg) on the stack that ends at top, then its end. */
static long thread_start(void *top, void (*fn)(void *), void *arg)
{
    register long a0 __asm__("a0") = CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD;
    register void *a1 __asm__("a1") = top;
    register long a2 __asm__("a2") = 0, a3 __asm__("a3") = 0, a4 __asm__("a4") = 0;
    register long a7 __asm__("a7") = SYS_clone;
    register void *s1 __asm__("s1") = arg, *s2 __asm__("s2") = (void *)fn;

    __asm__ volatile("ecall\n"
                     "bnez a0, 1f\n"
                     "mv a0, s1\n"
                     "jalr s2\n"
                     "li a0, 0\n"
                     "li a7, %[exit]\n"
                     "ecall\n"
                     "1:"
                     : "+r"(a0)
                     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7), "r"(s1), "r"(s2),
                       [exit] "i"(SYS_exit)
                     : "memory", "ra", "t0", "t1");
    return a0;
}

#define RACES 12

static volatile int start_flag, failures;

struct racer {
    char *p;
    int first, step, byte; /* each thread has a byte of its own in each table */
};

static void race(void *arg)
{
    const struct racer *r = arg;

    while (!start_flag)
        sched_yield();
    for (int i = 0; i < TABLES; i++) {
        size_t at = (size_t)((r->first + i * r->step + TABLES) % TABLES) * TABLE;
        if (check_pattern(r->p + at + PAGE, 64, 1, at + PAGE) != -1)
            failures = 1;
        r->p[at + r->byte]++;
    }
}

/* Two threads of each of two address spaces come to the same tables at once. */
static void race_side(char *p)
{
    static char stacks[2][8192];
    struct racer racers[2] = {{p, 0, 1, 0}, {p, TABLES - 1, -1, 8}};
    int status;
    long pids[2];

    start_flag = 0;
    for (int i = 0; i < 2; i++)
        pids[i] = check_ok(thread_start(stacks[i] + sizeof(stacks[i]), race, &racers[i]));
    start_flag = 1;
    for (int i = 0; i < 2; i++) {
        check_int(waitpid((pid_t)pids[i], &status, 0), pids[i]);
        check_int(status, 0);
    }
    check_int(failures, 0);
}

static void test_races(void)
{
    char *p = lendable(0, 1);

    for (int round = 0; round < RACES; round++) {
        pid_t pid = xfork();
        race_side(p);
        if (pid == 0)
            _exit(0);
        check_exit(pid, 0);
    }
    for (int i = 0; i < TABLES; i++) {
        char want[16];
        fill_pattern(want, sizeof(want), 1, i * TABLE);
        want[0] += RACES;
        want[8] += RACES;
        check(memcmp(want, p + i * TABLE, sizeof(want)) == 0);
    }
}

/* A table that cannot be copied: the call fails and nothing has changed. */
static void test_no_memory(void)
{
    char *p = lendable(0, 1);
    int failed = 0, knob = check_ok(open(FAILALLOC, O_WRONLY));

    pid_t pid = xfork();
    if (pid == 0) {
        for (int i = 0; i < 200 && !failed; i++) {
            pid_t sharer = xfork();
            if (sharer == 0)
                for (;;)
                    pause();
            check_int(pwrite(knob, "2", 1, 0), 1);
            failed = mprotect(p + PAGE, PAGE, PROT_READ) == -1 && errno == ENOMEM;
            check_int(pwrite(knob, "0", 1, 0), 1);
            if (failed)
                p[PAGE] = p[PAGE]; /* may be written as before */
            check_ok(mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE));
            check_ok(kill(sharer, SIGKILL));
            check_int(waitpid(sharer, NULL, 0), sharer);
        }
        check(failed);
        check_pages(p, SIZE, 1, 0);
        _exit(0);
    }
    check_exit(pid, 0);
    check_pages(p, SIZE, 1, 0);
}

const struct test lendhard_tests[] = {
    {"lend.swapped", test_swapped, T_NATIVE},
    {"lend.reclaimed", test_reclaimed, T_NATIVE},
    {"lend.races", test_races, T_NATIVE},
    {"lend.no_memory", test_no_memory, T_NATIVE},
    {NULL, NULL},
};