/* What several tools share: readings of /proc, sizes as text, the terminal. */
#ifndef XV_TOOLS_H
#define XV_TOOLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The whole of a file as a string, in memory from malloc; NULL with errno when it cannot be read.
 */
char *read_whole(const char *path, size_t *len);
/* read_whole() for a file that must be there: ends the program otherwise. */
char *must_read(const char *path);
/* The number behind NAME (and a colon, if one follows) at the start of a line, or `absent`. */
long field_value(const char *text, const char *name, long absent);
/* The sum of the numbers of all lines that begin with NAME and a colon. */
long field_sum(const char *text, const char *name);

/* /proc/<pid>/stat; times in ticks of USER_HZ. */
struct process_stat {
    pid_t pid, ppid, pgrp, session, tty, foreground;
    char state, name[64];
    unsigned long flags, minor_faults, major_faults;
    unsigned long utime, stime, start;
    long priority, nice, threads, processor;
    unsigned long vsize;     /* bytes */
    unsigned long rss_pages;
    uid_t uid;               /* effective; from status */
};
/* -1: there is no such process, any more */
int read_process(pid_t pid, struct process_stat *p);
/* All processes by rising number, in memory from malloc; ends the program without /proc. */
struct process_stat *read_processes(size_t *count);
/* The arguments joined by blanks, or the name in brackets when it has none; from malloc. */
char *process_command(const struct process_stat *p);
/* What it has in memory: smaps_rollup, or smaps where that is missing; from malloc. NULL: it is
 * gone, or another user's; empty for a kernel thread. */
char *process_smaps(pid_t pid);
/* "ttyS0", "pts/1", "?" for none; in static memory, as user_name's result is. */
const char *tty_name(int tty);
/* The name of a user, or the number. */
const char *user_name(uid_t uid);

/* The first line of /proc/stat, in ticks. */
enum { CPU_USER, CPU_NICE, CPU_SYSTEM, CPU_IDLE, CPU_IOWAIT, CPU_IRQ, CPU_SOFTIRQ, CPU_STEAL,
       CPU_STATES };
void cpu_times(const char *proc_stat, unsigned long times[CPU_STATES]);

/* "1.5G" in `unit`s of 1024 or 1000, rounded up as ls, df and du do. */
void size_text(char out[16], uint64_t bytes, unsigned unit);
/* "1.5Gi" cut off, as free does. */
void memory_text(char out[16], uint64_t kib);
/* A number with an optional unit (c w b k K KB M MB G ...); -1 when it is none. */
int parse_size(const char *text, uint64_t *out);
/* Seconds with a fraction, at least 0; -1 when it is none. */
double parse_seconds(const char *text);

/* Text that grows; data is a string once something was added. Out of memory ends the program. */
struct text {
    char *data;
    size_t len, room;
};
void text_printf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Rows and columns: the terminal's own, else LINES and COLUMNS, else 24 by 80. */
void terminal_size(int *rows, int *columns);
/* " 04:33:27 up  1:26,  load average: 3.38, 2.07, 1.49" */
void uptime_text(char *out, size_t size);
/* Sleeps; 0 after the whole time, -1 when a signal came. */
int sleep_seconds(double seconds);

#endif
