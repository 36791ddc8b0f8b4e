/* tee [-a] [-i] [file ...]: standard input to standard output and to files. */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int put(int fd, const char *buf, ssize_t len)
{
    for (ssize_t done = 0, n; done < len; done += n) {
        n = write(fd, buf + done, len - done);
        if (n < 0)
            return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static char buf[65536];
    int c, failed = 0, append = O_TRUNC;
    ssize_t n;

    while ((c = getopt(argc, argv, "ai")) != -1) {
        if (c == 'a')
            append = O_APPEND;
        else if (c == 'i')
            signal(SIGINT, SIG_IGN);
        else
            return 1;
    }
    int count = argc - optind;
    int *fds = malloc((count + 1) * sizeof(*fds));
    if (!fds)
        err(1, NULL);
    for (int i = 0; i < count; i++) {
        fds[i] = open(argv[optind + i], O_WRONLY | O_CREAT | append, 0666);
        if (fds[i] < 0) {
            warn("%s", argv[optind + i]);
            failed = 1;
        }
    }
    while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0) {
        if (put(STDOUT_FILENO, buf, n) < 0)
            err(1, "standard output");
        for (int i = 0; i < count; i++) {
            if (fds[i] >= 0 && put(fds[i], buf, n) < 0) {
                warn("%s", argv[optind + i]);
                close(fds[i]);
                fds[i] = -1;
                failed = 1;
            }
        }
    }
    return failed || n < 0;
}
