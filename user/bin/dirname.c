/* dirname path ...: what leads to the last part of a path. */
#include <err.h>
#include <libgen.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (getopt(argc, argv, "") != -1)
        return 1;
    if (optind == argc)
        errx(1, "missing operand");
    for (; optind < argc; optind++)
        puts(dirname(argv[optind]));
    return fflush(stdout) == EOF;
}
