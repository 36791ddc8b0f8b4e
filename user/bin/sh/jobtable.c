/*
 * The job table: which jobs there are, what state they are in, and how they are shown.
 */
#include "jobtable.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "shell.h"
#include "sig.h"

/* Finished background jobs that a script never waits for; older ones are forgotten. */
#define DONE_MAX 256

struct job *job_table;

struct job *job_new(const char *text)
{
    struct job *j = mem_alloc(sizeof *j);
    j->text = mem_strdup(text ? text : "");
    j->next = job_table;
    job_table = j;
    return j;
}

void job_free(struct job *j)
{
    struct job **link = &job_table;
    while (*link != j)
        link = &(*link)->next;
    *link = j->next;
    free(j->processes);
    free(j->text);
    free(j);
}

enum job_state job_state(const struct job *j)
{
    enum job_state state = JOB_DONE;
    for (size_t i = 0; i < j->n; i++) {
        if (j->processes[i].state == JOB_RUNNING)
            return JOB_RUNNING;
        if (j->processes[i].state == JOB_STOPPED)
            state = JOB_STOPPED;
    }
    return state;
}

/* Of the last process, or with pipefail of the last that failed. */
int job_raw_status(const struct job *j)
{
    if (j->n == 0)
        return 1 << 8;
    for (size_t i = j->n; i-- > 0;) {
        bool stopped = j->processes[i].state == JOB_STOPPED;
        if (stopped || !shell_option(OPT_PIPEFAIL) || j->processes[i].status)
            return j->processes[i].status;
    }
    return 0;
}

int job_next_id(void)
{
    int id = 0;
    for (const struct job *j = job_table; j; j = j->next)
        if (j->id > id)
            id = j->id;
    return id + 1;
}

void job_update(pid_t pid, int status)
{
    for (struct job *j = job_table; j; j = j->next) {
        for (size_t i = 0; i < j->n; i++) {
            struct process *p = &j->processes[i];
            if (p->pid != pid || p->state == JOB_DONE)
                continue;
            p->status = status;
            p->state = WIFSTOPPED(status) ? JOB_STOPPED : JOB_DONE;
            j->changed = true;
            return;
        }
    }
}

/* Children that are gone without a trace, as those of the parent shell are in a subshell. */
void job_lose_all(void)
{
    for (struct job *j = job_table; j; j = j->next) {
        for (size_t i = 0; i < j->n; i++) {
            if (j->processes[i].state != JOB_DONE)
                j->processes[i] = (struct process){.state = JOB_DONE,
                                                   .status = STATUS_NOT_FOUND << 8};
        }
    }
}

/* Bounds what a script leaves behind that starts jobs and never waits. */
void job_forget_oldest(void)
{
    struct job *oldest = NULL;
    int done = 0;
    for (struct job *j = job_table; j; j = j->next) {
        if (job_state(j) == JOB_DONE) {
            done++;
            oldest = j;
        }
    }
    if (done > DONE_MAX)
        job_free(oldest);
}

struct job *job_numbered(struct job *j)
{
    while (j && !j->id)
        j = j->next;
    return j;
}

static pid_t job_leader(const struct job *j)
{
    return j->group ? j->group : j->processes[0].pid;
}

const char *job_text(const struct job *j)
{
    return j->text;
}

void job_show(struct job *j, int style)
{
    int raw = job_raw_status(j);
    struct job *current = job_numbered(job_table);
    struct strbuf sb = {0}, state = {0};
    if (job_state(j) == JOB_RUNNING)
        sb_add_str(&state, "Running");
    else if (job_state(j) == JOB_STOPPED)
        sb_add_str(&state, "Stopped");
    else if (WIFSIGNALED(raw))
        sb_add_str(&state, sig_text(WTERMSIG(raw)));
    else if (WEXITSTATUS(raw))
        sb_printf(&state, "Done(%d)", WEXITSTATUS(raw));
    else
        sb_add_str(&state, "Done");
    int mark = j == current ? '+' : current && j == job_numbered(current->next) ? '-' : ' ';
    if (style == 'p') {
        sb_printf(&sb, "%d\n", (int)job_leader(j));
    } else {
        sb_printf(&sb, "[%d]%c ", j->id, mark);
        if (style == 'l')
            sb_printf(&sb, "%d ", (int)job_leader(j));
        sb_printf(&sb, "%-20s %s\n", sb_str(&state), j->text);
    }
    if (style == 'e')
        write_all(2, sb.data, sb.len);
    else
        out_str(sb.data);
    sb_free(&sb);
    sb_free(&state);
    j->changed = false;
}

/* Shows jobs, lowest number first, and forgets those that are done. */
static void show_jobs(int style, bool only_changed)
{
    int last = job_next_id();
    for (int id = 1; id < last; id++) {
        struct job *j = job_numbered(job_table);
        while (j && j->id != id)
            j = job_numbered(j->next);
        if (!j || (only_changed && !j->changed))
            continue;
        job_show(j, style);
        if (job_state(j) == JOB_DONE)
            job_free(j);
    }
}

void job_list(int style)
{
    job_poll();
    show_jobs(style, false);
}

void job_notify(void)
{
    if (!job_numbered(job_table))
        return;
    job_poll();
    show_jobs('e', true);
}

bool job_any_stopped(void)
{
    for (struct job *j = job_numbered(job_table); j; j = job_numbered(j->next))
        if (job_state(j) == JOB_STOPPED)
            return true;
    return false;
}

struct job *job_find(const char *spec)
{
    struct job *j = job_numbered(job_table);
    const char *name = spec + (*spec == '%');
    long id = number_parse(name);
    if (*name == '-' && j)
        j = job_numbered(j->next);
    else if (id >= 0)
        while (j && j->id != id)
            j = job_numbered(j->next);
    else if (*name && !strchr("%+", *name))
        while (j && strncmp(j->text, name, strlen(name)) != 0)
            j = job_numbered(j->next);
    if (!j)
        shell_error("%s: no such job", *spec ? spec : "current");
    return j;
}

struct job *job_find_pid(pid_t pid)
{
    struct job *j = job_numbered(job_table);
    while (j && j->processes[j->n - 1].pid != pid)
        j = job_numbered(j->next);
    return j;
}
