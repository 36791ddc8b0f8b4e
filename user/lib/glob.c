/*
 * Path names by pattern.
 *
 * The pattern is worked through component by component; a component without wildcards is only
 * appended, one with wildcards is compared with every entry of the directory.
 */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct walk {
    glob_t *g;
    int flags;
    int (*onerror)(const char *path, int err);
    char path[PATH_MAX];
};

static int add(struct walk *w, const char *path)
{
    glob_t *g = w->g;
    size_t at = g->gl_offs + g->gl_pathc;
    char **list = realloc(g->gl_pathv, (at + 2) * sizeof(*list));

    if (!list)
        return GLOB_NOSPACE;
    g->gl_pathv = list;
    list[at] = strdup(path);
    if (!list[at])
        return GLOB_NOSPACE;
    list[at + 1] = NULL;
    g->gl_pathc++;
    return 0;
}

static int has_wildcard(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '*' || s[i] == '?' || s[i] == '[')
            return 1;
        if (s[i] == '\\' && i + 1 < len)
            i++;
    }
    return 0;
}

static int walk(struct walk *w, size_t len, const char *pattern);

/* Appends a component and its slashes, then goes on; what does not exist is left out at the end. */
static int walk_literal(struct walk *w, size_t len, const char *pattern, size_t part)
{
    for (size_t i = 0; i < part; i++) {
        if (pattern[i] == '\\' && i + 1 < part && !(w->flags & GLOB_NOESCAPE))
            i++;
        if (len + 2 >= sizeof(w->path))
            return 0;
        w->path[len++] = pattern[i];
    }
    w->path[len] = 0;
    return walk(w, len, pattern + part);
}

static int walk_entries(struct walk *w, size_t len, const char *pattern, size_t part)
{
    char component[NAME_MAX * 2];
    int fnm = (w->flags & GLOB_NOESCAPE ? FNM_NOESCAPE : 0) |
              (w->flags & GLOB_PERIOD ? 0 : FNM_PERIOD);
    struct dirent *entry;
    int r = 0;

    if (part >= sizeof(component))
        return 0;
    memcpy(component, pattern, part);
    component[part] = 0;
    DIR *dir = opendir(len ? w->path : ".");
    if (!dir) {
        int stop = w->onerror ? w->onerror(w->path, errno) : 0;
        return stop || (w->flags & GLOB_ERR) ? GLOB_ABORTED : 0;
    }
    while (!r && (entry = readdir(dir))) {
        size_t n = strlen(entry->d_name);
        if (len + n + 2 >= sizeof(w->path) || fnmatch(component, entry->d_name, fnm) != 0)
            continue;
        memcpy(w->path + len, entry->d_name, n + 1);
        r = walk(w, len + n, pattern + part);
        w->path[len] = 0;
    }
    closedir(dir);
    return r;
}

/* w->path[0 .. len) is done, pattern is left. */
static int walk(struct walk *w, size_t len, const char *pattern)
{
    struct stat st;

    while (*pattern == '/' && len + 2 < sizeof(w->path)) {
        w->path[len++] = *pattern++;
        w->path[len] = 0;
    }
    size_t part = strcspn(pattern, "/");
    if (part)
        return has_wildcard(pattern, part) ? walk_entries(w, len, pattern, part)
                                           : walk_literal(w, len, pattern, part);
    if (!len || lstat(w->path, &st) < 0)
        return 0;
    if ((w->flags & GLOB_MARK) && w->path[len - 1] != '/' && stat(w->path, &st) == 0 &&
        S_ISDIR(st.st_mode)) {
        w->path[len] = '/';
        w->path[len + 1] = 0;
    }
    return add(w, w->path);
}

static int compare(const void *a, const void *b)
{
    return strcoll(*(char *const *)a, *(char *const *)b);
}

int glob(const char *pattern, int flags, int (*onerror)(const char *path, int err), glob_t *g)
{
    struct walk *w = calloc(1, sizeof(*w));

    if (!w)
        return GLOB_NOSPACE;
    if (!(flags & GLOB_DOOFFS))
        g->gl_offs = 0;
    if (!(flags & GLOB_APPEND)) {
        g->gl_pathc = 0;
        g->gl_pathv = calloc(g->gl_offs + 1, sizeof(char *));
    }
    w->g = g;
    w->flags = flags;
    w->onerror = onerror;
    size_t before = g->gl_pathc;
    int r = g->gl_pathv ? walk(w, 0, pattern) : GLOB_NOSPACE;
    if (!r && g->gl_pathc == before)
        r = flags & GLOB_NOCHECK ? add(w, pattern) : GLOB_NOMATCH;
    else if (!(flags & GLOB_NOSORT))
        qsort(g->gl_pathv + g->gl_offs + before, g->gl_pathc - before, sizeof(char *), compare);
    free(w);
    return r;
}

void globfree(glob_t *g)
{
    for (size_t i = 0; i < g->gl_pathc; i++)
        free(g->gl_pathv[g->gl_offs + i]);
    free(g->gl_pathv);
    g->gl_pathv = NULL;
    g->gl_pathc = 0;
}
