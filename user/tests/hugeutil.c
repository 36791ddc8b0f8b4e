/* What the tests of large pages share. */
#include "hugeutil.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

long smap(const void *p, const char *name)
{
    static char text[65536];
    char *line = read_text("/proc/self/smaps", text, sizeof(text));
    unsigned long start, end;
    int inside = 0;

    for (; line && *line; line = strchr(line, '\n') + 1) {
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            inside = (uintptr_t)p >= start && (uintptr_t)p < end;
        else if (inside && strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            return atol(line + strlen(name) + 1);
    }
    test_fail(__FILE__, __LINE__, "no %s for %p in smaps", name, p);
}

long huge_kb(const void *p) { return smap(p, "AnonHugePages"); }
long vmstat(const char *name) { return proc_value("/proc/vmstat", name); }

uint64_t word_at(const char *path, uint64_t n)
{
    uint64_t value = 0;
    int fd = check_ok(open(path, O_RDONLY));

    check_int(pread(fd, &value, 8, (off_t)n * 8), 8);
    close(fd);
    return value;
}

uint64_t frame(const void *p)
{
    return word_at("/proc/self/pagemap", (uintptr_t)p / PAGE) & ((1UL << 55) - 1);
}
long map_count(const void *p) { return (long)word_at("/proc/kpagecount", frame(p)); }

char *huge_area(int n)
{
    char *p = mmap(NULL, (n + 2) * LARGE, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);

    check(p != MAP_FAILED);
    char *at = (char *)(((uintptr_t)p + LARGE - 1) & -LARGE);
    check(mmap(at, n * LARGE, RW, ANON | MAP_FIXED, -1, 0) == at);
    check_ok(madvise(at, n * LARGE, MADV_HUGEPAGE));
    return at;
}

char *huge_pages(int n, uint64_t seed)
{
    char *p = huge_area(n);

    fill_pattern(p, n * LARGE, seed, 0);
    if (huge_kb(p) != n * 2048)
        test_skip("no free block of 2 MiB");
    return p;
}

void check_kept(const char *p, uint64_t seed, size_t from, size_t to)
{
    long at = check_pattern(p + from, to - from, seed, from);

    if (at >= 0)
        test_fail(__FILE__, __LINE__, "byte %#lx of %p has changed", from + at, p);
}
