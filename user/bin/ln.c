/* ln [-sfn] target ... [name]: makes hard links, with -s symbolic ones. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int symbolic, force, no_follow;

static int make(const char *target, const char *name)
{
    int r = symbolic ? symlink(target, name) : link(target, name);

    if (r < 0 && errno == EEXIST && force && unlink(name) == 0)
        r = symbolic ? symlink(target, name) : link(target, name);
    if (r < 0)
        warn("cannot link '%s' to '%s'", name, target);
    return r < 0;
}

static int make_into(const char *target, const char *dir)
{
    char name[PATH_MAX];

    if ((size_t)snprintf(name, sizeof(name), "%s/%s", dir, basename(target)) >= sizeof(name)) {
        warnx("%s: path too long", target);
        return 1;
    }
    return make(target, name);
}

int main(int argc, char **argv)
{
    struct stat st;
    int c, failed = 0;

    while ((c = getopt(argc, argv, "sfn")) != -1) {
        if (c == '?')
            return 1;
        symbolic |= c == 's';
        force |= c == 'f';
        no_follow |= c == 'n';
    }
    if (optind == argc)
        errx(1, "usage: ln [-sfn] target ... [name]");
    if (argc - optind == 1)
        return make_into(argv[optind], ".");
    const char *last = argv[argc - 1];
    int into = (no_follow ? lstat(last, &st) : stat(last, &st)) == 0 && S_ISDIR(st.st_mode);
    if (argc - optind > 2 && !into)
        errx(1, "target '%s' is not a directory", last);
    for (; optind < argc - 1; optind++)
        failed |= into ? make_into(argv[optind], last) : make(argv[optind], last);
    return failed;
}
