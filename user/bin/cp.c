/*
 * cp [-rRaPpdf] source ... target
 *
 * -r copies directories with all they hold; -P keeps links named on the command line as links
 * (links inside a directory always stay links); -p keeps mode, owner and times; -a is all three.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK (64 * 1024)

static int recursive, keep_links, preserve, force;

static int fail(const char *path)
{
    warn("%s", path);
    return 1;
}

static int write_all(int fd, const char *buf, ssize_t len)
{
    while (len) {
        ssize_t n = write(fd, buf, len);
        if (n < 0)
            return -1;
        buf += n;
        len -= n;
    }
    return 0;
}

static int copy_data(int in, int out, const char *from, const char *to)
{
    static char buf[CHUNK];
    ssize_t n;

    while ((n = read(in, buf, sizeof(buf))) > 0) {
        if (write_all(out, buf, n) < 0)
            return fail(to);
    }
    return n < 0 ? fail(from) : 0;
}

static void copy_attributes(const char *to, const struct stat *st)
{
    struct timespec times[2] = {st->st_atim, st->st_mtim};

    if (lchown(to, st->st_uid, st->st_gid) < 0 && geteuid() == 0)
        warn("%s: owner", to);
    if (!S_ISLNK(st->st_mode) && chmod(to, st->st_mode & 07777) < 0)
        warn("%s: mode", to);
    utimensat(AT_FDCWD, to, times, AT_SYMLINK_NOFOLLOW);
}

static int copy_file(const char *from, const char *to, const struct stat *st)
{
    struct stat old;

    if (stat(to, &old) == 0 && old.st_dev == st->st_dev && old.st_ino == st->st_ino) {
        warnx("'%s' and '%s' are the same file", from, to);
        return 1;
    }
    int in = open(from, O_RDONLY);
    if (in < 0)
        return fail(from);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, st->st_mode & 0777);
    if (out < 0 && force && unlink(to) == 0)
        out = open(to, O_WRONLY | O_CREAT | O_TRUNC, st->st_mode & 0777);
    if (out < 0) {
        close(in);
        return fail(to);
    }
    int failed = copy_data(in, out, from, to);
    close(in);
    if (close(out) < 0)
        failed = fail(to);
    return failed;
}

static int copy_link(const char *from, const char *to)
{
    char target[PATH_MAX];
    ssize_t n = readlink(from, target, sizeof(target) - 1);

    if (n < 0)
        return fail(from);
    target[n] = 0;
    if (symlink(target, to) == 0)
        return 0;
    if (errno == EEXIST && unlink(to) == 0 && symlink(target, to) == 0)
        return 0;
    return fail(to);
}

static int copy_path(const char *from, const char *to, int follow);

static int join(char *out, const char *dir, const char *name)
{
    if ((size_t)snprintf(out, PATH_MAX, "%s/%s", dir, name) < PATH_MAX)
        return 0;
    errno = ENAMETOOLONG;
    return fail(name);
}

static int copy_directory(const char *from, const char *to, const struct stat *st)
{
    char from_entry[PATH_MAX], to_entry[PATH_MAX];
    struct dirent **list;
    int failed = 0;

    if (mkdir(to, (st->st_mode & 0777) | S_IRWXU) < 0 && errno != EEXIST)
        return fail(to);
    /* the list is complete before the first copy: a copy into itself ends */
    int count = scandir(from, &list, NULL, NULL);
    if (count < 0)
        return fail(from);
    for (int i = 0; i < count; i++) {
        const char *name = list[i]->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            failed |= join(from_entry, from, name) || join(to_entry, to, name) ||
                      copy_path(from_entry, to_entry, 0);
        free(list[i]);
    }
    free(list);
    return failed;
}

static int copy_special(const char *to, const struct stat *st)
{
    if (mknod(to, st->st_mode, st->st_rdev) < 0)
        return fail(to);
    return 0;
}

/* follow: a link named on the command line stands for its target, unless links are kept */
static int copy_path(const char *from, const char *to, int follow)
{
    struct stat st;
    int failed;

    if ((follow && !keep_links ? stat(from, &st) : lstat(from, &st)) < 0)
        return fail(from);
    if (S_ISDIR(st.st_mode) && !recursive) {
        warnx("-r not specified; omitting directory '%s'", from);
        return 1;
    }
    if (S_ISDIR(st.st_mode))
        failed = copy_directory(from, to, &st);
    else if (S_ISLNK(st.st_mode))
        failed = copy_link(from, to);
    else if (S_ISREG(st.st_mode) || !recursive)
        failed = copy_file(from, to, &st);
    else
        failed = copy_special(to, &st);
    if (!failed && preserve)
        copy_attributes(to, &st);
    return failed;
}

static int is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Is path inside dir, or dir itself? */
static int is_inside(const char *path, const char *dir)
{
    char real_path[PATH_MAX], real_dir[PATH_MAX], parent[PATH_MAX];

    strlcpy(parent, path, sizeof(parent));
    if (!realpath(path, real_path)) {
        char *slash = strrchr(parent, '/');
        if (slash)
            *slash = 0;
        if (!realpath(slash ? (*parent ? parent : "/") : ".", real_path))
            return 0;
    }
    if (!realpath(dir, real_dir))
        return 0;
    size_t n = strlen(real_dir);
    return strncmp(real_path, real_dir, n) == 0 && (!real_path[n] || real_path[n] == '/');
}

static int copy_to(char *from, const char *target, int into)
{
    char to[PATH_MAX];
    size_t n = strlen(from);

    while (n > 1 && from[n - 1] == '/')
        from[--n] = 0;
    if (into && join(to, target, basename(from)))
        return 1;
    if (!into)
        strlcpy(to, target, sizeof(to));
    if (recursive && is_directory(from) && is_inside(to, from)) {
        warnx("cannot copy a directory, '%s', into itself, '%s'", from, to);
        return 1;
    }
    return copy_path(from, to, 1);
}

int main(int argc, char **argv)
{
    int c, failed = 0;

    while ((c = getopt(argc, argv, "rRaPpdf")) != -1) {
        if (c == '?')
            return 1;
        recursive |= c == 'r' || c == 'R' || c == 'a';
        keep_links |= c == 'P' || c == 'd' || c == 'a';
        preserve |= c == 'p' || c == 'a';
        force |= c == 'f';
    }
    if (argc - optind < 2)
        errx(1, "usage: cp [-rapPf] source ... target");
    const char *target = argv[argc - 1];
    int into = is_directory(target);
    if (argc - optind > 2 && !into)
        errx(1, "target '%s' is not a directory", target);
    if (preserve)
        umask(0);
    for (; optind < argc - 1; optind++)
        failed |= copy_to(argv[optind], target, into);
    return failed;
}
