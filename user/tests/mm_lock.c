/* mlock and its like. */
#include "testutil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static long locked_kib(void) { return proc_value("/proc/self/status", "VmLck"); }
static long rss_kib(void) { return proc_value("/proc/self/status", "VmRSS"); }
static long system_kib(void) { return proc_value("/proc/meminfo", "Mlocked"); }

/* How many pages of the range are in memory. */
static int resident(char *p, int pages)
{
    unsigned char in[64];
    int n = 0;

    check(pages <= 64);
    check_ok(mincore(p, pages * PAGE, in));
    for (int i = 0; i < pages; i++)
        n += in[i] & 1;
    return n;
}

static void limit_memlock(uint64_t bytes)
{
    struct rlimit r = {bytes, bytes};

    check_ok(setrlimit(RLIMIT_MEMLOCK, &r));
}

static void become_user(void) { check_ok(setuid(1000)); }

static void test_lock(void)
{
    long before = system_kib(), unevictable = proc_value("/proc/meminfo", "Unevictable");
    char *p = map_anon(32 * PAGE);

    p[PAGE] = 1;
    check_ok(mlock(p + 100, 4 * PAGE)); /* touches five pages */
    check_int(locked_kib(), 20);
    check_int(resident(p, 32), 5);
    check_int(system_kib() - before, 20);
    check_int(proc_value("/proc/meminfo", "Unevictable") - unevictable, 20);
    check_ok(mlock(p + PAGE, 9 * PAGE)); /* overlaps */
    check_int(locked_kib(), 40);
    check_int(system_kib() - before, 40);
    check_ok(munlock(p + 3 * PAGE, PAGE));
    check_int(locked_kib(), 36);
    check_int(system_kib() - before, 36);
    check_errno(madvise(p, PAGE, MADV_DONTNEED), EINVAL);
    check_ok(madvise(p + 3 * PAGE, PAGE, MADV_DONTNEED));
    check_ok(madvise(p, PAGE, MADV_DONTNEED_LOCKED));
    check_int(system_kib() - before, 32);
    p[0] = 1; /* counts again */
    check_int(system_kib() - before, 36);
    check_ok(munmap(p + 8 * PAGE, 24 * PAGE)); /* the tail */
    check_int(locked_kib(), 28);
    check_int(system_kib() - before, 28);
    check_ok(munmap(p, 6 * PAGE));
    check_int(locked_kib(), 8);
    check_ok(munlockall());
    check_int(locked_kib(), 0);
    check_int(system_kib(), before);
    check_int(proc_value("/proc/meminfo", "Unevictable"), unevictable);
}

static void test_onfault(void)
{
    long before = system_kib();
    char *p = map_anon(16 * PAGE);

    p[0] = 1;
    check_ok(mlock2(p, 16 * PAGE, MLOCK_ONFAULT));
    check_int(locked_kib(), 64);
    check_int(resident(p, 16), 1);
    check_int(system_kib() - before, 4);
    p[5 * PAGE] = 1;
    check_int(system_kib() - before, 8);
    check_ok(mlock2(p, 8 * PAGE, 0));
    check_int(system_kib() - before, 32);
    check_int(resident(p, 16), 8);
    check_errno(mlock2(p, PAGE, 2), EINVAL);
}

/* A child inherits no lock, and its copies do not count; what it locks itself counts once more. */
static void test_fork(void)
{
    long before = system_kib();
    char *p = map_anon(8 * PAGE);

    check_ok(mlock(p, 8 * PAGE));
    pid_t pid = xfork();
    if (pid == 0) {
        check_int(locked_kib(), 0);
        check_int(system_kib() - before, 32);
        p[0] = 1;
        check_int(system_kib() - before, 32);
        check_ok(mlock(p, 2 * PAGE)); /* copies the second: private memory is locked writable */
        check_int(locked_kib(), 8);
        check_int(system_kib() - before, 40);
        _exit(0);
    }
    check_exit(pid, 0);
    check_int(system_kib() - before, 32);
    p[1] = 1;
    memset(p, 2, 8 * PAGE);
    check_int(system_kib() - before, 32);
    pid = xfork();
    if (pid == 0) {
        check_ok(munmap(p, 8 * PAGE));
        _exit(0);
    }
    p[0] = 3; /* shared with the child, or copied */
    check_exit(pid, 0);
    check_int(system_kib() - before, 32);
    check_ok(munmap(p, 8 * PAGE));
    check_int(system_kib(), before);
}

static void test_file(void)
{
    long before = system_kib();
    char buf[8 * PAGE];

    fill_pattern(buf, sizeof buf, 1, 0);
    make_file("f", buf, sizeof buf);
    int fd = check_ok(open("f", O_RDWR));
    char *s = mmap(NULL, 8 * PAGE, RW, MAP_SHARED, fd, 0);
    char *p = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE, fd, 0);
    check_ok(mlock(s, 8 * PAGE));
    check_int(system_kib() - before, 32);
    check_ok(mlock(p, 4 * PAGE)); /* copies */
    check_int(system_kib() - before, 48);
    s[0] ^= 1;
    check(p[0] == buf[0]);
    check_ok(mprotect(p + 4 * PAGE, 4 * PAGE, PROT_READ));
    check_ok(mlock(p, 8 * PAGE)); /* four are not copied: locked twice, counted once */
    check_int(system_kib() - before, 48);
    check_ok(munmap(s, 4 * PAGE));
    check_int(system_kib() - before, 32);
    check_ok(munmap(s + 4 * PAGE, 4 * PAGE));
    check_int(system_kib() - before, 32);
    check_ok(ftruncate(fd, 2 * PAGE)); /* copies beyond the end go, too */
    check_int(system_kib() - before, 8);
    close(fd);
    check_ok(munlock(p, 8 * PAGE));
    check_int(system_kib(), before);
}

static void test_mlockall(void)
{
    char *p = map_anon(8 * PAGE), *q;
    long size = proc_value("/proc/self/status", "VmSize");

    check_ok(mlockall(MCL_CURRENT | MCL_ONFAULT));
    check(size - locked_kib() <= 8); /* but the vDSO */
    check_int(resident(p, 8), 0);
    q = map_anon(8 * PAGE);
    check_int(resident(q, 8), 0);
    check_ok(mlockall(MCL_CURRENT));
    check_int(resident(p, 8), 8);
    check_ok(munlockall());
    check_int(locked_kib(), 0);
    check_ok(mlockall(MCL_FUTURE));
    check_int(locked_kib(), 0);
    q = mmap(NULL, 8 * PAGE, RW, ANON, -1, 0);
    check_int(resident(q, 8), 8);
    check_int(locked_kib(), 32);
    long rss = rss_kib();
    char *old = sbrk(16 * PAGE);
    check(old != (void *)-1);
    check(rss_kib() - rss >= 60);
    q = mremap(q, 8 * PAGE, 16 * PAGE, MREMAP_MAYMOVE);
    check(q != MAP_FAILED);
    check_int(resident(q, 16), 16);
    check_ok(mlockall(MCL_FUTURE | MCL_ONFAULT));
    q = map_anon(8 * PAGE);
    check_int(resident(q, 8), 0);
    check_ok(munlockall());
    check_int(locked_kib(), 0);
    q = map_anon(8 * PAGE);
    check_int(locked_kib(), 0);
}

static void test_map_locked(void)
{
    char *p = mmap(NULL, 8 * PAGE, RW, ANON | MAP_LOCKED, -1, 0);

    check(p != MAP_FAILED);
    check_int(resident(p, 8), 8);
    check_int(locked_kib(), 32);
}

/* One page, locked more often than its count can tell; it stays, and is given back in the end. */
static void test_many(void)
{
    int fd = check_ok(memfd_create("many", 0));
    long before = system_kib();

    check_ok(ftruncate(fd, PAGE));
    pid_t pid = xfork();
    if (pid == 0) {
        check_ok(mlockall(MCL_FUTURE));
        for (int i = 0; i < 65600; i++) {
            char *p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
            if (p == MAP_FAILED)
                _exit(7);
            check_int(*p, i > 0);
            *p = 1;
        }
        check_ok(munlockall());
        _exit(0);
    }
    int status;
    check_int(waitpid(pid, &status, 0), pid);
    check(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 7));
    check_int(system_kib(), before);
    check_ok(close(fd));
    if (status)
        test_skip("so many areas cannot be had");
}

static void test_errors(void)
{
    char *p = map_anon(4 * PAGE);

    check_errno(mlockall(0), EINVAL);
    check_errno(mlockall(8), EINVAL);
    check_errno(mlockall(MCL_ONFAULT), EINVAL);
    check_ok(munmap(p + PAGE, PAGE));
    check_errno(mlock(p, 4 * PAGE), ENOMEM);
    check_errno(munlock(p, 4 * PAGE), ENOMEM);
    check_errno(mlock((void *)KERNEL_ADDRESS, PAGE), ENOMEM);
    check_errno(mlock(p, (size_t)-2 * PAGE), EINVAL);
    check_ok(mlock(p, 0));
    char *none = mmap(NULL, PAGE, PROT_NONE, ANON, -1, 0);
    check_errno(mlock(none, PAGE), ENOMEM);
}

/* RLIMIT_MEMLOCK binds all but root. */
static void test_limit(void)
{
    char *p = map_anon(32 * PAGE), *q;

    limit_memlock(8 * PAGE);
    check_ok(mlock(p, 16 * PAGE));
    check_ok(munlock(p, 16 * PAGE));
    become_user();
    check_errno(mlock(p, 9 * PAGE), ENOMEM);
    check_ok(mlock(p, 8 * PAGE));
    check_ok(mlock(p + 4 * PAGE, 4 * PAGE)); /* they are locked already */
    check_errno(mlock(p + 8 * PAGE, 1), ENOMEM);
    check_ok(munlock(p, 4 * PAGE));
    check_errno(mmap(NULL, 5 * PAGE, RW, ANON | MAP_LOCKED, -1, 0), EAGAIN);
    q = mmap(NULL, 2 * PAGE, RW, ANON | MAP_LOCKED, -1, 0);
    check(q != MAP_FAILED);
    check_errno(mremap(q, 2 * PAGE, 8 * PAGE, MREMAP_MAYMOVE), EAGAIN);
    check_errno(mlockall(MCL_CURRENT), ENOMEM);
    check_ok(munlockall());
    check_ok(mlockall(MCL_FUTURE));
    check_errno(mmap(NULL, 9 * PAGE, RW, ANON, -1, 0), EAGAIN);
    check(sbrk(MIB) == (void *)-1);
    check_ok(munlockall());
    limit_memlock(0);
    check_errno(mlock(p, PAGE), EPERM);
    check_errno(mlockall(MCL_FUTURE), EPERM);
    check_errno(mmap(NULL, PAGE, RW, ANON | MAP_LOCKED, -1, 0), EPERM);
}

const struct test lock_tests[] = {
    {"mlock.anon", test_lock, T_NATIVE},
    {"mlock.onfault", test_onfault, T_NATIVE},
    {"mlock.fork", test_fork, T_NATIVE},
    {"mlock.file", test_file, T_DIRS | T_NATIVE},
    {"mlock.all", test_mlockall, T_NATIVE},
    {"mlock.map_locked", test_map_locked, T_NATIVE},
    {"mlock.many", test_many, T_NATIVE},
    {"mlock.errors", test_errors, T_NATIVE},
    {"mlock.limit", test_limit, T_NATIVE},
    {NULL, NULL},
};
