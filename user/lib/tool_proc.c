/* Readings of /proc, for the tools that show it. */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <tools.h>
#include <unistd.h>

/* The size of a file of /proc is not known before it is read. */
char *read_whole(const char *path, size_t *len)
{
    size_t room = 4096, used = 0;
    char *text = malloc(room);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 || !text ? -1 : 1;

    while (n > 0 && (n = read(fd, text + used, room - used - 1)) > 0) {
        used += n;
        if (room - used > 1)
            continue;
        char *grown = realloc(text, room *= 2);
        n = grown ? n : -1;
        text = grown ? grown : text;
    }
    int saved = errno;
    if (fd >= 0)
        close(fd);
    if (n < 0) {
        free(text);
        errno = saved;
        return NULL;
    }
    text[used] = 0;
    if (len)
        *len = used;
    return text;
}

char *must_read(const char *path)
{
    char *text = read_whole(path, NULL);

    if (!text)
        err(1, "%s", path);
    return text;
}

long field_value(const char *text, const char *name, long absent)
{
    size_t len = strlen(name);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += line != text;
        if (strncmp(line, name, len) == 0 && strchr(": \t", line[len]) && line[len])
            return strtol(line + len + (line[len] == ':'), NULL, 10);
    }
    return absent;
}

long field_sum(const char *text, const char *name)
{
    size_t len = strlen(name);
    long sum = 0;

    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) == 0 && line[len] == ':')
            sum += strtol(line + len + 1, NULL, 10);
    }
    return sum;
}

char *process_smaps(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
    char *text = read_whole(path, NULL);
    if (text)
        return text;
    snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
    return read_whole(path, NULL);
}

/* Numbers separated by blanks; *text moves behind them. */
static void scan_numbers(const char *text, unsigned long *out, size_t count)
{
    char *end;

    for (size_t i = 0; i < count; i++, text = end)
        out[i] = strtoul(text, &end, 10);
}

/* The name is in parentheses and may itself contain some: the last one ends it. */
static int parse_stat(char *text, struct process_stat *p)
{
    char *open = strchr(text, '('), *close = strrchr(text, ')');
    unsigned long v[36]; /* v[0] is the parent: field 4 of proc(5) */

    if (!open || !close || !close[1] || !close[2])
        return -1;
    *close = 0;
    strlcpy(p->name, open + 1, sizeof(p->name));
    p->pid = atoi(text);
    p->state = close[2];
    scan_numbers(close + 3, v, 36);
    p->ppid = v[0];
    p->pgrp = v[1];
    p->session = v[2];
    p->tty = v[3];
    p->foreground = v[4];
    p->flags = v[5];
    p->minor_faults = v[6];
    p->major_faults = v[8];
    p->utime = v[10];
    p->stime = v[11];
    p->priority = v[14];
    p->nice = v[15];
    p->threads = v[16];
    p->start = v[18];
    p->vsize = v[19];
    p->rss_pages = v[20];
    p->processor = v[35];
    return 0;
}

int read_process(pid_t pid, struct process_stat *p)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    char *text = read_whole(path, NULL);
    int result = text ? parse_stat(text, p) : -1;
    free(text);
    if (result < 0)
        return -1;
    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    text = read_whole(path, NULL);
    char *uid = text ? strstr(text, "\nUid:") : NULL;
    p->uid = 0;
    if (uid) {
        unsigned long ids[2]; /* real, effective */
        scan_numbers(uid + 5, ids, 2);
        p->uid = ids[1];
    }
    free(text);
    return 0;
}

static int numeric(const struct dirent *d)
{
    return isdigit((unsigned char)d->d_name[0]);
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
    return atoi((*a)->d_name) - atoi((*b)->d_name);
}

struct process_stat *read_processes(size_t *count)
{
    struct dirent **list;
    int entries = scandir("/proc", &list, numeric, by_number);

    if (entries <= 0)
        errx(1, "/proc is not mounted");
    struct process_stat *all = malloc(entries * sizeof(*all));
    if (!all)
        err(1, NULL);
    *count = 0;
    for (int i = 0; i < entries; i++) {
        if (read_process(atoi(list[i]->d_name), &all[*count]) == 0)
            (*count)++;
        free(list[i]);
    }
    free(list);
    return all;
}

char *process_command(const struct process_stat *p)
{
    char path[64], *text;
    size_t len = 0;

    snprintf(path, sizeof(path), "/proc/%d/cmdline", p->pid);
    text = read_whole(path, &len);
    while (len && !text[len - 1])
        len--;
    if (!len) {
        free(text);
        if (asprintf(&text, p->state == 'Z' ? "[%s] <defunct>" : "[%s]", p->name) < 0)
            err(1, NULL);
        return text;
    }
    for (size_t i = 0; i < len; i++) {
        if (!text[i])
            text[i] = ' ';
        else if ((unsigned char)text[i] < ' ')
            text[i] = '?';
    }
    return text;
}

const char *tty_name(int tty)
{
    static char name[16];
    unsigned maj = major(tty), min = minor(tty);

    if (!tty)
        return "?";
    if (maj == 4 && min >= 64)
        snprintf(name, sizeof(name), "ttyS%u", min - 64);
    else if (maj == 4)
        snprintf(name, sizeof(name), "tty%u", min);
    else if (maj == 5 && min == 1)
        return "console";
    else if (maj >= 136 && maj <= 143)
        snprintf(name, sizeof(name), "pts/%u", (maj - 136) * 256 + min);
    else
        snprintf(name, sizeof(name), "%u:%u", maj, min);
    return name;
}

/* The last answer is kept: most processes belong to one user. */
const char *user_name(uid_t uid)
{
    static char name[33];
    static uid_t last;

    if (*name && uid == last)
        return name;
    struct passwd *pw = getpwuid(uid);
    if (pw)
        strlcpy(name, pw->pw_name, sizeof(name));
    else
        snprintf(name, sizeof(name), "%u", uid);
    last = uid;
    return name;
}

void cpu_times(const char *proc_stat, unsigned long times[CPU_STATES])
{
    memset(times, 0, CPU_STATES * sizeof(*times));
    if (strncmp(proc_stat, "cpu ", 4) == 0)
        scan_numbers(proc_stat + 4, times, CPU_STATES);
}
