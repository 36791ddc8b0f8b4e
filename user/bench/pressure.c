// Memory under pressure: what it costs to get a frame back.
//
// reclaim: frames of a cache of clean pages, for each page. The same memory is touched for the
// first time twice: with free frames, and with the cache in all of them. The difference is the
// price of the pages that had to leave.
//
// swap: a working set of four times memory, read and written at random. Idle time (the disk's) is
// not counted. Beside it the floor: to copy two pages, and to have one page transferred.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>

#include "bench.h"

enum { PAGE = 4096, MIB = 1 << 20 };

// The number behind NAME in a file of /proc.
static uint64_t proc_value(const char *path, const char *name) {
    char line[256];
    uint64_t value = 0;
    FILE *f = fopen(path, "r");
    if (!f)
        fail(path);
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, name, strlen(name)) && strchr(": ", line[strlen(name)]))
            value = strtoull(line + strlen(name) + 1, NULL, 10);
    fclose(f);
    return value;
}

// The time of the machine's one hart that was not idle, in ns.
static uint64_t busy_ns(void) {
    char line[128];
    uint64_t ns = 0;
    FILE *f = fopen("/proc/schedstat", "r");
    while (f && fgets(line, sizeof line, f))
        sscanf(line, "cpu0 %*s %*s %*s %*s %*s %*s %lu", &ns);
    if (!ns)
        fail("/proc/schedstat");
    fclose(f);
    return ns;
}

static void drop_caches(void) {
    FILE *f = fopen("/proc/sys/vm/drop_caches", "w");
    if (!f || fputs("3", f) < 0 || fclose(f))
        fail("drop_caches");
}

static uint64_t touch(size_t size) {
    volatile char *p = map_anonymous(size);
    uint64_t start = busy_ns();
    for (size_t i = 0; i < size; i += PAGE)
        p[i] = 1;
    uint64_t took = busy_ns() - start;
    munmap((void *)p, size);
    return took;
}

static uint64_t reclaimed(void) {
    return proc_value("/proc/vmstat", "pgsteal_kswapd") +
           proc_value("/proc/vmstat", "pgsteal_direct");
}

static void reclaim(void) {
    size_t total = proc_value("/proc/meminfo", "MemTotal") * 1024, size = 24 * MIB;
    char byte;
    int fd = open("/bench.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)total)) // a hole: its pages cost no disk
        fail("/bench.tmp");
    uint64_t free_first = touch(size);
    for (size_t at = 0; at < total; at += PAGE)
        if (pread(fd, &byte, 1, (off_t)at) != 1)
            fail("pread");
    uint64_t before = reclaimed();
    uint64_t full = touch(size);
    uint64_t pages = reclaimed() - before;
    if (pages < size / PAGE / 2)
        fail("nothing was reclaimed");
    report("reclaim", full - free_first, pages);
    close(fd);
    unlink("/bench.tmp");
}

// ---- swap

static uint64_t rnd(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

// Reads and copies pages of the swap device that are not in the cache; then again, when they are.
static void floor_of(uint64_t *copy, uint64_t *request) {
    enum { N = 2000 };
    static char a[PAGE] __attribute__((aligned(PAGE))), b[PAGE] __attribute__((aligned(PAGE)));
    uint64_t start = busy_ns(), cost[2];
    int fd = open("/dev/vdb", O_RDONLY);
    if (fd < 0)
        fail("/dev/vdb");
    for (int i = 0; i < N; i++)
        memcpy(i & 1 ? a : b, i & 1 ? b : a, PAGE);
    *copy = (busy_ns() - start) / N;
    drop_caches();
    for (int round = 0; round < 2; round++) {
        start = busy_ns();
        for (uint64_t i = 0; i < N; i++)
            if (pread(fd, a, PAGE, (off_t)(1 + i * 977 % N * 2) * PAGE) != PAGE)
                fail("pread");
        cost[round] = busy_ns() - start;
    }
    *request = (cost[0] - cost[1]) / N;
    close(fd);
}

static void swap(void) {
    enum { ACCESSES = 60000 };
    uint64_t copy, request, seed = 39;
    size_t size = proc_value("/proc/meminfo", "MemTotal") * 1024 / PAGE * 4 * PAGE;
    if (access("/dev/vdb", F_OK))
        return; // a machine without the disk
    floor_of(&copy, &request);
    if (swapon("/dev/vdb", 0))
        fail("swapon /dev/vdb");
    volatile uint64_t *p = map_anonymous(size);
    for (size_t i = 0; i < size / PAGE; i++)
        p[i * (PAGE / 8)] = i;
    uint64_t start = busy_ns(), in = proc_value("/proc/vmstat", "pgmajfault");
    uint64_t read = proc_value("/proc/vmstat", "pswpin");
    uint64_t written = proc_value("/proc/vmstat", "pswpout");
    for (int n = 0; n < ACCESSES; n++) {
        size_t i = rnd(&seed) % (size / PAGE);
        if ((uint32_t)p[i * (PAGE / 8)] != i)
            fail("a page has changed");
        p[i * (PAGE / 8)] += 1UL << 32;
    }
    uint64_t took = busy_ns() - start;
    in = proc_value("/proc/vmstat", "pgmajfault") - in;
    read = proc_value("/proc/vmstat", "pswpin") - read;
    written = proc_value("/proc/vmstat", "pswpout") - written;
    report("swap_random", took, in);
    report("swap_floor", 2 * copy + request, 1);
    printf("swap: %d accesses, %lu faults that waited, %lu pages read, %lu written\n", ACCESSES, in,
           read, written);
    printf("swap: copying a page is %lu, a request %lu\n", copy, request);
    munmap((void *)p, size);
    swapoff("/dev/vdb");
}

const struct bench pressure_benches[] = {{"reclaim", reclaim}, {"swap", swap}, {NULL, NULL}};
