/*
 * swapoff [-v] file ...: brings back what was swapped there, and swaps there no longer.
 * swapoff -a: the same for all in use.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>
#include <tools.h>
#include <unistd.h>

static int verbose;

static int stop(const char *path)
{
    if (verbose)
        printf("swapoff %s\n", path);
    if (swapoff(path) == 0)
        return 0;
    warn("%s: swapoff failed", path);
    return 1;
}

static int stop_all(void)
{
    char *text = must_read("/proc/swaps"), *next;
    int status = 0;

    for (char *line = strchr(text, '\n'); line && line[1]; line = next) {
        next = strchr(++line, '\n');
        line[strcspn(line, " \t")] = 0;
        status |= stop(line);
    }
    free(text);
    return status;
}

int main(int argc, char **argv)
{
    int c, all = 0, status = 0;

    while ((c = getopt(argc, argv, "av")) != -1) {
        if (c == '?')
            errx(1, "usage: swapoff [-v] -a | file ...");
        all |= c == 'a';
        verbose |= c == 'v';
    }
    if (!all && optind == argc)
        errx(1, "bad usage: no file");
    if (all)
        status = stop_all();
    for (; optind < argc; optind++)
        status |= stop(argv[optind]);
    return status || fflush(stdout) == EOF;
}
