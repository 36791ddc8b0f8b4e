/*
 * Processes of jobs: forking, waiting, the terminal.
 *
 * Children are collected with waitpid(-1) and found in the table by process id,
 * so that whichever ends first is never in the way of another.
 */
#include "jobtable.h"

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

static int terminal = -1;
static pid_t shell_group;
static struct termios shell_modes;

static int exit_status(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    return STATUS_SIGNAL + (WIFSIGNALED(status) ? WTERMSIG(status) : WSTOPSIG(status));
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

/* Collects one change of state. false when there is none to come, or a signal came first. */
static bool collect(int flags)
{
    int status;
    pid_t pid = waitpid(-1, &status, flags | (controls() ? WUNTRACED : 0));
    if (pid > 0)
        job_update(pid, status);
    else if (pid < 0 && errno != EINTR)
        job_lose_all();
    return pid > 0;
}

void job_poll(void)
{
    while (collect(WNOHANG))
        continue;
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
    job_poll();
    job_forget_oldest();
}

int job_wait_background(struct job *j)
{
    int status = 0;
    for (;;) {
        struct job *running = j ? j : job_numbered(job_table);
        while (!j && running && job_state(running) != JOB_RUNNING)
            running = job_numbered(running->next);
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
    for (struct job *next, *each = job_table; each; each = next) {
        next = each->next;
        if (each->id && job_state(each) == JOB_DONE)
            job_free(each);
    }
    return status;
}

void job_signal(struct job *j, int number)
{
    if (j->group) {
        kill(-j->group, number);
        /* A stopped job must run to end. */
        if (number == SIGTERM || number == SIGHUP)
            kill(-j->group, SIGCONT);
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
    pid_t front = tcgetpgrp(terminal);
    if (front > 0 && front != getpgrp()) {
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
