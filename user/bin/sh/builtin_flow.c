/*
 * Builtins that change what runs next: break, return, exit, eval, exec, trap, command and type.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtin.h"
#include "exec.h"
#include "job.h"
#include "redir.h"
#include "shell.h"
#include "sig.h"
#include "trap.h"
#include "var.h"

/* break and continue */
int builtin_break(int argc, char **argv)
{
    long levels = argc > 1 ? number_parse(argv[1]) : 1;
    if (levels < 1) {
        shell_fail(STATUS_MISUSE, "%s: %s: bad number", argv[0], argv[1]);
        return STATUS_MISUSE;
    }
    if (sh.loop_depth == 0)
        return 0;
    sh.flow_levels = levels < sh.loop_depth ? levels : sh.loop_depth;
    sh.flow = argv[0][0] == 'b' ? FLOW_BREAK : FLOW_CONTINUE;
    return 0;
}

/* A status as an argument; the last one when there is none. */
static int status_argument(int argc, char **argv)
{
    long status = argc > 1 ? number_parse(argv[1]) : sh.status;
    if (status < 0) {
        shell_fail(STATUS_MISUSE, "%s: %s: bad number", argv[0], argv[1]);
        return STATUS_MISUSE;
    }
    return status & 0xff;
}

int builtin_return(int argc, char **argv)
{
    int status = status_argument(argc, argv);
    if (sh.flow)
        return status;
    if (sh.call_depth == 0) {
        shell_error("return: not in a function or a sourced file");
        return 1;
    }
    sh.flow = FLOW_RETURN;
    return status;
}

int builtin_exit(int argc, char **argv)
{
    static bool warned;
    int status = status_argument(argc, argv);
    if (sh.flow)
        return status;
    if (shell_option(OPT_INTERACTIVE) && !sh.subshell && !warned && job_any_stopped()) {
        warned = true;
        shell_error("there are stopped jobs; exit again to leave them");
        return 1;
    }
    shell_exit(status);
}

int builtin_eval(int argc, char **argv)
{
    struct strbuf sb = {0};
    for (int i = 1; i < argc; i++)
        sb_printf(&sb, "%s%s", i > 1 ? " " : "", argv[i]);
    sh.status = 0;
    exec_string(sb_str(&sb), 0);
    sb_free(&sb);
    return sh.status;
}

/* The file for `.`: searched in PATH unless it has a slash; there it need not be executable. */
static int open_sourced(const char *name)
{
    const char *path = var_get_or("PATH", "");
    struct strbuf sb = {0};
    int fd = -1;
    if (strchr(name, '/'))
        return open(name, O_RDONLY);
    while (fd < 0 && *path) {
        size_t len = strcspn(path, ":");
        sb_clear(&sb);
        sb_add_mem(&sb, path, len);
        sb_printf(&sb, "%s%s", len ? "/" : "", name);
        fd = open(sb.data, O_RDONLY);
        path += len + (path[len] == ':');
    }
    sb_free(&sb);
    return fd >= 0 ? fd : open(name, O_RDONLY);
}

int builtin_dot(int argc, char **argv)
{
    struct source s;
    if (argc < 2)
        return builtin_usage(".", "file");
    int fd = open_sourced(argv[1]);
    if (fd >= 0)
        fd = fd_move_up(fd);
    if (fd < 0) {
        shell_fail(1, "%s: %s", argv[1], strerror(errno));
        return 1;
    }
    const char *outer_script = sh.script;
    int outer_loops = sh.loop_depth;
    char *name = mem_strdup(argv[1]);
    source_init_fd(&s, fd, false, false);
    sh.status = 0;
    sh.script = name;
    sh.loop_depth = 0;
    sh.call_depth++;
    if (exec_nest()) {
        exec_source(&s, 0);
        exec_unnest();
    }
    sh.call_depth--;
    sh.loop_depth = outer_loops;
    sh.script = outer_script;
    if (sh.flow == FLOW_RETURN)
        sh.flow = FLOW_NONE;
    source_free(&s);
    close(fd);
    free(name);
    return sh.status;
}

/* The redirections of exec are carried out, and stay, before this is called. */
int builtin_exec(int argc, char **argv)
{
    if (argc < 2)
        return 0;
    trap_reset_child();
    exec_program(argv + 1);
}

int builtin_trap(int argc, char **argv)
{
    int i = 1;
    if (argc > 1 && strcmp(argv[1], "--") == 0)
        i++;
    if (i >= argc) {
        trap_print();
        return 0;
    }
    const char *action = NULL;
    /* trap INT: a first word that is a number means reset, as POSIX has it. */
    if (number_parse(argv[i]) < 0 && argc - i > 1)
        action = argv[i++];
    if (action && strcmp(action, "-") == 0)
        action = NULL;
    int status = 0;
    for (; i < argc; i++) {
        int number = sig_number(argv[i]);
        if (number < 0) {
            shell_error("trap: %s: no such signal", argv[i]);
            status = 1;
        } else if (trap_set(number, action) < 0) {
            status = 1;
        }
    }
    return status;
}

static bool is_reserved(const char *name)
{
    static const char *const words[] = {"!",    "{",    "}",  "case", "do", "done",  "elif",
                                        "else", "esac", "fi", "for",  "if", "in",    "then",
                                        "until", "while"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], name) == 0)
            return true;
    return false;
}

/* What a command name means, in words or (command -v) as something that can be run. */
static int describe(const char *name, bool words)
{
    const struct builtin *b = builtin_find(name);
    const char *kind = NULL;
    if (is_reserved(name))
        kind = "a shell keyword";
    else if (b && b->special)
        kind = "a special shell builtin";
    else if (function_find(name))
        kind = "a shell function";
    else if (b)
        kind = "a shell builtin";
    char *path = kind ? mem_strdup(name) : exec_find_program(name);
    bool found = path;
    if (found && words)
        out_printf("%s is %s\n", name, kind ? kind : path);
    else if (found)
        out_printf("%s\n", path);
    else if (words)
        shell_error("%s: not found", name);
    free(path);
    return found ? 0 : STATUS_NOT_FOUND;
}

/* command -v and -V; `command name` is taken care of before any builtin is looked up. */
int builtin_command(int argc, char **argv)
{
    int status = 0;
    if (argc < 3 || (strcmp(argv[1], "-v") != 0 && strcmp(argv[1], "-V") != 0))
        return argc == 1 ? 0 : builtin_usage("command", "[-v|-V] name");
    for (int i = 2; i < argc; i++)
        if (describe(argv[i], argv[1][1] == 'V'))
            status = STATUS_NOT_FOUND;
    return status;
}

int builtin_type(int argc, char **argv)
{
    int status = 0;
    for (int i = 1; i < argc; i++)
        if (describe(argv[i], true))
            status = STATUS_NOT_FOUND;
    return status;
}
