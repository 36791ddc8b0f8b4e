/*
 * What /proc tells of memory is true: smaps, pagemap, kpagecount and kpageflags agree with what a
 * program did, with each other, and with /proc/meminfo, to the page.
 *
 * mm.books is the audit under load: processes map, touch, fork, write to pipes and exit. Every now
 * and then all are stopped wherever they are, and the books must balance exactly: every frame has
 * an owner, and the shares of all processes add up to the mapped pages.
 */
#include "hugeutil.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)
#define PRESENT (1UL << 63)
#define EXCLUSIVE (1UL << 56)
#define PFN(entry) ((entry) & ((1UL << 55) - 1))

static char text[65536];

static uint64_t pagemap(const void *p)
{
    return word_at("/proc/self/pagemap", (uintptr_t)p / PAGE);
}

static void test_smaps(void)
{
    char *p = map_anon(16 * PAGE);

    check_int(smap(p, "Size"), 64);
    check_int(smap(p, "Rss"), 0);
    for (int i = 0; i < 8; i++)
        p[i * PAGE] = 1;
    (void)readable(p + 10 * PAGE); /* the zero page is nobody's */
    check_int(smap(p, "Rss"), 32);
    check_int(smap(p, "Pss"), 32);
    check_int(smap(p, "Private_Dirty"), 32);
    check_int(smap(p, "Anonymous"), 32);
    pid_t pid = xfork();
    if (pid == 0) {
        check_int(smap(p, "Rss"), 32);
        check_int(smap(p, "Pss"), 16);
        check_int(smap(p, "Shared_Dirty"), 32);
        p[0] = 2; /* a copy of one's own */
        check_int(smap(p, "Pss"), 18);
        check_int(smap(p, "Private_Dirty"), 4);
        _exit(0);
    }
    check_exit(pid, 0);
    check_int(smap(p, "Pss"), 32);
    check_ok(madvise(p, 8 * PAGE, MADV_DONTNEED));
    check_int(smap(p, "Rss"), 0);
}

/* rollup is the sum of the areas, and so are status and statm. */
static void test_rollup(void)
{
    static const char *const names[] = {"Rss", "Pss", "Private_Clean", "Private_Dirty",
                                        "Shared_Clean", "Shared_Dirty", "Anonymous", "Swap"};
    long sums[8] = {0}, size = 0;

    proc_value("/proc/self/smaps_rollup", "Rss"); /* brings in all that is used below */
    read_text("/proc/self/smaps", text, sizeof(text));
    for (char *line = read_text("/proc/self/smaps", text, sizeof(text)); *line;
         line = strchr(line, '\n') + 1) {
        for (int i = 0; i < 8; i++)
            if (strncmp(line, names[i], strlen(names[i])) == 0 && line[strlen(names[i])] == ':')
                sums[i] += atol(line + strlen(names[i]) + 1);
        if (strncmp(line, "Size:", 5) == 0)
            size += atol(line + 5);
    }
    for (int i = 0; i < 8; i++) {
        long all = proc_value("/proc/self/smaps_rollup", names[i]);
        int fraction = i == 1; /* of a KiB in each area */
        if (fraction ? all < sums[i] || all >= sums[i] + 32 : all != sums[i])
            test_fail(__FILE__, __LINE__, "%s: %ld in all, %ld in the areas", names[i], all,
                      sums[i]);
    }
    check_int(proc_value("/proc/self/status", "VmSize"), size);
    check_int(proc_value("/proc/self/status", "VmRSS"), sums[0]);
}

static void test_pagemap(void)
{
    char *p = map_anon(4 * PAGE);

    check_int(pagemap(p), 0);
    p[0] = 1;
    uint64_t entry = pagemap(p), pfn = PFN(entry);
    check((entry & PRESENT) && (entry & EXCLUSIVE) && pfn != 0);
    check_int(word_at("/proc/kpagecount", pfn), 1);
    check(word_at("/proc/kpageflags", pfn) >> 12 & 1); /* anonymous */
    pid_t pid = xfork();
    if (pid == 0) {
        check_int(PFN(pagemap(p)), pfn);
        check_int(word_at("/proc/kpagecount", pfn), 2);
        p[0] = 2;
        check(PFN(pagemap(p)) != pfn);
        check_int(word_at("/proc/kpagecount", pfn), 1);
        _exit(0);
    }
    check_exit(pid, 0);
    check_ok(munmap(p, PAGE));
    check_int(word_at("/proc/kpagecount", pfn), 0);
    int fd = check_ok(open("/proc/self/pagemap", O_RDONLY));
    check_errno(pread(fd, text, 8, 4), EINVAL);
    check_errno(pread(fd, text, 7, 0), EINVAL);
    check_int(pread(fd, text, 8, (off_t)(USER_END / PAGE * 8)), 0);
    close(fd);
}

/* ---- the audit */

enum { WORKERS = 6, ROUNDS = 12 };

static struct books { /* kB, as meminfo has them */
    long total, free, owned, transit, mapped, slab, tables, buddy_frames;
} books;

static long field(const char *name)
{
    char *at = strstr(text, name);

    check(at && at[strlen(name)] == ':');
    return atol(at + strlen(name) + 1);
}

static void read_books(struct books *b)
{
    static const char *const owners[] = {"Buffers", "Cached", "AnonPages", "Slab", "PageTables",
                                         "VmallocUsed", "PipeBuffers", "KernelFrames"};

    check(read_text("/proc/meminfo", text, sizeof(text)) != NULL);
    *b = (struct books){.total = field("MemTotal"), .free = field("MemFree"),
                        .transit = field("InTransit"), .slab = field("Slab"),
                        .tables = field("PageTables"),
                        .mapped = field("AnonPages") + field("\nMapped")};
    for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
        b->owned += field(owners[i]);
}

/* The number behind NAME of a process that may be gone: 0 then. */
static long of_process(const char *pid, const char *file, const char *name)
{
    char path[300];

    snprintf(path, sizeof(path), "/proc/%s/%s", pid, file);
    long value = proc_value(path, name);
    return value < 0 ? 0 : value;
}

static long all_pss(int *count)
{
    DIR *dir = opendir("/proc");
    long sum = 0;

    check(dir != NULL);
    *count = 0;
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        if (d->d_name[0] < '0' || d->d_name[0] > '9')
            continue;
        sum += of_process(d->d_name, "smaps_rollup", "Pss");
        ++*count;
    }
    closedir(dir);
    return sum;
}

/* Frames by what they say themselves, in kB. */
static void count_frames(long *mapped, long *buddy, long *slab, long *tables)
{
    static uint64_t flags[512];
    int fd = check_ok(open("/proc/kpageflags", O_RDONLY));
    ssize_t n;

    *mapped = *buddy = *slab = *tables = 0;
    while ((n = read(fd, flags, sizeof(flags))) > 0) {
        for (ssize_t i = 0; i < n / 8; i++) {
            if (flags[i] >> 20 & 1)
                continue;
            *mapped += (flags[i] >> 11 & 1) * 4;
            *buddy += (flags[i] >> 10 & 1) * 4;
            *slab += (flags[i] >> 7 & 1) * 4;
            *tables += (flags[i] >> 26 & 1) * 4;
        }
    }
    check_int(n, 0);
    close(fd);
}

/* Everybody else is stopped. */
static void audit(void)
{
    long pss, mapped, buddy, slab, tables;
    int processes;

    all_pss(&processes); /* these bring in what the audit itself uses, down to the text's pages */
    read_books(&books);
    read_books(&books);
    /* A thread's stack goes when its hart has switched away, which may be after its parent knew of
     * the end: what is still going is gone a moment later. */
    for (int i = 0; i < 5000 && (books.transit || books.free + books.owned != books.total); i++) {
        sleep_ms(2);
        read_books(&books);
    }
    pss = all_pss(&processes);
    check_int(books.transit, 0);
    check_int(books.free + books.owned, books.total);
    if (pss > books.mapped || pss < books.mapped - processes)
        test_fail(__FILE__, __LINE__, "%d processes: PSS %ld kB, mapped %ld kB", processes, pss,
                  books.mapped);
    count_frames(&mapped, &buddy, &slab, &tables);
    read_books(&books);
    check_int(mapped, books.mapped);
    check_int(buddy, books.free);
    check_int(tables, books.tables);
    check(slab <= books.slab); /* large blocks are not marked */
}

static void work_once(uint64_t *r)
{
    int large = rnd_below(r, 4) == 0 && ram_bytes() > 64 * MIB; /* pages of 2 MiB, lent tables */
    size_t size = (1 + rnd_below(r, 64)) * PAGE + (large ? 4 * MIB : 0);
    int flags = rnd_below(r, 4) ? MAP_PRIVATE : MAP_SHARED, pipes[2], status;
    char *p = mmap(NULL, size, RW, flags | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return;
    if (large && rnd_below(r, 2))
        madvise(p, size, MADV_HUGEPAGE);
    for (size_t i = 0; i < size; i += PAGE * (1 + rnd_below(r, 3)))
        p[i] = (char)i;
    if (rnd_below(r, 3) == 0 && pipe(pipes) == 0) {
        write(pipes[1], p, size < 16384 ? size : 16384);
        close(pipes[0]);
        close(pipes[1]);
    }
    if (rnd_below(r, 3) == 0) {
        pid_t pid = fork();
        if (pid == 0) {
            memset(p, 1, size / 2);
            _exit(0);
        }
        if (pid > 0)
            waitpid(pid, &status, 0);
    }
    munmap(p + (rnd_below(r, 2) ? 0 : size / PAGE / 2 * PAGE), size / PAGE / 2 * PAGE);
    munmap(p, size);
}

static _Noreturn void worker(uint64_t seed)
{
    for (;;)
        work_once(&seed);
}

/* Whether every process of the group that is in the list is stopped or dead. */
static int listed_stopped(pid_t group)
{
    DIR *dir = opendir("/proc");
    char path[300], state;
    int pgrp, stopped = 1;

    check(dir != NULL);
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        snprintf(path, sizeof(path), "/proc/%s/stat", d->d_name);
        if (d->d_name[0] < '0' || d->d_name[0] > '9' || !read_text(path, text, sizeof(text)))
            continue;
        char *at = strrchr(text, ')'); /* none: it has just gone */
        if (at && sscanf(at + 2, "%c %*d %d", &state, &pgrp) == 2 && pgrp == group)
            stopped &= state == 'T' || state == 'Z';
    }
    closedir(dir);
    return stopped;
}

/* Twice: a child can be born behind the list, and its parent stop before it is looked at. */
static int all_stopped(pid_t group) { return listed_stopped(group) && listed_stopped(group); }

static void test_books(void)
{
    pid_t group = 0, pids[WORKERS];
    uint64_t r = test_seed;

    for (int i = 0; i < WORKERS; i++) {
        pids[i] = xfork();
        if (pids[i] == 0)
            worker(test_seed + (uint64_t)i);
        group = group ? group : pids[i];
        check_ok(setpgid(pids[i], group));
    }
    for (int round = 0; round < ROUNDS; round++) {
        sleep_ms(10 + (int)rnd_below(&r, 40));
        check_ok(kill(-group, SIGSTOP));
        for (int i = 0; i < 5000 && !all_stopped(group); i++) {
            sleep_ms(2);
            kill(-group, SIGSTOP); /* whoever was being born */
        }
        check(all_stopped(group));
        audit();
        check_ok(kill(-group, SIGCONT));
        read_books(&books); /* while they run: no more on the way than they can hold */
        check(labs(books.transit) < WORKERS * 4096);
    }
    check_ok(kill(-group, SIGKILL));
    for (int i = 0; i < WORKERS; i++)
        check_ok(waitpid(pids[i], NULL, 0));
}

const struct test books_tests[] = {
    {"mm.smaps", test_smaps, T_NATIVE},
    {"mm.smaps_rollup", test_rollup, T_NATIVE},
    {"mm.pagemap", test_pagemap, T_NATIVE},
    {"mm.books", test_books, T_NATIVE},
    {NULL, NULL},
};
