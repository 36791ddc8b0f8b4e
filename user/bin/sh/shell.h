/*
 * What every part of the shell shares: its state, its messages, its output.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "mem.h"

/*
 * Why the commands that follow are skipped. break, continue and return unwind to their loop or
 * function. FLOW_ABORT is an error or ^C: it unwinds to the main loop, where an interactive
 * shell prompts again and any other one exits.
 */
enum flow { FLOW_NONE, FLOW_BREAK, FLOW_CONTINUE, FLOW_RETURN, FLOW_ABORT };

/* Options of set, one bit each; options.c has their letters and names. */
enum option_bit {
    OPT_ALLEXPORT = 1 << 0,
    OPT_ERREXIT = 1 << 1,
    OPT_NOGLOB = 1 << 2,
    OPT_MONITOR = 1 << 3,
    OPT_NOEXEC = 1 << 4,
    OPT_NOUNSET = 1 << 5,
    OPT_VERBOSE = 1 << 6,
    OPT_XTRACE = 1 << 7,
    OPT_NOCLOBBER = 1 << 8,
    OPT_PIPEFAIL = 1 << 9,
    OPT_INTERACTIVE = 1 << 10,
    OPT_STDIN = 1 << 11,
};

/* Exit statuses that mean something to callers. */
enum {
    STATUS_MISUSE = 2,
    STATUS_NOT_EXECUTABLE = 126,
    STATUS_NOT_FOUND = 127,
    STATUS_SIGNAL = 128, /* plus the number of the signal */
};

struct shell {
    int status;              /* $? */
    int subst_status;        /* status of the last command substitution */
    enum flow flow;
    int flow_levels;         /* loops that break and continue still have to leave */
    int loop_depth;
    int call_depth;          /* functions and sourced files that return can leave */
    int nesting;             /* nested calls of any kind: guards the stack */
    int tested;              /* above 0 where a failure is being looked at: set -e holds off */
    int line;                /* of the running command, for messages and $LINENO */
    unsigned options;
    bool subshell;           /* a forked copy: no prompts, no job control */
    pid_t pid;               /* $$: of the first shell, also in subshells */
    pid_t last_background;   /* $!, 0 when there is none */
    const char *name;        /* $0 */
    const char *script;      /* what messages begin with */
    struct strvec params;    /* $1 and so on */
};

extern struct shell sh;

static inline bool shell_option(enum option_bit o)
{
    return sh.options & o;
}

/* "sh: line 3: ..." to standard error. */
void shell_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same for a given line; 0 leaves the line out. */
void shell_verror(int line, const char *fmt, va_list ap);
/* An error that ends a script: prints, sets $? and unwinds with FLOW_ABORT. */
void shell_fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Runs the EXIT trap and ends the process. */
void shell_exit(int status) __attribute__((noreturn));

/* Output of builtins is collected and written in one piece. */
void out_str(const char *s);
void out_mem(const char *s, size_t len);
void out_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Writes what was collected to descriptor 1; 0, or 1 after a message when that failed. */
int out_flush(void);
/* Writes everything in spite of short writes; 0 or -1 with errno. */
int write_all(int fd, const char *data, size_t len);

/* Whether s begins with a name; *end is just after it. */
bool name_prefix(const char *s, const char **end);
bool name_valid(const char *s);
/* A decimal number of 0 or more that is all of s; -1 when it is not. */
long number_parse(const char *s);
/* Appends s quoted so that the shell reads it back as one word. */
void quote_append(struct strbuf *sb, const char *s);
