/* mremap and mincore. */
#include "swaputil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)
#define TABLE (2 * MIB) /* what one page table maps */

/* An address with len free bytes, aligned to a page table's reach, and off more. */
static char *free_place(size_t len, size_t off)
{
    char *p = mmap(NULL, len + 2 * TABLE, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);

    check(p != MAP_FAILED);
    check_ok(munmap(p, len + 2 * TABLE));
    return (char *)(((uintptr_t)p + TABLE - 1) & -TABLE) + off;
}

static char *map_fixed(char *at, size_t len)
{
    check(mmap(at, len, RW, ANON | MAP_FIXED, -1, 0) == at);
    return at;
}

static void read_at(void *p) { *(volatile char *)p; }

static void test_shrink_grow(void)
{
    char *p = map_fixed(free_place(8 * PAGE, 0), 4 * PAGE);

    fill_pattern(p, 4 * PAGE, 1, 0);
    check(mremap(p, 4 * PAGE, 2 * PAGE, 0) == p);
    check_int(check_pattern(p, 2 * PAGE, 1, 0), -1);
    check(!readable(p + 2 * PAGE));
    check(mremap(p, 2 * PAGE, 6 * PAGE, 0) == p); /* what was given up is not there again */
    check_int(check_pattern(p, 2 * PAGE, 1, 0), -1);
    check(all_bytes(p + 2 * PAGE, 0, 4 * PAGE));
    check(mremap(p, 6 * PAGE, 6 * PAGE, MREMAP_MAYMOVE) == p);
    check(mremap(p + PAGE, 1, PAGE - 1, 0) == p + PAGE);
    map_fixed(p + 6 * PAGE, PAGE); /* merges: now the end lies further up */
    check_errno(mremap(p, 6 * PAGE, 7 * PAGE, 0), ENOMEM);
    check(mremap(p, 7 * PAGE, 8 * PAGE, 0) == p);
}

static int in_memory(char *p)
{
    unsigned char in;

    check_ok(mincore(p, PAGE, &in));
    return in & 1;
}

/* A move by `off` within a table's reach, of more than two tables with some holes in the pages. */
static void move_by(size_t off, size_t from_off)
{
    size_t len = 5 * MIB + 3 * PAGE, step = 13 * PAGE;
    char *from = map_fixed(free_place(len + TABLE, from_off), len);
    char *to = free_place(len + TABLE, from_off + off);

    for (size_t at = 0; at < len; at += step)
        fill_pattern(from + at, PAGE, 7, at);
    long faults = proc_value("/proc/self/status", "RssAnon");
    check(mremap(from, len, len + PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
    check_int(proc_value("/proc/self/status", "RssAnon"), faults);
    check(!readable(from) && !readable(from + len - 1));
    for (size_t at = 0; at < len; at += step) {
        check_int(check_pattern(to + at, PAGE, 7, at), -1);
        check(at + PAGE >= len || to[at + PAGE] == 0);
    }
    check(to[len] == 0);
    map_fixed(from, len); /* the old place is as new */
    check(all_bytes(from, 0, PAGE) && all_bytes(from + 2 * MIB, 0, PAGE));
    pid_t pid = xfork();
    if (pid == 0) {
        check_int(check_pattern(to + step, PAGE, 7, step), -1);
        to[step] ^= 1;
        check(mremap(to, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, from) == from);
        check_int(check_pattern(from + 2 * step, PAGE, 7, 2 * step), -1);
        _exit(0);
    }
    check_exit(pid, 0);
    check_int(check_pattern(to + step, PAGE, 7, step), -1);
    check_ok(munmap(from, len));
    check_ok(munmap(to, len + PAGE));
}

static void test_move_tables(void)
{
    move_by(0, 0);
    move_by(0, 3 * PAGE);
}

static void test_move_entries(void)
{
    move_by(PAGE, 0);
    move_by(511 * PAGE, 5 * PAGE);
}

/* Within one mapping: the part in the middle goes over the end. */
static void test_move_part(void)
{
    char *p = map_fixed(free_place(8 * PAGE, 0), 8 * PAGE);

    fill_pattern(p, 8 * PAGE, 3, 0);
    check(mremap(p + PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 6 * PAGE) ==
          p + 6 * PAGE);
    check_int(check_pattern(p, PAGE, 3, 0), -1);
    check(!readable(p + PAGE) && !readable(p + 3 * PAGE - 1));
    check_int(check_pattern(p + 3 * PAGE, 3 * PAGE, 3, 3 * PAGE), -1);
    check_int(check_pattern(p + 6 * PAGE, 2 * PAGE, 3, PAGE), -1);
    check(mremap(p + 6 * PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE) ==
          p + PAGE); /* home again */
    check_int(check_pattern(p, 6 * PAGE, 3, 0), -1);
    check_ok(munmap(p, 6 * PAGE));
}

/* No room behind: it goes elsewhere, or not at all. */
static void test_maymove(void)
{
    char *p = map_fixed(free_place(4 * PAGE, 0), 3 * PAGE);

    check_ok(mprotect(p + 2 * PAGE, PAGE, PROT_READ));
    fill_pattern(p, 2 * PAGE, 5, 0);
    check_errno(mremap(p, 2 * PAGE, 3 * PAGE, 0), ENOMEM);
    char *q = mremap(p, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    check(q != MAP_FAILED && q != p);
    check_int(check_pattern(q, 2 * PAGE, 5, 0), -1);
    check(all_bytes(q + 2 * PAGE, 0, 62 * PAGE));
    check(!readable(p) && readable(p + 2 * PAGE));
    char *r = mremap(q + 8 * PAGE, 8 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p);
    check(r == p && p[3 * PAGE] == 0); /* shrinks and moves */
    check(!readable(q + 12 * PAGE) && !readable(q + 8 * PAGE) && readable(q + 16 * PAGE));
}

static void test_file(void)
{
    char buf[6 * PAGE];

    fill_pattern(buf, sizeof buf, 9, 0);
    make_file("f", buf, sizeof buf);
    int fd = check_ok(open("f", O_RDWR));
    char *s = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, PAGE);
    char *p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, PAGE);
    check(s != MAP_FAILED && p != MAP_FAILED);
    p[PAGE] ^= 1; /* a copy of its own */
    char *s2 = mremap(s, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                      free_place(5 * PAGE, 0));
    char *p2 = mremap(p, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                      free_place(5 * PAGE, 0));
    check(s2 != MAP_FAILED && p2 != MAP_FAILED);
    check_int(check_pattern(s2, 5 * PAGE, 9, PAGE), -1);
    check(p2[PAGE] == (buf[2 * PAGE] ^ 1));
    check_int(check_pattern(p2 + 2 * PAGE, 3 * PAGE, 9, 3 * PAGE), -1);
    s2[4 * PAGE] = 'x';
    check_int(pread(fd, buf, 1, 5 * PAGE), 1);
    check(buf[0] == 'x' && p2[4 * PAGE] == 'x'); /* not copied yet */
    check_ok(ftruncate(fd, 2 * PAGE)); /* the reverse map finds them at the new place */
    check_killed(read_at, s2 + PAGE, SIGBUS);
    check_killed(read_at, p2 + PAGE, SIGBUS);
    check(readable(s2));
    close(fd);
}

/* Old length 0: shared pages are mapped a second time. */
static void test_duplicate(void)
{
    char *p = mmap(NULL, 3 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    check(p != MAP_FAILED);
    fill_pattern(p, 3 * PAGE, 2, 0);
    char *q = mremap(p + PAGE, 0, 2 * PAGE, MREMAP_MAYMOVE);
    check(q != MAP_FAILED && q != p);
    check_int(check_pattern(q, 2 * PAGE, 2, PAGE), -1);
    q[0] ^= 1;
    check(p[PAGE] == q[0]);
    check_ok(munmap(p, 3 * PAGE));
    q[1] ^= 1;
    char *a = map_anon(PAGE);
    check_errno(mremap(a, 0, PAGE, MREMAP_MAYMOVE), EINVAL);
}

static void test_dontunmap(void)
{
    char *p = map_anon(3 * PAGE), *q;
    char *s = mmap(NULL, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    fill_pattern(p, 3 * PAGE, 4, 0);
    q = mremap(p, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
    check(q != MAP_FAILED && q != p);
    check_int(check_pattern(q, 3 * PAGE, 4, 0), -1);
    check(all_bytes(p, 0, 3 * PAGE));
    p[0] = 1;
    check_int(check_pattern(q, 3 * PAGE, 4, 0), -1);
    q = free_place(PAGE, 0);
    check(mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP | MREMAP_FIXED, q) == q);
    check(q[0] == 1 && p[0] == 0);
    s[PAGE] = 6;
    q = mremap(s, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
    check(q != MAP_FAILED && q[PAGE] == 6 && s[PAGE] == 6); /* both map the same pages */
    s[PAGE] = 7;
    check(q[PAGE] == 7);
}

static void test_errors(void)
{
    char *p = map_fixed(free_place(4 * PAGE, 0), 4 * PAGE), *q = free_place(8 * PAGE, 0);
    const int move = MREMAP_MAYMOVE | MREMAP_FIXED;

    check_errno(mremap(p, PAGE, PAGE, 8 | MREMAP_MAYMOVE), EINVAL);
    check_errno(mremap(p, PAGE, PAGE, MREMAP_FIXED, q), EINVAL);
    check_errno(mremap(p, PAGE, PAGE, MREMAP_DONTUNMAP, q), EINVAL);
    check_errno(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, q), EINVAL);
    check_errno(mremap(p + 1, PAGE, PAGE, 0), EINVAL);
    check_errno(mremap(p, PAGE, 0, 0), EINVAL);
    check_errno(mremap(p, PAGE, PAGE, move, q + 1), EINVAL);
    check_errno(mremap(p, 2 * PAGE, 2 * PAGE, move, p + PAGE), EINVAL);
    check_errno(mremap(p + PAGE, PAGE, 2 * PAGE, move, p), EINVAL);
    check_errno(mremap(p, PAGE, PAGE, move, (void *)KERNEL_ADDRESS), EINVAL);
    check_errno(mremap(p, PAGE, PAGE, move, (char *)USER_END), EINVAL);
    check_errno(mremap(q, PAGE, PAGE, MREMAP_MAYMOVE), EFAULT);
    check_errno(mremap((void *)KERNEL_ADDRESS, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
    check_errno(mremap(p, 5 * PAGE, 6 * PAGE, MREMAP_MAYMOVE), EFAULT); /* beyond the mapping */
    check_errno(mremap(p, PAGE, 1UL << 60, MREMAP_MAYMOVE), ENOMEM);
    check_errno(mremap(p, PAGE, -PAGE, MREMAP_MAYMOVE), ENOMEM);
    check_ok(mprotect(p + PAGE, PAGE, PROT_READ));
    check_errno(mremap(p, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE), EFAULT); /* two mappings */
    check(readable(p) && readable(p + 3 * PAGE));
}

static void test_limit(void)
{
    struct rlimit as = {0};
    char *p = map_anon(2 * PAGE);

    as.rlim_cur = as.rlim_max = proc_value("/proc/self/status", "VmSize") * KIB + 8 * PAGE;
    check_ok(setrlimit(RLIMIT_AS, &as));
    check_errno(mremap(p, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE), ENOMEM);
    check(mremap(p, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED);
}

/* Random moves and a model: each slot of 8 pages holds a block of some length, or none. */
static void test_random(void)
{
    enum { SLOTS = 24, ROOM = 8 };
    char *base = free_place(SLOTS * ROOM * PAGE, 0);
    int len[SLOTS] = {0}, seed[SLOTS] = {0};
    uint64_t r = test_seed;

    for (int i = 0; i < 600; i++) {
        int a = rnd_below(&r, SLOTS), b = rnd_below(&r, SLOTS), n = 1 + rnd_below(&r, ROOM - 1);
        char *from = base + a * ROOM * PAGE, *to = base + b * ROOM * PAGE;
        if (!len[a]) {
            map_fixed(from, n * PAGE);
            fill_pattern(from, n * PAGE, seed[a] = i + 1, 0);
            len[a] = n;
        } else if (a == b) {
            check(mremap(from, len[a] * PAGE, n * PAGE, 0) == from);
            if (n > len[a])
                fill_pattern(from + len[a] * PAGE, (n - len[a]) * PAGE, seed[a], len[a] * PAGE);
            len[a] = n;
        } else {
            check(mremap(from, len[a] * PAGE, len[a] * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) ==
                  to);
            if (len[b] > len[a]) /* the rest of what was there */
                check_ok(munmap(to + len[a] * PAGE, (len[b] - len[a]) * PAGE));
            len[b] = len[a];
            seed[b] = seed[a];
            len[a] = 0;
        }
        for (int k = 0; k < SLOTS; k++)
            if (len[k])
                check_int(check_pattern(base + k * ROOM * PAGE, len[k] * PAGE, seed[k], 0), -1);
        if (i % 100 == 99) {
            pid_t pid = xfork();
            if (pid == 0)
                _exit(check_pattern(base, len[0] * PAGE, seed[0], 0) != -1 ? 1 : 0);
            check_exit(pid, 0);
        }
    }
}

/* Swapped pages move, too, and are found at their new place when they come and go again. */
static void test_swapped(void)
{
    begin_swap(257);
    char *p = swapped(64, 5), *q = free_place(64 * PAGE, 0);
    check(mremap(p, 64 * PAGE, 64 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q) == q);
    check_int(vm_swap(), 64);
    pid_t pid = xfork();
    if (pid == 0)
        _exit(check_pattern(q, 64 * PAGE, 5, 0) != -1);
    check_exit(pid, 0);
    check_int(check_pattern(q, 64 * PAGE, 5, 0), -1);
    page_out(q, 64 * PAGE);
    check_int(vm_swap(), 64);
    check_ok(mlock(q, 16 * PAGE));
    check_int(vm_swap(), 48);
    check_errno(madvise(q, PAGE, MADV_PAGEOUT), EINVAL);
    check_int(check_pattern(q, 64 * PAGE, 5, 0), -1);
    check_ok(munmap(q, 64 * PAGE));
    check_int(swap_free(), 256);
    end_swap();
}

static char *watched; /* 64 pages */

static long swapped_out(int unused)
{
    long n = 0;

    for (int i = 0; i < 64; i++)
        n += !in_memory(watched + i * PAGE);
    return n;
}

/* Reclaim finds the pages at their new place, but for those that are locked. */
static void test_reclaimed(void)
{
    char *p = map_anon(64 * PAGE), *q = free_place(64 * PAGE, PAGE), old[32];

    if (ram_bytes() > 48 * MIB)
        test_skip("more memory than the disk can fill");
    begin_swap(2049);
    check(read_text(SWAPPINESS, old, sizeof old) != NULL);
    check_int(put_text(SWAPPINESS, "200"), 0);
    fill_pattern(p, 64 * PAGE, 5, 0);
    check(mremap(p, 64 * PAGE, 64 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q) == q);
    check_ok(mlock(q + 8 * PAGE, 8 * PAGE));
    check_ok(madvise(q, 8 * PAGE, MADV_COLD));
    check_ok(madvise(q + 16 * PAGE, 48 * PAGE, MADV_COLD));
    watched = q;
    press_until(swapped_out, 0, 56);
    for (int i = 0; i < 64; i++)
        check_int(in_memory(q + i * PAGE), i >= 8 && i < 16);
    check_int(put_text(SWAPPINESS, old), 0);
    check_int(check_pattern(q, 64 * PAGE, 5, 0), -1);
    end_swap();
}

/* ---- mincore */

static void test_mincore(void)
{
    unsigned char in[300];
    char *p = map_anon(300 * PAGE);

    p[3 * PAGE] = p[299 * PAGE] = 1;
    memset(in, 9, sizeof in);
    check_ok(mincore(p, 300 * PAGE, in));
    for (int i = 0; i < 300; i++)
        check_int(in[i] & 1, i == 3 || i == 299);
    make_file("f", p, 5 * PAGE);
    int fd = check_ok(open("f", O_RDONLY));
    char *f = mmap(NULL, 5 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    check_ok(mincore(f, 5 * PAGE, in)); /* cached, not mapped by us yet */
    for (int i = 0; i < 5; i++)
        check_int(in[i] & 1, 1);
    close(fd);
}

/* A page that is out is not in, but for one that somebody else has read into the swap cache. */
static void test_mincore_swap(void)
{
    int ready[2], over[2];
    char c;

    begin_swap(257);
    char *p = swapped(64, 5);
    check(!in_memory(p) && !in_memory(p + 40 * PAGE));
    check_ok(pipe(ready));
    check_ok(pipe(over));
    pid_t pid = xfork();
    if (pid == 0) {
        read_at(p + 40 * PAGE);
        check_int(write(ready[1], "", 1), 1);
        _exit(read(over[0], &c, 1) != 1);
    }
    check_int(read(ready[0], &c, 1), 1);
    check_int(vm_swap(), 64); /* ours are entries still */
    check(!in_memory(p) && in_memory(p + 40 * PAGE));
    check_int(vm_swap(), 64);
    check_int(write(over[1], "", 1), 1);
    check_exit(pid, 0);
    check_int(check_pattern(p, 64 * PAGE, 5, 0), -1);
    check(in_memory(p) && in_memory(p + 40 * PAGE));
    check_ok(munmap(p, 64 * PAGE));
    end_swap();
}

static void test_mincore_errors(void)
{
    unsigned char in[4];
    char *p = map_anon(3 * PAGE);

    check_errno(mincore(p + 1, PAGE, in), EINVAL);
    check_ok(munmap(p + PAGE, PAGE));
    check_errno(mincore(p, 3 * PAGE, in), ENOMEM);
    check_errno(mincore((void *)USER_END, PAGE, in), ENOMEM);
    check_errno(mincore(p, -PAGE, in), ENOMEM);
    check_errno(mincore(p, PAGE, (void *)KERNEL_ADDRESS), EFAULT);
    check_ok(mincore(p, 0, in));
    check_ok(mincore(p, 1, in));
}

const struct test remap_tests[] = {
    {"mremap.shrink-grow", test_shrink_grow},
    {"mremap.move-tables", test_move_tables},
    {"mremap.move-entries", test_move_entries},
    {"mremap.move-part", test_move_part},
    {"mremap.maymove", test_maymove},
    {"mremap.file", test_file, T_DIRS},
    {"mremap.duplicate", test_duplicate},
    {"mremap.dontunmap", test_dontunmap, T_NATIVE},
    {"mremap.errors", test_errors, T_NATIVE},
    {"mremap.limit", test_limit, T_NATIVE},
    {"mremap.random", test_random},
    {"mremap.swapped", test_swapped, T_NATIVE},
    {"mremap.reclaimed", test_reclaimed, T_NATIVE},
    {"mincore.pages", test_mincore},
    {"mincore.swap", test_mincore_swap, T_NATIVE},
    {"mincore.errors", test_mincore_errors, T_NATIVE},
    {NULL, NULL},
};
