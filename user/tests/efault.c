/*
 * Bad pointers: every call that takes one answers EFAULT, and nothing else happens.
 *
 * A row has the call's arguments with PTR for the pointer under test. For each kind of bad pointer
 * the call is made once. Calls that the kernel does not have (ENOSYS) are passed over.
 */
#include "testutil.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PTR 0x7c0ffee0L /* stands for the pointer */
#define IN  0
#define OUT 1     /* the kernel writes there: read-only memory is bad too */
#define PART 2    /* may do a part of it when only the rest is bad */
#define LAZY 4    /* emulation looks at it differently */

struct row {
    const char *name;
    int flags;
    long nr, args[6];
};

/* descriptors with fixed numbers, opened by set_up() */
enum { FILE_FD = 40, DIR_FD, PIPE_R, PIPE_W };

static char good_path[] = "file", new_path[] = "new", link_path[] = "link";
static struct timespec short_time = {0, 1000};
static char buffer[4096];
static struct iovec io = {buffer, 64};

#define S(x) SYS_##x
#define CWD  AT_FDCWD
#define P(x) (-1000000L + (x)) /* stands for one of `pointers`, which are no constants for C */

static void *const pointers[] = {good_path, new_path, link_path, &short_time, buffer, &io};
enum { FILE_P, NEW_P, LINK_P, TIME_P, BUFFER_P, IO_P };

static const struct row rows[] = {
    {"read", OUT | PART, S(read), {FILE_FD, PTR, 100}},
    {"pread64", OUT | PART, S(pread64), {FILE_FD, PTR, 100, 8}},
    {"write", IN | PART, S(write), {FILE_FD, PTR, 100}},
    {"pwrite64", IN | PART, S(pwrite64), {FILE_FD, PTR, 100, 0}},
    {"read pipe", OUT | PART, S(read), {PIPE_R, PTR, 100}},
    {"write pipe", IN | PART, S(write), {PIPE_W, PTR, 100}},
    {"readv", IN, S(readv), {FILE_FD, PTR, 1}},
    {"writev", IN, S(writev), {FILE_FD, PTR, 1}},
    {"preadv", IN, S(preadv), {FILE_FD, PTR, 1, 0, 0}},
    {"pwritev", IN, S(pwritev), {FILE_FD, PTR, 1, 0, 0}},
    {"getdents64", OUT | PART, S(getdents64), {DIR_FD, PTR, 1024}},
    {"fstat", OUT, S(fstat), {FILE_FD, PTR}},
    {"fstatfs", OUT, S(fstatfs), {FILE_FD, PTR}},
    {"getcwd", OUT, S(getcwd), {PTR, 1024}},
    {"openat", IN, S(openat), {CWD, PTR, O_RDONLY}},
    {"openat creat", IN, S(openat), {CWD, PTR, O_RDWR | O_CREAT, 0644}},
    {"mkdirat", IN, S(mkdirat), {CWD, PTR, 0755}},
    {"mknodat", IN, S(mknodat), {CWD, PTR, S_IFIFO | 0644, 0}},
    {"unlinkat", IN, S(unlinkat), {CWD, PTR, 0}},
    {"rmdir", IN, S(unlinkat), {CWD, PTR, AT_REMOVEDIR}},
    {"symlinkat target", IN, S(symlinkat), {PTR, CWD, P(NEW_P)}},
    {"symlinkat path", IN, S(symlinkat), {P(FILE_P), CWD, PTR}},
    {"linkat old", IN, S(linkat), {CWD, PTR, CWD, P(NEW_P), 0}},
    {"linkat new", IN, S(linkat), {CWD, P(FILE_P), CWD, PTR, 0}},
    {"renameat2 old", IN, S(renameat2), {CWD, PTR, CWD, P(NEW_P), 0}},
    {"renameat2 new", IN, S(renameat2), {CWD, P(FILE_P), CWD, PTR, 0}},
    {"readlinkat path", IN, S(readlinkat), {CWD, PTR, P(BUFFER_P), 100}},
    {"readlinkat buffer", OUT | PART, S(readlinkat), {CWD, P(LINK_P), PTR, 100}},
    {"faccessat", IN, S(faccessat), {CWD, PTR, R_OK}},
    {"fchmodat", IN, S(fchmodat), {CWD, PTR, 0644}},
    {"fchownat", IN, S(fchownat), {CWD, PTR, 0, 0, 0}},
    {"newfstatat path", IN, S(newfstatat), {CWD, PTR, P(BUFFER_P), 0}},
    {"newfstatat buffer", OUT, S(newfstatat), {CWD, P(FILE_P), PTR, 0}},
    {"statx path", IN, S(statx), {CWD, PTR, 0, STATX_ALL, P(BUFFER_P)}},
    {"statx buffer", OUT, S(statx), {CWD, P(FILE_P), 0, STATX_ALL, PTR}},
    {"statfs path", IN, S(statfs), {PTR, P(BUFFER_P)}},
    {"statfs buffer", OUT, S(statfs), {P(FILE_P), PTR}},
    {"truncate", IN, S(truncate), {PTR, 10}},
    {"chdir", IN, S(chdir), {PTR}},
    {"chroot", IN, S(chroot), {PTR}},
    {"utimensat path", IN, S(utimensat), {CWD, PTR, 0, 0}},
    {"utimensat times", IN, S(utimensat), {CWD, P(FILE_P), PTR, 0}},
    {"mount target", IN, S(mount), {P(FILE_P), PTR, P(FILE_P), 0, 0}},
    {"umount2", IN, S(umount2), {PTR, 0}},
    {"pipe2", OUT, S(pipe2), {PTR, 0}},
    {"ppoll fds", IN, S(ppoll), {PTR, 1, P(TIME_P), 0, 0}},
    {"ppoll time", IN, S(ppoll), {0, 0, PTR, 0, 0}},
    {"pselect6 set", IN, S(pselect6), {64, PTR, 0, 0, P(TIME_P), 0}},
    {"pselect6 time", IN, S(pselect6), {0, 0, 0, 0, PTR, 0}},
    {"execve path", IN | LAZY, S(execve), {PTR, 0, 0}},
    {"execve argv", IN | LAZY, S(execve), {P(FILE_P), PTR, 0}},
    {"execve envp", IN | LAZY, S(execve), {P(FILE_P), 0, PTR}},
    {"nanosleep", IN | LAZY, S(nanosleep), {PTR, 0}},
    {"clock_nanosleep", IN | LAZY, S(clock_nanosleep), {CLOCK_MONOTONIC, 0, PTR, 0}},
    {"clock_gettime", OUT, S(clock_gettime), {CLOCK_MONOTONIC, PTR}},
    {"clock_getres", OUT | LAZY, S(clock_getres), {CLOCK_MONOTONIC, PTR}},
    {"gettimeofday", OUT, S(gettimeofday), {PTR, 0}},
    {"times", OUT, S(times), {PTR}},
    {"uname", OUT, S(uname), {PTR}},
    {"sysinfo", OUT, S(sysinfo), {PTR}},
    {"getrandom", OUT | PART, S(getrandom), {PTR, 100, 0}},
    {"getrusage", OUT, S(getrusage), {RUSAGE_SELF, PTR}},
    {"prlimit64 new", IN, S(prlimit64), {0, RLIMIT_CORE, PTR, 0}},
    {"prlimit64 old", OUT, S(prlimit64), {0, RLIMIT_CORE, 0, PTR}},
    {"getresuid", OUT, S(getresuid), {P(BUFFER_P), PTR, P(BUFFER_P)}},
    {"getitimer", OUT, S(getitimer), {ITIMER_REAL, PTR}},
    {"setitimer", IN, S(setitimer), {ITIMER_REAL, PTR, 0}},
    {"rt_sigaction new", IN, S(rt_sigaction), {SIGUSR1, PTR, 0, 8}},
    {"rt_sigaction old", OUT, S(rt_sigaction), {SIGUSR1, 0, PTR, 8}},
    {"rt_sigprocmask new", IN, S(rt_sigprocmask), {SIG_BLOCK, PTR, 0, 8}},
    {"rt_sigprocmask old", OUT, S(rt_sigprocmask), {SIG_BLOCK, 0, PTR, 8}},
    {"rt_sigpending", OUT, S(rt_sigpending), {PTR, 8}},
    {"rt_sigtimedwait", IN, S(rt_sigtimedwait), {PTR, 0, P(TIME_P), 8}},
    {"sigaltstack new", IN, S(sigaltstack), {PTR, 0}},
    {"sigaltstack old", OUT, S(sigaltstack), {0, PTR}},
    {"sched_getaffinity", OUT, S(sched_getaffinity), {0, 128, PTR}},
};

static void set_up(void)
{
    int fds[2], fd = check_ok(open("file", O_RDWR | O_CREAT, 0644));

    memset(buffer, 'b', sizeof(buffer));
    check_int(write(fd, buffer, sizeof(buffer)), sizeof(buffer));
    check_ok(lseek(fd, 0, SEEK_SET));
    check_ok(dup2(fd, FILE_FD));
    check_ok(dup2(open(".", O_RDONLY), DIR_FD));
    check_ok(pipe(fds));
    check_int(write(fds[1], buffer, 1000), 1000);
    check_ok(dup2(fds[0], PIPE_R));
    check_ok(dup2(fds[1], PIPE_W));
    unlink("link");
    check_ok(symlink("to", "link"));
}

/* A path without an end, where a call before may have stored part of its answer. */
static char *refill = buffer;
static size_t refill_size;

static long resolve(long arg, void *ptr)
{
    if (arg == PTR)
        return (long)ptr;
    if (arg >= P(0) && arg <= P(IO_P))
        return (long)pointers[arg - P(0)];
    return arg;
}

static void try(const struct row *r, void *ptr, const char *kind)
{
    long a[6];

    for (int i = 0; i < 6; i++)
        a[i] = resolve(r->args[i], ptr);
    long result = syscall(r->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (result == -1 && (errno == EFAULT || errno == ENOSYS))
        return;
    test_fail(__FILE__, __LINE__, "%s with %s: %ld (%s), not EFAULT", r->name, kind, result,
              result == -1 ? strerror(errno) : "no error");
}

static void each_row(void *ptr, const char *kind, int without, int need)
{
    set_up();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int flags = rows[i].flags;
        if (flags & without || (flags & need) != need)
            continue;
        if (flags & LAZY && test_emulated)
            continue;
        memset(refill, 'a', refill_size);
        try(&rows[i], ptr, kind);
    }
    check_errno(access("new", F_OK), ENOENT);
}

static void test_null(void) { each_row((void *)8, "a pointer near NULL", 0, 0); }
static void test_kernel(void) { each_row((void *)KERNEL_ADDRESS, "a kernel address", 0, 0); }
static void test_vmalloc(void) { each_row((void *)0xffffffe000000000, "the vmalloc area", 0, 0); }
static void test_hole(void) { each_row((void *)NON_CANONICAL, "no Sv39 address", 0, 0); }
static void test_last(void) { each_row((void *)-8L, "a range that wraps", 0, 0); }

static void test_unmapped(void)
{
    char *p = map_anon(2 * PAGE);

    check_ok(munmap(p, 2 * PAGE));
    each_row(p + 16, "an unmapped page", 0, 0);
}

static void test_no_access(void)
{
    char *p = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    each_row(p, "a PROT_NONE page", 0, 0);
}

static void test_read_only(void)
{
    char *p = map_anon(PAGE);

    check_ok(mprotect(p, PAGE, PROT_READ));
    each_row(p, "a read-only page", 0, OUT);
    check(all_bytes(p, 0, PAGE));
}

/* Memory ends inside the object; a path has no end before that. */
static void test_straddling(void)
{
    char *p = map_anon(2 * PAGE);

    check_ok(munmap(p + PAGE, PAGE));
    refill = p + PAGE - 3;
    refill_size = 3;
    each_row(p + PAGE - 3, "memory that ends within", PART, 0);
}

/* Memory ends at the end of the user half, or just before the kernel's. */
static void test_user_end(void)
{
    each_row((void *)(USER_END - 4), "the end of the user half", 0, 0);
    each_row((void *)(KERNEL_ADDRESS - 4), "memory before the kernel's", 0, 0);
}

/* Lengths that wrap around. */
static void test_lengths(void)
{
    set_up();
    check_errno(syscall(SYS_read, FILE_FD, (void *)KERNEL_ADDRESS, 0x7ffff000UL), EFAULT);
    check_errno(syscall(SYS_write, FILE_FD, (void *)-PAGE, PAGE), EFAULT);
    check_errno(syscall(SYS_getrandom, (void *)-PAGE, 64, 0), EFAULT);
    struct iovec two[2] = {{buffer, 10}, {(void *)KERNEL_ADDRESS, 10}};
    check_int(writev(FILE_FD, two, 2), 10); /* the good part */
    two[0].iov_len = -1UL;
    check_errno(writev(FILE_FD, two, 2), EINVAL);
    check_errno(readv(FILE_FD, two, -1), EINVAL);
    check_errno(readv(FILE_FD, two, 1025), EINVAL);
    check_int(readv(FILE_FD, (void *)8, 0), 0);
}

/* What was good before the end of memory is transferred. */
static void test_partial(void)
{
    char *p = map_anon(3 * PAGE);

    set_up();
    check_ok(munmap(p + PAGE, 2 * PAGE));
    check_int(read(PIPE_R, p + PAGE - 100, 1000), 100);
    check(all_bytes(p + PAGE - 100, 'b', 100));
    check_int(pread(FILE_FD, p + PAGE - 100, 200, 0), 100);
    check(all_bytes(p, 0, PAGE - 100));
    memset(p, 'p', PAGE);
    check_int(pwrite(FILE_FD, p + PAGE - 100, 200, 0), 100);
    check_int(pread(FILE_FD, buffer, 200, 0), 200);
    check(all_bytes(buffer, 'p', 100) && all_bytes(buffer + 100, 'b', 100));
}

/* A write that fails beyond the end leaves no blocks there. */
static void test_no_blocks(void)
{
    char *p = map_anon(2 * PAGE);
    int fd = open("fresh", O_RDWR | O_CREAT | O_TRUNC, 0644);
    struct stat st;

    check_ok(munmap(p + PAGE, PAGE));
    check_errno(pwrite(fd, p + PAGE, 5000, 100000), EFAULT);
    check_ok(fstat(fd, &st));
    check_int(st.st_size, 0);
    check_int(st.st_blocks, 0);
    check_int(pwrite(fd, p + PAGE - 100, 5000, 4000), 100);
    check_ok(fstat(fd, &st));
    check_int(st.st_size, 4100);
    check(st.st_blocks <= 16);
    check_ok(close(fd));
}

const struct test efault_tests[] = {
    {"efault.null", test_null},
    {"efault.kernel", test_kernel},
    {"efault.vmalloc", test_vmalloc},
    {"efault.hole", test_hole},
    {"efault.last", test_last},
    {"efault.unmapped", test_unmapped},
    {"efault.no_access", test_no_access},
    {"efault.read_only", test_read_only},
    {"efault.straddling", test_straddling},
    {"efault.user_end", test_user_end, T_NATIVE},
    {"efault.lengths", test_lengths},
    {"efault.partial", test_partial, T_DIRS | T_NATIVE},
    {"efault.no_blocks", test_no_blocks, T_DIRS},
    {NULL, NULL},
};
