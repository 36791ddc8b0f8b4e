/*
 * Names of signals, as kill -l shows them and as a user reads them.
 */
#include "sig.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "shell.h"

static const struct {
    int number;
    const char *name;
    const char *text;
} signals[] = {
    {SIGHUP, "HUP", "Hangup"},
    {SIGINT, "INT", "Interrupt"},
    {SIGQUIT, "QUIT", "Quit"},
    {SIGILL, "ILL", "Illegal instruction"},
    {SIGTRAP, "TRAP", "Trace trap"},
    {SIGABRT, "ABRT", "Aborted"},
    {SIGBUS, "BUS", "Bus error"},
    {SIGFPE, "FPE", "Arithmetic exception"},
    {SIGKILL, "KILL", "Killed"},
    {SIGUSR1, "USR1", "User signal 1"},
    {SIGSEGV, "SEGV", "Segmentation fault"},
    {SIGUSR2, "USR2", "User signal 2"},
    {SIGPIPE, "PIPE", "Broken pipe"},
    {SIGALRM, "ALRM", "Alarm clock"},
    {SIGTERM, "TERM", "Terminated"},
    {SIGCHLD, "CHLD", "Child changed state"},
    {SIGCONT, "CONT", "Continued"},
    {SIGSTOP, "STOP", "Stopped"},
    {SIGTSTP, "TSTP", "Stopped from the terminal"},
    {SIGTTIN, "TTIN", "Stopped on terminal input"},
    {SIGTTOU, "TTOU", "Stopped on terminal output"},
    {SIGURG, "URG", "Urgent data"},
    {SIGXCPU, "XCPU", "Processor time limit exceeded"},
    {SIGXFSZ, "XFSZ", "File size limit exceeded"},
    {SIGVTALRM, "VTALRM", "Virtual timer expired"},
    {SIGPROF, "PROF", "Profiling timer expired"},
    {SIGWINCH, "WINCH", "Window size changed"},
    {SIGSYS, "SYS", "Bad system call"},
};

#define NAMED (sizeof signals / sizeof *signals)

int sig_number(const char *name)
{
    long number = number_parse(name);
    if (number >= 0)
        return number < SIG_COUNT ? (int)number : -1;
    if (strncmp(name, "SIG", 3) == 0)
        name += 3;
    if (strcmp(name, "EXIT") == 0)
        return 0;
    for (size_t i = 0; i < NAMED; i++)
        if (strcmp(signals[i].name, name) == 0)
            return signals[i].number;
    return -1;
}

const char *sig_name(int number)
{
    for (size_t i = 0; i < NAMED; i++)
        if (signals[i].number == number)
            return signals[i].name;
    return number == 0 ? "EXIT" : NULL;
}

const char *sig_text(int number)
{
    static char other[24];
    for (size_t i = 0; i < NAMED; i++)
        if (signals[i].number == number)
            return signals[i].text;
    snprintf(other, sizeof other, "Signal %d", number);
    return other;
}
