/*
 * The table of builtin commands.
 */
#include "builtin.h"

#include <string.h>

#include "shell.h"

static int builtin_true(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 0;
}

static int builtin_false(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 1;
}

static const struct builtin builtins[] = {
    {".", builtin_dot, true, false},
    {":", builtin_true, true, false},
    {"[", builtin_test, false, false},
    {"bg", builtin_fg, false, false},
    {"break", builtin_break, true, false},
    {"cd", builtin_cd, false, false},
    {"command", builtin_command, false, false},
    {"continue", builtin_break, true, false},
    {"echo", builtin_echo, false, false},
    {"eval", builtin_eval, true, false},
    {"exec", builtin_exec, true, true},
    {"exit", builtin_exit, true, false},
    {"export", builtin_export, true, false},
    {"false", builtin_false, false, false},
    {"fg", builtin_fg, false, false},
    {"getopts", builtin_getopts, false, false},
    {"history", builtin_history, false, false},
    {"jobs", builtin_jobs, false, false},
    {"kill", builtin_kill, false, false},
    {"local", builtin_local, false, false},
    {"printf", builtin_printf, false, false},
    {"pwd", builtin_pwd, false, false},
    {"read", builtin_read, false, false},
    {"readonly", builtin_export, true, false},
    {"return", builtin_return, true, false},
    {"set", builtin_set, true, false},
    {"shift", builtin_shift, true, false},
    {"test", builtin_test, false, false},
    {"times", builtin_times, true, false},
    {"trap", builtin_trap, true, false},
    {"true", builtin_true, false, false},
    {"type", builtin_type, false, false},
    {"ulimit", builtin_ulimit, false, false},
    {"umask", builtin_umask, false, false},
    {"unset", builtin_unset, true, false},
    {"wait", builtin_wait, false, false},
};

#define BUILTINS (sizeof builtins / sizeof *builtins)

const struct builtin *builtin_at(size_t index)
{
    return index < BUILTINS ? &builtins[index] : NULL;
}

/* Binary search: the table is sorted. */
const struct builtin *builtin_find(const char *name)
{
    size_t low = 0, high = BUILTINS;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, builtins[middle].name);
        if (order == 0)
            return &builtins[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

int builtin_usage(const char *name, const char *usage)
{
    shell_error("usage: %s %s", name, usage);
    return STATUS_MISUSE;
}
