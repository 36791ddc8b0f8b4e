/*
 * The builtin commands.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct builtin {
    const char *name;
    int (*run)(int argc, char **argv); /* its status; output goes through out_str() */
    bool special;                      /* POSIX: errors end a script, assignments stay */
    bool keeps_redirs;                 /* exec */
};

const struct builtin *builtin_find(const char *name);
/* All of them, by name, for completion. */
const struct builtin *builtin_at(size_t index);

/* A message for wrong usage; the status to return. */
int builtin_usage(const char *name, const char *usage);

/* builtin_flow.c: control flow and running commands */
int builtin_break(int argc, char **argv);
int builtin_return(int argc, char **argv);
int builtin_exit(int argc, char **argv);
int builtin_eval(int argc, char **argv);
int builtin_dot(int argc, char **argv);
int builtin_exec(int argc, char **argv);
int builtin_trap(int argc, char **argv);
int builtin_command(int argc, char **argv);
int builtin_type(int argc, char **argv);

/* builtin_var.c: variables and parameters */
int builtin_export(int argc, char **argv);
int builtin_local(int argc, char **argv);
int builtin_unset(int argc, char **argv);
int builtin_set(int argc, char **argv);
int builtin_shift(int argc, char **argv);
int builtin_getopts(int argc, char **argv);

/* builtin_read.c */
int builtin_read(int argc, char **argv);

/* builtin_job.c: jobs and signals */
int builtin_jobs(int argc, char **argv);
int builtin_fg(int argc, char **argv);
int builtin_wait(int argc, char **argv);
int builtin_kill(int argc, char **argv);

/* builtin_env.c: directory, masks, limits, times */
int builtin_cd(int argc, char **argv);
int builtin_pwd(int argc, char **argv);
int builtin_umask(int argc, char **argv);
int builtin_ulimit(int argc, char **argv);
int builtin_times(int argc, char **argv);

/* printf.c, test.c, history.c */
int builtin_echo(int argc, char **argv);
int builtin_printf(int argc, char **argv);
int builtin_test(int argc, char **argv);
int builtin_history(int argc, char **argv);

/* Makes PWD right at the start. */
void cd_init(void);
