/* touch [-cam] file ...: sets a file's times to now, and makes it if it is missing. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int touch(const char *path, const struct timespec times[2], int create)
{
    if (utimensat(AT_FDCWD, path, times, 0) == 0)
        return 0;
    if (errno == ENOENT && !create)
        return 0;
    int fd = errno == ENOENT ? open(path, O_WRONLY | O_CREAT | O_NOCTTY, 0666) : -1;
    if (fd < 0) {
        warn("cannot touch '%s'", path);
        return 1;
    }
    futimens(fd, times);
    close(fd);
    return 0;
}

int main(int argc, char **argv)
{
    struct timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
    int c, create = 1, access_only = 0, change_only = 0, failed = 0;

    while ((c = getopt(argc, argv, "cam")) != -1) {
        if (c == '?')
            return 1;
        create &= c != 'c';
        access_only |= c == 'a';
        change_only |= c == 'm';
    }
    if (access_only && !change_only)
        times[1].tv_nsec = UTIME_OMIT;
    if (change_only && !access_only)
        times[0].tv_nsec = UTIME_OMIT;
    if (optind == argc)
        errx(1, "usage: touch [-cam] file ...");
    for (; optind < argc; optind++)
        failed |= touch(argv[optind], times, create);
    return failed;
}
