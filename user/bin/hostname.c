/* hostname [name]: the machine's name, or gives it one. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char name[256];

    if (getopt(argc, argv, "") != -1)
        return 1;
    if (optind < argc) {
        if (sethostname(argv[optind], strlen(argv[optind])) < 0)
            err(1, "you must be root to change the host name");
        return 0;
    }
    if (gethostname(name, sizeof(name)) < 0)
        err(1, NULL);
    puts(name);
    return fflush(stdout) == EOF;
}
