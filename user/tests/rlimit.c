/* Limits of a process (those of memory are in mm_brk.c, mm_mmap.c, mm_stack.c, mm_lock.c, too). */
#include "testutil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void limit(int what, uint64_t n)
{
    struct rlimit r = {n, n};

    check_ok(setrlimit(what, &r));
}

static volatile int caught;
static void catch(int sig) { caught += sig == SIGXFSZ; }

static long size_of(int fd)
{
    struct stat st;

    check_ok(fstat(fd, &st));
    return st.st_size;
}

static void write_ten(void *fd) { (void)!write(*(int *)fd, "0123456789", 10); }

static void test_fsize(void)
{
    int fd = check_ok(open("f", O_RDWR | O_CREAT, 0644)), fds[2];
    static char data[3 * PAGE];

    check_int(write(fd, data, 3 * PAGE), 3 * PAGE);
    limit(RLIMIT_FSIZE, 2 * PAGE + 5);
    check_int(pwrite(fd, data, 3 * PAGE, PAGE), PAGE + 5); /* as far as it goes, then ... */
    check_killed(write_ten, &fd, SIGXFSZ);
    signal(SIGXFSZ, catch);
    check_errno(write(fd, "x", 1), EFBIG);
    check_int(caught, 1);
    check_errno(pwrite(fd, "x", 1, 2 * PAGE + 5), EFBIG);
    check_int(pwrite(fd, "xy", 2, 2 * PAGE + 4), 1);
    check_int(caught, 2);
    check_ok(ftruncate(fd, 3 * PAGE)); /* no growth */
    check_errno(ftruncate(fd, 3 * PAGE + 1), EFBIG);
    check_errno(truncate("f", 4 * PAGE), EFBIG);
    check_int(caught, 4);
    check_ok(ftruncate(fd, PAGE));
    check_errno(fallocate(fd, 0, 0, 2 * PAGE + 6), EFBIG);
    check_int(caught, 5);
    check_ok(fallocate(fd, 0, 0, 2 * PAGE + 5));
    check_int(size_of(fd), 2 * PAGE + 5);
    check_ok(pipe(fds)); /* no file that grows */
    check_int(write(fds[1], data, 2 * PAGE + 100), 2 * PAGE + 100);
    limit(RLIMIT_FSIZE, 0);
    check_errno(pwrite(fd, "x", 1, 0), EFBIG);
    check_int(caught, 6);
}

static void test_nofile(void)
{
    int fds[2], last = -1, fd;

    limit(RLIMIT_NOFILE, 20);
    while ((fd = open("/dev/null", O_RDONLY)) >= 0)
        last = fd;
    check_int(errno, EMFILE);
    check_int(last, 19);
    check_errno(dup(0), EMFILE);
    check_errno(pipe(fds), EMFILE);
    check_errno(dup2(0, 20), EBADF);
    check_errno(fcntl(0, F_DUPFD, 20), EINVAL);
    check_int(dup2(0, 19), 19);
    close(7);
    check_errno(pipe(fds), EMFILE); /* one is not enough, and is not lost */
    check_int(dup(0), 7);
    limit(RLIMIT_NOFILE, 5); /* those above stay */
    check_ok(fcntl(19, F_GETFD));
    close(3);
    check_int(dup(0), 3);
}

/* Forks until it fails: how many there were. */
static int fork_all(pid_t *pids, int most)
{
    int n = 0;

    while (n < most && (pids[n] = fork()) >= 0) {
        if (pids[n] == 0) {
            pause();
            _exit(0);
        }
        n++;
    }
    return n;
}

static void end_all(pid_t *pids, int n)
{
    for (int i = 0; i < n; i++) {
        check_ok(kill(pids[i], SIGKILL));
        check_int(waitpid(pids[i], NULL, 0), pids[i]);
    }
}

static void test_nproc(void)
{
    pid_t pids[20];

    limit(RLIMIT_NPROC, 6);
    int n = fork_all(pids, 12); /* not root */
    check_int(n, 12);
    end_all(pids, n);
    check_ok(setuid(1234));
    n = fork_all(pids, 20);
    check_int(n, 5); /* and ourselves */
    check_int(errno, EAGAIN);
    check_ok(kill(pids[0], SIGKILL));
    sleep_ms(20);
    check_errno(fork(), EAGAIN); /* a zombie counts */
    check_int(waitpid(pids[0], NULL, 0), pids[0]);
    pids[0] = check_ok(fork());
    if (pids[0] == 0) {
        pause();
        _exit(0);
    }
    end_all(pids, n);
    check_int(fork_all(pids, 20), 5);
    end_all(pids, 5);
}

/* Private writable memory counts, nothing else does. */
static void test_data(void)
{
    const int anon = MAP_PRIVATE | MAP_ANONYMOUS;
    long now = proc_value("/proc/self/status", "VmData");

    limit(RLIMIT_DATA, now * KIB + 8 * PAGE);
    check_errno(mmap(NULL, 9 * PAGE, PROT_READ | PROT_WRITE, anon, -1, 0), ENOMEM);
    char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, anon, -1, 0);
    check(p != MAP_FAILED);
    check_errno(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, anon, -1, 0), ENOMEM);
    check_errno(mremap(p, 8 * PAGE, 9 * PAGE, MREMAP_MAYMOVE), ENOMEM);
    check(mmap(NULL, 9 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) !=
          MAP_FAILED);
    char *q = mmap(NULL, 9 * PAGE, PROT_READ, anon, -1, 0);
    check(q != MAP_FAILED);
    check_errno(mprotect(q, PAGE, PROT_READ | PROT_WRITE), ENOMEM);
    check_ok(munmap(p, 8 * PAGE));
    check_ok(mprotect(q, 8 * PAGE, PROT_READ | PROT_WRITE));
}

/* Limits are inherited, by exec too, and belong to the process alone. */
static void test_inherited(void)
{
    struct rlimit r;

    limit(RLIMIT_CORE, 4711);
    pid_t pid = xfork();
    if (pid == 0) {
        check_ok(getrlimit(RLIMIT_CORE, &r));
        check_int(r.rlim_cur, 4711);
        limit(RLIMIT_CORE, 4710);
        _exit(0);
    }
    check_exit(pid, 0);
    check_ok(prlimit(getpid(), RLIMIT_CORE, NULL, &r));
    check_int(r.rlim_max, 4711);
    pid = xfork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    struct rlimit other = {1, 2};
    check_ok(prlimit(pid, RLIMIT_CORE, &other, &r));
    check_int(r.rlim_cur, 4711);
    check_ok(prlimit(pid, RLIMIT_CORE, NULL, &r));
    check(r.rlim_cur == 1 && r.rlim_max == 2);
    check_ok(kill(pid, SIGKILL));
    check_int(waitpid(pid, NULL, 0), pid);
    check_errno(prlimit(pid, RLIMIT_CORE, NULL, &r), ESRCH);
}

static void test_errors(void)
{
    struct rlimit r = {5, 4};

    check_errno(setrlimit(RLIMIT_CORE, &r), EINVAL);
    check_errno(setrlimit(RLIM_NLIMITS, &r), EINVAL);
    check_errno(getrlimit(-1, &r), EINVAL);
    check_errno(getrlimit(RLIMIT_CORE, (void *)KERNEL_ADDRESS), EFAULT);
    check_errno(setrlimit(RLIMIT_CORE, (void *)KERNEL_ADDRESS), EFAULT);
    r.rlim_cur = r.rlim_max = RLIM_INFINITY;
    check_errno(setrlimit(RLIMIT_NOFILE, &r), EPERM); /* more than the kernel bears */
    limit(RLIMIT_CORE, 100);
    limit(RLIMIT_CORE, 200); /* root may */
    check_ok(setuid(1000));
    r.rlim_cur = r.rlim_max = 201;
    check_errno(setrlimit(RLIMIT_CORE, &r), EPERM);
    r.rlim_cur = 50;
    r.rlim_max = 200;
    check_ok(setrlimit(RLIMIT_CORE, &r));
    r.rlim_cur = 200;
    check_ok(setrlimit(RLIMIT_CORE, &r));
    check_errno(prlimit(1, RLIMIT_CORE, NULL, &r), EPERM);
}

const struct test rlimit_tests[] = {
    {"rlimit.fsize", test_fsize, T_DIRS | T_NATIVE},
    {"rlimit.nofile", test_nofile, T_NATIVE},
    {"rlimit.nproc", test_nproc, T_NATIVE},
    {"rlimit.data", test_data, T_NATIVE},
    {"rlimit.inherited", test_inherited, T_NATIVE},
    {"rlimit.errors", test_errors, T_NATIVE},
    {NULL, NULL},
};
