/*
 * Variables in a small hash table, and the scopes of local and temporary values.
 *
 * A scope is a list of what to put back, so reading a variable never looks at scopes.
 */
#include "var.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shell.h"

#define BUCKETS 64

static struct var *table[BUCKETS];
static struct scope *innermost;

static struct var **bucket_of(const char *name)
{
    unsigned h = 5381;
    while (*name)
        h = h * 33 + (unsigned char)*name++;
    return &table[h % BUCKETS];
}

static struct var *var_find(const char *name)
{
    struct var *v = *bucket_of(name);
    while (v && strcmp(v->name, name) != 0)
        v = v->next;
    return v;
}

struct var *var_intern(const char *name)
{
    struct var *v = var_find(name);
    if (v)
        return v;
    struct var **bucket = bucket_of(name);
    v = mem_alloc(sizeof *v + strlen(name) + 1);
    strcpy(v->name, name);
    v->next = *bucket;
    *bucket = v;
    return v;
}

const char *var_get(const char *name)
{
    static char line[16];
    const struct var *v = var_find(name);
    if (v && v->value)
        return v->value;
    if (strcmp(name, "LINENO") != 0)
        return NULL;
    snprintf(line, sizeof line, "%d", sh.line);
    return line;
}

const char *var_get_or(const char *name, const char *other)
{
    const char *value = var_get(name);
    return value ? value : other;
}

int var_set(const char *name, const char *value)
{
    struct var *v = var_intern(name);
    if (v->readonly) {
        shell_error("%s: is read only", name);
        return -1;
    }
    char *copy = mem_strdup(value);
    free(v->value);
    v->value = copy;
    if (shell_option(OPT_ALLEXPORT))
        v->exported = true;
    return 0;
}

int var_set_number(const char *name, long value)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", value);
    return var_set(name, text);
}

static void var_remove(const char *name)
{
    struct var **link = bucket_of(name);
    while (*link && strcmp((*link)->name, name) != 0)
        link = &(*link)->next;
    struct var *v = *link;
    if (!v)
        return;
    *link = v->next;
    free(v->value);
    free(v);
}

int var_unset(const char *name)
{
    const struct var *v = var_find(name);
    if (v && v->readonly) {
        shell_error("%s: is read only", name);
        return -1;
    }
    var_remove(name);
    return 0;
}

void var_environment(struct strvec *out)
{
    for (int i = 0; i < BUCKETS; i++) {
        for (const struct var *v = table[i]; v; v = v->next) {
            if (!v->exported || !v->value)
                continue;
            struct strbuf sb = {0};
            sb_printf(&sb, "%s=%s", v->name, v->value);
            sv_push(out, sb_take(&sb));
        }
    }
}

static int compare_vars(const void *a, const void *b)
{
    const struct var *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

void var_print(const char *prefix, bool (*pick)(const struct var *v))
{
    const struct var **list = NULL;
    size_t n = 0;
    for (int i = 0; i < BUCKETS; i++) {
        for (const struct var *v = table[i]; v; v = v->next) {
            if (pick ? !pick(v) : !v->value)
                continue;
            list = mem_resize(list, (n + 1) * sizeof *list);
            list[n++] = v;
        }
    }
    if (n)
        qsort(list, n, sizeof *list, compare_vars);
    for (size_t i = 0; i < n; i++) {
        struct strbuf sb = {0};
        sb_printf(&sb, "%s%s", prefix, list[i]->name);
        if (list[i]->value) {
            sb_add(&sb, '=');
            quote_append(&sb, list[i]->value);
        }
        sb_add(&sb, '\n');
        out_str(sb.data);
        sb_free(&sb);
    }
    free(list);
}

void var_scope_enter(struct scope *s, bool of_function)
{
    *s = (struct scope){.outer = innermost, .of_function = of_function};
    innermost = s;
}

/* Puts one variable back as it was, read-only or not. */
static void var_restore(struct saved_var *saved)
{
    if (saved->existed) {
        struct var *v = var_intern(saved->name);
        free(v->value);
        v->value = saved->value;
        v->exported = saved->exported;
    } else {
        var_remove(saved->name);
    }
    free(saved->name);
    free(saved);
}

void var_scope_leave(struct scope *s)
{
    while (s->saved) {
        struct saved_var *saved = s->saved;
        s->saved = saved->next;
        var_restore(saved);
    }
    innermost = s->outer;
}

bool var_scope_save(const char *name, bool of_function)
{
    struct scope *s = innermost;
    while (s && of_function && !s->of_function)
        s = s->outer;
    if (!s)
        return false;
    for (const struct saved_var *old = s->saved; old; old = old->next)
        if (strcmp(old->name, name) == 0)
            return true;
    const struct var *v = var_find(name);
    struct saved_var *saved = mem_alloc(sizeof *saved);
    saved->name = mem_strdup(name);
    saved->existed = v;
    if (v) {
        saved->value = v->value ? mem_strdup(v->value) : NULL;
        saved->exported = v->exported;
    }
    saved->next = s->saved;
    s->saved = saved;
    return true;
}

void var_init(char **environ_list)
{
    for (; environ_list && *environ_list; environ_list++) {
        const char *end;
        if (!name_prefix(*environ_list, &end) || *end != '=')
            continue;
        char *name = mem_strndup(*environ_list, end - *environ_list);
        struct var *v = var_intern(name);
        free(v->value);
        v->value = mem_strdup(end + 1);
        v->exported = true;
        free(name);
    }
    var_set("IFS", " \t\n");
    var_set("OPTIND", "1");
    var_set("PS4", var_get_or("PS4", "+ "));
    var_set("PATH", var_get_or("PATH", "/bin:/sbin:/usr/bin:/usr/sbin"));
    var_set_number("PPID", getppid());
}
