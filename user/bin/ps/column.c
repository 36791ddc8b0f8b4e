/* ps: the columns that -o, --sort and the usual layouts name. */
#include "ps.h"
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

const char *shown_command(struct shown *p)
{
    if (!p->command)
        p->command = process_command(&p->stat);
    return p->command;
}

/* Columns of one number, one line each. */
#define NUMBER_COLUMN(name, expr)                                                                  \
    static double name##_number(struct shown *p) { return (double)(expr); }                        \
    static void name##_text(struct shown *p, char *out, size_t size)                               \
    {                                                                                              \
        snprintf(out, size, "%ld", (long)(expr));                                                  \
    }

NUMBER_COLUMN(pid, p->stat.pid)
NUMBER_COLUMN(ppid, p->stat.ppid)
NUMBER_COLUMN(pgid, p->stat.pgrp)
NUMBER_COLUMN(sid, p->stat.session)
NUMBER_COLUMN(tpgid, p->stat.foreground)
NUMBER_COLUMN(uid, p->stat.uid)
NUMBER_COLUMN(ni, p->stat.nice)
NUMBER_COLUMN(pri, 39 - p->stat.priority)
NUMBER_COLUMN(priority, p->stat.priority)
NUMBER_COLUMN(opri, p->stat.priority + 60)
NUMBER_COLUMN(threads, p->stat.threads)
NUMBER_COLUMN(psr, p->stat.processor)
NUMBER_COLUMN(vsz, p->stat.vsize / 1024)
NUMBER_COLUMN(rss, p->stat.rss_pages * (getpagesize() / 1024))
NUMBER_COLUMN(sz, p->stat.vsize / getpagesize())
NUMBER_COLUMN(minflt, p->stat.minor_faults)
NUMBER_COLUMN(majflt, p->stat.major_faults)
NUMBER_COLUMN(flags, p->stat.flags >> 6 & 7) /* forked without exec, used super-user rights */

static double uptime_seconds(void)
{
    struct timespec up;

    clock_gettime(CLOCK_BOOTTIME, &up);
    return (double)up.tv_sec + (double)up.tv_nsec / 1e9;
}

static double lived(const struct shown *p)
{
    double seconds = uptime_seconds() - (double)p->stat.start / USER_HZ;

    return seconds > 0 ? seconds : 0;
}

static double time_number(struct shown *p)
{
    return (double)(p->stat.utime + p->stat.stime);
}

static long cpu_seconds(const struct shown *p)
{
    return (p->stat.utime + p->stat.stime) / USER_HZ;
}

static void time_text(struct shown *p, char *out, size_t size)
{
    long s = cpu_seconds(p), days = s / 86400;
    int n = days ? snprintf(out, size, "%ld-", days) : 0;

    snprintf(out + n, size - n, "%02ld:%02ld:%02ld", s / 3600 % 24, s / 60 % 60, s % 60);
}

static void bsdtime_text(struct shown *p, char *out, size_t size)
{
    snprintf(out, size, "%3ld:%02ld", cpu_seconds(p) / 60, cpu_seconds(p) % 60);
}

static void etime_text(struct shown *p, char *out, size_t size)
{
    long s = (long)lived(p), days = s / 86400;
    int n = 0;

    if (days)
        n += snprintf(out, size, "%ld-", days);
    if (s >= 3600)
        n += snprintf(out + n, size - n, "%02ld:", s / 3600 % 24);
    snprintf(out + n, size - n, "%02ld:%02ld", s / 60 % 60, s % 60);
}

NUMBER_COLUMN(etimes, lived(p))

/* Share of the processor since the process began, in percent. */
static double cpu_number(struct shown *p)
{
    double seconds = lived(p);

    return seconds > 0 ? 100 * time_number(p) / USER_HZ / seconds : 0;
}

static void cpu_text(struct shown *p, char *out, size_t size)
{
    snprintf(out, size, "%.1f", (double)(long)(cpu_number(p) * 10) / 10);
}

static void c_text(struct shown *p, char *out, size_t size)
{
    long percent = (long)cpu_number(p);

    snprintf(out, size, "%ld", percent > 99 ? 99 : percent);
}

static double mem_number(struct shown *p)
{
    long pages = sysconf(_SC_PHYS_PAGES);

    return pages > 0 ? 100 * (double)p->stat.rss_pages / (double)pages : 0;
}

static void mem_text(struct shown *p, char *out, size_t size)
{
    snprintf(out, size, "%.1f", (double)(long)(mem_number(p) * 10) / 10);
}

static time_t start_seconds(const struct shown *p)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (time_t)((double)now.tv_sec + (double)now.tv_nsec / 1e9 - uptime_seconds() +
                    (double)p->stat.start / USER_HZ);
}

static double start_number(struct shown *p)
{
    return (double)p->stat.start;
}

static void start_text(struct shown *p, char *out, size_t size)
{
    time_t t = start_seconds(p), now = time(NULL);
    struct tm then = *localtime(&t), today = *localtime(&now);
    const char *form = "%Y";

    if (then.tm_yday == today.tm_yday && then.tm_year == today.tm_year)
        form = "%H:%M";
    else if (then.tm_year == today.tm_year)
        form = "%b%d";
    strftime(out, size, form, &then);
}

static void lstart_text(struct shown *p, char *out, size_t size)
{
    time_t t = start_seconds(p);

    strftime(out, size, "%a %b %e %H:%M:%S %Y", localtime(&t));
}

static void user_text(struct shown *p, char *out, size_t size)
{
    const char *name = user_name(p->stat.uid);

    if (strlen(name) > 8 && size > 9)
        snprintf(out, size, "%.7s+", name);
    else
        strlcpy(out, name, size);
}

static void tty_text(struct shown *p, char *out, size_t size)
{
    strlcpy(out, tty_name(p->stat.tty), size);
}

static void s_text(struct shown *p, char *out, size_t size)
{
    snprintf(out, size, "%c", p->stat.state);
}

/* The state with BSD's marks: priority, session leader, threads, foreground. */
static void stat_text(struct shown *p, char *out, size_t size)
{
    const struct process_stat *st = &p->stat;

    snprintf(out, size, "%c%s%s%s%s", st->state, st->nice < 0 ? "<" : st->nice > 0 ? "N" : "",
             st->session == st->pid ? "s" : "", st->threads > 1 ? "l" : "",
             st->foreground == st->pgrp ? "+" : "");
}

static void comm_text(struct shown *p, char *out, size_t size)
{
    snprintf(out, size, "%s%s", p->stat.name, p->stat.state == 'Z' ? " <defunct>" : "");
}

static void args_text(struct shown *p, char *out, size_t size)
{
    strlcpy(out, shown_command(p), size);
}

/* The function in which it waits, where the kernel tells. */
static void wchan_text(struct shown *p, char *out, size_t size)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/wchan", p->stat.pid);
    char *text = read_whole(path, NULL);
    snprintf(out, size, "%.6s", text && strcmp(text, "0") != 0 && *text ? text : "-");
    free(text);
}

static void none_text(struct shown *p, char *out, size_t size)
{
    (void)p;
    strlcpy(out, "-", size);
}

/* The kernel's own sums over the mappings; "-" where it does not tell. */
static double rollup_number(struct shown *p, const char *field)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", p->stat.pid);
    char *text = read_whole(path, NULL);
    long kib = text ? field_value(text, field, 0) : 0;
    if (text && strcmp(field, "Private_Clean") == 0)
        kib += field_value(text, "Private_Dirty", 0);
    free(text);
    return (double)kib;
}

NUMBER_COLUMN(pss, rollup_number(p, "Pss"))
NUMBER_COLUMN(uss, rollup_number(p, "Private_Clean"))

static const struct column columns[] = {
    {"pid", "PID", PID_WIDTH, 1, pid_text, pid_number},
    {"ppid", "PPID", PID_WIDTH, 1, ppid_text, ppid_number},
    {"pgid", "PGID", PID_WIDTH, 1, pgid_text, pgid_number},
    {"pgrp", "PGRP", PID_WIDTH, 1, pgid_text, pgid_number},
    {"sid", "SID", PID_WIDTH, 1, sid_text, sid_number},
    {"sess", "SESS", PID_WIDTH, 1, sid_text, sid_number},
    {"tpgid", "TPGID", PID_WIDTH, 1, tpgid_text, tpgid_number},
    {"uid", "UID", 5, 1, uid_text, uid_number},
    {"user", "USER", 8, 0, user_text, NULL},
    {"euser", "EUSER", 8, 0, user_text, NULL},
    {"UID", "UID", 8, 0, user_text, NULL},
    {"tty", "TT", 8, 0, tty_text, NULL},
    {"tt", "TT", 8, 0, tty_text, NULL},
    {"tname", "TTY", 8, 0, tty_text, NULL},
    {"s", "S", 1, 0, s_text, NULL},
    {"state", "S", 1, 0, s_text, NULL},
    {"stat", "STAT", 4, 0, stat_text, NULL},
    {"time", "TIME", 8, 1, time_text, time_number},
    {"cputime", "TIME", 8, 1, time_text, time_number},
    {"bsdtime", "TIME", 6, 1, bsdtime_text, time_number},
    {"etime", "ELAPSED", 11, 1, etime_text, etimes_number},
    {"etimes", "ELAPSED", 7, 1, etimes_text, etimes_number},
    {"pcpu", "%CPU", 4, 1, cpu_text, cpu_number},
    {"%cpu", "%CPU", 4, 1, cpu_text, cpu_number},
    {"c", "C", 2, 1, c_text, cpu_number},
    {"pmem", "%MEM", 4, 1, mem_text, mem_number},
    {"%mem", "%MEM", 4, 1, mem_text, mem_number},
    {"vsz", "VSZ", 6, 1, vsz_text, vsz_number},
    {"vsize", "VSZ", 6, 1, vsz_text, vsz_number},
    {"rss", "RSS", 5, 1, rss_text, rss_number},
    {"rssize", "RSS", 5, 1, rss_text, rss_number},
    {"rsz", "RSZ", 5, 1, rss_text, rss_number},
    {"pss", "PSS", 5, 1, pss_text, pss_number},
    {"uss", "USS", 5, 1, uss_text, uss_number},
    {"sz", "SZ", 5, 1, sz_text, sz_number},
    {"ni", "NI", 3, 1, ni_text, ni_number},
    {"nice", "NI", 3, 1, ni_text, ni_number},
    {"pri", "PRI", 3, 1, pri_text, pri_number},
    {"priority", "PRI", 3, 1, priority_text, priority_number},
    {"opri", "PRI", 3, 1, opri_text, opri_number},
    {"nlwp", "NLWP", 4, 1, threads_text, threads_number},
    {"thcount", "THCNT", 5, 1, threads_text, threads_number},
    {"psr", "PSR", 3, 1, psr_text, psr_number},
    {"minflt", "MINFL", 6, 1, minflt_text, minflt_number},
    {"min_flt", "MINFL", 6, 1, minflt_text, minflt_number},
    {"majflt", "MAJFL", 6, 1, majflt_text, majflt_number},
    {"maj_flt", "MAJFL", 6, 1, majflt_text, majflt_number},
    {"start_time", "START", 5, 1, start_text, start_number},
    {"start", "STARTED", 8, 1, start_text, start_number},
    {"bsdstart", "START", 5, 1, start_text, start_number},
    {"stime", "STIME", 5, 1, start_text, start_number},
    {"lstart", "STARTED", 24, 1, lstart_text, start_number},
    {"f", "F", 1, 1, flags_text, flags_number},
    {"wchan", "WCHAN", 6, 0, wchan_text, NULL},
    {"addr", "ADDR", 4, 0, none_text, NULL},
    {"comm", "COMMAND", 15, 0, comm_text, NULL},
    {"ucmd", "CMD", 15, 0, comm_text, NULL},
    {"ucomm", "COMMAND", 15, 0, comm_text, NULL},
    {"args", "COMMAND", 27, 0, args_text, NULL},
    {"command", "COMMAND", 27, 0, args_text, NULL},
    {"cmd", "CMD", 27, 0, args_text, NULL},
};

const struct column *find_column(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        if (strlen(columns[i].name) == len && strncmp(columns[i].name, name, len) == 0)
            return &columns[i];
    }
    return NULL;
}
