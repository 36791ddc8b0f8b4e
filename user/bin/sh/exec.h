/*
 * Running commands.
 */
#pragma once

#include "ast.h"
#include "mem.h"
#include "source.h"

/* The process ends after this command, so a program may take its place without a fork. */
#define EXEC_LAST 1

/* Runs a command, leaves its status in sh.status and returns it. n may be NULL. */
int exec_node(const struct node *n, int flags);
/* Reads and runs commands until the source ends or something unwinds. */
void exec_source(struct source *s, int flags);
/* Runs text as commands: eval, traps, -c. */
void exec_string(const char *text, int flags);
/* Appends what the command writes; its status goes to sh.subst_status. */
void exec_substitute(const struct node *n, struct strbuf *out);
/* Calls a function body with these arguments after argv[0]. */
struct function;
int exec_function(struct function *f, const struct strvec *argv);
/* Counts nested calls; false, with an error, when they go too deep for the stack. */
bool exec_nest(void);
void exec_unnest(void);

/* simple.c: a command with words, assignments and redirections. */
int exec_simple(const struct node *n, int flags);
/* Replaces the process; comes back never: if there is no such program, it exits 126 or 127. */
void exec_program(char **argv) __attribute__((noreturn));
/* Where in PATH a program is: a malloced path, or NULL. */
char *exec_find_program(const char *name);
