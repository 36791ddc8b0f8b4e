/*
 * cut -f list [-d char] [-s] [file ...]      fields of each line, separated by tabs or `char`
 * cut -b list | -c list [file ...]           bytes
 *
 * A list is 1,3-5,7-; with --complement all others; --output-delimiter=text joins what is left.
 */
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct range {
    unsigned long first, last; /* from 1 */
};

static struct range *ranges;
static size_t range_count;
static int delimiter = '\t', only_delimited, complement;
static const char *joiner;

static unsigned long number(const char **p, unsigned long absent)
{
    char *end;

    if (!isdigit((unsigned char)**p))
        return absent;
    unsigned long n = strtoul(*p, &end, 10);
    *p = end;
    if (!n)
        errx(1, "fields and positions are numbered from 1");
    return n;
}

static void add_range(const char **p)
{
    const char *start = *p;
    struct range r;

    r.first = number(p, 1);
    r.last = r.first;
    if (**p == '-') {
        (*p)++;
        r.last = number(p, -1UL);
        if (*p == start + 1)
            errx(1, "invalid range with no endpoint: -");
    }
    if (*p == start || (**p && **p != ',' && !isblank((unsigned char)**p)))
        errx(1, "invalid byte, character or field list");
    if (r.last < r.first)
        errx(1, "invalid decreasing range");
    ranges = reallocarray(ranges, range_count + 1, sizeof(*ranges));
    if (!ranges)
        err(1, NULL);
    ranges[range_count++] = r;
}

static void parse_list(const char *p)
{
    for (;; p++) {
        add_range(&p);
        if (!*p)
            return;
    }
}

static int selected(unsigned long n)
{
    int in = 0;

    for (size_t i = 0; i < range_count && !in; i++)
        in = n >= ranges[i].first && n <= ranges[i].last;
    return in != complement;
}

/* Bytes; between two ranges that do not touch comes the joiner, if there is one. */
static void cut_bytes(const char *line, size_t len)
{
    int last = -1;

    for (size_t i = 0; i < len; i++) {
        if (!selected(i + 1))
            continue;
        if (joiner && last >= 0 && i != (size_t)last + 1)
            fputs(joiner, stdout);
        putchar(line[i]);
        last = i;
    }
    putchar('\n');
}

static void cut_fields(const char *line, size_t len)
{
    const char *end = line + len, *next;
    unsigned long n = 1;
    int any = 0;

    if (!memchr(line, delimiter, len)) {
        if (!only_delimited) {
            fwrite(line, 1, len, stdout);
            putchar('\n');
        }
        return;
    }
    for (; line; line = next, n++) {
        char *hit = memchr(line, delimiter, end - line);
        next = hit ? hit + 1 : NULL;
        if (!selected(n))
            continue;
        if (any && joiner)
            fputs(joiner, stdout);
        else if (any)
            putchar(delimiter);
        any = 1;
        fwrite(line, 1, (hit ? hit : end) - line, stdout);
    }
    putchar('\n');
}

static int cut_file(FILE *f, const char *name, void (*cut)(const char *, size_t))
{
    static char *line;
    static size_t size;
    ssize_t len;

    while ((len = getline(&line, &size, f)) > 0)
        cut(line, line[len - 1] == '\n' ? len - 1 : len);
    if (ferror(f))
        warn("%s", name);
    return ferror(f);
}

static int parse_options(int argc, char **argv)
{
    static const struct option longs[] = {
        {"complement", no_argument, NULL, 'C'},        {"fields", required_argument, NULL, 'f'},
        {"delimiter", required_argument, NULL, 'd'},   {"bytes", required_argument, NULL, 'b'},
        {"characters", required_argument, NULL, 'c'},  {"only-delimited", no_argument, NULL, 's'},
        {"output-delimiter", required_argument, NULL, 'o'}, {NULL, 0, NULL, 0},
    };
    int c, what = 0;

    while ((c = getopt_long(argc, argv, "b:c:f:d:ns", longs, NULL)) != -1) {
        switch (c) {
        case 'b': case 'c': case 'f':
            if (what)
                errx(1, "only one list may be specified");
            what = c;
            parse_list(optarg);
            break;
        case 'd':
            if (optarg[0] && optarg[1])
                errx(1, "the delimiter must be a single character");
            delimiter = (unsigned char)optarg[0];
            break;
        case 's': only_delimited = 1; break;
        case 'C': complement = 1; break;
        case 'o': joiner = optarg; break;
        case 'n': break;
        default: exit(1);
        }
    }
    if (!what)
        errx(1, "you must specify a list of bytes, characters, or fields");
    return what;
}

int main(int argc, char **argv)
{
    int what = parse_options(argc, argv), failed = 0;
    void (*cut)(const char *, size_t) = what == 'f' ? cut_fields : cut_bytes;

    if (optind == argc)
        failed = cut_file(stdin, "-", cut);
    for (int i = optind; i < argc; i++) {
        FILE *f = strcmp(argv[i], "-") == 0 ? stdin : fopen(argv[i], "r");
        if (!f) {
            warn("%s", argv[i]);
            failed = 1;
            continue;
        }
        failed |= cut_file(f, argv[i], cut);
        if (f != stdin)
            fclose(f);
    }
    return failed || fflush(stdout) == EOF;
}
