/*
 * The tree walker: lists, pipelines, loops and functions.
 *
 * Every function leaves its status in sh.status. After each command, sh.flow says whether to go
 * on: see enum flow. A child made by fork runs its part of the tree with EXEC_LAST and ends in
 * shell_exit(), so it never returns into the parent's part of the walk.
 */
#include "exec.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expand.h"
#include "job.h"
#include "parse.h"
#include "redir.h"
#include "shell.h"
#include "trap.h"
#include "var.h"

#define NESTING_MAX 1000

/* Of the tree being walked: a function defined there keeps it. */
static struct arena *current_arena;

bool exec_nest(void)
{
    if (sh.nesting >= NESTING_MAX) {
        shell_fail(STATUS_MISUSE, "commands nested too deeply");
        return false;
    }
    sh.nesting++;
    return true;
}

void exec_unnest(void)
{
    sh.nesting--;
}

static void child_run(const struct node *n) __attribute__((noreturn));

static void child_run(const struct node *n)
{
    exec_node(n, EXEC_LAST);
    shell_exit(sh.status);
}

static void exec_async(const struct node *n)
{
    struct job *j = job_new(n->source);
    pid_t pid = job_fork(j, FORK_BACKGROUND);
    if (pid == 0)
        child_run(n);
    if (pid < 0) {
        job_free(j);
        return;
    }
    job_background(j);
    sh.status = 0;
}

static void exec_list(const struct node *n, int flags)
{
    for (const struct item *i = n->items; i && !sh.flow; i = i->next) {
        if (i->op == ITEM_ASYNC)
            exec_async(i->node);
        else
            exec_node(i->node, i->next ? 0 : flags);
    }
}

static void exec_and_or(const struct node *n, int flags)
{
    for (const struct item *i = n->items; i && !sh.flow; i = i->next) {
        if ((i->op == ITEM_AND && sh.status) || (i->op == ITEM_OR && !sh.status))
            continue;
        sh.tested += i->next != NULL;
        exec_node(i->node, i->next ? 0 : flags);
        sh.tested -= i->next != NULL;
    }
}

/* In a child of a pipeline: the ends of its pipes become its input and output. */
static void pipe_connect(int in, const int out[2], bool last)
{
    if (in >= 0) {
        dup2(in, 0);
        close(in);
    }
    if (last)
        return;
    close(out[0]);
    if (out[1] != 1) {
        dup2(out[1], 1);
        close(out[1]);
    }
}

static void exec_pipeline(const struct node *n)
{
    struct job *j = job_new(n->source);
    int in = -1;
    int ends[2] = {-1, -1};
    for (const struct item *i = n->items; i; i = i->next) {
        if (i->next && pipe(ends) < 0) {
            shell_fail(1, "cannot make a pipe: %s", strerror(errno));
            break;
        }
        pid_t pid = job_fork(j, FORK_FOREGROUND);
        if (pid == 0) {
            pipe_connect(in, ends, !i->next);
            child_run(i->node);
        }
        if (in >= 0)
            close(in);
        in = -1;
        if (i->next) {
            close(ends[1]);
            in = ends[0];
        }
        if (pid < 0)
            break;
    }
    if (in >= 0)
        close(in);
    int status = job_wait(j);
    if (!sh.flow)
        sh.status = status;
}

static void exec_subshell(const struct node *n, int flags)
{
    if (flags & EXEC_LAST && !trap_blocks_exec()) {
        if (redir_apply(n->redirs, NULL) < 0)
            shell_exit(1);
        child_run(n->body);
    }
    struct job *j = job_new(n->source);
    pid_t pid = job_fork(j, FORK_FOREGROUND);
    if (pid == 0) {
        if (redir_apply(n->redirs, NULL) < 0)
            shell_exit(1);
        child_run(n->body);
    }
    sh.status = job_wait(j);
}

/* Runs a condition: its failure is no error for set -e. */
static int exec_test(const struct node *n)
{
    sh.tested++;
    exec_node(n, 0);
    sh.tested--;
    return sh.status;
}

static void exec_if(const struct node *n, int flags)
{
    int status = exec_test(n->test);
    if (sh.flow)
        return;
    const struct node *branch = status == 0 ? n->body : n->otherwise;
    sh.status = 0;
    if (branch)
        exec_node(branch, flags);
}

/* After a round of a loop: takes break and continue that are meant for it. */
static bool loop_goes_on(void)
{
    if (sh.flow == FLOW_NONE)
        return true;
    if (sh.flow != FLOW_BREAK && sh.flow != FLOW_CONTINUE)
        return false;
    if (--sh.flow_levels > 0)
        return false;
    bool more = sh.flow == FLOW_CONTINUE;
    sh.flow = FLOW_NONE;
    return more;
}

static void exec_while(const struct node *n)
{
    int status = 0;
    sh.loop_depth++;
    for (;;) {
        bool holds = (exec_test(n->test) == 0) == (n->type == NODE_WHILE);
        if (sh.flow) {
            if (loop_goes_on())
                continue;
            break;
        }
        if (!holds)
            break;
        status = exec_node(n->body, 0);
        if (!loop_goes_on())
            break;
    }
    sh.loop_depth--;
    if (sh.flow == FLOW_NONE)
        sh.status = status;
}

static void exec_for(const struct node *n)
{
    struct strvec words = {0};
    if (n->all_params) {
        for (size_t i = 0; i < sh.params.n; i++)
            sv_push(&words, mem_strdup(sh.params.v[i]));
    } else {
        expand_words(n->subject, &words);
    }
    if (!sh.flow)
        sh.status = 0;
    sh.loop_depth++;
    for (size_t i = 0; i < words.n && !sh.flow; i++) {
        if (var_set(n->name, words.v[i]) < 0) {
            sh.status = 1;
            break;
        }
        exec_node(n->body, 0);
        if (!loop_goes_on())
            break;
    }
    sh.loop_depth--;
    sv_free(&words);
}

static bool arm_matches(const struct case_arm *arm, const char *subject)
{
    bool found = false;
    for (const struct word *w = arm->patterns; w && !found && !sh.flow; w = w->next) {
        char *pattern = expand_pattern(w);
        found = fnmatch(pattern, subject, 0) == 0;
        free(pattern);
    }
    return found;
}

static void exec_case(const struct node *n, int flags)
{
    char *subject = expand_string(n->subject);
    const struct case_arm *arm = n->arms;
    while (arm && !sh.flow && !arm_matches(arm, subject))
        arm = arm->next;
    free(subject);
    if (sh.flow)
        return;
    sh.status = 0;
    if (arm)
        exec_node(arm->body, flags);
}

int exec_function(struct function *f, const struct strvec *argv)
{
    if (!exec_nest())
        return sh.status;
    struct strvec outer_params = sh.params;
    struct arena *outer_arena = current_arena;
    int outer_loops = sh.loop_depth;
    struct scope scope;
    sh.params = (struct strvec){0};
    for (size_t i = 1; i < argv->n; i++)
        sv_push(&sh.params, mem_strdup(argv->v[i]));
    struct arena *arena = f->arena;
    arena_get(arena);
    current_arena = arena;
    var_scope_enter(&scope, true);
    sh.loop_depth = 0;
    sh.call_depth++;
    exec_node(f->body, 0);
    sh.call_depth--;
    sh.loop_depth = outer_loops;
    if (sh.flow == FLOW_RETURN)
        sh.flow = FLOW_NONE;
    var_scope_leave(&scope);
    current_arena = outer_arena;
    arena_put(arena);
    sv_free(&sh.params);
    sh.params = outer_params;
    exec_unnest();
    return sh.status;
}

static void exec_kind(const struct node *n, int flags)
{
    switch (n->type) {
    case NODE_SIMPLE:
        exec_simple(n, flags);
        break;
    case NODE_PIPELINE:
        exec_pipeline(n);
        break;
    case NODE_NOT:
        exec_test(n->body);
        if (!sh.flow)
            sh.status = !sh.status;
        break;
    case NODE_AND_OR:
        exec_and_or(n, flags);
        break;
    case NODE_LIST:
        exec_list(n, flags);
        break;
    case NODE_SUBSHELL:
        exec_subshell(n, flags);
        break;
    case NODE_GROUP:
        exec_node(n->body, flags);
        break;
    case NODE_IF:
        exec_if(n, flags);
        break;
    case NODE_WHILE:
    case NODE_UNTIL:
        exec_while(n);
        break;
    case NODE_FOR:
        exec_for(n);
        break;
    case NODE_CASE:
        exec_case(n, flags);
        break;
    case NODE_FUNCTION:
        function_define(n->name, n->body, current_arena);
        sh.status = 0;
        break;
    }
}

/* Commands whose failure ends a shell with set -e. */
static bool fails_shell(const struct node *n)
{
    return n->type == NODE_SIMPLE || n->type == NODE_PIPELINE || n->type == NODE_SUBSHELL;
}

int exec_node(const struct node *n, int flags)
{
    struct redir_save save = {0};
    bool redirected = n && n->redirs && n->type != NODE_SIMPLE && n->type != NODE_SUBSHELL;
    if (!n || shell_option(OPT_NOEXEC) || !exec_nest())
        return sh.status;
    if (redirected && redir_apply(n->redirs, &save) < 0)
        sh.status = 1;
    else
        exec_kind(n, redirected ? 0 : flags);
    if (redirected)
        redir_restore(&save);
    exec_unnest();
    trap_run_pending();
    if (sh.status && shell_option(OPT_ERREXIT) && !sh.tested && !sh.flow && fails_shell(n))
        shell_exit(sh.status);
    return sh.status;
}

/* Prompts, and errors that only end a command, are for the main loop of an interactive shell. */
static bool is_main_loop(const struct source *s)
{
    return s->terminal && !sh.subshell;
}

static enum parse_result read_and_run(struct source *s, int flags)
{
    struct arena *outer = current_arena;
    struct arena *arena = arena_new();
    struct node *n;
    enum parse_result result = parse_command(s, arena, &n);
    if (result == PARSE_ERROR) {
        if (!sh.flow)
            sh.status = STATUS_MISUSE;
        sh.flow = FLOW_ABORT;
    } else if (n) {
        current_arena = arena;
        exec_node(n, source_exhausted(s) ? flags : 0);
        current_arena = outer;
    }
    arena_put(arena);
    return result;
}

void exec_source(struct source *s, int flags)
{
    int outer_line = sh.line;
    for (;;) {
        trap_run_pending();
        if (is_main_loop(s))
            job_notify();
        enum parse_result result = read_and_run(s, flags);
        if (sh.flow == FLOW_ABORT && is_main_loop(s)) {
            source_drop_line(s);
            sh.flow = FLOW_NONE;
            sh.tested = 0;
        } else if (result == PARSE_END || sh.flow) {
            break;
        }
    }
    sh.line = outer_line;
}

void exec_string(const char *text, int flags)
{
    struct source s;
    if (!exec_nest())
        return;
    source_init_string(&s, text, strlen(text), 1);
    exec_source(&s, flags);
    source_free(&s);
    exec_unnest();
}

void exec_substitute(const struct node *n, struct strbuf *out)
{
    int ends[2];
    sh.subst_status = 0;
    if (!n)
        return;
    if (pipe(ends) < 0) {
        shell_fail(1, "cannot make a pipe: %s", strerror(errno));
        return;
    }
    struct job *j = job_new(NULL);
    pid_t pid = job_fork(j, FORK_QUIET);
    if (pid == 0) {
        pipe_connect(-1, ends, false);
        child_run(n);
    }
    close(ends[1]);
    if (pid > 0)
        fd_read_all(ends[0], out);
    close(ends[0]);
    sh.subst_status = job_wait(j);
}
