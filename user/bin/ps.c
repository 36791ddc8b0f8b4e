/*
 * ps [-e|-A|aux|ax]: processes, from /proc/<pid>/{stat,status,cmdline}.
 *
 * Without options: those of this terminal.  `aux` and `ax` are the BSD forms, -ef the long POSIX
 * one.
 */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

enum layout { SHORT, FULL, BSD };

struct process {
    int pid, ppid, tty;
    unsigned uid;
    char state;
    char name[64];
    long utime, stime, start; /* ticks */
    long virt_kib, rss_kib;
};

/* The name is in parentheses and may itself contain some: the last one ends it. */
static int parse_stat(char *text, struct process *p)
{
    char *open = strchr(text, '('), *close = strrchr(text, ')');
    unsigned long vsize;
    long rss_pages;

    if (!open || !close)
        return -1;
    *close = 0;
    p->pid = atoi(text);
    strlcpy(p->name, open + 1, sizeof(p->name));
    int n = sscanf(close + 2,
                   "%c %d %*d %*d %d %*d %*d %*d %*d %*d %*d %ld %ld %*d %*d %*d %*d %*d %*d %ld "
                   "%lu %ld",
                   &p->state, &p->ppid, &p->tty, &p->utime, &p->stime, &p->start, &vsize,
                   &rss_pages);
    if (n < 8)
        return -1;
    p->virt_kib = (long)(vsize / 1024);
    p->rss_kib = rss_pages * (getpagesize() / 1024);
    return 0;
}

static ssize_t read_file(const char *pid, const char *name, char *buf, size_t size)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
    FILE *f = fopen(path, "r");
    if (!f)
        return -1;
    size_t n = fread(buf, 1, size - 1, f);
    fclose(f);
    buf[n] = 0;
    return n;
}

/* -1: it has ended meanwhile */
static int read_process(const char *pid, struct process *p)
{
    char text[4096];

    if (read_file(pid, "stat", text, sizeof(text)) <= 0 || parse_stat(text, p) < 0)
        return -1;
    if (read_file(pid, "status", text, sizeof(text)) <= 0)
        return -1;
    char *uid = strstr(text, "\nUid:");
    p->uid = uid ? strtoul(uid + 5, NULL, 10) : 0;
    return 0;
}

static const char *tty_name(int tty)
{
    static char name[16];
    unsigned maj = major(tty), min = minor(tty);

    if (!tty)
        return "?";
    if (maj == 4 && min >= 64)
        snprintf(name, sizeof(name), "ttyS%u", min - 64);
    else if (maj == 5 && min == 1)
        return "console";
    else if (maj >= 136 && maj <= 143)
        snprintf(name, sizeof(name), "pts/%u", (maj - 136) * 256 + min);
    else
        snprintf(name, sizeof(name), "%u:%u", maj, min);
    return name;
}

static const char *user_name(unsigned uid)
{
    static char name[16];
    struct passwd *pw = getpwuid(uid);

    if (pw)
        return pw->pw_name;
    snprintf(name, sizeof(name), "%u", uid);
    return name;
}

/* The arguments, or the name in brackets for a kernel thread. */
static const char *command_line(const struct process *p)
{
    static char text[4096];
    char pid[16];

    snprintf(pid, sizeof(pid), "%d", p->pid);
    ssize_t n = read_file(pid, "cmdline", text, sizeof(text));
    if (n <= 0) {
        snprintf(text, sizeof(text), "[%s]", p->name);
        return text;
    }
    for (ssize_t i = 0; i < n - 1; i++) {
        if (!text[i])
            text[i] = ' ';
    }
    return text;
}

static time_t boot_time(void)
{
    struct timespec now, up;

    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &up);
    return now.tv_sec - up.tv_sec;
}

static const char *start_time(const struct process *p)
{
    static char text[16];
    time_t t = boot_time() + p->start / USER_HZ;
    int today = time(NULL) - t < 86400;

    strftime(text, sizeof(text), today ? "%H:%M" : "%b%d", localtime(&t));
    return text;
}

/* Share of the processor since the process began, in percent. */
static double cpu_share(const struct process *p)
{
    struct timespec up;

    clock_gettime(CLOCK_BOOTTIME, &up);
    double lived = (double)up.tv_sec + (double)up.tv_nsec / 1e9 - (double)p->start / USER_HZ;
    return lived > 0 ? 100.0 * (double)(p->utime + p->stime) / USER_HZ / lived : 0;
}

static void show_heading(enum layout layout)
{
    if (layout == SHORT)
        puts("    PID TTY          TIME CMD");
    else if (layout == FULL)
        puts("UID          PID    PPID  C STIME TTY          TIME CMD");
    else
        puts("USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND");
}

static void show(const struct process *p, enum layout layout, long total_kib)
{
    long seconds = (p->utime + p->stime) / USER_HZ;
    char clock[32];

    snprintf(clock, sizeof(clock), "%02ld:%02ld:%02ld", seconds / 3600, seconds / 60 % 60,
             seconds % 60);
    if (layout == SHORT) {
        printf("%7d %-8s %s %s\n", p->pid, tty_name(p->tty), clock, p->name);
    } else if (layout == FULL) {
        printf("%-8s %7d %7d %2.0f %5s %-8s %s %s\n", user_name(p->uid), p->pid, p->ppid,
               cpu_share(p), start_time(p), tty_name(p->tty), clock, command_line(p));
    } else {
        printf("%-8s %7d %4.1f %4.1f %6ld %5ld %-8s %-4c %5s %3ld:%02ld %s\n", user_name(p->uid),
               p->pid, cpu_share(p), total_kib ? 100.0 * (double)p->rss_kib / (double)total_kib : 0,
               p->virt_kib, p->rss_kib, tty_name(p->tty), p->state, start_time(p), seconds / 60,
               seconds % 60, command_line(p));
    }
}

static int numeric(const struct dirent *d)
{
    return isdigit((unsigned char)d->d_name[0]);
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
    return atoi((*a)->d_name) - atoi((*b)->d_name);
}

static void parse_options(int argc, char **argv, enum layout *layout, int *all)
{
    for (int i = 1; i < argc; i++) {
        int bsd = argv[i][0] != '-';
        for (const char *c = argv[i] + !bsd; *c; c++) {
            if (*c == 'e' || *c == 'A' || *c == 'a' || *c == 'x')
                *all = 1;
            else if (*c == 'f')
                *layout = FULL;
            else if (*c == 'u')
                *layout = BSD;
            else
                errx(1, "usage: ps [-e|-A] [-f]  or  ps aux");
        }
    }
}

int main(int argc, char **argv)
{
    enum layout layout = SHORT;
    struct process self, p;
    struct dirent **list;
    int all = 0;

    parse_options(argc, argv, &layout, &all);
    if (read_process("self", &self) < 0)
        errx(1, "/proc is not mounted");
    int count = scandir("/proc", &list, numeric, by_number);
    if (count < 0)
        err(1, "/proc");
    long total_kib = sysconf(_SC_PHYS_PAGES) * (getpagesize() / 1024);
    show_heading(layout);
    for (int i = 0; i < count; i++) {
        if (read_process(list[i]->d_name, &p) == 0 && (all || p.tty == self.tty))
            show(&p, layout, total_kib);
    }
    return fflush(stdout) == EOF;
}
