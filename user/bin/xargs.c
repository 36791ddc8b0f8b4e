/*
 * xargs [-0] [-n count] [-I word] [-r] [-t] [command [argument ...]]: runs the command with
 * arguments from standard input, as many at a time as fit.
 *
 * Arguments are separated by blanks and line ends, "..." '...' and \ quote; with -0 by zero bytes.
 * -I: once for each line, which replaces the word.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tools.h>
#include <unistd.h>

#define MAX_BYTES (128 * 1024)

static int by_zero, trace, skip_empty;
static const char *replaced;
static long max_args = 1000000;

static char **args; /* the command, then what was read */
static size_t fixed, count, room, bytes;
static int status;

static void add_arg(char *text)
{
    if (count + 2 > room) {
        room = 2 * room + 16;
        args = reallocarray(args, room, sizeof(*args));
        if (!args)
            err(1, NULL);
    }
    args[count++] = text;
    args[count] = NULL;
    bytes += strlen(text) + 1 + sizeof(char *);
}

static void note_status(int wait_status, const char *name)
{
    if (WIFSIGNALED(wait_status))
        errx(125, "%s: terminated by signal %d", name, WTERMSIG(wait_status));
    if (WEXITSTATUS(wait_status) == 255)
        errx(124, "%s: exited with status 255; aborting", name);
    if (WEXITSTATUS(wait_status) == 126 || WEXITSTATUS(wait_status) == 127)
        exit(WEXITSTATUS(wait_status));
    if (WEXITSTATUS(wait_status))
        status = 123;
}

static void run(char **argv)
{
    int wait_status;

    if (trace) {
        for (char **p = argv; *p; p++)
            fprintf(stderr, "%s%s", p == argv ? "" : " ", *p);
        fputc('\n', stderr);
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0)
        err(1, "fork");
    if (pid == 0) {
        execvp(argv[0], argv);
        warn("%s", argv[0]);
        _exit(errno == ENOENT ? 127 : 126);
    }
    waitpid(pid, &wait_status, 0);
    note_status(wait_status, argv[0]);
}

static void run_collected(void)
{
    run(args);
    while (count > fixed) {
        bytes -= strlen(args[count - 1]) + 1 + sizeof(char *);
        free(args[--count]);
    }
    args[count] = NULL;
}

/* The command with the word replaced in each of its arguments. */
static void run_replaced(const char *with)
{
    char **argv = calloc(fixed + 1, sizeof(*argv));

    if (!argv)
        err(1, NULL);
    for (size_t i = 0; i < fixed; i++) {
        struct text t = {0};
        const char *p = args[i], *hit;
        while ((hit = strstr(p, replaced))) {
            text_printf(&t, "%.*s%s", (int)(hit - p), p, with);
            p = hit + strlen(replaced);
        }
        text_printf(&t, "%s", p);
        argv[i] = t.data;
    }
    run(argv);
    for (size_t i = 0; i < fixed; i++)
        free(argv[i]);
    free(argv);
}

static int separates(int c)
{
    if (by_zero)
        return c == 0;
    return replaced ? c == '\n' : isspace(c);
}

/* The next argument, from malloc; NULL at the end. */
static char *next_arg(void)
{
    struct text t = {0};
    int c, quote = 0, any = 0;

    while ((c = getchar()) != EOF && !by_zero && isspace(c))
        ;
    for (; c != EOF && (quote || !separates(c)); c = getchar()) {
        any = 1;
        if (!by_zero && quote && c == '\n')
            errx(1, "unmatched %s quote", quote == '"' ? "double" : "single");
        if (!by_zero && !quote && (c == '"' || c == '\'')) {
            quote = c;
        } else if (quote && c == quote) {
            quote = 0;
        } else {
            if (!by_zero && !quote && c == '\\' && (c = getchar()) == EOF)
                break;
            text_printf(&t, "%c", c);
        }
    }
    if (quote)
        errx(1, "unmatched %s quote", quote == '"' ? "double" : "single");
    if (!any && c == EOF)
        return NULL;
    return t.data ? t.data : strdup("");
}

int main(int argc, char **argv)
{
    static char *echo[] = {(char *)"echo", NULL};
    int c, ran = 0;
    char *arg;

    while ((c = getopt(argc, argv, "+0n:I:rt")) != -1) {
        switch (c) {
        case '0': by_zero = 1; break;
        case 'n':
            max_args = atol(optarg);
            if (max_args <= 0)
                errx(1, "value %s for -n option should be >= 1", optarg);
            break;
        case 'I': replaced = optarg; break;
        case 'r': skip_empty = 1; break;
        case 't': trace = 1; break;
        default: return 1;
        }
    }
    for (char **p = optind < argc ? argv + optind : echo; *p; p++)
        add_arg(*p);
    fixed = count;
    while ((arg = next_arg())) {
        ran = 1;
        if (replaced) {
            run_replaced(arg);
            free(arg);
            continue;
        }
        if (count > fixed && (count - fixed >= (size_t)max_args || bytes + strlen(arg) > MAX_BYTES))
            run_collected();
        add_arg(arg);
    }
    if (!replaced && (count > fixed || (!ran && !skip_empty)))
        run_collected();
    return status;
}
