/*
 * smem: memory by process, by user, by mapping, or of the whole machine, with shares (PSS) that add
 * up; after Matt Mackall's tool.
 *
 *   smem [-u | -m | -w] [-s COLUMN] [-r] [-t] [-k] [-p] [-H] [-a] [-P NAME] [-U USER]
 *
 *   -u by user, -m by mapping, -w the machine          -P, -U only commands, users with NAME in it
 *   -s pid, user, command, swap, uss, pss, rss          -r largest first   -t sums   -k units
 *   -p percent of memory   -H no heading   -a wide lines
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

enum { SWAP, USS, PSS, RSS, FIGURES };

struct row {
    long kib[FIGURES];
    pid_t pid;
    long count; /* processes of a user or with a mapping */
    char *user, *name;
};

enum view { BY_PROCESS, BY_USER, BY_MAPPING, MACHINE };

static struct {
    enum view view;
    const char *sort, *only_name, *only_user;
    int reverse, totals, units, percent, no_heading, wide;
} opt;

static struct row *rows;
static size_t count;
static long memory; /* KiB */

static char *copy(const char *s)
{
    char *c = strdup(s);

    if (!c)
        err(1, NULL);
    return c;
}

static struct row *add_row(void)
{
    rows = realloc(rows, (count + 1) * sizeof(*rows));
    if (!rows)
        err(1, NULL);
    memset(&rows[count], 0, sizeof(*rows));
    return &rows[count++];
}

static void add_figures(struct row *r, const char *smaps)
{
    r->kib[SWAP] += field_sum(smaps, "SwapPss");
    r->kib[USS] += field_sum(smaps, "Private_Clean") + field_sum(smaps, "Private_Dirty");
    r->kib[PSS] += field_sum(smaps, "Pss");
    r->kib[RSS] += field_sum(smaps, "Rss");
}

static struct row *row_named(const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    struct row *r = add_row();
    r->name = copy(name);
    r->user = copy(name);
    return r;
}

/* The areas of one process, each added to the row of what it maps; it counts once for each. */
static void add_mappings(char *text, pid_t pid)
{
    struct row *r = NULL;
    char name[256];
    unsigned long start, end;

    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
            if (sscanf(line, "%*s %*s %*s %*s %*s %255s", name) != 1)
                strcpy(name, "<anonymous>");
            r = row_named(name);
            r->count += r->pid != pid;
            r->pid = pid;
        } else if (r) {
            add_figures(r, line);
        }
    }
}

static void measure(const struct process_stat *p)
{
    char path[64], *command = process_command(p), *text = NULL;
    struct row *r;

    if ((opt.only_name && !strstr(command, opt.only_name)) ||
        (opt.only_user && !strstr(user_name(p->uid), opt.only_user))) {
        free(command);
        return;
    }
    if (opt.view == BY_MAPPING) {
        snprintf(path, sizeof(path), "/proc/%d/smaps", p->pid);
        text = read_whole(path, NULL);
        if (text)
            add_mappings(text, p->pid);
    } else if ((text = process_smaps(p->pid)) != NULL && *text) {
        r = opt.view == BY_USER ? row_named(user_name(p->uid)) : add_row();
        r->count++;
        if (opt.view == BY_PROCESS) {
            r->pid = p->pid;
            r->user = copy(user_name(p->uid));
            r->name = copy(command);
        }
        add_figures(r, text);
    }
    free(text);
    free(command);
}

static int figure_of(const char *name)
{
    static const char *const names[] = {"swap", "uss", "pss", "rss"};

    for (int i = 0; i < FIGURES; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

static int compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    const char *by = opt.sort ? opt.sort : "pss";
    int figure = figure_of(by), order;

    if (figure >= 0)
        order = x->kib[figure] < y->kib[figure] ? -1 : x->kib[figure] > y->kib[figure];
    else if (strcmp(by, "pid") == 0)
        order = x->pid - y->pid;
    else
        order = strcmp(strcmp(by, "user") == 0 ? x->user : x->name,
                       strcmp(by, "user") == 0 ? y->user : y->name);
    return opt.reverse ? -order : order;
}

static void show_figure(long kib)
{
    char text[16];

    if (opt.percent)
        snprintf(text, sizeof(text), "%.2f%%", memory ? 100.0 * (double)kib / (double)memory : 0);
    else if (opt.units)
        size_text(text, (uint64_t)kib * 1024, 1024);
    else
        snprintf(text, sizeof(text), "%ld", kib);
    printf(" %8s", text);
}

static void show_figures(const long kib[FIGURES])
{
    for (int i = 0; i < FIGURES; i++)
        show_figure(kib[i]);
    putchar('\n');
}

static void show_rows(void)
{
    static const char *const headings[] = {
        [BY_PROCESS] = "  PID User     Command                    ",
        [BY_USER] = "User     Count",
        [BY_MAPPING] = "Map                                       PIDs",
    };
    long totals[FIGURES] = {0};
    int cut = opt.wide ? 200 : 27;

    if (!opt.no_heading)
        printf("%s %8s %8s %8s %8s\n", headings[opt.view], "Swap", "USS", "PSS", "RSS");
    for (size_t i = 0; i < count; i++) {
        const struct row *r = &rows[i];
        if (opt.view == BY_PROCESS)
            printf("%5d %-8s %-27.*s", r->pid, r->user, cut, r->name);
        else if (opt.view == BY_USER)
            printf("%-8s %5ld", r->name, r->count);
        else
            printf("%-41.*s %4ld", opt.wide ? 200 : 41, r->name, r->count);
        show_figures(r->kib);
        for (int f = 0; f < FIGURES; f++)
            totals[f] += r->kib[f];
    }
    if (!opt.totals)
        return;
    int width = opt.view == BY_PROCESS ? 42 : opt.view == BY_USER ? 14 : 46;
    for (int i = 0; i < width + 36; i++)
        putchar('-');
    printf("\n%*zu%*s", opt.view == BY_PROCESS ? 5 : width, count,
           opt.view == BY_PROCESS ? width - 5 : 0, "");
    show_figures(totals);
}

static void show_area(const char *name, long cache, long rest)
{
    printf("%-28s", name);
    show_figure(cache + rest);
    show_figure(cache);
    show_figure(rest);
    putchar('\n');
}

/* As smem reckons: what processes map is theirs, the rest of what is in use is the kernel's. */
static void show_machine(void)
{
    char *m = must_read("/proc/meminfo");
    long unused = field_value(m, "MemFree", 0), reserved = field_value(m, "MemReserved", 0);
    long cached = field_value(m, "Cached", 0) + field_value(m, "Buffers", 0);
    long reclaimable = field_value(m, "SReclaimable", 0), anon = field_value(m, "AnonPages", 0);
    long mapped = field_value(m, "Mapped", 0);
    long kernel = memory - unused - anon - cached - reclaimable;

    memory += reserved; /* all of RAM is 100 % */
    if (!opt.no_heading)
        printf("%-28s %8s %8s %8s\n", "Area", "Used", "Cache", "Noncache");
    show_area("firmware, kernel image", 0, reserved);
    show_area("kernel dynamic memory", cached - mapped + reclaimable, kernel);
    show_area("userspace memory", mapped, anon);
    show_area("free memory", unused, 0);
    if (opt.totals) {
        for (int i = 0; i < 55; i++)
            putchar('-');
        putchar('\n');
        show_area("", cached + reclaimable + unused, reserved + kernel + anon);
    }
    free(m);
}

static void parse_options(int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "umws:rtkpHaP:U:")) != -1) {
        switch (c) {
        case 'u': opt.view = BY_USER; break;
        case 'm': opt.view = BY_MAPPING; break;
        case 'w': opt.view = MACHINE; break;
        case 's': opt.sort = optarg; break;
        case 'r': opt.reverse = 1; break;
        case 't': opt.totals = 1; break;
        case 'k': opt.units = 1; break;
        case 'p': opt.percent = 1; break;
        case 'H': opt.no_heading = 1; break;
        case 'a': opt.wide = 1; break;
        case 'P': opt.only_name = optarg; break;
        case 'U': opt.only_user = optarg; break;
        default:
            errx(2, "usage: smem [-umwrtkpHa] [-s column] [-P name] [-U user]");
        }
    }
}

int main(int argc, char **argv)
{
    size_t n;

    parse_options(argc, argv);
    char *mem = must_read("/proc/meminfo");
    memory = field_value(mem, "MemTotal", 0);
    free(mem);
    if (opt.view == MACHINE) {
        show_machine();
        return fflush(stdout) == EOF;
    }
    struct process_stat *all = read_processes(&n);
    for (size_t i = 0; i < n; i++)
        measure(&all[i]);
    qsort(rows, count, sizeof(*rows), compare);
    show_rows();
    return fflush(stdout) == EOF;
}
