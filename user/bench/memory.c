// Address spaces: fork with memory, first touch, brk, mmap, mapped files, many VMAs.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { PAGE = 4096, MIB = 1 << 20 };

static void touch(volatile char *p, size_t size) {
    for (size_t i = 0; i < size; i += PAGE)
        p[i] = 1;
}

// fork, exit and wait with so much memory resident, of which the child writes `child` bytes. Each
// time the parent has used all of it since the fork before.
static void fork_with(const char *name, size_t size, size_t child) {
    enum { N = 5 };
    char *p = map_anonymous(size);
    uint64_t took = 0;
    for (int i = 0; i < N; i++) {
        touch(p, size);
        uint64_t start = now_ns();
        pid_t pid = fork();
        if (pid == 0) {
            touch(p, child);
            _exit(0);
        }
        waitpid(pid, NULL, 0);
        took += now_ns() - start;
    }
    report(name, took, N);
    munmap(p, size);
}

static void fork_16m(void) {
    fork_with("fork_16m", 16 * MIB, 0);
    fork_with("fork_touch_16m", 16 * MIB, 16 * MIB);
}

// On machines where there is room for it.
static void fork_1g(void) {
    size_t size = 1UL << 30;
    if ((size_t)sysconf(_SC_PHYS_PAGES) > 2 * size / PAGE)
        fork_with("fork_1g", size, 0);
}

// The same with 2 MiB pages, if they may be asked for.
static void first_touch_huge(void) {
    char *p = map_anonymous(18 * MIB), *at = (char *)(((uintptr_t)p + 2 * MIB - 1) & -(2UL * MIB));
    if (madvise(at, 16 * MIB, MADV_HUGEPAGE))
        fail("madvise");
    uint64_t start = now_ns();
    touch(at, 16 * MIB);
    uint64_t touched = now_ns();
    report("touch_huge", touched - start, 16 * MIB / PAGE);
    start = now_ns();
    munmap(p, 18 * MIB);
    report("free_huge", now_ns() - start, 16 * MIB / PAGE);
}

static void first_touch(void) {
    char *p = map_anonymous(16 * MIB);
    uint64_t start = now_ns();
    touch(p, 16 * MIB);
    uint64_t touched = now_ns();
    munmap(p, 16 * MIB);
    uint64_t freed = now_ns();
    report("touch_mmap", touched - start, 16 * MIB / PAGE);
    report("free_mmap", freed - touched, 16 * MIB / PAGE);

    char *heap = sbrk(8 * MIB);
    start = now_ns();
    touch(heap, 8 * MIB);
    touched = now_ns();
    sbrk(-8 * MIB);
    freed = now_ns();
    report("touch_brk", touched - start, 8 * MIB / PAGE);
    report("free_brk", freed - touched, 8 * MIB / PAGE);
}

// Up and down apart: reading the clock costs as much as a call, so it is measured and taken off.
static void brk_64m(void) {
    enum { N = 1000 };
    uint64_t up = 0, down = 0, clock = 0;
    for (int i = 0; i < N; i++) {
        uint64_t start = now_ns();
        if (sbrk(64 * MIB) == (void *)-1)
            fail("sbrk");
        uint64_t grown = now_ns();
        sbrk(-64 * MIB);
        uint64_t shrunk = now_ns();
        up += grown - start;
        down += shrunk - grown;
        clock += now_ns() - shrunk;
    }
    report("brk_64m", up - clock, N);
    report("brk_64m_down", down - clock, N);
}

static void mmap_1m(void) {
    enum { N = 100 };
    uint64_t start = now_ns();
    for (int i = 0; i < N; i++)
        munmap(map_anonymous(MIB), MIB);
    report("mmap_1m", now_ns() - start, N);
}

static void mapped_file(void) {
    static char buf[PAGE];
    int fd = open("/bench.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        fail("/bench.tmp");
    for (int i = 0; i < 4 * MIB / PAGE; i++)
        if (write(fd, buf, PAGE) != PAGE)
            fail("write");
    volatile char *p = mmap(NULL, 4 * MIB, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        fail("mmap");
    char sum = 0;
    uint64_t start = now_ns();
    for (size_t i = 0; i < 4 * MIB; i += PAGE)
        sum += p[i];
    report("map_file", now_ns() - start, 4 * MIB / PAGE);
    munmap((void *)p, 4 * MIB);
    close(fd);
    unlink("/bench.tmp");
    (void)sum;
}

// First touches in the last VMA of n: alternating protections keep them apart.
static uint64_t fault_among(size_t n) {
    enum { FAULTS = 256 };
    char *p = map_anonymous((n + FAULTS) * PAGE);
    for (size_t i = 0; i < n; i += 2)
        if (mprotect(p + i * PAGE, PAGE, PROT_READ))
            fail("mprotect");
    volatile char *target = p + n * PAGE;
    uint64_t start = now_ns();
    touch((char *)target, FAULTS * PAGE);
    uint64_t took = now_ns() - start;
    munmap(p, (n + FAULTS) * PAGE);
    return took / FAULTS;
}

static void many_vmas(void) {
    report("fault_10_vmas", fault_among(10), 1);
    report("fault_10000_vmas", fault_among(10000), 1);
}

const struct bench memory_benches[] = {
    {"fork_16m", fork_16m}, {"fork_1g", fork_1g},       {"touch", first_touch},
    {"touch_huge", first_touch_huge}, {"brk_64m", brk_64m}, {"mmap_1m", mmap_1m},
    {"map_file", mapped_file}, {"fault_vmas", many_vmas}, {NULL, NULL},
};
