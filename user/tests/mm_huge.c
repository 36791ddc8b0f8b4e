/*
 * Large pages: where they come, what keeps them whole, what splits them, and that no byte is lost
 * by it. smaps counts what is large in an area (AnonHugePages), /proc/vmstat what happened.
 */
#include "hugeutil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENABLED "/sys/kernel/mm/transparent_hugepage/enabled"

enum { KPF_MMAP = 11, KPF_ANON = 12, KPF_HEAD = 15, KPF_TAIL = 16, KPF_THP = 22 };

static void test_setting(void)
{
    static const char *const names[] = {"always", "madvise", "never"};
    static const char *const shown[] = {"[always] madvise never\n", "always [madvise] never\n",
                                        "always madvise [never]\n"};
    char old[64], text[64], *end;

    check(read_text(ENABLED, old, sizeof(old)) != NULL);
    for (int i = 0; i < 3; i++) {
        check_int(put_text(ENABLED, names[i]), 0);
        check_str(read_text(ENABLED, text, sizeof(text)), shown[i]);
    }
    static const char *const wrong[] = {"alway", "always1", "[always]", "always never", "0", "\n"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        check_int(put_text(ENABLED, wrong[i]), EINVAL);
    check_str(read_text(ENABLED, text, sizeof(text)), shown[2]);
    char *p = huge_area(2);
    p[0] = 1;
    check_int(huge_kb(p), 0); /* never */
    check_int(put_text(ENABLED, "always\n"), 0);
    p[LARGE] = 1;
    long always = huge_kb(p);
    check_int(smap(p, "THPeligible"), 1);
    check_ok(madvise(p, 2 * LARGE, MADV_NOHUGEPAGE));
    check_int(smap(p, "THPeligible"), 0);
    check_ok(madvise(p, 2 * LARGE, MADV_DONTNEED));
    p[0] = 1;
    check_int(huge_kb(p), 0); /* not here */
    end = strchr(strchr(old, '[') + 1, ']');
    *end = 0;
    check_int(put_text(ENABLED, strchr(old, '[') + 1), 0);
    if (always != 2048)
        test_skip("no free block of 2 MiB");
}

static void test_fault(void)
{
    char *p = huge_area(3);
    unsigned char in[PAGES];
    long born = vmstat("thp_fault_alloc");

    check_int(smap(p, "Rss"), 0);
    p[LARGE + 5 * PAGE] = 1;
    if (huge_kb(p) != 2048)
        test_skip("no free block of 2 MiB");
    check(vmstat("thp_fault_alloc") > born);
    check_int(smap(p, "Rss"), 2048);
    check_int(smap(p, "Pss"), 2048);
    check_int(smap(p, "Private_Dirty"), 2048);
    check_int(smap(p, "KernelPageSize"), 4);
    check(proc_value("/proc/meminfo", "AnonHugePages") >= 2048);
    uint64_t first = frame(p + LARGE);
    check_int(first % PAGES, 0);
    for (size_t i = 0; i < PAGES; i += 37) {
        uint64_t flags = word_at("/proc/kpageflags", first + i);
        check_int(frame(p + LARGE + i * PAGE), first + i);
        check_int(map_count(p + LARGE + i * PAGE), 1);
        check((flags >> KPF_THP & 1) && (flags >> KPF_ANON & 1) && (flags >> KPF_MMAP & 1));
        check(i ? flags >> KPF_TAIL & 1 : flags >> KPF_HEAD & 1);
    }
    check_ok(mincore(p + LARGE - 3 * PAGE, LARGE, in)); /* begins before it, and ends in it */
    for (size_t i = 0; i < PAGES; i++)
        check_int(in[i] & 1, i >= 3);
    p[LARGE + 5 * PAGE] = 0;
    check(all_bytes(p + LARGE, 0, LARGE));
    check(readable(p)); /* a read of untouched memory: the small zero page, nobody's */
    check_int(smap(p, "Rss"), 2048);
    p[1] = 1;
    check_int(smap(p, "Rss"), 2052);
    check_int(huge_kb(p), 2048);
    check_ok(munmap(p, 3 * LARGE));
}

/* Only what lies whole in the area may be large, and not without the advice. */
static void test_where(void)
{
    char *p = huge_area(2);

    check_ok(munmap(p, PAGE));
    check_ok(munmap(p + 2 * LARGE - PAGE, PAGE));
    p[PAGE] = p[LARGE] = 1;
    check_int(huge_kb(p + PAGE), 0);
    check_int(smap(p + PAGE, "Rss"), 8);
    p = huge_area(1);
    check_ok(madvise(p, LARGE, MADV_NOHUGEPAGE));
    p[0] = 1;
    check_int(smap(p, "Rss"), 4);
    p = mmap(NULL, 4 * LARGE, RW, ANON, -1, 0);
    check_int((uintptr_t)p % LARGE, 0); /* placed so that they fit */
    check_errno(madvise(p + 1, LARGE, MADV_HUGEPAGE), EINVAL);
    p = mmap(NULL, 2 * LARGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check_ok(madvise(p, 2 * LARGE, MADV_HUGEPAGE));
    memset(p, 1, 2 * LARGE); /* shared memory has none */
    check_int(huge_kb(p), 0);
}

/* The kernel's copies to and from user memory. */
static void test_copies(void)
{
    char *p = huge_area(1), buf[64] = {0};
    int fds[2];

    check_ok(pipe(fds));
    check_int(write(fds[1], "through the kernel", 18), 18);
    check_int(read(fds[0], p + 77 * PAGE - 5, 18), 18); /* the first touch */
    check_int(write(fds[1], p + 77 * PAGE - 5, 18), 18);
    check_int(read(fds[0], buf, sizeof(buf)), 18);
    check_str(buf, "through the kernel");
    check_int(smap(p, "Rss"), huge_kb(p) ? 2048 : 8);
}

/* ---- fork */

static void test_fork(void)
{
    char *p = huge_pages(2, 1);
    uint64_t first = frame(p);

    for (int round = 0; round < 2; round++) {
        long split = vmstat("thp_split_page");
        pid_t pid = xfork();
        if (pid == 0) {
            check_int(huge_kb(p), 4096); /* kept */
            check_int(frame(p), first);
            check_int(map_count(p + 3 * PAGE), 2);
            check_int(smap(p, "Pss"), 2048);
            check_int(smap(p, "Shared_Dirty"), 4096);
            p[7 * PAGE] ^= 1; /* a copy of 2 MiB, or of one page if there is no block */
            check(frame(p + 7 * PAGE) != first + 7);
            p[7 * PAGE] ^= 1;
            check_kept(p, 1, 0, 2 * LARGE);
            memset(p, 'c', LARGE);
            check_kept(p, 1, LARGE, 2 * LARGE);
            _exit(0);
        }
        check_exit(pid, 0);
        check_int(map_count(p), 1);
        check_kept(p, 1, 0, 2 * LARGE);
        p[8 * PAGE] ^= 1; /* the last owner writes in place */
        check_int(frame(p), first);
        p[8 * PAGE] ^= 1;
        if (vmstat("thp_split_page") > split)
            break; /* the child found no block for its copy */
        check_int(huge_kb(p), 4096);
    }
}

/* Parent and child write different pages of one large page, in turns. */
static void test_both_write(void)
{
    char *p = huge_pages(1, 2), byte;
    int to_child[2], to_parent[2];

    check_ok(pipe(to_child));
    check_ok(pipe(to_parent));
    pid_t pid = xfork();
    int mine = pid ? to_child[1] : to_parent[1], other = pid ? to_parent[0] : to_child[0];
    for (size_t i = 0; i < PAGES; i += 31) {
        if ((i & 1) == (pid == 0))
            memset(p + i * PAGE, pid ? 'p' : 'c', PAGE);
        check_int(write(mine, "x", 1), 1);
        check_int(read(other, &byte, 1), 1);
        if ((i & 1) != (pid == 0))
            check_kept(p, 2, i * PAGE, (i + 1) * PAGE);
    }
    for (size_t i = 0; i < PAGES; i++) {
        if (i % 31 == 0 && (i & 1) == (pid == 0))
            check(all_bytes(p + i * PAGE, pid ? 'p' : 'c', PAGE));
        else
            check_kept(p, 2, i * PAGE, (i + 1) * PAGE);
    }
    if (pid == 0)
        _exit(0);
    check_exit(pid, 0);
}

/* One of a family splits what all have; each goes on with its own. */
static void test_split_in_family(void)
{
    char *p = huge_pages(2, 3);
    pid_t kids[3];

    for (int k = 0; k < 3; k++) {
        kids[k] = xfork();
        if (kids[k])
            continue;
        if (k == 0)
            check_ok(munmap(p + 10 * PAGE, LARGE)); /* parts of both */
        if (k == 1)
            check_ok(mprotect(p + 100 * PAGE, PAGE, PROT_READ));
        check_kept(p, 3, 0, 10 * PAGE);
        check_kept(p, 3, LARGE + 10 * PAGE, 2 * LARGE);
        if (k)
            check_kept(p, 3, 0, 2 * LARGE);
        p[5 * PAGE] = (char)k;
        pid_t grand = xfork(); /* of leaves whose pages are small by now */
        if (grand == 0) {
            check_kept(p, 3, 0, 5 * PAGE);
            p[6 * PAGE] = p[2 * LARGE - PAGE] = 1;
            _exit(0);
        }
        if (k == 0)
            check(!readable(p + 10 * PAGE) && !readable(p + LARGE + 9 * PAGE));
        check_exit(grand, 0);
        check_int(p[5 * PAGE], k);
        check_kept(p, 3, 0, 5 * PAGE);
        _exit(0);
    }
    for (int k = 0; k < 3; k++)
        check_exit(kids[k], 0);
    check_kept(p, 3, 0, 2 * LARGE);
    check_int(map_count(p + 3 * PAGE), 1);
    p[0] ^= 1;
    p[0] ^= 1;
    check_kept(p, 3, 0, 2 * LARGE);
    check_int(smap(p, "Rss"), 4096);
}

const struct test huge_tests[] = {
    {"mm.huge_setting", test_setting, T_NATIVE},
    {"mm.huge_fault", test_fault, T_NATIVE},
    {"mm.huge_where", test_where, T_NATIVE},
    {"mm.huge_copies", test_copies, T_NATIVE},
    {"mm.huge_fork", test_fork, T_NATIVE},
    {"mm.huge_both_write", test_both_write, T_NATIVE},
    {"mm.huge_family", test_split_in_family, T_NATIVE},
    {NULL, NULL},
};
