/*
 * Redirections, and putting descriptors back after builtins and compound commands.
 */
#include "redir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expand.h"
#include "job.h"
#include "shell.h"

/* A here-document up to this size fits in a pipe at once: PIPE_BUF of any Unix. */
#define HERE_ATOMIC 4096
#define FD_PRIVATE 10

int fd_move_up(int fd)
{
    int up = fcntl(fd, F_DUPFD_CLOEXEC, FD_PRIVATE);
    if (up >= 0)
        close(fd);
    return up;
}

static void save_fd(struct redir_save *save, int fd)
{
    for (size_t i = 0; i < save->n; i++)
        if (save->fds[i].fd == fd)
            return;
    save->fds = mem_resize(save->fds, (save->n + 1) * sizeof *save->fds);
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, FD_PRIVATE);
    save->fds[save->n++] = (struct saved_fd){.fd = fd, .copy = copy};
}

void redir_restore(struct redir_save *save)
{
    while (save->n) {
        struct saved_fd *s = &save->fds[--save->n];
        if (s->copy >= 0) {
            dup2(s->copy, s->fd);
            close(s->copy);
        } else {
            close(s->fd);
        }
    }
    free(save->fds);
    save->fds = NULL;
}

static int install(int from, int fd)
{
    if (from == fd)
        return 0;
    int result = dup2(from, fd);
    close(from);
    return result < 0 ? -1 : 0;
}

/* With noclobber, > makes a new file or writes to what is no file. */
static int open_no_clobber(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    struct stat st;
    if (fd >= 0 || errno != EEXIST)
        return fd;
    if (stat(path, &st) < 0 || S_ISREG(st.st_mode)) {
        errno = EEXIST;
        return -1;
    }
    return open(path, O_WRONLY);
}

static int open_target(const struct redir *r, const char *path)
{
    switch (r->type) {
    case REDIR_READ:
        return open(path, O_RDONLY);
    case REDIR_READ_WRITE:
        return open(path, O_RDWR | O_CREAT, 0666);
    case REDIR_APPEND:
        return open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    case REDIR_WRITE:
        if (shell_option(OPT_NOCLOBBER))
            return open_no_clobber(path);
        return open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    default:
        return open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    }
}

static int redir_file(const struct redir *r, const char *path)
{
    int fd = open_target(r, path);
    if (fd < 0 || install(fd, r->fd) < 0) {
        shell_error("%s: %s", path, strerror(errno));
        return -1;
    }
    return 0;
}

static int redir_dup(const struct redir *r, const char *target)
{
    if (strcmp(target, "-") == 0) {
        close(r->fd);
        return 0;
    }
    long from = number_parse(target);
    int flags = from < 0 ? -1 : fcntl(from, F_GETFD);
    /* The shell's own descriptors are closed on exec: for the user they do not exist. */
    if (flags < 0 || flags & FD_CLOEXEC || (from != r->fd && dup2(from, r->fd) < 0)) {
        shell_error("%s: bad file descriptor", target);
        return -1;
    }
    return 0;
}

/* The text comes out of a pipe; when it may not fit, a child of its own writes it. */
static int redir_here(const struct redir *r, const char *text)
{
    int ends[2];
    size_t len = strlen(text);
    if (pipe(ends) < 0) {
        shell_error("here-document: %s", strerror(errno));
        return -1;
    }
    if (len <= HERE_ATOMIC) {
        write_all(ends[1], text, len);
    } else if (job_fork(NULL, FORK_QUIET) == 0) {
        close(ends[0]);
        _exit(write_all(ends[1], text, len) < 0);
    }
    close(ends[1]);
    if (install(ends[0], r->fd) < 0) {
        shell_error("here-document: %s", strerror(errno));
        return -1;
    }
    return 0;
}

static int redir_one(const struct redir *r)
{
    char *target = expand_string(r->target);
    int result = -1;
    if (sh.flow != FLOW_ABORT) {
        if (r->type == REDIR_DUP)
            result = redir_dup(r, target);
        else if (r->type == REDIR_HERE)
            result = redir_here(r, target);
        else
            result = redir_file(r, target);
    }
    free(target);
    return result;
}

int redir_apply(const struct redir *r, struct redir_save *save)
{
    for (; r; r = r->next) {
        if (save)
            save_fd(save, r->fd);
        if (redir_one(r) < 0)
            return -1;
    }
    return 0;
}
