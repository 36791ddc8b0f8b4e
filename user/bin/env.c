/* env [-i] [-u name] [name=value ...] [command [arg ...]]: a command in a changed environment. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "+iu:")) != -1) {
        if (c == 'i')
            clearenv();
        else if (c == 'u')
            unsetenv(optarg);
        else
            return 125;
    }
    for (; optind < argc && strchr(argv[optind], '='); optind++)
        putenv(argv[optind]);
    if (optind < argc) {
        execvp(argv[optind], argv + optind);
        int status = errno == ENOENT ? 127 : 126;
        err(status, "%s", argv[optind]);
    }
    for (char **e = environ; *e; e++)
        puts(*e);
    return fflush(stdout) == EOF;
}
