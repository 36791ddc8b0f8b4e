/* rmdir [-p] dir ...: removes empty directories, with -p their parents too. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int remove_parents(char *path)
{
    char *slash;

    while ((slash = strrchr(path, '/')) && slash > path) {
        *slash = 0;
        if (rmdir(path) < 0) {
            warn("%s", path);
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    int c, parents = 0, failed = 0;

    while ((c = getopt(argc, argv, "p")) != -1) {
        if (c != 'p')
            return 1;
        parents = 1;
    }
    if (optind == argc)
        errx(1, "usage: rmdir [-p] dir ...");
    for (; optind < argc; optind++) {
        if (rmdir(argv[optind]) < 0) {
            warn("%s", argv[optind]);
            failed = 1;
        } else if (parents) {
            failed |= remove_parents(argv[optind]);
        }
    }
    return failed;
}
