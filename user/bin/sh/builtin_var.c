/*
 * Builtins for variables and positional parameters: export, readonly, local, unset, set, shift
 * and getopts.
 */
#include <stdlib.h>
#include <string.h>

#include "builtin.h"
#include "options.h"
#include "shell.h"
#include "var.h"

static bool is_exported(const struct var *v)
{
    return v->exported;
}

static bool is_readonly(const struct var *v)
{
    return v->readonly;
}

/* Splits name=value in place; the value, NULL without one. A bad name is an error: *ok false. */
static const char *split_assignment(const char *command, char *arg, bool *ok)
{
    char *equals = strchr(arg, '=');
    if (equals)
        *equals = '\0';
    *ok = name_valid(arg);
    if (!*ok)
        shell_error("%s: %s: bad variable name", command, arg);
    return equals ? equals + 1 : NULL;
}

/* export and readonly */
int builtin_export(int argc, char **argv)
{
    bool export = argv[0][0] == 'e';
    int i = 1;
    int status = 0;
    while (i < argc && (strcmp(argv[i], "-p") == 0 || strcmp(argv[i], "--") == 0))
        i++;
    if (i == argc)
        var_print(export ? "export " : "readonly ", export ? is_exported : is_readonly);
    for (; i < argc; i++) {
        bool ok;
        const char *value = split_assignment(argv[0], argv[i], &ok);
        if (!ok || (value && var_set(argv[i], value) < 0)) {
            status = STATUS_MISUSE;
            continue;
        }
        struct var *v = var_intern(argv[i]);
        v->exported |= export;
        v->readonly |= !export;
    }
    return status;
}

int builtin_local(int argc, char **argv)
{
    int status = 0;
    for (int i = 1; i < argc; i++) {
        bool ok;
        const char *value = split_assignment("local", argv[i], &ok);
        if (!ok) {
            status = STATUS_MISUSE;
        } else if (!var_scope_save(argv[i], true)) {
            shell_error("local: not in a function");
            return 1;
        } else if (value && var_set(argv[i], value) < 0) {
            status = 1;
        }
    }
    return status;
}

int builtin_unset(int argc, char **argv)
{
    bool functions = false;
    int i = 1;
    int status = 0;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "-f") == 0)
            functions = true;
        else if (strcmp(argv[i], "-v") != 0)
            return builtin_usage("unset", "[-f|-v] name...");
    }
    for (; i < argc; i++) {
        if (functions)
            function_unset(argv[i]);
        else if (!name_valid(argv[i]) || var_unset(argv[i]) < 0)
            status = 1;
    }
    return status;
}

int builtin_set(int argc, char **argv)
{
    bool dashes;
    if (argc == 1) {
        var_print("", NULL);
        return 0;
    }
    int i = options_parse(argc, argv, &dashes, NULL, NULL);
    if (i < 0)
        return STATUS_MISUSE;
    if (i == argc && !dashes)
        return 0;
    struct strvec params = {0};
    for (; i < argc; i++)
        sv_push(&params, mem_strdup(argv[i]));
    sv_free(&sh.params);
    sh.params = params;
    return 0;
}

int builtin_shift(int argc, char **argv)
{
    long count = argc > 1 ? number_parse(argv[1]) : 1;
    if (count < 0 || (size_t)count > sh.params.n) {
        shell_error("shift: cannot shift that many");
        return 1;
    }
    sv_shift(&sh.params, count);
    return 0;
}

/*
 * The state of getopts is OPTIND and a place inside the word it names: nth is the option letter
 * there, 1 for the first. Setting OPTIND to another value starts anew.
 */
struct getopts {
    long index;
    size_t nth;
};

/* Moves to the next word. */
static void getopts_advance(struct getopts *g)
{
    g->index++;
    g->nth = 1;
    var_set_number("OPTIND", g->index);
}

static int getopts_report(const char *name, const char *value, const char *argument)
{
    if (argument)
        var_set("OPTARG", argument);
    else
        var_unset("OPTARG");
    return var_set(name, value) < 0 ? STATUS_MISUSE : 0;
}

/* An option nobody knows, or one without its argument. */
static int getopts_complain(const char *spec, const char *name, const char *letter, bool missing)
{
    if (*spec == ':')
        return getopts_report(name, missing ? ":" : "?", letter);
    shell_error(missing ? "option -%s needs an argument" : "no option -%s", letter);
    return getopts_report(name, "?", NULL);
}

static int getopts_next(struct getopts *g, const char *spec, const char *name, char **words, int n)
{
    const char *word = g->index <= n ? words[g->index - 1] : NULL;
    if (!word || word[0] != '-' || word[1] == '\0') {
        var_set(name, "?");
        return 1;
    }
    if (strcmp(word, "--") == 0) {
        getopts_advance(g);
        var_set(name, "?");
        return 1;
    }
    char letter[2] = {word[g->nth], '\0'};
    const char *found = letter[0] == ':' ? NULL : strchr(spec, letter[0]);
    const char *rest = word + g->nth + 1;
    g->nth++;
    if (!found || found[1] != ':') {
        if (*rest == '\0')
            getopts_advance(g);
        return found ? getopts_report(name, letter, NULL)
                     : getopts_complain(spec, name, letter, false);
    }
    getopts_advance(g);
    if (*rest)
        return getopts_report(name, letter, rest);
    if (g->index > n)
        return getopts_complain(spec, name, letter, true);
    const char *argument = words[g->index - 1];
    getopts_advance(g);
    return getopts_report(name, letter, argument);
}

int builtin_getopts(int argc, char **argv)
{
    static struct getopts state = {1, 1};
    if (argc < 3 || !name_valid(argv[2]))
        return builtin_usage("getopts", "letters name [word...]");
    long index = number_parse(var_get_or("OPTIND", "1"));
    char **words = argc > 3 ? argv + 3 : sh.params.v;
    int n = argc > 3 ? argc - 3 : (int)sh.params.n;
    bool gone = state.index <= n && state.nth > strlen(words[state.index - 1]);
    if (index < 1 || index != state.index || state.index > n || gone)
        state = (struct getopts){index < 1 ? 1 : index, 1};
    return getopts_next(&state, argv[1], argv[2], words, n);
}
