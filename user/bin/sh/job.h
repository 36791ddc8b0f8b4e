/*
 * Child processes and job control.
 *
 * A job is what one fork or one pipeline started. With job control (set -m) it is a process
 * group of its own, and the foreground one has the terminal.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum fork_kind {
    FORK_FOREGROUND,
    FORK_BACKGROUND,
    FORK_QUIET, /* stays in the shell's process group: substitutions, here-documents */
};

enum job_state { JOB_RUNNING, JOB_STOPPED, JOB_DONE };

struct job;

/* An empty job; text (may be NULL) is what jobs shows. */
struct job *job_new(const char *text);
void job_free(struct job *j);
/* Forks a member of the job (j may be NULL). 0 in the child; -1 after an error that unwinds. */
pid_t job_fork(struct job *j, enum fork_kind kind);
/* Waits for a foreground job. Its status; the job is gone unless it stopped. */
int job_wait(struct job *j);
/* Lets the job go on by itself: it gets a number, and $! is its last process. */
void job_background(struct job *j);
/* Before a prompt: tells what became of background jobs. */
void job_notify(void);
bool job_any_stopped(void);

/* Job control on or off; false when there is no terminal for it. */
bool job_control(bool on);

/* For builtins. */
struct job *job_find(const char *spec); /* %1 %% %+ %- %text; NULL after a message */
struct job *job_find_pid(pid_t pid);
/* Waits for this job, or for all with NULL; a caught signal ends it with 128 + signal. */
int job_wait_background(struct job *j);
const char *job_text(const struct job *j);
/* Signals its process group, or without job control its processes. */
void job_signal(struct job *j, int number);
/* Continues it, in the foreground (its status is returned) or not. */
int job_continue(struct job *j, bool foreground);
/* Output of jobs: 'l' with process ids, 'p' only those, 0 plain. */
void job_list(int style);
void job_show(struct job *j, int style);
