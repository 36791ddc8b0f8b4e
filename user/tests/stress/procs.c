/* Children: copies of this process that check its memory, other programs, pipes between the two. */
#include "stress.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void child_steps(uint64_t *r)
{
    memory_verify();
    for (int k = 0; k < 20; k++)
        memory_step(r);
    memory_verify();
    _exit(0);
}

/* Parent and child go on at once, each with its own copy. */
static void fork_and_go_on(uint64_t *r)
{
    uint64_t seed = rnd(r);
    pid_t pid = fork();

    if (pid == 0)
        child_steps(&seed);
    if (pid < 0) {
        refused("fork");
        return;
    }
    for (int k = below(r, 20); k > 0; k--)
        memory_step(r);
    if (below(r, 5) == 0)
        kill(pid, SIGKILL);
    reap(pid, "copy");
}

static void run_program(uint64_t *r)
{
    static const char *const programs[] = {"/bin/true", "/bin/sh", "/bin/false"};
    char *argv[] = {"stress-child", "-c", "exit 0", NULL};
    int which = below(r, 3), want = which == 2 ? 0x100 : 0;
    const char *path = programs[which];
    pid_t pid = below(r, 2) ? vfork() : fork();

    if (pid == 0) {
        close(1);
        execve(path, argv, environ);
        _exit(errno == ENOMEM || errno == EAGAIN ? 99 : 100);
    }
    if (pid < 0) {
        refused("fork");
        return;
    }
    if (below(r, 8) == 0)
        kill(pid, SIGKILL);
    int status;
    if (waitpid(pid, &status, 0) != pid)
        broken("waitpid of %s: %s", path, strerror(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
        shared->refused++;
    else if (status != want && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
        broken("%s has status %#x", path, status);
}

static void send_bytes(int fd, size_t total, uint64_t seed)
{
    uint64_t buf[700];

    for (size_t at = 0; at < total;) {
        size_t n = 8 * (1 + below(&seed, 700));
        n = n < total - at ? n : total - at;
        for (size_t k = 0; k < n / 8; k++)
            buf[k] = at / 8 + k;
        size_t off = 0;
        while (off < n) {
            ssize_t done = write(fd, (char *)buf + off, n - off);
            if (done < 0 && refused("write to a pipe"))
                usleep(1000);
            else
                off += done;
        }
        at += n;
    }
    _exit(0);
}

static void pipe_between(uint64_t *r)
{
    size_t total = 8 * below(r, 30000), at = 0;
    unsigned char buf[5000];
    int fds[2];

    if (pipe(fds) != 0) {
        refused("pipe");
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        send_bytes(fds[1], total, 1);
    }
    close(fds[1]);
    while (pid > 0) {
        ssize_t n = read(fds[0], buf, 1 + below(r, sizeof(buf)));
        if (n < 0 && refused("read of a pipe"))
            continue;
        if (n == 0)
            break;
        for (ssize_t k = 0; k < n; k++) {
            if (buf[k] != (unsigned char)((at + k) / 8 >> (at + k) % 8 * 8))
                broken("byte %zu of %zu from the pipe is %#x", at + k, total, buf[k]);
        }
        at += n;
    }
    close(fds[0]);
    if (pid < 0) {
        refused("fork");
        return;
    }
    int status;
    if (waitpid(pid, &status, 0) != pid || (status == 0 && at != total))
        broken("pipe gave %zu of %zu bytes, status %#x", at, total, status);
}

void procs_step(uint64_t *r)
{
    unsigned kind = below(r, 3);

    __atomic_fetch_add(&shared->done[2], 1, __ATOMIC_RELAXED);
    if (kind == 0)
        fork_and_go_on(r);
    else if (kind == 1)
        run_program(r);
    else
        pipe_between(r);
}
