/* cmp [-ls] file1 [file2]: the first byte that differs; -l all of them; status 0 same, 1 not, 2
 * error. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static FILE *open_file(const char *name)
{
    FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");

    if (!f)
        err(2, "%s", name);
    return f;
}

int main(int argc, char **argv)
{
    int c, list = 0, silent = 0, differ = 0;
    long byte = 0, line = 1;

    while ((c = getopt(argc, argv, "ls")) != -1) {
        if (c == 'l')
            list = 1;
        else if (c == 's')
            silent = 1;
        else
            return 2;
    }
    if (optind == argc || argc - optind > 2)
        errx(2, "usage: cmp [-ls] file1 [file2]");
    const char *names[2] = {argv[optind], argc - optind == 2 ? argv[optind + 1] : "-"};
    FILE *f = open_file(names[0]), *g = open_file(names[1]);
    for (;;) {
        int a = getc(f), b = getc(g);
        if (a == EOF && b == EOF)
            return differ;
        byte++;
        if (a == EOF || b == EOF) {
            fflush(stdout);
            const char *end = names[a != EOF];
            if (!silent && list)
                fprintf(stderr, "cmp: EOF on %s after byte %ld\n", end, byte - 1);
            else if (!silent)
                fprintf(stderr, "cmp: EOF on %s after byte %ld, in line %ld\n", end, byte - 1,
                        line);
            return 1;
        }
        if (a != b && !list) {
            if (!silent)
                printf("%s %s differ: byte %ld, line %ld\n", names[0], names[1], byte, line);
            return 1;
        }
        if (a != b) {
            differ = 1;
            printf("%ld %3o %3o\n", byte, a, b);
        }
        line += a == '\n';
    }
}
