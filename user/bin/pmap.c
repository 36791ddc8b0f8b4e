/*
 * pmap [-x] [-p] [-q] pid ...: the mappings of processes, from /proc/<pid>/maps.
 *
 * -x shows what of each is resident and what is dirty, from smaps.  -p shows whole paths, -q no
 * heading and no total.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>
#include <unistd.h>

struct mapping {
    unsigned long start, end, rss, dirty; /* the latter in KiB */
    char mode[6];
    char name[4096];
};

static int extended, paths, quiet;

/* A line of maps; 0 when it is one of the fields that smaps has below it. */
static int parse_mapping(const char *line, struct mapping *m)
{
    char perms[8] = "", path[4096] = "";

    if (sscanf(line, "%lx-%lx %7s %*x %*x:%*x %*u %4095[^\n]", &m->start, &m->end, perms, path) < 3)
        return 0;
    snprintf(m->mode, sizeof(m->mode), "%.3s%c-", perms, perms[3] == 's' ? 's' : '-');
    if (*path == '/')
        strlcpy(m->name, paths ? path : basename(path), sizeof(m->name));
    else if (strcmp(path, "[stack]") == 0)
        strlcpy(m->name, "  [ stack ]", sizeof(m->name));
    else if (*path && *path != '[')
        strlcpy(m->name, path, sizeof(m->name));
    else
        strlcpy(m->name, "  [ anon ]", sizeof(m->name));
    m->rss = m->dirty = 0;
    return 1;
}

static void show(const struct mapping *m)
{
    unsigned long kib = (m->end - m->start) / 1024;

    if (extended)
        printf("%016lx %7lu %7lu %7lu %s %s\n", m->start, kib, m->rss, m->dirty, m->mode, m->name);
    else
        printf("%016lx %6luK %s %s\n", m->start, kib, m->mode, m->name);
}

static void show_total(unsigned long kib, unsigned long rss, unsigned long dirty)
{
    if (quiet)
        return;
    if (extended)
        printf("---------------- ------- ------- ------- \ntotal kB         %7lu %7lu %7lu\n", kib,
               rss, dirty);
    else
        printf(" total %16luK\n", kib);
}

static void show_mappings(char *text)
{
    struct mapping m, next;
    unsigned long kib = 0, rss = 0, dirty = 0;
    int any = 0;
    char *line;

    while ((line = strsep(&text, "\n"))) {
        if (!parse_mapping(line, &next)) {
            if (!any)
                continue;
            m.rss += field_value(line, "Rss", 0);
            m.dirty += field_value(line, "Shared_Dirty", 0) + field_value(line, "Private_Dirty", 0);
            continue;
        }
        if (any)
            show(&m);
        rss += any ? m.rss : 0;
        dirty += any ? m.dirty : 0;
        m = next;
        any = 1;
        kib += (m.end - m.start) / 1024;
    }
    if (any) {
        show(&m);
        rss += m.rss;
        dirty += m.dirty;
    }
    show_total(kib, rss, dirty);
}

/* 42: there is no such process, as procps says it */
static int show_process(const char *pid)
{
    struct process_stat stat;
    char path[64];

    if (read_process(atoi(pid), &stat) < 0)
        return 42;
    snprintf(path, sizeof(path), "/proc/%d/%s", stat.pid, extended ? "smaps" : "maps");
    char *text = must_read(path), *command = process_command(&stat);
    printf("%d:   %s\n", stat.pid, command);
    if (extended && !quiet)
        puts("Address           Kbytes     RSS   Dirty Mode  Mapping");
    show_mappings(text);
    free(command);
    free(text);
    return 0;
}

int main(int argc, char **argv)
{
    int c, status = 0;

    while ((c = getopt(argc, argv, "xpq")) != -1) {
        if (c == 'x')
            extended = 1;
        else if (c == 'p')
            paths = 1;
        else if (c == 'q')
            quiet = 1;
        else
            return 1;
    }
    if (optind == argc)
        errx(1, "usage: pmap [-x] [-p] [-q] pid ...");
    for (; optind < argc; optind++) {
        int result = show_process(argv[optind]);
        status = result ? result : status;
    }
    return fflush(stdout) == EOF ? 1 : status;
}
