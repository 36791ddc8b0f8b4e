/*
 * The job table, between job.c, which runs processes, and jobtable.c, which knows and shows jobs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "job.h"

struct process {
    pid_t pid;
    int status; /* as from waitpid */
    enum job_state state;
};

struct job {
    struct job *next;
    struct process *processes;
    size_t n;
    pid_t group;     /* 0: shares the shell's */
    int id;          /* 0: in the foreground */
    bool changed;    /* its state is news to the user */
    char *text;
};

/* Newest first; the first one with a number is the current job. */
extern struct job *job_table;

enum job_state job_state(const struct job *j);
/* As from waitpid: of the last process, or with pipefail of the last that failed. */
int job_raw_status(const struct job *j);
/* The first job from j on that has a number. */
struct job *job_numbered(struct job *j);
int job_next_id(void);
/* Notes what waitpid told about a process. */
void job_update(pid_t pid, int status);
/* Children that are gone without a trace, as those of the parent shell are in a subshell. */
void job_lose_all(void);
/* Bounds what a script leaves behind that starts jobs and never waits. */
void job_forget_oldest(void);
/* Collects what has changed already (job.c). */
void job_poll(void);
