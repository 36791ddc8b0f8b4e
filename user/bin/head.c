/*
 * head [-n lines | -c bytes | -lines] [-qv] [file ...]: the beginning of files, 10 lines by
 * default.
 *
 * What was read too much is given back, so that a program that shares the descriptor goes on from
 * there.
 */
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long limit = 10;
static int count_bytes;

static int show(FILE *f, const char *name)
{
    long left = limit;
    int c;

    while (left > 0 && (c = getc(f)) != EOF) {
        putchar(c);
        left -= count_bytes || c == '\n';
    }
    if (ferror(f))
        warn("%s", name);
    int failed = ferror(f);
    fflush(f);
    return failed;
}

static void set_limit(const char *text)
{
    char *end;

    limit = strtol(text, &end, 10);
    if (end == text || limit < 0)
        errx(1, "'%s' is not a number of lines or bytes", text);
    if (*end == 'k' || *end == 'K')
        limit *= 1024;
    else if (*end == 'm' || *end == 'M')
        limit *= 1024 * 1024;
    else if (*end)
        errx(1, "'%s' is not a number of lines or bytes", text);
}

int main(int argc, char **argv)
{
    int c, failed = 0, quiet = 0, verbose = 0;

    if (argc > 1 && argv[1][0] == '-' && isdigit((unsigned char)argv[1][1])) {
        set_limit(argv[1] + 1);
        optind = 2;
    }
    while ((c = getopt(argc, argv, "n:c:qv")) != -1) {
        switch (c) {
        case 'n':
        case 'c':
            count_bytes = c == 'c';
            set_limit(optarg);
            break;
        case 'q':
            quiet = 1;
            break;
        case 'v':
            verbose = 1;
            break;
        default:
            return 1;
        }
    }
    if (optind == argc)
        return show(stdin, "standard input") || fflush(stdout) == EOF;
    int heading = verbose || (argc - optind > 1 && !quiet);
    for (int i = optind; i < argc; i++) {
        FILE *f = strcmp(argv[i], "-") == 0 ? stdin : fopen(argv[i], "r");
        if (!f) {
            warn("%s", argv[i]);
            failed = 1;
            continue;
        }
        if (heading)
            printf("%s==> %s <==\n", i > optind ? "\n" : "", argv[i]);
        failed |= show(f, argv[i]);
        if (f != stdin)
            fclose(f);
    }
    return failed || fflush(stdout) == EOF;
}
