/*
 * File name patterns, one directory level at a time.
 */
#include "glob.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool pattern_is_magic(const char *pattern)
{
    bool bracket = false;
    for (const char *p = pattern; *p; p++) {
        if (*p == '*' || *p == '?' || (*p == ']' && bracket))
            return true;
        if (*p == '[')
            bracket = true;
        if (*p == '\\' && p[1])
            p++;
    }
    return false;
}

void pattern_unquote(char *pattern)
{
    char *to = pattern;
    for (const char *p = pattern; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        *to++ = *p;
    }
    *to = '\0';
}

static void glob_level(struct strbuf *path, const char *rest, struct strvec *out);

/* Appends a name to the path, goes one level down, and takes it off again. */
static void glob_enter(struct strbuf *path, const char *name, const char *rest, struct strvec *out)
{
    size_t before = path->len;
    sb_add_str(path, name);
    glob_level(path, rest, out);
    path->len = before;
    path->data[before] = '\0';
}

static void glob_directory(struct strbuf *path, const char *pattern, const char *rest,
                           struct strvec *out)
{
    DIR *dir = opendir(path->len ? path->data : ".");
    struct dirent *entry;
    if (!dir)
        return;
    /* Names are collected first: no directory stays open on the way down. */
    struct strvec names = {0};
    while ((entry = readdir(dir)))
        if (fnmatch(pattern, entry->d_name, FNM_PERIOD) == 0)
            sv_push(&names, mem_strdup(entry->d_name));
    closedir(dir);
    for (size_t i = 0; i < names.n; i++)
        glob_enter(path, names.v[i], rest, out);
    sv_free(&names);
}

/* path has been matched; rest is the pattern after it. */
static void glob_level(struct strbuf *path, const char *rest, struct strvec *out)
{
    while (*rest == '/')
        sb_add(path, *rest++);
    if (*rest == '\0') {
        struct stat st;
        if (lstat(sb_str(path), &st) == 0)
            sv_push(out, mem_strdup(path->data));
        return;
    }
    size_t len = strcspn(rest, "/");
    char *part = mem_strndup(rest, len);
    if (pattern_is_magic(part)) {
        glob_directory(path, part, rest + len, out);
    } else {
        pattern_unquote(part);
        glob_enter(path, part, rest + len, out);
    }
    free(part);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t glob_files(const char *pattern, struct strvec *out)
{
    struct strbuf path = {0};
    size_t before = out->n;
    glob_level(&path, pattern, out);
    size_t found = out->n - before;
    if (found)
        qsort(out->v + before, found, sizeof *out->v, compare_names);
    sb_free(&path);
    return found;
}
