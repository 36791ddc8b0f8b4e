/* uniq [-cdui] [-f fields] [-s chars] [in [out]]: neighbouring equal lines become one. */
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static int counts, repeated, single, fold;
static long skip_fields, skip_chars;

static const char *compared(const char *line)
{
    for (long i = 0; i < skip_fields && *line; i++) {
        line += strspn(line, " \t");
        line += strcspn(line, " \t");
    }
    for (long i = 0; i < skip_chars && *line; i++)
        line++;
    return line;
}

static int equal(const char *a, const char *b)
{
    return (fold ? strcasecmp : strcmp)(compared(a), compared(b)) == 0;
}

static void show(const char *line, long count)
{
    if ((repeated && count < 2) || (single && count > 1))
        return;
    if (counts)
        printf("%7ld ", count);
    puts(line);
}

static void squeeze(FILE *f)
{
    char *line = NULL, *kept = NULL;
    size_t size = 0, kept_size = 0;
    long count = 0;
    ssize_t len;

    while ((len = getline(&line, &size, f)) > 0) {
        if (line[len - 1] == '\n')
            line[len - 1] = 0;
        if (count && equal(kept, line)) {
            count++;
            continue;
        }
        if (count)
            show(kept, count);
        char *other = kept;
        size_t other_size = kept_size;
        kept = line;
        kept_size = size;
        line = other;
        size = other_size;
        count = 1;
    }
    if (count)
        show(kept, count);
}

static long positive(const char *text, const char *what)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (end == text || *end || n < 0)
        errx(1, "%s: invalid number of %s to skip", text, what);
    return n;
}

int main(int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "cduif:s:")) != -1) {
        switch (c) {
        case 'c': counts = 1; break;
        case 'd': repeated = 1; break;
        case 'u': single = 1; break;
        case 'i': fold = 1; break;
        case 'f': skip_fields = positive(optarg, "fields"); break;
        case 's': skip_chars = positive(optarg, "bytes"); break;
        default: return 1;
        }
    }
    if (argc - optind > 2)
        errx(1, "extra operand '%s'", argv[optind + 2]);
    if (optind < argc && strcmp(argv[optind], "-") != 0 && !freopen(argv[optind], "r", stdin))
        err(1, "%s", argv[optind]);
    if (argc - optind == 2 && !freopen(argv[optind + 1], "w", stdout))
        err(1, "%s", argv[optind + 1]);
    squeeze(stdin);
    return ferror(stdin) || fflush(stdout) == EOF;
}
