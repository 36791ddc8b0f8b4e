// System calls, pipes, processes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static void null_call(void) {
    enum { N = 10000 };
    uint64_t start = now_ns();
    for (int i = 0; i < N; i++)
        syscall(SYS_getpid);
    report("null", now_ns() - start, N);
}

static void move(int fd, char *buf, size_t n, int writing) {
    while (n > 0) {
        ssize_t done = writing ? write(fd, buf, n) : read(fd, buf, n);
        if (done <= 0)
            fail("pipe");
        buf += done;
        n -= (size_t)done;
    }
}

static void reap(pid_t pid) {
    int status;
    if (waitpid(pid, &status, 0) != pid || status != 0)
        fail("child");
}

static void pipe_round_trip(void) {
    enum { N = 1000, WARM = 10 };
    int there[2], back[2];
    char c = 'x';
    if (pipe(there) || pipe(back))
        fail("pipe");
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < N + WARM; i++) {
            move(there[0], &c, 1, 0);
            move(back[1], &c, 1, 1);
        }
        _exit(0);
    }
    uint64_t start = 0;
    for (int i = 0; i < N + WARM; i++) {
        if (i == WARM)
            start = now_ns();
        move(there[1], &c, 1, 1);
        move(back[0], &c, 1, 0);
    }
    report("pipe_rt", now_ns() - start, N);
    reap(pid);
    for (int i = 0; i < 2; i++) {
        close(there[i]);
        close(back[i]);
    }
}

static void pipe_copy(void) {
    enum { KIB = 4096 };
    static char buf[4096];
    int fd[2];
    if (pipe(fd))
        fail("pipe");
    uint64_t start = now_ns();
    pid_t pid = fork();
    if (pid == 0) {
        close(fd[1]);
        for (int i = 0; i < KIB / 4; i++)
            move(fd[0], buf, sizeof(buf), 0);
        _exit(0);
    }
    close(fd[0]);
    for (int i = 0; i < KIB / 4; i++)
        move(fd[1], buf, sizeof(buf), 1);
    reap(pid);
    report("pipe_copy", now_ns() - start, KIB);
    close(fd[1]);
}

// The tiny program does the loop itself and prints the line: its address space is what is forked.
static void tiny(char *what) {
    char *argv[] = {"tiny", what, NULL};
    char *envp[] = {NULL};
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        execve("/bin/tiny", argv, envp);
        _exit(127);
    }
    reap(pid);
}

static void fork_tiny(void) { tiny("fork"); }
static void exec_tiny(void) { tiny("exec"); }

const struct bench call_benches[] = {
    {"null", null_call},       {"pipe_rt", pipe_round_trip}, {"pipe_copy", pipe_copy},
    {"fork_tiny", fork_tiny}, {"exec_tiny", exec_tiny},     {NULL, NULL},
};
