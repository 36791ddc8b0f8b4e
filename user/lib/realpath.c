/*
 * realpath, mkstemp, mkdtemp.
 *
 * realpath keeps the resolved part in `out` and the rest in `rest`; a symbolic link's target is put
 * in front of the rest.
 */
#include "libc.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

struct resolve {
    char out[PATH_MAX];
    char rest[PATH_MAX];
    int links;
};

static void remove_last(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash)
        *slash = 0;
}

/* The link at r->out: its target goes in front of the rest, and its name out of r->out. */
static int follow(struct resolve *r, const char *rest)
{
    char target[PATH_MAX];
    ssize_t n = readlink(r->out, target, sizeof(target) - 1);

    if (n < 0)
        return -1;
    if (++r->links > MAX_SYMLINKS)
        return __fail(ELOOP);
    target[n] = 0;
    if (n + strlen(rest) + 2 > sizeof(target))
        return __fail(ENAMETOOLONG);
    strcat(target, "/");
    strcat(target, rest);
    strcpy(r->rest, target);
    if (*target == '/')
        r->out[0] = 0;
    else
        remove_last(r->out);
    return 0;
}

/* One component: 0, or -1 with errno. */
static int step(struct resolve *r)
{
    char name[NAME_MAX + 1];
    struct stat st;
    char *start = r->rest + strspn(r->rest, "/");
    size_t len = strcspn(start, "/");
    char *rest = start + len;

    if (len > NAME_MAX || strlen(r->out) + len + 2 > sizeof(r->out))
        return __fail(ENAMETOOLONG);
    memcpy(name, start, len);
    name[len] = 0;
    if (strcmp(name, "..") == 0)
        remove_last(r->out);
    if (!len || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        memmove(r->rest, rest, strlen(rest) + 1);
        return 0;
    }
    strcat(r->out, "/");
    strcat(r->out, name);
    if (lstat(r->out, &st) < 0)
        return -1;
    if (S_ISLNK(st.st_mode))
        return follow(r, rest);
    if (*rest && !S_ISDIR(st.st_mode))
        return __fail(ENOTDIR);
    memmove(r->rest, rest, strlen(rest) + 1);
    return 0;
}

char *realpath(const char *restrict path, char *restrict resolved)
{
    struct resolve r = {.links = 0};

    if (!*path || strlen(path) >= sizeof(r.rest)) {
        errno = *path ? ENAMETOOLONG : ENOENT;
        return NULL;
    }
    strcpy(r.rest, path);
    if (*path != '/' && !getcwd(r.out, sizeof(r.out)))
        return NULL;
    if (strcmp(r.out, "/") == 0)
        r.out[0] = 0;
    while (*r.rest) {
        if (step(&r) < 0)
            return NULL;
    }
    if (!*r.out)
        strcpy(r.out, "/");
    return resolved ? strcpy(resolved, r.out) : strdup(r.out);
}

static int fill_template(char *template)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t len = strlen(template);
    unsigned char random[6];

    if (len < 6 || getentropy(random, sizeof(random)) < 0)
        return __fail(EINVAL);
    for (int i = 0; i < 6; i++)
        template[len - 6 + i] = letters[random[i] % 64];
    return 0;
}

int mkstemp(char *template)
{
    size_t len = strlen(template);

    if (len < 6 || strcmp(template + len - 6, "XXXXXX") != 0)
        return __fail(EINVAL);
    for (int tries = 0; tries < 100 && fill_template(template) == 0; tries++) {
        int fd = open(template, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

char *mkdtemp(char *template)
{
    size_t len = strlen(template);

    if (len < 6 || strcmp(template + len - 6, "XXXXXX") != 0) {
        errno = EINVAL;
        return NULL;
    }
    for (int tries = 0; tries < 100 && fill_template(template) == 0; tries++) {
        if (mkdir(template, 0700) == 0)
            return template;
        if (errno != EEXIST)
            break;
    }
    return NULL;
}
