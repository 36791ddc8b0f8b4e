/*
 * sort [-bfhnrsu] [-k from[,to]] [-t char] [-o file] [-c] [file ...]: the lines in order.
 *
 * Lines that compare equal by their keys are ordered by their bytes, with -s by their place.
 * All lines are held in memory.
 */
#include "sort.h"
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct line *lines;
static size_t count, room;

static void add_line(const char *text, size_t len)
{
    if (count == room) {
        room = room ? 2 * room : 256;
        lines = reallocarray(lines, room, sizeof(*lines));
        if (!lines)
            err(2, NULL);
    }
    char *copy = malloc(len + 1);
    if (!copy)
        err(2, NULL);
    memcpy(copy, text, len);
    lines[count] = (struct line){copy, len, count};
    count++;
}

static void read_lines(const char *name)
{
    static char *line;
    static size_t size;
    ssize_t len;
    FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");

    if (!f)
        err(2, "cannot read: %s", name);
    while ((len = getline(&line, &size, f)) > 0)
        add_line(line, line[len - 1] == '\n' ? len - 1 : len);
    if (ferror(f))
        err(2, "read failed: %s", name);
    if (f != stdin)
        fclose(f);
}

static int compare_elements(const void *a, const void *b)
{
    return compare_lines(a, b);
}

static int check_order(const char *name)
{
    for (size_t i = 1; i < count; i++) {
        int order = unique ? compare_keys(&lines[i - 1], &lines[i])
                           : compare_lines(&lines[i - 1], &lines[i]);
        if (order > 0 || (unique && order == 0)) {
            fflush(stdout);
            fprintf(stderr, "sort: %s:%zu: disorder: %.*s\n", name, i + 1, (int)lines[i].len,
                    lines[i].text);
            return 1;
        }
    }
    return 0;
}

static void print_lines(const char *output)
{
    if (output && !freopen(output, "w", stdout))
        err(2, "open failed: %s", output);
    for (size_t i = 0; i < count; i++) {
        if (unique && i && compare_keys(&lines[i - 1], &lines[i]) == 0)
            continue;
        fwrite(lines[i].text, 1, lines[i].len, stdout);
        putchar('\n');
    }
    if (fflush(stdout) == EOF)
        err(2, "write failed");
}

static int parse_separator(const char *text)
{
    if (strcmp(text, "\\0") == 0)
        return 0;
    if (!*text)
        errx(2, "empty tab");
    if (text[1])
        errx(2, "multi-character tab '%s'", text);
    return (unsigned char)*text;
}

int main(int argc, char **argv)
{
    const char *output = NULL;
    int c, check = 0;

    while ((c = getopt(argc, argv, "bcfhnrsuk:t:o:")) != -1) {
        switch (c) {
        case 'b': general.blanks = 1; break;
        case 'c': check = 1; break;
        case 'f': general.fold = 1; break;
        case 'h': general.order = HUMAN; break;
        case 'n': general.order = NUMBER; break;
        case 'r': general.reverse = 1; break;
        case 's': stable = 1; break;
        case 'u': unique = 1; break;
        case 'k': add_key(optarg); break;
        case 't': separator = parse_separator(optarg); break;
        case 'o': output = optarg; break;
        default: return 2;
        }
    }
    const char *name = optind < argc ? argv[optind] : "-";
    if (optind == argc)
        read_lines("-");
    for (; optind < argc; optind++)
        read_lines(argv[optind]);
    if (check)
        return check_order(name);
    qsort(lines, count, sizeof(*lines), compare_elements);
    print_lines(output);
    return 0;
}
