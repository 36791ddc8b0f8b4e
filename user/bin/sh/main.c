/*
 * sh, the shell of xv39: POSIX's command language, with line editing and job control.
 *
 * A command's way through the files:
 *
 *     source.c    characters, from a string, a file or the terminal (edit.c, history.c)
 *     lex.c       tokens and here-documents      word.c     quoting and expansions in a word
 *     parse.c     lists, pipelines, simple commands         parse_compound.c  if, loops, case
 *     exec.c      walks the tree                 simple.c   runs a builtin, function or program
 *     expand.c    parameters, substitutions      field.c    splitting      glob.c  file names
 *     redir.c     redirections   job.c  children, job control   trap.c  signals
 *     builtin*.c  builtins; printf.c, test.c     var.c, function.c, options.c   state
 *     mem.c       strings and arenas             shell.c    messages and output
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtin.h"
#include "exec.h"
#include "job.h"
#include "options.h"
#include "prompt.h"
#include "redir.h"
#include "shell.h"
#include "trap.h"
#include "var.h"

/* What the command line asks for. */
struct start {
    bool command;        /* -c */
    bool login;
    const char *text;    /* of -c */
    const char *script;  /* file */
};

static void parse_arguments(int argc, char **argv, struct start *start)
{
    bool dashes;
    sh.name = argv[0] ? argv[0] : "sh";
    start->login = sh.name[0] == '-';
    int i = argc > 1 ? options_parse(argc, argv, &dashes, &start->command, &start->login) : argc;
    if (i < 0)
        exit(STATUS_MISUSE);
    if (start->command) {
        if (i >= argc) {
            shell_error("-c needs a command");
            exit(STATUS_MISUSE);
        }
        start->text = argv[i++];
        if (i < argc)
            sh.name = argv[i++];
    } else if (i < argc && !shell_option(OPT_STDIN)) {
        start->script = sh.name = sh.script = argv[i++];
    }
    for (; i < argc; i++)
        sv_push(&sh.params, mem_strdup(argv[i]));
}

static int open_script(const char *path)
{
    int fd = open(path, O_RDONLY);
    if (fd >= 0)
        fd = fd_move_up(fd);
    if (fd < 0) {
        sh.script = "sh";
        shell_error("%s: %s", path, strerror(errno));
        exit(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE);
    }
    return fd;
}

/* Runs a start-up file if there is one. */
static void source_profile(const char *path)
{
    struct source s;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || (fd = fd_move_up(fd)) < 0)
        return;
    source_init_fd(&s, fd, false, false);
    exec_source(&s, 0);
    source_free(&s);
    close(fd);
    sh.flow = FLOW_NONE;
}

static void start_profiles(bool login)
{
    const char *home = var_get("HOME");
    if (login) {
        source_profile("/etc/profile");
        struct strbuf path = {0};
        sb_printf(&path, "%s/.profile", home ? home : "");
        source_profile(path.data);
        sb_free(&path);
    }
    const char *env = shell_option(OPT_INTERACTIVE) ? var_get("ENV") : NULL;
    if (env) {
        char *path = mem_strdup(prompt_text("ENV"));
        source_profile(path);
        free(path);
    }
}

static void start_interactive(void)
{
    sh.options |= OPT_INTERACTIVE;
    var_set("PS1", var_get_or("PS1", "$ "));
    var_set("PS2", var_get_or("PS2", "> "));
    trap_interactive();
    if (job_control(true))
        sh.options |= OPT_MONITOR;
}

static void run(const struct start *start)
{
    struct source s;
    if (start->command) {
        exec_string(start->text, EXEC_LAST);
        return;
    }
    int fd = start->script ? open_script(start->script) : 0;
    source_init_fd(&s, fd, !start->script, !start->script && shell_option(OPT_INTERACTIVE));
    exec_source(&s, 0);
    source_free(&s);
}

int main(int argc, char **argv)
{
    struct start start = {0};
    extern char **environ;
    var_init(environ);
    sh.pid = getpid();
    parse_arguments(argc, argv, &start);
    cd_init();
    bool reads_terminal = !start.command && !start.script && isatty(0);
    if (shell_option(OPT_INTERACTIVE) || (reads_terminal && isatty(2)))
        start_interactive();
    start_profiles(start.login);
    run(&start);
    if (shell_option(OPT_INTERACTIVE) && reads_terminal)
        write_all(2, "exit\n", 5);
    shell_exit(sh.status);
}
