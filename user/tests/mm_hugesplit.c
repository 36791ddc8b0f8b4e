/*
 * Large pages that are needed in part: munmap, mprotect, mremap, madvise, mlock, swap-out, and
 * memory without another block. And all at once, at random.
 */
#include "hugeutil.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_munmap(void)
{
    long before = proc_value("/proc/meminfo", "AnonHugePages");
    char *p = huge_pages(3, 4);
    long split = vmstat("thp_split_page"), rss = smap(p, "Rss");

    check_int(proc_value("/proc/meminfo", "AnonHugePages"), before + 3 * 2048);
    check_ok(munmap(p + LARGE, LARGE)); /* a whole one */
    check_int(huge_kb(p), 2048);
    check_int(vmstat("thp_split_page"), split);
    check_int(rss, 3 * 2048);
    check_ok(munmap(p + LARGE - PAGE, 2 * PAGE)); /* the end of a VMA */
    check_int(huge_kb(p), 0);
    check_int(smap(p, "Rss"), 2044);
    check_int(proc_value("/proc/meminfo", "AnonHugePages"), before + 2048); /* the third */
    check_kept(p, 4, 0, LARGE - PAGE);
    check_ok(munmap(p + 2 * LARGE, PAGE)); /* its beginning */
    check_int(smap(p + 3 * LARGE - PAGE, "Rss"), 2044);
    check_kept(p, 4, 2 * LARGE + PAGE, 3 * LARGE);
    check_ok(munmap(p + 50 * PAGE, 50 * PAGE)); /* a hole */
    check_kept(p, 4, 0, 50 * PAGE);
    check_kept(p, 4, 100 * PAGE, LARGE - PAGE);
    check(!readable(p + 50 * PAGE) && !readable(p + 99 * PAGE));
    check(vmstat("thp_split_page") >= split + 2);
    check_ok(munmap(p, 3 * LARGE));
    check_int(proc_value("/proc/meminfo", "AnonHugePages"), before);
}

static void test_mprotect(void)
{
    char *p = huge_pages(3, 5);

    check_ok(mprotect(p, 2 * LARGE, PROT_READ)); /* whole ones stay */
    check_int(huge_kb(p), 4096);
    check(!writable(p + 3 * PAGE) && readable(p + 3 * PAGE));
    check_ok(mprotect(p, LARGE, PROT_NONE));
    check_int(huge_kb(p), 2048);
    check(!readable(p + PAGE));
    check_ok(mprotect(p, 2 * LARGE, RW));
    check_int(huge_kb(p), 6144);
    check_kept(p, 5, 0, 3 * LARGE);
    uint64_t first = frame(p);
    p[9 * PAGE] ^= 1;
    check_int(frame(p + PAGE), first + 1); /* in place */
    p[9 * PAGE] ^= 1;
    check_ok(mprotect(p + LARGE - PAGE, 2 * PAGE, PROT_READ));
    check_int(smap(p, "Rss") + smap(p + LARGE, "Rss") + smap(p + LARGE + PAGE, "Rss"), 3 * 2048);
    check_int(huge_kb(p + LARGE + PAGE), 2048); /* the third */
    check(!writable(p + LARGE) && writable(p + LARGE + PAGE) && writable(p));
    memset(p, 0, 1);
    fill_pattern(p, 2 * PAGE, 5, 0);
    check_ok(mprotect(p, 3 * LARGE, RW));
    fill_pattern(p + LARGE, 2 * PAGE, 5, LARGE); /* writable() wrote there */
    check_kept(p, 5, 0, 3 * LARGE);
}

static void test_mremap(void)
{
    char *p = huge_pages(2, 6), *to = huge_area(4);

    check(mremap(p, 2 * LARGE, 2 * LARGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
    check_int(huge_kb(to), 4096); /* aligned: moved as it is */
    check_kept(to, 6, 0, 2 * LARGE);
    pid_t pid = xfork(); /* the reverse map knows where it is */
    if (pid == 0) {
        to[0] ^= 1;
        _exit(0);
    }
    check_exit(pid, 0);
    p = huge_area(4);
    check(mremap(to, 2 * LARGE, 2 * LARGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 7 * PAGE) ==
          p + 7 * PAGE);
    check_int(smap(p + 7 * PAGE, "Rss"), 4096);
    check_int(huge_kb(p + 7 * PAGE), 0);
    check_kept(p + 7 * PAGE, 6, 0, 2 * LARGE);
    check(mremap(p + 7 * PAGE, 2 * LARGE, PAGE, 0) == p + 7 * PAGE);
    check_kept(p + 7 * PAGE, 6, 0, PAGE);
    p = huge_pages(1, 7);
    check(mremap(p + PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to); /* a part */
    check_int(check_pattern(to, PAGE, 7, PAGE), -1);
    check_kept(p, 7, 2 * PAGE, LARGE);
    check(!readable(p + PAGE));
}

static void test_madvise(void)
{
    char *p = huge_pages(3, 8);

    check_ok(madvise(p, LARGE, MADV_DONTNEED)); /* whole */
    check_int(huge_kb(p), 4096);
    check_ok(madvise(p + LARGE + 4 * PAGE, 8 * PAGE, MADV_DONTNEED));
    check_int(huge_kb(p), 2048);
    check_int(smap(p, "Rss"), 4096 - 32);
    check(all_bytes(p, 0, LARGE));
    check(all_bytes(p + LARGE + 4 * PAGE, 0, 8 * PAGE));
    check_kept(p, 8, LARGE, LARGE + 4 * PAGE);
    check_kept(p, 8, LARGE + 12 * PAGE, 3 * LARGE);
    check_ok(madvise(p + 2 * LARGE, LARGE, MADV_COLD));
    check_int(huge_kb(p), 2048);
    check_ok(madvise(p + 2 * LARGE + PAGE, PAGE, MADV_FREE));
    check_int(huge_kb(p), 0);
    check_kept(p, 8, 2 * LARGE + 2 * PAGE, 3 * LARGE);
}

static void test_lock(void)
{
    long before = proc_value("/proc/meminfo", "Mlocked");
    char *p = huge_pages(2, 9);

    check_ok(mlock(p, 2 * LARGE));
    check_int(huge_kb(p), 4096);
    check_int(proc_value("/proc/meminfo", "Mlocked"), before + 4096);
    check_int(smap(p, "Locked"), 4096);
    check_ok(munlock(p + PAGE, LARGE - PAGE)); /* all but a page of the first */
    check_int(proc_value("/proc/meminfo", "Mlocked"), before + 2048 + 4);
    check_ok(munlock(p, LARGE + PAGE));
    check_int(proc_value("/proc/meminfo", "Mlocked"), before + 2044);
    check_kept(p, 9, 0, 2 * LARGE);
    check_ok(munmap(p, 2 * LARGE));
    check_int(proc_value("/proc/meminfo", "Mlocked"), before);
    p = huge_area(1);
    check_ok(mlock(p, LARGE)); /* born locked */
    check_int(proc_value("/proc/meminfo", "Mlocked"), before + 2048);
    check_ok(munmap(p, LARGE));
    check_int(proc_value("/proc/meminfo", "Mlocked"), before);
}

/* ---- swap */

static void test_pageout(void)
{
    begin_swap(1200);
    char *p = huge_pages(2, 10);
    page_out(p + 5 * PAGE, LARGE); /* parts of both */
    check_int(huge_kb(p), 0);
    check_int(vm_swap(), PAGES);
    check_int(smap(p, "Rss"), 2048);
    check_kept(p, 10, 0, 2 * LARGE);
    page_out(p, 2 * LARGE);
    pid_t pid = xfork();
    if (pid == 0) {
        check_kept(p, 10, 0, 2 * LARGE);
        _exit(0);
    }
    check_exit(pid, 0);
    check_kept(p, 10, 0, 2 * LARGE);
    check_ok(munmap(p, 2 * LARGE));
    end_swap();
}

/* A word of each page. */
static void mark(char *p, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        *(uint64_t *)(p + i * PAGE + i % 512 * 8) = ~i;
}
static void check_marks(const char *p, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        check_int(*(const uint64_t *)(p + i * PAGE + i % 512 * 8), ~i);
}

/* More than there is: reclaim splits them and swaps what comes of it, shared ones too. */
static void test_reclaim(void)
{
    size_t free = (size_t)proc_value("/proc/meminfo", "MemFree") * KIB, n = free / LARGE * 3 / 4;
    long split = vmstat("thp_split_page");

    n = n < 3 ? n : 3;
    if (ram_bytes() > 64 * MIB || n < 2)
        test_skip("needs a small machine: MEM=32M");
    begin_swap((unsigned)((n + 1) * PAGES));
    char *p = huge_area((int)n);
    mark(p, n * PAGES);
    if (huge_kb(p) == 0) {
        end_swap();
        test_skip("no free block of 2 MiB");
    }
    pid_t pid = xfork();
    if (pid == 0) {
        free = (size_t)proc_value("/proc/meminfo", "MemFree") * KIB + n / 2 * LARGE;
        mark(map_anon(free), free / PAGE);
        check(huge_kb(p) < (long)n * 2048); /* the oldest, so they went first */
        check_marks(p, n * PAGES);
        p[0] = 1;
        _exit(0);
    }
    check_exit(pid, 0);
    check(vmstat("thp_split_page") > split);
    check_marks(p, n * PAGES);
    check_ok(munmap(p, n * LARGE));
    end_swap();
}

/* ---- no block */

static long large_blocks(void)
{
    unsigned long n9 = 0, n10 = 0, sum = 0;
    char text[512];

    for (char *at = read_text("/proc/buddyinfo", text, sizeof(text)); *at;
         at = strchr(at, '\n') + 1) {
        check_int(sscanf(at, "Node 0, zone %*s %*u %*u %*u %*u %*u %*u %*u %*u %*u %lu %lu", &n9,
                         &n10), 2);
        sum += n9 + n10;
    }
    return (long)sum;
}

/* Takes small pages until no block of 2 MiB is left, and gives every other one back. */
static void fragment(void)
{
    size_t len = ram_bytes();
    char *p = mmap(NULL, len, RW, ANON | MAP_NORESERVE, -1, 0);

    check(p != MAP_FAILED);
    check_ok(madvise(p, len, MADV_NOHUGEPAGE));
    size_t used = 0;
    while (used < len && large_blocks() > 0)
        for (int i = 0; i < 64; i++, used += PAGE)
            p[used] = 1;
    for (size_t i = 0; i < used; i += 2 * PAGE)
        check_ok(madvise(p + i, PAGE, MADV_DONTNEED));
}

static void test_no_block(void)
{
    char *old = huge_pages(1, 12), *p = huge_area(2);

    pid_t pid = xfork();
    if (pid == 0) {
        fragment();
        long failed = vmstat("thp_fault_fallback");
        fill_pattern(p, LARGE, 13, 0);
        if (large_blocks() > 0)
            _exit(7); /* somebody else gave one back */
        check_int(huge_kb(p), 0);
        check_int(smap(p, "Rss"), 2048);
        check(vmstat("thp_fault_fallback") > failed);
        check_kept(p, 13, 0, LARGE);
        old[3 * PAGE] ^= 1; /* copy-on-write without a block: split */
        check_int(huge_kb(old), 0);
        check_int(smap(old, "Private_Dirty"), 4);
        old[3 * PAGE] ^= 1;
        check_kept(old, 12, 0, LARGE);
        _exit(0);
    }
    int status;
    check_int(waitpid(pid, &status, 0), pid);
    check(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 7));
    check_kept(old, 12, 0, LARGE);
    old[0] ^= 1;
    check_int(map_count(old + PAGE), 1);
    if (WEXITSTATUS(status) == 7)
        test_skip("memory is not fragmented");
}

/* One allocation in three is refused: the block, the table for its split, the small copy. */
static void test_refused(void)
{
    char *p = huge_pages(2, 14), *fresh = huge_area(1), *small = map_anon(16 * PAGE);
    int knob = check_ok(open("/proc/sys/vm/failalloc", O_WRONLY));
    long failed = vmstat("thp_fault_fallback");

    for (int i = 0; i < 9; i++) {
        pid_t pid = xfork();
        if (pid == 0) {
            small[0] = 1;
            check_int(pwrite(knob, "3", 1, 0), 1);
            for (int k = 1; k <= i; k++) /* another one of the three each time */
                small[k * PAGE] = 1;
            p[i * PAGE] ^= 1;
            fresh[i * PAGE] = 1;
            p[LARGE + i * PAGE] ^= 1;
            while (pwrite(knob, "0", 1, 0) != 1)
                continue;
            p[i * PAGE] ^= 1;
            p[LARGE + i * PAGE] ^= 1;
            fresh[i * PAGE] = 0;
            check_kept(p, 14, 0, 2 * LARGE);
            check(all_bytes(fresh, 0, LARGE));
            _exit(0);
        }
        check_exit(pid, 0);
    }
    check(vmstat("thp_fault_fallback") >= failed + 9);
    check_kept(p, 14, 0, 2 * LARGE);
    close(knob);
}

/* ---- all at once */

enum { AREA_PAGES = 3 * PAGES };

static void set_range(char *p, unsigned char *want, uint64_t *r, unsigned from, unsigned n)
{
    unsigned char byte = (unsigned char)(1 + rnd_below(r, 255));

    for (unsigned i = from; i < from + n; i++) {
        p[i * PAGE] = (char)byte;
        want[i] = byte;
    }
}

static void step(char *p, unsigned char *want, uint64_t *r, int depth);

static void check_all(const char *p, const unsigned char *want)
{
    for (unsigned i = 0; i < AREA_PAGES; i++)
        if ((unsigned char)p[i * PAGE] != want[i])
            test_fail(__FILE__, __LINE__, "page %u is %d, not %d (seed %lu)", i,
                      (unsigned char)p[i * PAGE], want[i], test_seed);
}

static void in_child(char *p, unsigned char *want, uint64_t *r, int depth)
{
    pid_t pid = xfork();

    if (pid == 0) {
        for (int i = 0; i < 10; i++)
            step(p, want, r, depth + 1);
        check_all(p, want);
        _exit(0);
    }
    if (rnd_below(r, 2)) {
        unsigned from = (unsigned)rnd_below(r, AREA_PAGES - 8);
        set_range(p, want, r, from, 8);
    }
    check_exit(pid, 0);
}

static void step(char *p, unsigned char *want, uint64_t *r, int depth)
{
    unsigned from = (unsigned)rnd_below(r, AREA_PAGES);
    unsigned n = 1 + (unsigned)rnd_below(r, rnd_below(r, 2) ? 8 : PAGES);

    if (rnd_below(r, 4) == 0) { /* whole large pages */
        from = from / PAGES * PAGES;
        n = PAGES;
    }
    n = n < AREA_PAGES - from ? n : AREA_PAGES - from;
    char *at = p + from * PAGE;
    switch (rnd_below(r, 8)) {
    case 0:
        check_ok(madvise(at, n * PAGE, MADV_DONTNEED));
        memset(want + from, 0, n);
        break;
    case 1:
        check(mmap(at, n * PAGE, RW, ANON | MAP_FIXED, -1, 0) == at);
        check_ok(madvise(at, n * PAGE, MADV_HUGEPAGE));
        memset(want + from, 0, n);
        break;
    case 2:
        check_ok(mprotect(at, n * PAGE, rnd_below(r, 2) ? PROT_READ : PROT_NONE));
        check_ok(mprotect(at, n * PAGE, RW));
        break;
    case 3:
        check_ok(madvise(at, n * PAGE, MADV_PAGEOUT));
        break;
    case 4:
        if (depth < 2)
            in_child(p, want, r, depth);
        break;
    default:
        set_range(p, want, r, from, n);
    }
}

static void test_random(void)
{
    unsigned char want[AREA_PAGES] = {0};
    uint64_t r = test_seed;

    begin_swap(AREA_PAGES * 2);
    char *p = huge_area(3);
    for (int i = 0; i < 150; i++) {
        step(p, want, &r, 0);
        if (i % 10 == 0)
            check_all(p, want);
    }
    check_all(p, want);
    check_ok(munmap(p, 3 * LARGE));
    end_swap();
}

const struct test hugesplit_tests[] = {
    {"mm.huge_munmap", test_munmap, T_NATIVE},
    {"mm.huge_mprotect", test_mprotect, T_NATIVE},
    {"mm.huge_mremap", test_mremap, T_NATIVE},
    {"mm.huge_madvise", test_madvise, T_NATIVE},
    {"mm.huge_lock", test_lock, T_NATIVE},
    {"mm.huge_pageout", test_pageout, T_NATIVE},
    {"mm.huge_reclaim", test_reclaim, T_NATIVE},
    {"mm.huge_no_block", test_no_block, T_NATIVE},
    {"mm.huge_refused", test_refused, T_NATIVE},
    {"mm.huge_random", test_random, T_NATIVE},
    {NULL, NULL},
};
