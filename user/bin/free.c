/*
 * free [-b|-k|-m|-g|-h] [-t]: memory in use, from /proc/meminfo.
 *
 * used = total - available, and buff/cache = Buffers + Cached + SReclaimable, as procps reckons.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct memory { /* KiB */
    long total, free, available, buffers, cached, reclaimable, shared, swap_total, swap_free;
};

static long unit = 1024;
static int human;

static void read_memory(struct memory *m)
{
    const struct {
        const char *name;
        long *value;
    } fields[] = {
        {"MemTotal:", &m->total},          {"MemFree:", &m->free},
        {"MemAvailable:", &m->available},  {"Buffers:", &m->buffers},
        {"Cached:", &m->cached},           {"SReclaimable:", &m->reclaimable},
        {"Shmem:", &m->shared},            {"SwapTotal:", &m->swap_total},
        {"SwapFree:", &m->swap_free},
    };
    char line[128], name[64];
    long value;
    FILE *f = fopen("/proc/meminfo", "r");

    if (!f)
        err(1, "/proc/meminfo");
    while (fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%63s %ld", name, &value) != 2)
            continue;
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
            if (strcmp(name, fields[i].name) == 0)
                *fields[i].value = value;
        }
    }
    fclose(f);
}

static void show(long kib)
{
    char text[32];
    double v = (double)kib;
    int i = 0;

    if (!human) {
        printf(" %11ld", unit > 1024 ? kib / (unit / 1024) : kib * (1024 / unit));
        return;
    }
    for (; v >= 1024 && i < 4; i++)
        v /= 1024;
    if (v >= 9.95)
        v = (double)(long)v; /* cut off, not rounded */
    snprintf(text, sizeof(text), v < 9.95 && i ? "%.1f%s" : "%.0f%s", v,
             kib ? (const char *[]){"Ki", "Mi", "Gi", "Ti", "Pi"}[i] : "B");
    printf(" %11s", text);
}

static void show_row(const char *name, const long *values, int count)
{
    printf("%-8s", name);
    for (int i = 0; i < count; i++)
        show(values[i]);
    putchar('\n');
}

static void parse_options(int argc, char **argv, int *total)
{
    int c;

    while ((c = getopt(argc, argv, "bkmghtw")) != -1) {
        switch (c) {
        case 'b': unit = 1; break;
        case 'k': unit = 1024; break;
        case 'm': unit = 1024 * 1024; break;
        case 'g': unit = 1024 * 1024 * 1024; break;
        case 'h': human = 1; break;
        case 't': *total = 1; break;
        default: errx(1, "usage: free [-b|-k|-m|-g|-h] [-t]");
        }
    }
}

int main(int argc, char **argv)
{
    struct memory m = {0};
    int total = 0;

    parse_options(argc, argv, &total);
    read_memory(&m);
    long cache = m.buffers + m.cached + m.reclaimable;
    long used = m.total - m.available;
    long swap_used = m.swap_total - m.swap_free;
    printf("%20s %11s %11s %11s %11s %11s\n", "total", "used", "free", "shared", "buff/cache",
           "available");
    show_row("Mem:", (long[]){m.total, used, m.free, m.shared, cache, m.available}, 6);
    show_row("Swap:", (long[]){m.swap_total, swap_used, m.swap_free}, 3);
    if (total)
        show_row("Total:", (long[]){m.total + m.swap_total, used + swap_used, m.free + m.swap_free},
                 3);
    return fflush(stdout) == EOF;
}
