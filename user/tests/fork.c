/* fork, vfork, clone; parents and orphans; very many processes. */
#include "testutil.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_returns(void)
{
    pid_t me = getpid(), pid = xfork();

    if (pid == 0) {
        check(getppid() == me && getpid() != me && gettid() == getpid());
        check_int(getpgrp(), me); /* tests lead their group */
        _exit(5);
    }
    check(pid > 0 && pid != me);
    check_exit(pid, 5);
    check_errno(kill(pid, 0), ESRCH);
}

static void test_many(void)
{
    pid_t last = 0;

    for (int i = 0; i < 100; i++) {
        pid_t pid = xfork();
        if (pid == 0)
            _exit(i & 0x7f);
        check(pid != last);
        last = pid;
        check_exit(pid, i & 0x7f);
    }
}

/* An open file is one thing with one offset; a table of descriptors is each one's own. */
static void test_files(void)
{
    char byte;

    make_file("f", "0123456789", 10);
    int fd = check_ok(open("f", O_RDONLY));
    pid_t pid = xfork();
    if (pid == 0) {
        check_int(read(fd, &byte, 1), 1);
        check_int(lseek(fd, 4, SEEK_CUR), 5);
        check_ok(close(fd));
        _exit(0);
    }
    check_exit(pid, 0);
    check_int(read(fd, &byte, 1), 1);
    check_int(byte, '5');
}

static void test_exit_closes(void)
{
    int fds[2];
    char byte;

    check_ok(pipe(fds));
    pid_t pid = xfork();
    if (pid == 0)
        pause();
    close(fds[1]);
    check_ok(kill(pid, SIGKILL));
    check_int(read(fds[0], &byte, 1), 0);
    check_int(waitpid(pid, NULL, 0), pid);
}

static void test_vfork_waits(void)
{
    volatile uint64_t start = now_us();
    pid_t pid = vfork();

    if (pid == 0) {
        sleep_ms(50);
        _exit(7);
    }
    check(pid > 0);
    check(now_us() - start >= 50000);
    check_exit(pid, 7);
}

static void test_vfork_shares(void)
{
    volatile int seen = 0;
    pid_t pid = vfork();

    if (pid == 0) {
        seen = 1;
        _exit(0);
    }
    check_int(seen, 1);
    check_exit(pid, 0);
    pid = vfork();
    if (pid == 0) {
        execl("/proc/self/exe", "usertests", "--as", "exit", "9", NULL);
        _exit(1);
    }
    check_exit(pid, 9);
}

static void test_clone(void)
{
    int status;
    pid_t pid = check_ok(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));

    if (pid == 0)
        _exit(3);
    check_exit(pid, 3);
    pid = check_ok(syscall(SYS_clone, 0, 0, 0, 0, 0)); /* no signal at its end */
    if (pid == 0)
        _exit(4);
    check_errno(waitpid(pid, &status, 0), ECHILD);
    check_int(waitpid(pid, &status, __WALL), pid);
    check_int(status, 4 << 8);
    check_errno(syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0), EINVAL);
    check_errno(syscall(SYS_clone, CLONE_THREAD | CLONE_VM | SIGCHLD, 0, 0, 0, 0), EINVAL);
    check_errno(syscall(SYS_clone, CLONE_FS | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0), EINVAL);
}

static void test_clone_tids(void)
{
    int parent_tid = 0, child_tid = 0;
    long flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD;
    pid_t pid = check_ok(syscall(SYS_clone, flags, 0, &parent_tid, 0, &child_tid));

    if (pid == 0)
        _exit(child_tid == getpid() ? 0 : 1);
    check_exit(pid, 0);
    check_int(parent_tid, pid);
    check_int(child_tid, 0);
}

/* When a parent ends, another takes its children. */
static void test_orphan(void)
{
    int fds[2];
    pid_t seen[2];

    check_ok(pipe(fds));
    pid_t middle = xfork();
    if (middle == 0) {
        if (xfork() == 0) {
            pid_t parent = getppid();
            int tries = 0;
            while (getppid() == parent && tries++ < 500)
                sleep_ms(2);
            seen[0] = parent;
            seen[1] = getppid();
            write(fds[1], seen, sizeof(seen));
            _exit(0);
        }
        sleep_ms(20);
        _exit(0);
    }
    check_exit(middle, 0);
    check_int(read(fds[0], seen, sizeof(seen)), sizeof(seen));
    check_int(seen[0], middle);
    check(seen[1] != middle && seen[1] != getpid());
    if (!test_emulated)
        check_int(seen[1], 1);
}

/* A zombie's children are reparented as well, and a zombie stays until its parent has asked. */
static void test_zombie(void)
{
    int status;
    pid_t pid = xfork();

    if (pid == 0)
        _exit(11);
    sleep_ms(20);
    check_ok(kill(pid, 0));
    check_ok(kill(pid, SIGKILL)); /* too late */
    check_int(waitpid(pid, &status, 0), pid);
    check_int(status, 11 << 8);
    check_errno(kill(pid, 0), ESRCH);
}

/* As many processes as fit, up to 2,000, all alive at once. */
static void test_two_thousand(void)
{
    uint64_t fit = ram_bytes() / (48 * KIB);
    int count = test_emulated ? 50 : fit < 2000 ? (int)(fit / 4) : 2000;
    pid_t *pids = malloc(count * sizeof(pid_t)), sum = 0;
    int go[2], up[2];
    char byte;

    check(pids != NULL);
    check_ok(pipe(go));
    check_ok(pipe(up));
    for (int i = 0; i < count; i++) {
        pids[i] = fork();
        if (pids[i] < 0)
            test_fail(__FILE__, __LINE__, "fork %d of %d: %m", i, count);
        if (pids[i] == 0) {
            close(go[1]);
            check_int(write(up[1], "u", 1), 1);
            read(go[0], &byte, 1);
            _exit(i % 100);
        }
    }
    for (int i = 0; i < count; i++)
        check_int(read(up[0], &byte, 1), 1);
    close(go[1]);
    for (int i = 0; i < count; i++) {
        check_exit(pids[i], i % 100);
        sum++;
    }
    check_int(sum, count);
}

/* All memory: a process may be killed, the machine goes on. */
static void eat_memory(void *unused)
{
    size_t size = 2 * ram_bytes();
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);

    check(p != MAP_FAILED);
    for (size_t i = 0; i < size; i += PAGE)
        p[i] = 1;
}

static void test_exhaustion(void)
{
    int status = status_of(eat_memory, NULL);

    check(WIFSIGNALED(status));
    check(WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGBUS);
    char *p = map_anon(MIB);
    memset(p, 1, MIB);
}

/*
 * Forking without memory is an error, or the end of the largest process; all of it is given back.
 * The memory is in another process, which leaves as much as some hundred children take: a fork
 * costs what the parent has, and only the frames matter here.
 */
static pid_t start_hog(void)
{
    size_t free = 1024 * (size_t)proc_value("/proc/meminfo", "MemAvailable");
    size_t size = free - (free / 3 < 8 * MIB ? free / 3 : 8 * MIB);
    int ready[2];
    char c;

    check_int(pipe(ready), 0);
    pid_t pid = xfork();
    if (pid == 0) {
        char *p = map_anon(size);
        for (size_t i = 0; i < size; i += PAGE)
            p[i] = 1;
        check_int(write(ready[1], "x", 1), 1);
        pause();
        _exit(0);
    }
    close(ready[1]);
    check_int(read(ready[0], &c, 1), 1);
    close(ready[0]);
    return pid;
}

static void fork_until_error(void)
{
    int failed = 0;
    pid_t hog = start_hog();

    while (!failed && waitpid(hog, NULL, WNOHANG) == 0) {
        pid_t pid = fork();
        if (pid == 0) {
            pause();
            _exit(0);
        }
        failed = pid < 0;
    }
    check(!failed || errno == ENOMEM || errno == EAGAIN);
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
}

static void test_fork_exhaustion(void)
{
    pid_t pid = xfork();
    int status;

    if (pid == 0) {
        setpgid(0, 0);
        fork_until_error();
        while (wait(NULL) > 0)
            continue;
        _exit(0);
    }
    check_int(waitpid(pid, &status, 0), pid);
    check(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    kill(-pid, SIGKILL);
}

const struct test fork_tests[] = {
    {"fork.returns", test_returns},
    {"fork.many", test_many},
    {"fork.files", test_files},
    {"fork.exit_closes", test_exit_closes},
    {"fork.vfork_waits", test_vfork_waits, T_NATIVE},
    {"fork.vfork_shares", test_vfork_shares, T_NATIVE},
    {"fork.clone", test_clone, T_NATIVE},
    {"fork.clone_tids", test_clone_tids, T_NATIVE},
    {"fork.orphan", test_orphan},
    {"fork.zombie", test_zombie},
    {"fork.two_thousand", test_two_thousand},
    {"fork.memory_exhaustion", test_exhaustion, T_NATIVE},
    {"fork.fork_exhaustion", test_fork_exhaustion, T_NATIVE},
    {NULL, NULL},
};
