/* rm [-rRfd] path ...: removes files; -r directories with all they hold, -d empty ones. */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int recursive, force, empty_dirs;

static int fail(const char *path)
{
    if (force && errno == ENOENT)
        return 0;
    warn("cannot remove '%s'", path);
    return 1;
}

static int is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int remove_path(const char *path);

/*
 * Removing entries while reading may make the directory skip some: it is read again until a pass
 * removes nothing.
 */
static int remove_tree(const char *path)
{
    char full[PATH_MAX];
    int failed = 0, removed;
    struct dirent *d;

    DIR *dir = opendir(path);
    if (!dir)
        return fail(path);
    do {
        removed = 0;
        rewinddir(dir);
        while ((d = readdir(dir))) {
            if (is_dots(d->d_name))
                continue;
            if ((size_t)snprintf(full, sizeof(full), "%s/%s", path, d->d_name) >= sizeof(full)) {
                warnx("%s/%s: path too long", path, d->d_name);
                failed = 1;
            } else if (remove_path(full)) {
                failed = 1;
            } else {
                removed = 1;
            }
        }
    } while (removed && !failed);
    closedir(dir);
    if (!failed && rmdir(path) < 0)
        return fail(path);
    return failed;
}

static int remove_path(const char *path)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return fail(path);
    if (!S_ISDIR(st.st_mode))
        return unlink(path) < 0 ? fail(path) : 0;
    if (recursive)
        return remove_tree(path);
    if (empty_dirs)
        return rmdir(path) < 0 ? fail(path) : 0;
    errno = EISDIR;
    return fail(path);
}

static int is_refused(const char *path)
{
    const char *name = basename(path);

    if (!*path || !recursive || (!is_dots(name) && path[strspn(path, "/")]))
        return 0;
    warnx("refusing to remove '%s'", path);
    return 1;
}

int main(int argc, char **argv)
{
    int c, failed = 0;

    while ((c = getopt(argc, argv, "rRfd")) != -1) {
        switch (c) {
        case 'r':
        case 'R':
            recursive = 1;
            break;
        case 'f':
            force = 1;
            break;
        case 'd':
            empty_dirs = 1;
            break;
        default:
            return 1;
        }
    }
    if (optind == argc && !force)
        errx(1, "usage: rm [-rfd] path ...");
    for (; optind < argc; optind++)
        failed |= is_refused(argv[optind]) || remove_path(argv[optind]);
    return failed;
}
