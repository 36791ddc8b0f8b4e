/* Ends of what files can be. */
#include "testutil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The largest size that the file system allows. */
static off_t largest(int fd)
{
    off_t lo = 0, hi = INT64_MAX; /* lo is allowed; above hi nothing is */

    while (lo < hi) {
        off_t middle = lo + (hi - lo) / 2 + 1;
        if (ftruncate(fd, middle) == 0) {
            lo = middle;
        } else {
            check_int(errno, EFBIG);
            hi = middle - 1;
        }
    }
    return lo;
}

/* Writing ends where growing ends; what fits is written. */
static void test_largest(void)
{
    int fd = open("large", O_RDWR | O_CREAT | O_TRUNC, 0644);
    off_t end = largest(fd);
    struct stat st;

    check(end > 1L << 33);
    check_ok(ftruncate(fd, 0));
    if (end < INT64_MAX)
        check_int(pwrite(fd, "abc", 3, end - 1), 1);
    else
        check_int(pwrite(fd, "a", 1, end - 1), 1);
    check_errno(pwrite(fd, "a", 1, end), EFBIG);
    check_ok(fstat(fd, &st));
    check_int(st.st_size, end);
    check_ok(ftruncate(fd, 0));
    check_ok(fstat(fd, &st));
    check_int(st.st_blocks, 0);
    check_ok(close(fd));
}

/* Reading a hole fills neither disk nor memory. */
static void test_holes(void)
{
    enum { SIZE = 4 << 20 };
    static char buf[65536];
    int fd = open("holes", O_RDWR | O_CREAT | O_TRUNC, 0644), found = 0;
    struct stat st;

    check_ok(ftruncate(fd, SIZE));
    check_int(pwrite(fd, "x", 1, SIZE / 2), 1);
    for (off_t at = 0; at < SIZE; at += sizeof(buf)) {
        check_int(pread(fd, buf, sizeof(buf), at), sizeof(buf));
        for (size_t i = 0; i < sizeof(buf); i++)
            found += buf[i] != 0;
        check_int(buf[0], at == SIZE / 2 ? 'x' : 0);
    }
    check_int(found, 1);
    check_ok(fstat(fd, &st));
    check(st.st_blocks > 0 && st.st_blocks <= 4 * 8); /* the page and, on a disk, the way to it */
    check_ok(close(fd));
    check_ok(unlink("holes"));
}

/* A file goes while everything is being written: nobody else may end the inode meanwhile. */
static void test_unlink_sync(void)
{
    static char buf[65536];
    enum { ROUNDS = 20, SIZE = 2 << 20 };
    pid_t pid = xfork();

    if (pid == 0)
        for (;;)
            sync();
    for (int round = 0; round < ROUNDS; round++) {
        int fd = check_ok(open("goes", O_RDWR | O_CREAT | O_TRUNC, 0644));
        check_ok(ftruncate(fd, SIZE)); /* a hole: many pages to drop, at no cost */
        while (read(fd, buf, sizeof(buf)) > 0)
            ;
        check_ok(unlink("goes"));
        check_ok(close(fd));
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

const struct test limit_tests[] = {
    {"fs.largest", test_largest, T_DIRS},
    {"fs.holes", test_holes, T_DIRS},
    {"fs.unlink_sync", test_unlink_sync, T_DIRS},
    {NULL, NULL},
};
