/* mkdir [-p] [-m mode] dir ...: makes directories; -p their parents too, if they are missing. */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int make_one(const char *path, mode_t mode, int may_exist)
{
    if (mkdir(path, mode) == 0)
        return 0;
    int saved = errno;
    if (may_exist && is_directory(path))
        return 0;
    errno = saved;
    warn("cannot create directory '%s'", path);
    return 1;
}

static int make_with_parents(char *path, mode_t mode)
{
    for (char *p = path + 1; *path && *p; p++) {
        if (*p != '/' || p[-1] == '/')
            continue;
        *p = 0;
        int failed = make_one(path, 0777, 1);
        *p = '/';
        if (failed)
            return 1;
    }
    return make_one(path, mode, 1);
}

int main(int argc, char **argv)
{
    mode_t mode = 0777;
    int c, parents = 0, failed = 0;

    while ((c = getopt(argc, argv, "pm:")) != -1) {
        if (c == 'p') {
            parents = 1;
        } else if (c == 'm') {
            mode = strtoul(optarg, NULL, 8);
            umask(0);
        } else {
            return 1;
        }
    }
    if (optind == argc)
        errx(1, "usage: mkdir [-p] [-m mode] dir ...");
    for (; optind < argc; optind++)
        failed |= parents ? make_with_parents(argv[optind], mode) : make_one(argv[optind], mode, 0);
    return failed;
}
