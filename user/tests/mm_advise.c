/* madvise and msync. */
#include "testutil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static long rss_kib(void) { return proc_value("/proc/self/status", "VmRSS"); }

static char *map_file(size_t len, int flags, int *fd)
{
    char *buf = malloc(len);

    fill_pattern(buf, len, 1, 0);
    make_file("f", buf, len);
    free(buf);
    *fd = check_ok(open("f", O_RDWR));
    char *p = mmap(NULL, len, RW, flags, *fd, 0);
    check(p != MAP_FAILED);
    return p;
}

static void test_dontneed(void)
{
    char *p = map_anon(MIB);
    int fd;

    memset(p, 1, MIB);
    long full = proc_value("/proc/self/status", "RssAnon");
    check_ok(madvise(p + PAGE, MIB - 2 * PAGE, MADV_DONTNEED));
    check(full - proc_value("/proc/self/status", "RssAnon") >= 1000);
    check(all_bytes(p, 1, PAGE) && all_bytes(p + PAGE, 0, MIB - 2 * PAGE) && p[MIB - 1] == 1);
    p = map_file(4 * PAGE, MAP_PRIVATE, &fd);
    p[0] ^= 1;
    check_ok(madvise(p, 4 * PAGE, MADV_DONTNEED));
    check_int(check_pattern(p, 4 * PAGE, 1, 0), -1);
    p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
    p[0] ^= 1;
    char changed = p[0];
    check_ok(madvise(p, 4 * PAGE, MADV_DONTNEED));
    check(p[0] == changed);
    close(fd);
}

/* Afterwards a page has its old bytes or none, and what is stored then stays. */
static void test_free(void)
{
    char *p = map_anon(64 * PAGE);
    int fd;

    memset(p, 1, 64 * PAGE);
    check_ok(madvise(p, 64 * PAGE, MADV_FREE));
    for (int i = 0; i < 64; i++)
        check(all_bytes(p + i * PAGE, p[i * PAGE] ? 1 : 0, PAGE));
    memset(p, 2, 64 * PAGE);
    check(all_bytes(p, 2, 64 * PAGE));
    check_errno(madvise(map_file(PAGE, MAP_PRIVATE, &fd), PAGE, MADV_FREE), EINVAL);
    p = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check_errno(madvise(p, PAGE, MADV_FREE), EINVAL);
    check_ok(mlock(p, PAGE));
    check_errno(madvise(p, PAGE, MADV_COLD), EINVAL);
    close(fd);
}

static void test_cold(void)
{
    int fd;
    char *p = map_anon(64 * PAGE), *f = map_file(4 * PAGE, MAP_SHARED, &fd);

    fill_pattern(p, 64 * PAGE, 3, 0);
    check_ok(madvise(p, 64 * PAGE, MADV_COLD));
    check_int(check_pattern(p, 64 * PAGE, 3, 0), -1);
    p[0] ^= 1;
    check_ok(madvise(f, 4 * PAGE, MADV_COLD));
    check_ok(madvise(f, 4 * PAGE, MADV_WILLNEED));
    check_int(check_pattern(f, 4 * PAGE, 1, 0), -1);
    close(fd);
}

static void test_populate(void)
{
    unsigned char in[16];
    char *p = map_anon(16 * PAGE);
    long rss = rss_kib();

    check_ok(madvise(p, 8 * PAGE, MADV_POPULATE_WRITE));
    check(rss_kib() - rss >= 32);
    check_ok(madvise(p + 8 * PAGE, 8 * PAGE, MADV_POPULATE_READ));
    check_ok(mincore(p, 16 * PAGE, in));
    check(all_bytes(in, 1, 16));
    check(all_bytes(p, 0, 16 * PAGE));
}

static void test_populate_errors(void)
{
    int fd;
    char *p = map_anon(4 * PAGE), *f = map_file(2 * PAGE, MAP_SHARED, &fd);

    check_ok(mprotect(p, PAGE, PROT_READ));
    check_errno(madvise(p, PAGE, MADV_POPULATE_WRITE), EINVAL);
    check_ok(madvise(p, PAGE, MADV_POPULATE_READ));
    check_ok(mprotect(p, PAGE, PROT_NONE));
    check_errno(madvise(p, PAGE, MADV_POPULATE_READ), EINVAL);
    check_ok(munmap(p + 2 * PAGE, PAGE));
    check_errno(madvise(p + PAGE, 3 * PAGE, MADV_POPULATE_READ), ENOMEM);
    check_ok(ftruncate(fd, PAGE));
    check_errno(madvise(f, 2 * PAGE, MADV_POPULATE_READ), EFAULT);
    char *below = (char *)((uintptr_t)&p & -PAGE) - 64 * PAGE; /* of the stack: does not grow it */
    check_errno(madvise(below, PAGE, MADV_POPULATE_WRITE), ENOMEM);
    close(fd);
}

static void touch(void *p) { *(volatile char *)p = 1; }

static void test_fork_advice(void)
{
    char *p = map_anon(4 * PAGE), *s = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    memset(p, 7, 4 * PAGE);
    check_ok(madvise(p + PAGE, PAGE, MADV_DONTFORK));
    check_ok(madvise(p + 2 * PAGE, PAGE, MADV_WIPEONFORK));
    check_errno(madvise(s, PAGE, MADV_WIPEONFORK), EINVAL);
    check_ok(madvise(s, PAGE, MADV_DONTFORK));
    pid_t pid = xfork();
    if (pid == 0) {
        check(p[0] == 7 && p[3 * PAGE] == 7);
        check(!readable(p + PAGE) && !readable(s));
        check(all_bytes(p + 2 * PAGE, 0, PAGE));
        p[2 * PAGE] = 1;
        pid = xfork(); /* it stays so for the next generation */
        if (pid == 0)
            _exit(p[2 * PAGE] != 0);
        check_exit(pid, 0);
        _exit(0);
    }
    check_exit(pid, 0);
    check(all_bytes(p, 7, 4 * PAGE));
    check_ok(madvise(p, 4 * PAGE, MADV_DOFORK));
    check_ok(madvise(p, 4 * PAGE, MADV_KEEPONFORK));
    pid = xfork();
    if (pid == 0)
        _exit(!all_bytes(p, 7, 4 * PAGE));
    check_exit(pid, 0);
    check_killed(touch, s, SIGSEGV); /* a child again */
}

static void test_errors(void)
{
    char *p = map_anon(4 * PAGE);

    check_errno(madvise(p, PAGE, 5), EINVAL);
    check_errno(madvise(p, PAGE, 999), EINVAL);
    check_errno(madvise(p, PAGE, -1), EINVAL);
    check_errno(madvise(p + 1, PAGE, MADV_NORMAL), EINVAL);
    check_errno(madvise(p, -PAGE, MADV_DONTNEED), EINVAL);
    check_ok(madvise(p, 0, MADV_DONTNEED));
    memset(p, 1, 4 * PAGE);
    check_ok(munmap(p + PAGE, PAGE));
    check_errno(madvise(p, 4 * PAGE, MADV_DONTNEED), ENOMEM);
    check(p[0] == 0 && p[3 * PAGE] == 0); /* the rest was done */
    for (int a = MADV_NORMAL; a <= MADV_SEQUENTIAL; a++)
        check_ok(madvise(p, PAGE, a));
    check_ok(madvise(p, PAGE, MADV_HUGEPAGE));
    check_ok(madvise(p, PAGE, MADV_DONTDUMP));
}

static void test_msync(void)
{
    int fd;
    char *p = map_file(4 * PAGE, MAP_SHARED, &fd);

    p[PAGE] ^= 1;
    check_ok(msync(p, 4 * PAGE, MS_SYNC));
    check_ok(msync(p, 4 * PAGE, MS_ASYNC | MS_INVALIDATE));
    check_ok(msync(p, 0, MS_SYNC));
    check_ok(msync(p, 4 * PAGE, 0));
    check_errno(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
    check_errno(msync(p, PAGE, 8), EINVAL);
    check_errno(msync(p + 1, PAGE, MS_SYNC), EINVAL);
    check_ok(munmap(p + 2 * PAGE, PAGE));
    check_errno(msync(p, 4 * PAGE, MS_SYNC), ENOMEM);
    check_errno(msync((void *)USER_END, PAGE, MS_SYNC), ENOMEM);
    check_ok(mlock(p, PAGE));
    check_errno(msync(p, PAGE, MS_INVALIDATE), EBUSY);
    char *a = map_anon(PAGE), *s = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check_ok(msync(a, PAGE, MS_SYNC));
    s[0] = 1;
    check_ok(msync(s, PAGE, MS_SYNC));
    check(s[0] == 1);
    close(fd);
}

const struct test advise_tests[] = {
    {"madvise.dontneed", test_dontneed, T_DIRS},
    {"madvise.free", test_free, T_NATIVE},
    {"madvise.cold", test_cold, T_DIRS | T_NATIVE},
    {"madvise.populate", test_populate, T_NATIVE},
    {"madvise.populate_errors", test_populate_errors, T_DIRS | T_NATIVE},
    {"madvise.fork", test_fork_advice, T_NATIVE},
    {"madvise.errors", test_errors, T_NATIVE},
    {"msync.calls", test_msync, T_DIRS | T_NATIVE},
    {NULL, NULL},
};
