/* As much as there is, and more: processes, memory, files, directories. */
#include "stress.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t free_bytes(void)
{
    struct sysinfo si;

    sysinfo(&si);
    return si.freeram * si.mem_unit;
}

static uint64_t ram(void)
{
    struct sysinfo si;

    sysinfo(&si);
    return si.totalram * si.mem_unit;
}

/* ---- bomb ------------------------------------------------------------------------------------ */

static void bomb(uint64_t end)
{
    for (;;) {
        pid_t pid = fork();
        if (pid >= 0)
            __atomic_fetch_add(&shared->done[3], 1, __ATOMIC_RELAXED);
        else if (refused("fork in the bomb"))
            usleep(10000);
        if (now_ms() > end)
            pause();
    }
}

int run_bomb(void)
{
    uint64_t end = now_ms() + options.seconds * 1000UL, rounds = 0;

    while (now_ms() < end) {
        pid_t pid = fork();
        if (pid == 0) {
            setpgid(0, 0);
            bomb(end);
        }
        if (pid < 0) {
            refused("fork of a bomb");
            usleep(1000);
            continue;
        }
        setpgid(pid, pid);
        usleep(1500000);
        for (int i = 0; i < 20; i++) { /* those just being made escape one signal */
            kill(-pid, SIGKILL);
            usleep(20000);
        }
        reap(pid, "bomb");
        rounds++;
    }
    printf("stress bomb: %lu rounds, %lu forks, %lu refused\n", rounds, shared->done[3],
           shared->refused);
    return 0;
}

/* ---- hog ------------------------------------------------------------------------------------- */

static void hog(int how)
{
    size_t n = 2 * ram();
    int flags = (how & 1 ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS | MAP_NORESERVE;
    char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, flags, -1, 0);

    if (p == MAP_FAILED) {
        refused("mmap of the hog");
        _exit(0);
    }
    for (size_t at = 0; at < n; at += PAGE)
        p[at] = at / PAGE + 1;
    broken("all of twice the memory was touched");
}

int run_hog(void)
{
    uint64_t end = now_ms() + options.seconds * 1000UL, rounds = 0, killed = 0;
    int n = options.processes > 0 ? options.processes : 2, status;

    for (; now_ms() < end; rounds++) {
        for (int i = 0; i < n; i++) {
            pid_t pid = fork();
            if (pid == 0)
                hog(rounds + i);
            if (pid < 0)
                refused("fork of a hog");
        }
        while (wait(&status) > 0) {
            if (status && !(WIFSIGNALED(status) &&
                            (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGBUS)))
                broken("hog has status %#x", status);
            killed += status != 0;
        }
    }
    printf("stress hog: %lu rounds, %lu killed\n", rounds, killed);
    return 0;
}

/* ---- fill ------------------------------------------------------------------------------------ */

static uint64_t block[8192];

static void check_file(const char *path, uint64_t size)
{
    int fd = open(path, O_RDONLY);

    for (uint64_t at = 0; at < size; at += sizeof(block)) {
        ssize_t n = read(fd, block, sizeof(block));
        if (n != (ssize_t)sizeof(block))
            broken("%s at %lu: read gives %ld, %s", path, at, n, strerror(errno));
        for (size_t k = 0; k < sizeof(block) / 8; k++) {
            if (block[k] != pattern(7, at / 8 + k))
                broken("%s: word at %lu is %#lx", path, at + 8 * k, block[k]);
        }
    }
    close(fd);
}

static uint64_t fill_file(const char *path, uint64_t want)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    uint64_t at = 0;

    if (fd < 0)
        broken("%s: %s", path, strerror(errno));
    while (at < want) {
        for (size_t k = 0; k < sizeof(block) / 8; k++)
            block[k] = pattern(7, at / 8 + k);
        ssize_t n = write(fd, block, sizeof(block));
        if (n < 0 && refused("write"))
            break;
        at += n;
        if (n < (ssize_t)sizeof(block))
            break;
    }
    at -= at % sizeof(block);
    if (ftruncate(fd, at) != 0)
        refused("ftruncate");
    close(fd);
    return at;
}

int run_fill(void)
{
    char path[2][64];
    uint64_t size[2], want = ram() * 3 / 2;

    for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof(path[i]), "%s/stress.fill", options.dirs[i % options.dir_count]);
        size[i] = options.dir_count > i ? fill_file(path[i], want) : 0;
        printf("stress fill: %s takes %lu KiB of %lu\n", path[i], size[i] >> 10, want >> 10);
    }
    for (int i = 0; i < 2 && i < options.dir_count; i++) {
        check_file(path[i], size[i]);
        if (unlink(path[i]) != 0)
            broken("unlink %s: %s", path[i], strerror(errno));
    }
    return 0;
}

/* ---- many ------------------------------------------------------------------------------------ */

int run_many(void)
{
    int n = options.processes > 0 ? options.processes : 2000, made = 0;
    uint64_t before = free_bytes();
    int fds[2];
    char byte;

    if (pipe(fds) != 0)
        broken("pipe: %s", strerror(errno));
    for (; made < n; made++) {
        pid_t pid = fork();
        if (pid == 0) {
            close(fds[1]);
            _exit(read(fds[0], &byte, 1) != 0);
        }
        if (pid < 0 && refused("fork"))
            break;
    }
    usleep(200000);
    uint64_t used = before - free_bytes();
    printf("stress many: %d live, %lu bytes each\n", made, made ? used / made : 0);
    close(fds[0]);
    close(fds[1]);
    for (int status, i = 0; i < made; i++) {
        if (wait(&status) < 0 || status != 0)
            broken("the %d-th of %d processes has status %#x", i, made, status);
    }
    return made < n;
}

/* ---- deep, open ------------------------------------------------------------------------------ */

int run_deep(void)
{
    int n = options.processes > 0 ? options.processes : 1000;

    for (int k = 0; k < options.dir_count; k++) {
        int depth = 0;
        if (chdir(options.dirs[k]) != 0)
            broken("%s: %s", options.dirs[k], strerror(errno));
        while (depth < n && (mkdir("deep", 0755) == 0 || !refused("mkdir")) && chdir("deep") == 0)
            depth++;
        printf("stress deep: %d directories in %s\n", depth, options.dirs[k]);
        char *cwd = getcwd(NULL, 0);
        if (!cwd && errno != ERANGE && errno != ENAMETOOLONG && errno != ENOMEM)
            broken("getcwd: %s", strerror(errno));
        free(cwd);
        rmdir("deep");
        for (int i = 0; i < depth; i++) {
            if (chdir("..") != 0 || rmdir("deep") != 0)
                broken("back up from %d of %d: %s", i, depth, strerror(errno));
        }
    }
    return chdir("/") != 0;
}

int run_open(void)
{
    int n = options.processes > 0 ? options.processes : 10000, opened = 0;
    struct rlimit limit = {n + 100, n + 100};
    char path[64];

    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        printf("stress open: setrlimit: %s\n", strerror(errno));
    snprintf(path, sizeof(path), "%s/stress.open", options.dirs[0]);
    int first = open(path, O_RDWR | O_CREAT, 0644);
    uint64_t before = free_bytes();
    for (; opened < n; opened++) {
        int fd = open(path, O_RDWR);
        if (fd < 0 && (errno == EMFILE || refused("open")))
            break;
    }
    printf("stress open: %d files open, %lu bytes each\n", opened,
           opened ? (before - free_bytes()) / opened : 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    if (pid > 0)
        reap(pid, "child with many files");
    for (int i = 0; i < opened; i++) {
        if (close(first + 1 + i) != 0)
            broken("close: %s", strerror(errno));
    }
    close(first);
    unlink(path);
    return opened < n && shared->refused == 0;
}
