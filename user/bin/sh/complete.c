/*
 * Completion: which word the cursor is at, whether it is a command, and what there is to offer.
 */
#include "complete.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builtin.h"
#include "shell.h"
#include "var.h"

static const char special[] = " \t\n\\'\"`$&|;<>()*?[]#~!{}";

static bool is_break(const char *line, size_t i)
{
    return strchr(" \t;&|()<>=`", line[i]) && !(i && line[i - 1] == '\\');
}

static size_t word_start(const char *line, size_t at)
{
    while (at && !is_break(line, at - 1))
        at--;
    return at;
}

/* Whether a command can stand at start: nothing, an operator or a keyword is before it. */
static bool at_command(const char *line, size_t start)
{
    static const char *const words[] = {"if", "then", "else", "elif", "do", "while", "until", "!",
                                        "{", "exec", "command"};
    while (start && strchr(" \t", line[start - 1]))
        start--;
    if (start == 0 || strchr(";&|(`", line[start - 1]))
        return true;
    size_t from = word_start(line, start);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == start - from && memcmp(words[i], line + from, start - from) == 0)
            return at_command(line, from);
    return false;
}

static void quote_typed(struct strbuf *sb, const char *s)
{
    for (; *s; s++) {
        if (strchr(special, *s))
            sb_add(sb, '\\');
        sb_add(sb, *s);
    }
}

/* A candidate: name typed after dir, with a slash or a space after it. */
static void offer(struct completion *c, const char *dir, const char *name, const char *suffix)
{
    struct strbuf word = {0}, label = {0};
    sb_add_str(&word, dir);
    quote_typed(&word, name);
    sb_add_str(&word, suffix);
    sb_printf(&label, "%s%s", name, *suffix == '/' ? suffix : "");
    sv_push(&c->words, sb_take(&word));
    sv_push(&c->labels, sb_take(&label));
}

/* typed is what the user wrote for the directory, path what it means. */
static void offer_files(struct completion *c, const char *typed, const char *path,
                        const char *prefix, bool programs)
{
    DIR *dir = opendir(*path ? path : ".");
    struct dirent *entry;
    struct stat st;
    while (dir && (entry = readdir(dir))) {
        const char *name = entry->d_name;
        if (strncmp(name, prefix, strlen(prefix)) != 0 || (*name == '.' && *prefix != '.') ||
            strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        struct strbuf full = {0};
        sb_printf(&full, "%s%s", path, name);
        bool found = stat(full.data, &st) == 0;
        bool is_dir = found && S_ISDIR(st.st_mode);
        if (!programs || (found && !is_dir && access(full.data, X_OK) == 0))
            offer(c, typed, name, is_dir ? "/" : " ");
        sb_free(&full);
    }
    if (dir)
        closedir(dir);
}

static void offer_commands(struct completion *c, const char *prefix)
{
    size_t len = strlen(prefix);
    const struct builtin *b;
    for (size_t i = 0; (b = builtin_at(i)); i++)
        if (strncmp(b->name, prefix, len) == 0)
            offer(c, "", b->name, " ");
    for (const struct function *f = function_first(); f; f = f->next)
        if (strncmp(f->name, prefix, len) == 0)
            offer(c, "", f->name, " ");
    for (const char *path = var_get_or("PATH", ""); *path;) {
        size_t n = strcspn(path, ":");
        struct strbuf dir = {0};
        sb_add_mem(&dir, path, n);
        sb_add_str(&dir, n ? "/" : "./");
        offer_files(c, "", dir.data, prefix, true);
        sb_free(&dir);
        path += n + (path[n] == ':');
    }
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts, and drops what is there twice. */
static void tidy(struct strvec *sv)
{
    size_t kept = 0;
    if (sv->n)
        qsort(sv->v, sv->n, sizeof *sv->v, compare_strings);
    for (size_t i = 0; i < sv->n; i++) {
        if (kept && strcmp(sv->v[kept - 1], sv->v[i]) == 0)
            free(sv->v[i]);
        else
            sv->v[kept++] = sv->v[i];
    }
    sv->n = kept;
}

/* The text a typed word stands for: backslashes and quotes taken out. */
static char *unquote(const char *typed, size_t len)
{
    struct strbuf sb = {0};
    for (size_t i = 0; i < len; i++) {
        if (typed[i] == '\\' && i + 1 < len)
            i++;
        else if (typed[i] == '"' || typed[i] == '\'')
            continue;
        sb_add(&sb, typed[i]);
    }
    return sb_take(&sb);
}

void complete_find(const char *line, size_t at, struct completion *c)
{
    *c = (struct completion){.start = word_start(line, at)};
    size_t typed_dir = at;
    while (typed_dir > c->start && line[typed_dir - 1] != '/')
        typed_dir--;
    char *word = unquote(line + c->start, at - c->start);
    char *typed = mem_strndup(line + c->start, typed_dir - c->start);
    char *slash = strrchr(word, '/');
    if (!slash && at_command(line, c->start)) {
        offer_commands(c, word);
    } else {
        struct strbuf dir = {0};
        const char *home = var_get("HOME");
        bool tilde = strncmp(word, "~/", 2) == 0 && home;
        if (slash) {
            sb_add_str(&dir, tilde ? home : "");
            sb_add_mem(&dir, word + tilde, slash + 1 - word - tilde);
        }
        offer_files(c, typed, sb_str(&dir), slash ? slash + 1 : word, false);
        sb_free(&dir);
    }
    tidy(&c->words);
    tidy(&c->labels);
    free(typed);
    free(word);
}

void complete_free(struct completion *c)
{
    sv_free(&c->words);
    sv_free(&c->labels);
}

size_t complete_common(const struct completion *c)
{
    size_t len = c->words.n ? strlen(c->words.v[0]) : 0;
    for (size_t i = 1; i < c->words.n; i++) {
        size_t same = 0;
        while (same < len && c->words.v[i][same] == c->words.v[0][same])
            same++;
        len = same;
    }
    return len;
}
