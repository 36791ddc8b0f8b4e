/*
 * free [-b|-k|-m|-g|-h] [-t] [-w] [-s seconds] [-c count]: memory in use, from /proc/meminfo.
 *
 * used = total - available, and buff/cache = Buffers + Cached + SReclaimable, as procps reckons.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <tools.h>

static struct {
    long unit; /* bytes */
    int human, total, wide;
    double interval;
    long count;
} opt = {.unit = 1024, .count = 1};

static void show(long kib)
{
    char text[16];

    if (opt.human) {
        memory_text(text, kib);
        printf(" %11s", text);
    } else {
        printf(" %11ld", opt.unit > 1024 ? kib / (opt.unit / 1024) : kib * (1024 / opt.unit));
    }
}

static void show_row(const char *name, const long *values, int count)
{
    printf("%-8s", name);
    for (int i = 0; i < count; i++)
        show(values[i]);
    putchar('\n');
}

static void show_memory(void)
{
    char *text = must_read("/proc/meminfo");
    long total = field_value(text, "MemTotal", 0), unused = field_value(text, "MemFree", 0);
    long available = field_value(text, "MemAvailable", unused);
    long shared = field_value(text, "Shmem", 0), buffers = field_value(text, "Buffers", 0);
    long cached = field_value(text, "Cached", 0) + field_value(text, "SReclaimable", 0);
    long swap = field_value(text, "SwapTotal", 0), swap_free = field_value(text, "SwapFree", 0);
    long used = total - available;

    free(text);
    if (opt.wide) {
        printf("%20s %11s %11s %11s %11s %11s %11s\n", "total", "used", "free", "shared",
               "buffers", "cache", "available");
        show_row("Mem:", (long[]){total, used, unused, shared, buffers, cached, available}, 7);
    } else {
        printf("%20s %11s %11s %11s %11s %11s\n", "total", "used", "free", "shared", "buff/cache",
               "available");
        show_row("Mem:", (long[]){total, used, unused, shared, buffers + cached, available}, 6);
    }
    show_row("Swap:", (long[]){swap, swap - swap_free, swap_free}, 3);
    if (opt.total)
        show_row("Total:", (long[]){total + swap, used + swap - swap_free, unused + swap_free}, 3);
}

static void parse_repetition(int c, const char *text)
{
    if (c == 's') {
        opt.interval = parse_seconds(text);
        if (opt.interval <= 0)
            errx(1, "seconds argument `%s' failed", text);
        if (opt.count == 1)
            opt.count = 0;
        return;
    }
    opt.count = atol(text);
    if (opt.count <= 0)
        errx(1, "failed to parse count argument: '%s'", text);
    if (!(opt.interval > 0))
        opt.interval = 1;
}

static void parse_options(int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "bkmghtws:c:")) != -1) {
        switch (c) {
        case 'b': opt.unit = 1; break;
        case 'k': opt.unit = 1024; break;
        case 'm': opt.unit = 1024 * 1024; break;
        case 'g': opt.unit = 1024 * 1024 * 1024; break;
        case 'h': opt.human = 1; break;
        case 't': opt.total = 1; break;
        case 'w': opt.wide = 1; break;
        case 's':
        case 'c': parse_repetition(c, optarg); break;
        default: errx(1, "usage: free [-b|-k|-m|-g|-h] [-t] [-w] [-s seconds] [-c count]");
        }
    }
}

int main(int argc, char **argv)
{
    parse_options(argc, argv);
    for (long i = 1;; i++) {
        show_memory();
        if (i == opt.count)
            return fflush(stdout) == EOF;
        putchar('\n');
        if (fflush(stdout) == EOF)
            return 1;
        sleep_seconds(opt.interval);
    }
}
