/* The runner: see testlib.h. */
#include "testlib.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int reason_fd; /* the child's way to tell why */

_Noreturn void test_fail(const char *file, int line, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    int n = snprintf(text, sizeof(text), "%s:%d: ", basename(file), line);
    va_start(ap, fmt);
    vsnprintf(text + n, sizeof(text) - n, fmt, ap);
    va_end(ap);
    write(reason_fd, text, strlen(text));
    _exit(1);
}

/* Reads until the child and all that it started have closed the pipe. */
static void read_reason(int fd, char *reason, size_t size)
{
    size_t done = 0;
    ssize_t n;

    while (done < size - 1 && (n = read(fd, reason + done, size - 1 - done)) > 0)
        done += n;
    reason[done] = 0;
}

static int run_one(const struct test *t)
{
    char reason[512];
    int fds[2], status;

    fflush(stdout);
    if (pipe(fds) < 0) {
        printf("FAIL %s: pipe: %m\n", t->name);
        return 1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        reason_fd = fds[1];
        t->fn();
        _exit(0);
    }
    close(fds[1]);
    read_reason(fds[0], reason, sizeof(reason));
    close(fds[0]);
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        printf("FAIL %s: no child: %m\n", t->name);
    else if (WIFSIGNALED(status))
        printf("FAIL %s: killed by signal %d (%s)\n", t->name, WTERMSIG(status),
               strsignal(WTERMSIG(status)));
    else if (*reason || WEXITSTATUS(status))
        printf("FAIL %s: %s (status %d)\n", t->name, reason, WEXITSTATUS(status));
    else {
        printf("ok %s\n", t->name);
        return 0;
    }
    return 1;
}

static int is_wanted(const struct test *t, char **names)
{
    if (!*names)
        return 1;
    for (; *names; names++) {
        if (strncmp(t->name, *names, strlen(*names)) == 0)
            return 1;
    }
    return 0;
}

int run_tests(const struct test *const *tables, int argc, char **argv)
{
    int list = argc > 1 && strcmp(argv[1], "-l") == 0;
    int passed = 0, failed = 0;

    for (; *tables; tables++) {
        for (const struct test *t = *tables; t->name; t++) {
            if (list) {
                puts(t->name);
            } else if (is_wanted(t, argv + 1)) {
                if (run_one(t))
                    failed++;
                else
                    passed++;
            }
        }
    }
    if (!list)
        printf("%d passed, %d failed\n", passed, failed);
    return failed || (!list && !passed);
}
