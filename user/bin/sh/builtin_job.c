/*
 * Builtins for jobs: jobs, fg, bg, wait, kill.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "builtin.h"
#include "job.h"
#include "shell.h"
#include "sig.h"

int builtin_jobs(int argc, char **argv)
{
    int style = 0;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        style = argv[i][1];
        if (!style || !strchr("lp", style) || argv[i][2])
            return builtin_usage("jobs", "[-l|-p] [job...]");
    }
    if (i == argc)
        job_list(style);
    for (; i < argc; i++) {
        struct job *j = job_find(argv[i]);
        if (!j)
            return 1;
        job_show(j, style);
    }
    return 0;
}

/* fg and bg */
int builtin_fg(int argc, char **argv)
{
    bool foreground = argv[0][0] == 'f';
    if (!shell_option(OPT_MONITOR)) {
        shell_error("%s: no job control", argv[0]);
        return 1;
    }
    struct job *j = job_find(argc > 1 ? argv[1] : "");
    if (!j)
        return 1;
    out_printf("%s\n", job_text(j));
    out_flush();
    return job_continue(j, foreground);
}

int builtin_wait(int argc, char **argv)
{
    int status = 0;
    if (argc == 1)
        return job_wait_background(NULL);
    for (int i = 1; i < argc; i++) {
        long pid = number_parse(argv[i]);
        struct job *j = pid >= 0 ? job_find_pid(pid) : job_find(argv[i]);
        status = j ? job_wait_background(j) : STATUS_NOT_FOUND;
    }
    return status;
}

/* kill -l: all names, or those of the numbers given, which may be statuses of killed commands. */
static int list_signals(char **argv)
{
    if (!*argv) {
        for (int i = 1; i < SIG_COUNT; i++)
            if (sig_name(i))
                out_printf("%s%s", i > 1 ? " " : "", sig_name(i));
        out_str("\n");
        return 0;
    }
    for (; *argv; argv++) {
        int number = sig_number(*argv);
        if (number < 0)
            number = number_parse(*argv) - STATUS_SIGNAL;
        const char *name = number > 0 ? sig_name(number) : NULL;
        if (!name) {
            shell_error("kill: %s: no such signal", *argv);
            return 1;
        }
        out_printf("%s\n", name);
    }
    return 0;
}

static int kill_one(const char *target, int number)
{
    const char *digits = *target == '-' ? target + 1 : target;
    pid_t pid = number_parse(digits);
    if (*target == '%') {
        struct job *j = job_find(target);
        if (!j)
            return 1;
        job_signal(j, number);
        return 0;
    }
    if (pid < 0) {
        shell_error("kill: %s: not a process or job", target);
        return 1;
    }
    if (kill(*target == '-' ? -pid : pid, number) < 0) {
        shell_error("kill: %s: %s", target, strerror(errno));
        return 1;
    }
    return 0;
}

int builtin_kill(int argc, char **argv)
{
    int number = SIGTERM;
    int i = 1;
    if (argc > 1 && strcmp(argv[1], "-l") == 0)
        return list_signals(argv + 2);
    if (argc > 1 && argv[1][0] == '-' && strcmp(argv[1], "--") != 0) {
        bool named = strcmp(argv[1], "-s") == 0 && argc > 2;
        const char *name = named ? argv[2] : argv[1] + 1;
        number = sig_number(name);
        i += 1 + named;
        if (number < 0) {
            shell_error("kill: %s: no such signal", name);
            return STATUS_MISUSE;
        }
    }
    if (i < argc && strcmp(argv[i], "--") == 0)
        i++;
    if (i >= argc)
        return builtin_usage("kill", "[-SIGNAL] process... or -l");
    int status = 0;
    for (; i < argc; i++)
        status |= kill_one(argv[i], number);
    return status;
}
