/*
 * watch [-n seconds] [-t] [-e] [-x] command ...: runs the command again and again and shows its
 * output on the whole screen; q or ^C ends.
 *
 * The words are joined and given to sh -c; -x executes them directly.  -t shows no heading, -e ends
 * when the command fails.
 */
#include <err.h>
#include <screen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <tools.h>
#include <unistd.h>

static double interval = 2;
static int no_title, stop_on_error, direct;

static char *join(char **words)
{
    struct text t = {0};

    for (int i = 0; words[i]; i++)
        text_printf(&t, "%s%s", i ? " " : "", words[i]);
    return t.data;
}

static void put_title(struct text *t, const char *command)
{
    char left[128], right[160], clock[32];
    struct utsname u;
    time_t now = time(NULL);
    int rows, columns;

    terminal_size(&rows, &columns);
    uname(&u);
    strftime(clock, sizeof(clock), "%a %b %e %H:%M:%S %Y", localtime(&now));
    snprintf(left, sizeof(left), "Every %.1fs: ", interval);
    snprintf(right, sizeof(right), "%s: %s", u.nodename, clock);
    int room = columns - 1 - (int)strlen(left) - (int)strlen(right) - 1;
    room = room > 0 ? room : 0;
    text_printf(t, "%s%-*.*s %s\n\n", left, room, room, command, right);
}

static _Noreturn void run(char **argv, const char *command, int out)
{
    char *shell[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};

    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execvp(direct ? argv[0] : "/bin/sh", direct ? argv : shell);
    err(127, "%s", direct ? argv[0] : "/bin/sh");
}

/* The command's output is added to the text; returns its wait status. */
static int collect(struct text *t, char **argv, const char *command)
{
    char buf[4096];
    int fds[2], status = 0;
    ssize_t n;

    if (pipe(fds) < 0)
        err(1, "pipe");
    pid_t pid = fork();
    if (pid < 0)
        err(1, "fork");
    if (pid == 0) {
        close(fds[0]);
        run(argv, command, fds[1]);
    }
    close(fds[1]);
    while ((n = read(fds[0], buf, sizeof(buf))) > 0)
        text_printf(t, "%.*s", (int)n, buf);
    close(fds[0]);
    waitpid(pid, &status, 0);
    return status;
}

int main(int argc, char **argv)
{
    struct text t = {0};
    int c;

    while ((c = getopt(argc, argv, "+n:tex")) != -1) {
        switch (c) {
        case 'n':
            interval = parse_seconds(optarg);
            if (interval < 0)
                errx(1, "failed to parse argument: '%s'", optarg);
            interval = interval < 0.1 ? 0.1 : interval;
            break;
        case 't': no_title = 1; break;
        case 'e': stop_on_error = 1; break;
        case 'x': direct = 1; break;
        default: return 1;
        }
    }
    if (optind == argc)
        errx(1, "usage: watch [-n seconds] [-tex] command ...");
    char *command = join(argv + optind);
    screen_start();
    for (;;) {
        t.len = 0;
        if (!no_title)
            put_title(&t, command);
        int status = collect(&t, argv + optind, command);
        screen_show(t.data ? t.data : "");
        if (stop_on_error && status)
            return 8;
        int key = screen_key(interval);
        if (key == 'q' || key < 0)
            return 0;
    }
}
