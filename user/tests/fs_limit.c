/* Ends of what files can be. */
#include "testutil.h"
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
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

const struct test limit_tests[] = {
    {"fs.largest", test_largest, T_DIRS},
    {NULL, NULL},
};
