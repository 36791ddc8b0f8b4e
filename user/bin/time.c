/* time [-p] command [argument ...]: runs it and says how long it took, in all and of the processor.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void show(const char *name, long us, int posix)
{
    if (posix)
        fprintf(stderr, "%s %ld.%02ld\n", name, us / 1000000, us / 10000 % 100);
    else
        fprintf(stderr, "%s\t%ldm%ld.%03lds\n", name, us / 60000000, us / 1000000 % 60,
                us / 1000 % 1000);
}

static long microseconds(struct timeval t)
{
    return t.tv_sec * 1000000 + t.tv_usec;
}

int main(int argc, char **argv)
{
    struct timespec before, after;
    struct rusage usage;
    int c, status, posix = 0;

    while ((c = getopt(argc, argv, "+p")) != -1) {
        if (c != 'p')
            return 125;
        posix = 1;
    }
    if (optind == argc)
        errx(125, "usage: time [-p] command [argument ...]");
    clock_gettime(CLOCK_MONOTONIC, &before);
    pid_t pid = fork();
    if (pid < 0)
        err(125, "fork");
    if (pid == 0) {
        execvp(argv[optind], argv + optind);
        warn("%s", argv[optind]);
        _exit(errno == ENOENT ? 127 : 126);
    }
    signal(SIGINT, SIG_IGN);
    wait4(pid, &status, 0, &usage);
    clock_gettime(CLOCK_MONOTONIC, &after);
    if (!posix)
        fputc('\n', stderr);
    show("real", (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000,
         posix);
    show("user", microseconds(usage.ru_utime), posix);
    show("sys", microseconds(usage.ru_stime), posix);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
