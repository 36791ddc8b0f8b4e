/*
 * The same thing from several sides.
 *
 * Threads here are clone(CLONE_VM) children on stacks of their own that only use system calls and
 * their arguments: the C library knows of one thread.
 */
#include "stress.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define AREA  ((char *)0x2200000000)
#define PAGES 64

static uint64_t end_ms;
static char path[2][64];

static int time_left(void) { return now_ms() < end_ms && !shared->failed; }

/* ---- one address space: a maps, unmaps, protects; b touches by system call and by hand ------- */

static volatile int stop;
static int zero_fd, null_fd;

static long touch(uint64_t *r)
{
    char *p = AREA + below(r, PAGES) * PAGE;

    return below(r, 2) ? syscall(SYS_read, zero_fd, p, PAGE) : syscall(SYS_write, null_fd, p, 8);
}

static _Noreturn void toucher(uint64_t seed)
{
    while (!stop)
        touch(&seed);
    syscall(SYS_exit, 0);
    __builtin_unreachable();
}

/* A new thread or process in this address space that runs toucher(seed). */
static long spawn(unsigned long flags, char *stack_top, uint64_t seed)
{
    register long a0 asm("a0") = flags;
    register long a1 asm("a1") = (long)stack_top;
    register long a2 asm("a2") = 0;
    register long a3 asm("a3") = 0;
    register long a4 asm("a4") = 0;
    register long a7 asm("a7") = SYS_clone;
    register long s1 asm("s1") = seed;

    asm volatile("ecall\n"
                 "bnez a0, 1f\n"
                 "mv a0, s1\n"
                 "mv ra, zero\n"
                 "tail %[fn]\n"
                 "1:"
                 : "+r"(a0)
                 : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7), "r"(s1), [fn] "i"(toucher)
                 : "memory", "ra", "t1");
    return a0;
}

static void change(uint64_t *r)
{
    unsigned from = below(r, PAGES), n = 1 + below(r, PAGES - from);
    char *p = AREA + from * PAGE;

    switch (below(r, 6)) {
    case 0:
        munmap(p, n * PAGE);
        break;
    case 1:
        mprotect(p, n * PAGE, below(r, 4));
        break;
    case 2:
        madvise(p, n * PAGE, MADV_DONTNEED);
        break;
    case 3: {
        pid_t pid = below(r, 20) ? 0 : fork();
        if (pid == 0 && getpid() != shared->pid[63]) {
            touch(r);
            _exit(0);
        }
        if (pid > 0)
            reap(pid, "copy");
        break;
    }
    default:
        if (mmap(p, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                 0) == MAP_FAILED)
            refused("mmap");
    }
}

static void one_space(uint64_t seed)
{
    static char stacks[3][16384];
    unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES;
    uint64_t r = seed;

    shared->pid[63] = getpid();
    zero_fd = open("/dev/zero", O_RDONLY);
    null_fd = open("/dev/null", O_WRONLY);
    flags |= below(&r, 2) ? CLONE_SIGHAND | CLONE_THREAD : SIGCHLD;
    for (int i = 0; i < 3; i++) {
        if (spawn(flags, stacks[i] + sizeof(stacks[i]), rnd(&r)) < 0)
            refused("clone");
    }
    for (int k = 0; k < 3000 && time_left(); k++) {
        change(&r);
        touch(&r);
    }
    stop = 1;
    if (below(&r, 2))
        _exit(0); /* with threads still there */
    while (!(flags & CLONE_THREAD) && wait(NULL) > 0)
        ;
    _exit(0);
}

/* ---- one file: truncated, mapped, renamed, unlinked, by all ---------------------------------- */

static void file_side(uint64_t seed)
{
    uint64_t r = seed;
    static char buf[8192];

    while (time_left()) {
        int which = below(&r, 2), fd = open(path[which], O_RDWR | O_CREAT, 0644);
        if (fd < 0) {
            if (errno != ENOENT)
                refused("open");
            continue;
        }
        switch (below(&r, 8)) {
        case 0:
            if (ftruncate(fd, below(&r, 100000)) != 0)
                refused("ftruncate");
            break;
        case 1:
        case 2: {
            char *p = mmap(NULL, 25 * PAGE, PROT_READ | PROT_WRITE,
                           below(&r, 3) ? MAP_SHARED : MAP_PRIVATE, fd, 0);
            if (p == MAP_FAILED) {
                refused("mmap");
                break;
            }
            /* touched by the kernel, which answers EFAULT beyond the end */
            for (int k = 0; k < 25; k++) {
                if (below(&r, 2))
                    pread(zero_fd, p + below(&r, 25) * PAGE, 8, 0);
                else
                    write(null_fd, p + below(&r, 25) * PAGE, 8);
            }
            /* the file into itself: two pages of the same file, maybe the same one */
            pread(fd, p + below(&r, 80000), 5000, below(&r, 80000));
            pwrite(fd, p + below(&r, 80000), 5000, below(&r, 80000));
            munmap(p, 25 * PAGE);
            break;
        }
        case 3:
            if (rename(path[which], path[!which]) != 0 && errno != ENOENT)
                refused("rename");
            break;
        case 4:
            if (unlink(path[which]) != 0 && errno != ENOENT)
                refused("unlink");
            break;
        case 5:
            if (pwrite(fd, buf, sizeof(buf), below(&r, 90000)) < 0)
                refused("pwrite");
            break;
        case 6:
            if (link(path[which], path[!which]) != 0 && errno != ENOENT && errno != EEXIST)
                refused("link");
            break;
        default:
            if (fsync(fd) != 0)
                refused("fsync");
        }
        close(fd);
        __atomic_fetch_add(&shared->done[5], 1, __ATOMIC_RELAXED);
    }
    _exit(0);
}

/* ---- killed in the middle of fork, exec, exit, pipes ----------------------------------------- */

static void victim(uint64_t *r)
{
    char *argv[] = {"/bin/sh", "-c", "echo a | cat | cat >/dev/null; true", NULL};
    int fds[2];
    char buf[4096];

    switch (below(r, 4)) {
    case 0:
        execve("/bin/sh", argv, environ);
        _exit(0);
    case 1:
        while (fork() >= 0 && below(r, 4))
            ;
        _exit(0);
    case 2:
        if (pipe(fds) == 0 && fork() == 0) {
            close(fds[1]);
            while (read(fds[0], buf, sizeof(buf)) > 0)
                ;
            _exit(0);
        }
        for (;;)
            write(fds[1], buf, sizeof(buf));
    default:
        if (vfork() == 0) {
            execve("/bin/true", argv, environ);
            _exit(0);
        }
        for (;;)
            wait(NULL);
    }
}

static void kill_side(uint64_t seed)
{
    uint64_t r = seed;

    while (time_left()) {
        pid_t pid = fork();
        uint64_t child = rnd(&r);
        if (pid == 0) {
            setpgid(0, 0);
            victim(&child);
        }
        if (pid < 0) {
            refused("fork");
            continue;
        }
        setpgid(pid, pid);
        for (int k = below(&r, 40); k > 0; k--)
            sched_yield();
        for (int k = 0; k < 3; k++) {
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);
        }
        reap(pid, "victim");
        __atomic_fetch_add(&shared->done[6], 1, __ATOMIC_RELAXED);
    }
    _exit(0);
}

int run_race(void)
{
    uint64_t r = options.seed;

    end_ms = now_ms() + options.seconds * 1000UL;
    zero_fd = open("/dev/zero", O_RDONLY);
    null_fd = open("/dev/null", O_WRONLY);
    for (int i = 0; i < 2; i++)
        snprintf(path[i], sizeof(path[i]), "%s/stress.race%d", options.dirs[options.dir_count - 1],
                 i);
    for (int i = 0; i < 5; i++) {
        uint64_t seed = rnd(&r);
        pid_t pid = fork();
        if (pid == 0)
            i < 3 ? file_side(seed) : kill_side(seed);
    }
    while (time_left()) {
        uint64_t seed = rnd(&r);
        pid_t pid = fork();
        if (pid == 0)
            one_space(seed);
        if (pid < 0)
            refused("fork");
        else
            reap(pid, "one space");
        shared->done[4]++;
    }
    int status;
    while (wait(&status) > 0) {
        if (status && !WIFSIGNALED(status))
            broken("a side has status %#x", status);
    }
    unlink(path[0]);
    unlink(path[1]);
    close(zero_fd);
    close(null_fd);
    sleep(1); /* orphans */
    printf("stress race: spaces %lu, files %lu, kills %lu, refused %lu\n", shared->done[4],
           shared->done[5], shared->done[6], shared->refused);
    return shared->failed;
}
