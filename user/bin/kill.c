/*
 * kill [-SIG | -s SIG | -n NUM] pid ...  sends a signal, by default SIGTERM; pid < 0: to a group
 * kill -l [status]                       the signals' names, or the one that a status tells of
 */
#include <ctype.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = {
    "EXIT", "HUP",  "INT",  "QUIT", "ILL",    "TRAP", "ABRT", "BUS",  "FPE",  "KILL",   "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",  "PWR",  "SYS",
};

#define COUNT (int)(sizeof(names) / sizeof(names[0]))

static int to_number(const char *text, long *out)
{
    char *end;

    *out = strtol(text, &end, 10);
    return end > text && !*end;
}

static int signal_number(const char *text)
{
    long n;

    if (to_number(text, &n) && n >= 0 && n <= _NSIG)
        return (int)n;
    if (strncasecmp(text, "SIG", 3) == 0)
        text += 3;
    for (int i = 0; i < COUNT; i++) {
        if (strcasecmp(text, names[i]) == 0)
            return i;
    }
    errx(1, "%s: unknown signal", text);
}

static int list(char **args)
{
    long n;

    for (int i = 1; !*args && i < COUNT; i++)
        printf("%2d SIG%-8s%s", i, names[i], i % 5 == 0 || i == COUNT - 1 ? "\n" : " ");
    for (; *args; args++) {
        if (to_number(*args, &n)) {
            n &= 127; /* an exit status is 128 + the signal */
            if (n >= COUNT)
                errx(1, "%s: unknown signal", *args);
            puts(names[n]);
        } else {
            printf("%d\n", signal_number(*args));
        }
    }
    return fflush(stdout) == EOF;
}

int main(int argc, char **argv)
{
    int sig = SIGTERM, failed = 0;
    char **arg = argv + 1;
    long pid;

    if (argc > 1 && (strcmp(*arg, "-l") == 0 || strcmp(*arg, "-L") == 0))
        return list(arg + 1);
    if (argc > 2 && (strcmp(*arg, "-s") == 0 || strcmp(*arg, "-n") == 0)) {
        sig = signal_number(arg[1]);
        arg += 2;
    } else if (argc > 1 && **arg == '-' && (*arg)[1] && strcmp(*arg, "--") != 0) {
        sig = signal_number(*arg + 1);
        arg++;
    }
    if (*arg && strcmp(*arg, "--") == 0)
        arg++;
    if (!*arg)
        errx(1, "usage: kill [-SIG] pid ...  |  kill -l");
    for (; *arg; arg++) {
        if (!to_number(*arg, &pid)) {
            warnx("%s: not a process number", *arg);
            failed = 1;
        } else if (kill((pid_t)pid, sig) < 0) {
            warn("%s", *arg);
            failed = 1;
        }
    }
    return failed;
}
