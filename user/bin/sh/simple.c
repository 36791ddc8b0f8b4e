/*
 * Simple commands: expand, then run a builtin, a function or a program.
 *
 * What assignments before the command do depends on its kind: they stay after a special builtin,
 * last as long as a function or another builtin, and reach a program only by its environment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builtin.h"
#include "exec.h"
#include "expand.h"
#include "job.h"
#include "prompt.h"
#include "redir.h"
#include "shell.h"
#include "trap.h"
#include "var.h"

struct command {
    const struct node *node;
    struct strvec argv;
    struct strvec assigns; /* "name=value" */
    int flags;
};

static void xtrace(const struct strvec *assigns, const struct strvec *argv)
{
    struct strbuf sb = {0};
    sb_add_str(&sb, prompt_text("PS4"));
    for (size_t i = 0; i < assigns->n; i++) {
        const char *value = strchr(assigns->v[i], '=') + 1;
        sb_add_mem(&sb, assigns->v[i], value - assigns->v[i]);
        quote_append(&sb, value);
        sb_add(&sb, ' ');
    }
    for (size_t i = 0; i < argv->n; i++) {
        quote_append(&sb, argv->v[i]);
        sb_add(&sb, ' ');
    }
    sb.data[sb.len - 1] = '\n';
    write_all(2, sb.data, sb.len);
    sb_free(&sb);
}

/* Whether the first word names a builtin whose arguments are assignments: export a=$b. */
static bool is_declaration(const struct word *w)
{
    static const char *const names[] = {"export", "readonly", "local"};
    const struct part *part = w->parts;
    if (!part || part->next || part->type != PART_TEXT)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(part->text, names[i]) == 0)
            return true;
    return false;
}

static bool looks_like_assignment(const struct word *w)
{
    const struct part *part = w->parts;
    const char *end;
    return part && part->type == PART_TEXT && !part->quoted && name_prefix(part->text, &end) &&
           *end == '=';
}

static void expand_arguments(const struct word *words, struct strvec *argv)
{
    if (!words || !is_declaration(words)) {
        expand_words(words, argv);
        return;
    }
    for (const struct word *w = words; w && sh.flow != FLOW_ABORT; w = w->next) {
        struct word alone = {.parts = w->parts};
        if (looks_like_assignment(w))
            sv_push(argv, expand_assignment(w));
        else
            expand_words(&alone, argv);
    }
}

static void expand_assigns(const struct assign *a, struct strvec *out)
{
    for (; a && sh.flow != FLOW_ABORT; a = a->next) {
        struct strbuf sb = {0};
        char *value = expand_assignment(a->value);
        sb_printf(&sb, "%s=%s", a->name, value);
        sv_push(out, sb_take(&sb));
        free(value);
    }
}

/* Sets the variables; temporary ones are remembered by the innermost scope. */
static int apply_assigns(const struct strvec *assigns, bool exported, bool temporary)
{
    int result = 0;
    for (size_t i = 0; i < assigns->n && result == 0; i++) {
        char *equals = strchr(assigns->v[i], '=');
        *equals = '\0';
        if (temporary)
            var_scope_save(assigns->v[i], false);
        result = var_set(assigns->v[i], equals + 1);
        if (result == 0 && exported)
            var_intern(assigns->v[i])->exported = true;
        *equals = '=';
    }
    return result;
}

/* No command: each assignment sees the ones before it. */
static void run_assignments(struct command *c)
{
    struct redir_save save = {0};
    int status = redir_apply(c->node->redirs, &save) < 0;
    for (const struct assign *a = c->node->assigns; a && !sh.flow; a = a->next) {
        struct assign alone = {.name = a->name, .value = a->value};
        struct strvec one = {0};
        expand_assigns(&alone, &one);
        if (!sh.flow && shell_option(OPT_XTRACE))
            xtrace(&one, &c->argv);
        if (!sh.flow && apply_assigns(&one, false, false) < 0) {
            sh.status = STATUS_MISUSE;
            sh.flow = FLOW_ABORT;
        }
        sv_free(&one);
    }
    redir_restore(&save);
    if (!sh.flow)
        sh.status = status ? status : sh.subst_status;
}

/* Calls a builtin with its output collected and written before descriptors are put back. */
static void call_builtin(const struct builtin *b, struct command *c)
{
    int status = b->run(c->argv.n, c->argv.v);
    int written = out_flush();
    if (sh.flow != FLOW_ABORT)
        sh.status = status ? status : written;
}

static void run_special(const struct builtin *b, struct command *c)
{
    struct redir_save save = {0};
    struct redir_save *keep = b->keeps_redirs ? NULL : &save;
    if (apply_assigns(&c->assigns, false, false) < 0 || redir_apply(c->node->redirs, keep) < 0) {
        sh.status = STATUS_MISUSE;
        sh.flow = FLOW_ABORT;
    } else {
        call_builtin(b, c);
    }
    redir_restore(&save);
}

static void run_inside(const struct builtin *b, struct function *f, struct command *c)
{
    struct redir_save save = {0};
    struct scope scope;
    var_scope_enter(&scope, false);
    if (apply_assigns(&c->assigns, true, true) < 0 || redir_apply(c->node->redirs, &save) < 0)
        sh.status = sh.flow ? sh.status : 1;
    else if (f)
        exec_function(f, &c->argv);
    else
        call_builtin(b, c);
    redir_restore(&save);
    var_scope_leave(&scope);
}

static void run_child(struct command *c) __attribute__((noreturn));

static void run_child(struct command *c)
{
    if (apply_assigns(&c->assigns, true, false) < 0 || redir_apply(c->node->redirs, NULL) < 0)
        shell_exit(sh.flow ? sh.status : 1);
    exec_program(c->argv.v);
}

static void run_program(struct command *c)
{
    if (c->flags & EXEC_LAST && !trap_blocks_exec())
        run_child(c);
    struct job *j = job_new(c->node->source);
    pid_t pid = job_fork(j, FORK_FOREGROUND);
    if (pid == 0)
        run_child(c);
    int status = job_wait(j);
    if (!sh.flow)
        sh.status = status;
}

static void run_command(struct command *c)
{
    bool skip_functions = false;
    /* command name: without functions, and no special builtin is special. */
    while (strcmp(c->argv.v[0], "command") == 0 && c->argv.n > 1 && c->argv.v[1][0] != '-') {
        sv_shift(&c->argv, 1);
        skip_functions = true;
    }
    const struct builtin *b = builtin_find(c->argv.v[0]);
    struct function *f = skip_functions ? NULL : function_find(c->argv.v[0]);
    if (b && (b->special || b->keeps_redirs) && (!skip_functions || b->keeps_redirs))
        run_special(b, c);
    else if (f || b)
        run_inside(b, f, c);
    else
        run_program(c);
}

int exec_simple(const struct node *n, int flags)
{
    struct command c = {.node = n, .flags = flags};
    sh.line = n->line;
    sh.subst_status = 0;
    expand_arguments(n->words, &c.argv);
    if (!sh.flow && c.argv.n)
        expand_assigns(n->assigns, &c.assigns);
    if (!sh.flow) {
        if (c.argv.n && shell_option(OPT_XTRACE))
            xtrace(&c.assigns, &c.argv);
        if (c.argv.n)
            run_command(&c);
        else
            run_assignments(&c);
    }
    sv_free(&c.argv);
    sv_free(&c.assigns);
    return sh.status;
}

/* A file without a known format is a script for this shell. */
static void exec_script(const char *path, char **argv, char **env)
{
    struct strvec args = {0};
    sv_push(&args, mem_strdup("sh"));
    sv_push(&args, mem_strdup(path));
    while (*++argv)
        sv_push(&args, mem_strdup(*argv));
    execve("/proc/self/exe", args.v, env);
    execve("/bin/sh", args.v, env);
    sv_free(&args);
}

static void try_exec(const char *path, char **argv, char **env)
{
    execve(path, argv, env);
    if (errno == ENOEXEC)
        exec_script(path, argv, env);
}

/* The next directory of a PATH, followed by /name; false at the end. */
static bool next_candidate(const char **path, const char *name, struct strbuf *out)
{
    if (!*path)
        return false;
    size_t len = strcspn(*path, ":");
    sb_clear(out);
    sb_add_mem(out, *path, len);
    if (len)
        sb_add(out, '/');
    sb_add_str(out, name);
    *path = (*path)[len] ? *path + len + 1 : NULL;
    return true;
}

static void search_and_exec(char **argv, char **env)
{
    const char *path = var_get_or("PATH", "");
    struct strbuf candidate = {0};
    int found = ENOENT;
    while (next_candidate(&path, argv[0], &candidate)) {
        try_exec(candidate.data, argv, env);
        if (errno != ENOENT && errno != ENOTDIR)
            found = errno;
    }
    sb_free(&candidate);
    errno = found;
}

void exec_program(char **argv)
{
    struct strvec env = {0};
    sv_push(&env, NULL);
    env.n = 0;
    var_environment(&env);
    bool has_slash = strchr(argv[0], '/');
    if (has_slash)
        try_exec(argv[0], argv, env.v);
    else if (*argv[0])
        search_and_exec(argv, env.v);
    else
        errno = ENOENT;
    if (errno == ENOENT && !has_slash)
        shell_error("%s: command not found", argv[0]);
    else
        shell_error("%s: %s", argv[0], strerror(errno));
    int status = errno == ENOENT || errno == ENOTDIR ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
    sv_free(&env);
    shell_exit(status);
}

char *exec_find_program(const char *name)
{
    const char *path = var_get_or("PATH", "");
    struct strbuf candidate = {0};
    struct stat st;
    if (strchr(name, '/'))
        return access(name, X_OK) == 0 ? mem_strdup(name) : NULL;
    while (*name && next_candidate(&path, name, &candidate))
        if (stat(candidate.data, &st) == 0 && S_ISREG(st.st_mode) &&
            access(candidate.data, X_OK) == 0)
            return sb_take(&candidate);
    sb_free(&candidate);
    return NULL;
}
