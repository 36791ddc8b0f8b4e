/*
 * The job table. Children are collected with waitpid(-1) and found in the table by process id,
 * so that whichever ends first is never in the way of another.
 */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "redir.h"
#include "shell.h"
#include "sig.h"
#include "trap.h"

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

/* Finished background jobs that a script never waits for; older ones are forgotten. */
#define DONE_MAX 256

static struct job *jobs; /* newest first; the first with an id is the current job */
static int terminal = -1;
static pid_t shell_group;
static struct termios shell_modes;

struct job *job_new(const char *text)
{
    struct job *j = mem_alloc(sizeof *j);
    j->text = mem_strdup(text ? text : "");
    j->next = jobs;
    jobs = j;
    return j;
}

void job_free(struct job *j)
{
    struct job **link = &jobs;
    while (*link != j)
        link = &(*link)->next;
    *link = j->next;
    free(j->processes);
    free(j->text);
    free(j);
}

static enum job_state job_state(const struct job *j)
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

static int exit_status(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    return STATUS_SIGNAL + (WIFSIGNALED(status) ? WTERMSIG(status) : WSTOPSIG(status));
}

/* Of the last process, or with pipefail of the last that failed. */
static int job_raw_status(const struct job *j)
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

static bool controls(void)
{
    return shell_option(OPT_MONITOR) && terminal >= 0;
}

static void give_terminal(pid_t group)
{
    if (terminal >= 0)
        tcsetpgrp(terminal, group);
}

/* The new process, before it does anything else. */
static void child_start(struct job *j, enum fork_kind kind)
{
    bool control = controls() && kind != FORK_QUIET;
    if (control) {
        pid_t group = j->group ? j->group : getpid();
        setpgid(0, group);
        if (kind == FORK_FOREGROUND)
            give_terminal(group);
    }
    trap_reset_child();
    if (kind == FORK_BACKGROUND && !control) {
        signal(SIGINT, SIG_IGN);
        signal(SIGQUIT, SIG_IGN);
        int null = open("/dev/null", O_RDONLY);
        if (null > 0) {
            dup2(null, 0);
            close(null);
        }
    }
    sh.subshell = true;
    sh.options &= ~OPT_MONITOR;
}

pid_t job_fork(struct job *j, enum fork_kind kind)
{
    pid_t pid = fork();
    if (pid == 0)
        child_start(j, kind);
    if (pid < 0)
        shell_fail(1, "cannot fork: %s", strerror(errno));
    if (pid <= 0 || !j)
        return pid;
    if (controls() && kind != FORK_QUIET) {
        /* Both sides do this, as either may run first. */
        j->group = j->group ? j->group : pid;
        setpgid(pid, j->group);
        if (kind == FORK_FOREGROUND)
            give_terminal(j->group);
    }
    j->processes = mem_resize(j->processes, (j->n + 1) * sizeof *j->processes);
    j->processes[j->n++] = (struct process){.pid = pid};
    return pid;
}

static void job_update(pid_t pid, int status)
{
    for (struct job *j = jobs; j; j = j->next) {
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
static void jobs_lose(void)
{
    for (struct job *j = jobs; j; j = j->next) {
        for (size_t i = 0; i < j->n; i++) {
            if (j->processes[i].state != JOB_DONE)
                j->processes[i] = (struct process){.state = JOB_DONE,
                                                   .status = STATUS_NOT_FOUND << 8};
        }
    }
}

/* Collects one change of state. false when there is none to come, or a signal came first. */
static bool collect(int flags)
{
    int status;
    pid_t pid = waitpid(-1, &status, flags | (controls() ? WUNTRACED : 0));
    if (pid > 0)
        job_update(pid, status);
    else if (pid < 0 && errno != EINTR)
        jobs_lose();
    return pid > 0;
}

/* The terminal is the shell's again, with the modes it had if the job left in a hurry. */
static void take_terminal_back(const struct job *j)
{
    if (!controls() || !j->group)
        return;
    give_terminal(shell_group);
    if (WIFEXITED(job_raw_status(j)))
        tcgetattr(terminal, &shell_modes);
    else
        tcsetattr(terminal, TCSADRAIN, &shell_modes);
}

static void tell_signal(const struct job *j)
{
    int status = job_raw_status(j);
    if (!WIFSIGNALED(status))
        return;
    int number = WTERMSIG(status);
    if (number == SIGINT && shell_option(OPT_INTERACTIVE) && !sh.subshell) {
        write_all(2, "\n", 1);
        sh.flow = FLOW_ABORT;
        sh.status = exit_status(status);
    } else if (number != SIGINT && number != SIGPIPE) {
        shell_error("%s%s%s", sig_text(number), *j->text ? ": " : "", j->text);
    }
}

static int job_next_id(void)
{
    int id = 0;
    for (const struct job *j = jobs; j; j = j->next)
        if (j->id > id)
            id = j->id;
    return id + 1;
}

int job_wait(struct job *j)
{
    while (job_state(j) == JOB_RUNNING)
        collect(0);
    int status = exit_status(job_raw_status(j));
    take_terminal_back(j);
    if (job_state(j) == JOB_STOPPED) {
        j->id = j->id ? j->id : job_next_id();
        write_all(2, "\n", 1);
        job_show(j, 'e');
        return status;
    }
    tell_signal(j);
    job_free(j);
    return status;
}

/* Bounds what a script leaves behind that starts jobs and never waits. */
static void forget_oldest_done(void)
{
    struct job *oldest = NULL;
    int done = 0;
    for (struct job *j = jobs; j; j = j->next) {
        if (job_state(j) == JOB_DONE) {
            done++;
            oldest = j;
        }
    }
    if (done > DONE_MAX)
        job_free(oldest);
}

void job_background(struct job *j)
{
    j->id = job_next_id();
    sh.last_background = j->processes[j->n - 1].pid;
    if (shell_option(OPT_INTERACTIVE) && !sh.subshell) {
        struct strbuf sb = {0};
        sb_printf(&sb, "[%d] %d\n", j->id, (int)sh.last_background);
        write_all(2, sb.data, sb.len);
        sb_free(&sb);
    }
    while (collect(WNOHANG))
        continue;
    forget_oldest_done();
}

static struct job *numbered(struct job *j)
{
    while (j && !j->id)
        j = j->next;
    return j;
}

static pid_t job_leader(const struct job *j)
{
    return j->group ? j->group : j->processes[0].pid;
}

int job_wait_background(struct job *j)
{
    int status = 0;
    for (;;) {
        struct job *running = j ? j : numbered(jobs);
        while (!j && running && job_state(running) != JOB_RUNNING)
            running = numbered(running->next);
        if (!running || job_state(running) != JOB_RUNNING)
            break;
        if (!collect(0) && trap_pending_signal())
            return STATUS_SIGNAL + trap_pending_signal();
    }
    if (j) {
        status = exit_status(job_raw_status(j));
        if (job_state(j) == JOB_DONE)
            job_free(j);
        return status;
    }
    for (struct job *next, *each = jobs; each; each = next) {
        next = each->next;
        if (each->id && job_state(each) == JOB_DONE)
            job_free(each);
    }
    return status;
}

const char *job_text(const struct job *j)
{
    return j->text;
}

void job_show(struct job *j, int style)
{
    int raw = job_raw_status(j);
    struct job *current = numbered(jobs);
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
    int mark = j == current ? '+' : current && j == numbered(current->next) ? '-' : ' ';
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
        struct job *j = numbered(jobs);
        while (j && j->id != id)
            j = numbered(j->next);
        if (!j || (only_changed && !j->changed))
            continue;
        job_show(j, style);
        if (job_state(j) == JOB_DONE)
            job_free(j);
    }
}

void job_list(int style)
{
    while (collect(WNOHANG))
        continue;
    show_jobs(style, false);
}

void job_notify(void)
{
    if (!numbered(jobs))
        return;
    while (collect(WNOHANG))
        continue;
    show_jobs('e', true);
}

bool job_any_stopped(void)
{
    for (struct job *j = numbered(jobs); j; j = numbered(j->next))
        if (job_state(j) == JOB_STOPPED)
            return true;
    return false;
}

struct job *job_find(const char *spec)
{
    struct job *j = numbered(jobs);
    const char *name = spec + (*spec == '%');
    long id = number_parse(name);
    if (*name == '-' && j)
        j = numbered(j->next);
    else if (id >= 0)
        while (j && j->id != id)
            j = numbered(j->next);
    else if (*name && !strchr("%+", *name))
        while (j && strncmp(j->text, name, strlen(name)) != 0)
            j = numbered(j->next);
    if (!j)
        shell_error("%s: no such job", *spec ? spec : "current");
    return j;
}

struct job *job_find_pid(pid_t pid)
{
    struct job *j = numbered(jobs);
    while (j && j->processes[j->n - 1].pid != pid)
        j = numbered(j->next);
    return j;
}

void job_signal(struct job *j, int number)
{
    if (j->group) {
        kill(-j->group, number);
        return;
    }
    for (size_t i = 0; i < j->n; i++)
        if (j->processes[i].state != JOB_DONE)
            kill(j->processes[i].pid, number);
}

int job_continue(struct job *j, bool foreground)
{
    for (size_t i = 0; i < j->n; i++)
        if (j->processes[i].state == JOB_STOPPED)
            j->processes[i].state = JOB_RUNNING;
    j->changed = false;
    if (foreground && j->group)
        give_terminal(j->group);
    job_signal(j, SIGCONT);
    return foreground ? job_wait(j) : 0;
}

static bool find_terminal(void)
{
    if (terminal >= 0)
        return true;
    int fd = open("/dev/tty", O_RDWR);
    if (fd < 0 && isatty(2))
        fd = dup(2);
    if (fd < 0 || tcgetpgrp(fd) < 0) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    terminal = fd_move_up(fd);
    return terminal >= 0;
}

bool job_control(bool on)
{
    if (!on || shell_option(OPT_MONITOR))
        return true;
    if (!find_terminal())
        return false;
    if (tcgetpgrp(terminal) != getpgrp()) {
        /* Started in the background: stop, once, until someone brings us to the front. */
        signal(SIGTTIN, SIG_DFL);
        kill(0, SIGTTIN);
    }
    signal(SIGTTIN, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
    signal(SIGTSTP, SIG_IGN);
    shell_group = getpid();
    if (getpgrp() != shell_group && setpgid(0, 0) < 0)
        shell_group = getpgrp();
    give_terminal(shell_group);
    tcgetattr(terminal, &shell_modes);
    return true;
}
