/* top: what its files share. */
#ifndef TOP_H
#define TOP_H

#include <stddef.h>
#include <tools.h>

/* A process, and what it used since the last look. */
struct task {
    struct process_stat stat;
    unsigned long shared_pages, ticks; /* ticks: since the last look */
    char *command;                     /* with arguments; only when asked for */
};

struct snapshot {
    struct task *task;
    size_t count;
    unsigned long cpu[CPU_STATES]; /* ticks since the start */
    double when;                   /* seconds since the start */
};

enum sort_by { BY_CPU, BY_MEMORY, BY_TIME, BY_PID, BY_VIRTUAL };

struct view {
    enum sort_by by;
    int reverse, commands, columns; /* columns: 0 for no limit */
};

/* Takes a snapshot; ticks are counted from `before`. */
void take_snapshot(struct snapshot *s, const struct snapshot *before, int commands);
void free_snapshot(struct snapshot *s);
/* Adds the whole screen as text. */
void put_screen(struct text *t, struct snapshot *s, const struct snapshot *before,
                const struct view *view);

#endif
