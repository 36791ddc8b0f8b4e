/* exec along PATH, and system(). */
#include "libc.h"
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PATH "/bin:/sbin:/usr/bin:/usr/sbin"

int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

int execvp(const char *file, char *const argv[])
{
    return execvpe(file, argv, environ);
}

/* A file without "#!" that the kernel cannot run is a shell script. */
static void exec_script(const char *path, char *const argv[], char *const envp[])
{
    int argc = 0;

    while (argv[argc])
        argc++;
    char *args[argc + 2];
    args[0] = (char *)"sh";
    args[1] = (char *)path;
    for (int i = 1; i <= argc; i++)
        args[i + 1] = argv[i];
    if (argc == 0)
        args[2] = NULL;
    execve("/bin/sh", args, envp);
}

static void exec_one(const char *path, char *const argv[], char *const envp[])
{
    execve(path, argv, envp);
    if (errno == ENOEXEC) {
        exec_script(path, argv, envp);
        errno = ENOEXEC;
    }
}

/*
 * Tries each directory of PATH.  A directory without the file is passed over; a file that may not
 * be run is remembered, and EACCES is the answer when no other one was found.
 */
int execvpe(const char *file, char *const argv[], char *const envp[])
{
    const char *dir = getenv("PATH");
    char path[PATH_MAX];
    int denied = 0;

    if (!*file)
        return __fail(ENOENT);
    if (strchr(file, '/')) {
        exec_one(file, argv, envp);
        return -1;
    }
    for (dir = dir ? dir : DEFAULT_PATH; dir; dir = *dir ? dir + 1 : NULL) {
        size_t dir_len = strcspn(dir, ":");
        size_t file_len = strlen(file);
        if (dir_len + file_len + 2 <= sizeof(path)) {
            memcpy(path, dir, dir_len);
            path[dir_len] = '/';
            memcpy(path + dir_len + (dir_len != 0), file, file_len + 1);
            exec_one(path, argv, envp);
            if (errno == EACCES)
                denied = 1;
            else if (errno != ENOENT && errno != ENOTDIR)
                return -1;
        }
        dir += dir_len;
    }
    return __fail(denied ? EACCES : ENOENT);
}

static int exec_list(const char *file, const char *arg, va_list ap, int search)
{
    va_list count;
    int argc = 1;

    va_copy(count, ap);
    while (va_arg(count, char *))
        argc++;
    va_end(count);
    char *argv[argc + 1];
    argv[0] = (char *)arg;
    for (int i = 1; i <= argc; i++)
        argv[i] = va_arg(ap, char *);
    return search ? execvp(file, argv) : execv(file, argv);
}

int execl(const char *path, const char *arg, ...)
{
    va_list ap;

    va_start(ap, arg);
    int r = exec_list(path, arg, ap, 0);
    va_end(ap);
    return r;
}

int execlp(const char *file, const char *arg, ...)
{
    va_list ap;

    va_start(ap, arg);
    int r = exec_list(file, arg, ap, 1);
    va_end(ap);
    return r;
}

/* The caller ignores SIGINT and SIGQUIT while the command runs: they are meant for the command. */
int system(const char *command)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old_int, old_quit;
    sigset_t chld = 1UL << (SIGCHLD - 1), old_mask;
    int status = -1;

    if (!command)
        return access("/bin/sh", X_OK) == 0;
    sigaction(SIGINT, &ignore, &old_int);
    sigaction(SIGQUIT, &ignore, &old_quit);
    sigprocmask(SIG_BLOCK, &chld, &old_mask);
    pid_t pid = fork();
    if (pid == 0) {
        sigaction(SIGINT, &old_int, NULL);
        sigaction(SIGQUIT, &old_quit, NULL);
        sigprocmask(SIG_SETMASK, &old_mask, NULL);
        execl("/bin/sh", "sh", "-c", command, NULL);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGQUIT, &old_quit, NULL);
    sigprocmask(SIG_SETMASK, &old_mask, NULL);
    return status;
}
