/*
 * procrank [-v|-r|-p|-u|-s|-c] [-R] [-t] [pid ...]: who uses how much memory, in KiB.
 *
 *   VSS  addresses mapped          RSS  resident, shared pages counted fully
 *   PSS  resident, a page shared by n processes counted as 1/n: these sums add up
 *   USS  resident and nobody else's: what ending the process would free
 *   SWAP swapped out
 *
 * Sorted by PSS, or by the option's column (-s: swap, -c: number); -R turns the order round.  -t
 * adds each process's share of the memory.  From /proc/<pid>/smaps_rollup, or by adding up smaps.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>
#include <unistd.h>

enum { VSS, RSS, PSS, USS, SWAP, COLUMNS };

struct usage {
    struct process_stat stat;
    unsigned long kib[COLUMNS];
};

static int by = PSS, turned, shares; /* by: COLUMNS for the number */

/* A kernel thread has no memory, and another user's can't be read: -1. */
static int measure(struct usage *u)
{
    char *text = process_smaps(u->stat.pid);

    if (!text)
        return -1;
    u->kib[VSS] = u->stat.vsize / 1024;
    u->kib[RSS] = field_sum(text, "Rss");
    u->kib[PSS] = field_sum(text, "Pss");
    u->kib[USS] = field_sum(text, "Private_Clean") + field_sum(text, "Private_Dirty");
    u->kib[SWAP] = field_sum(text, "Swap");
    int empty = !*text;
    free(text);
    return empty ? -1 : 0;
}

static int compare(const void *a, const void *b)
{
    const struct usage *x = a, *y = b;
    unsigned long m = by < COLUMNS ? x->kib[by] : 0, n = by < COLUMNS ? y->kib[by] : 0;
    int order = m == n ? x->stat.pid - y->stat.pid : m < n ? 1 : -1;

    return turned ? -order : order;
}

static void show(const struct usage *u, unsigned long total)
{
    char *command = process_command(&u->stat);

    printf("%5d  %7luK %7luK %7luK %7luK %7luK  ", u->stat.pid, u->kib[VSS], u->kib[RSS],
           u->kib[PSS], u->kib[USS], u->kib[SWAP]);
    if (shares)
        printf("%5.1f%%  ", total ? 100.0 * (double)u->kib[PSS] / (double)total : 0);
    printf("%.*s\n", (int)strcspn(command, " "), *command == '[' ? u->stat.name : command);
    free(command);
}

static void show_total(const unsigned long *totals)
{
    char *mem = must_read("/proc/meminfo");

    printf("%5s  %8s %8s %8s %8s %8s\n", "", "", "", "------", "------", "------");
    printf("%5s  %8s %8s %7luK %7luK %7luK  TOTAL\n", "", "", "", totals[PSS], totals[USS],
           totals[SWAP]);
    printf("\nRAM: %ldK total, %ldK free, %ldK buffers, %ldK cached, %ldK shmem, %ldK slab\n",
           field_value(mem, "MemTotal", 0), field_value(mem, "MemFree", 0),
           field_value(mem, "Buffers", 0), field_value(mem, "Cached", 0),
           field_value(mem, "Shmem", 0), field_value(mem, "Slab", 0));
    free(mem);
}

static void parse_options(int argc, char **argv)
{
    static const char letters[] = "vrpusc"; /* in the order of the columns */
    int c;

    while ((c = getopt(argc, argv, "vrpuscRt")) != -1) {
        if (c == '?')
            exit(1);
        if (c == 'R')
            turned = 1;
        else if (c == 't')
            shares = 1;
        else
            by = strchr(letters, c) - letters;
    }
}

/* Keeps the processes that have memory and, if any are named, are named. */
static size_t measure_all(const struct process_stat *all, size_t count, struct usage *out,
                          char **pids)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        int named = !*pids;
        for (char **p = pids; *p && !named; p++)
            named = atoi(*p) == all[i].pid;
        out[kept].stat = all[i];
        if (named && measure(&out[kept]) == 0)
            kept++;
    }
    return kept;
}

int main(int argc, char **argv)
{
    unsigned long totals[COLUMNS] = {0};
    size_t count;

    parse_options(argc, argv);
    struct process_stat *all = read_processes(&count);
    struct usage *list = calloc(count, sizeof(*list));
    if (!list)
        err(1, NULL);
    count = measure_all(all, count, list, argv + optind);
    if (!count)
        errx(1, "no process tells about its memory");
    qsort(list, count, sizeof(*list), compare);
    char *mem = must_read("/proc/meminfo");
    unsigned long memory = field_value(mem, "MemTotal", 0);
    printf("%5s  %8s %8s %8s %8s %8s  %scmdline\n", "PID", "Vss", "Rss", "Pss", "Uss", "Swap",
           shares ? " share  " : "");
    for (size_t i = 0; i < count; i++) {
        show(&list[i], memory);
        for (int c = 0; c < COLUMNS; c++)
            totals[c] += list[i].kib[c];
    }
    show_total(totals);
    return fflush(stdout) == EOF;
}
