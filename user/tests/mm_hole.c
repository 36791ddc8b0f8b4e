/* fallocate: holes in files, and blocks for them, beside read, write and mappings. */
#include "swaputil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW    (PROT_READ | PROT_WRITE)
#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static int pattern_file(const char *name, size_t len)
{
    char *data = malloc(len);

    check(data != NULL);
    fill_pattern(data, len, 1, 0);
    make_file(name, data, len);
    free(data);
    return check_ok(open(name, O_RDWR));
}

static char *map_file(int fd, size_t len, int flags)
{
    char *p = mmap(NULL, len, RW, flags, fd, 0);

    check(p != MAP_FAILED);
    return p;
}

static long blocks_of(int fd)
{
    struct stat st;

    check_ok(fsync(fd));
    check_ok(fstat(fd, &st));
    return st.st_blocks;
}

static long size_of(int fd)
{
    struct stat st;

    check_ok(fstat(fd, &st));
    return st.st_size;
}

/* The pattern, but for a hole in [from, to). */
static void check_holed(const char *p, size_t len, size_t from, size_t to)
{
    check_int(check_pattern(p, from, 1, 0), -1);
    check(all_bytes(p + from, 0, to - from));
    check_int(check_pattern(p + to, len - to, 1, to), -1);
}

static void test_punch(void)
{
    const size_t len = 20 * PAGE + 100, from = 2 * PAGE + 100, to = 7 * PAGE + 50;
    int fd = pattern_file("f", len);
    char *p = map_file(fd, len, MAP_SHARED), *q = map_file(fd, len, MAP_PRIVATE);
    char *data = malloc(len);

    check(data != NULL);
    q[3 * PAGE] = 'q'; /* a copy of one's own stays */
    check_int(check_pattern(p, len, 1, 0), -1);
    check_int(check_pattern(q + 4 * PAGE, 16 * PAGE, 1, 4 * PAGE), -1);
    p[4 * PAGE] ^= 0; /* dirty */
    long before = blocks_of(fd);
    check_ok(fallocate(fd, PUNCH, from, to - from));
    check_int(size_of(fd), len);
    check_holed(p, len, from, to);
    check_int(q[3 * PAGE], 'q');
    check_int(check_pattern(q + 3 * PAGE + 1, PAGE - 1, 1, 3 * PAGE + 1), -1);
    check(all_bytes(q + 4 * PAGE, 0, 3 * PAGE + 50));
    check_int(pread(fd, data, len, 0), len);
    check_holed(data, len, from, to);
    check_ok(munmap(p, len));
    check_ok(munmap(q, len));
    check_ok(fsync(fd));
    check_ok(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) ? -1 : 0);
    check_int(pread(fd, data, len, 0), len);
    check_holed(data, len, from, to);
    check_ok(fallocate(fd, PUNCH, from, to - from)); /* tmpfs counts the zeroes that were read */
    check_int(blocks_of(fd), before - 4 * 8);
    p = map_file(fd, len, MAP_SHARED);
    p[5 * PAGE] = 'x'; /* the hole is filled again */
    check_int(pread(fd, data, PAGE, 5 * PAGE), PAGE);
    check(data[0] == 'x' && all_bytes(data + 1, 0, PAGE - 1));
    check(blocks_of(fd) >= before - 3 * 8);
}

static void test_edges(void)
{
    int fd = pattern_file("f", 9 * PAGE);
    char *p = map_file(fd, 9 * PAGE, MAP_SHARED);

    check_ok(fallocate(fd, PUNCH, 100, 200)); /* in one page */
    check_holed(p, 9 * PAGE, 100, 300);
    check_ok(fallocate(fd, PUNCH, 20 * PAGE, 5 * PAGE)); /* behind the end */
    check_int(size_of(fd), 9 * PAGE);
    check_ok(fallocate(fd, PUNCH, 8 * PAGE + 7, 100 * PAGE)); /* over the end */
    check_int(size_of(fd), 9 * PAGE);
    check_int(check_pattern(p + PAGE, 7 * PAGE + 7, 1, PAGE), -1);
    check(all_bytes(p + 8 * PAGE + 7, 0, PAGE - 7));
    check_ok(fallocate(fd, PUNCH, 0, 1L << 40));
    check(all_bytes(p, 0, 9 * PAGE));
    check_ok(munmap(p, 9 * PAGE));
    check_ok(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) ? -1 : 0);
    check(blocks_of(fd) <= 9 * 8); /* tmpfs counts the zeroes that were looked at */
    check_ok(ftruncate(fd, 0));
    check_int(blocks_of(fd), 0);
}

/* A long file of holes: no time for each page that is not there, and address blocks go, too. */
static void test_sparse(void)
{
    const off_t far = 900L << 20;
    int fd = check_ok(open("f", O_RDWR | O_CREAT, 0644));
    char byte = 'b';

    check_ok(ftruncate(fd, 1L << 30));
    long empty = blocks_of(fd);
    for (off_t at = 0; at <= far; at += far / 4)
        check_int(pwrite(fd, &byte, 1, at), 1);
    long full = blocks_of(fd);
    check_ok(fallocate(fd, PUNCH, PAGE, far - PAGE));
    check(blocks_of(fd) < full);
    check_int(pread(fd, &byte, 1, far / 2), 1);
    check_int(byte, 0);
    check_int(pread(fd, &byte, 1, far), 1);
    check_int(byte, 'b');
    check_ok(fallocate(fd, PUNCH, 0, 1L << 30));
    check_int(blocks_of(fd), empty);
    check_int(pread(fd, &byte, 1, far), 1);
    check_int(byte, 0);
}

static void test_allocate(void)
{
    int fd = pattern_file("f", PAGE + 100), err = 0;
    char *p, data[100];

    check_ok(fallocate(fd, 0, PAGE, 9 * PAGE));
    check_int(size_of(fd), 10 * PAGE);
    p = map_file(fd, 10 * PAGE, MAP_SHARED);
    check_int(check_pattern(p, PAGE + 100, 1, 0), -1);
    check(all_bytes(p + PAGE + 100, 0, 9 * PAGE - 100));
    check(blocks_of(fd) >= 10 * 8);
    check_ok(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 10 * PAGE));
    check_int(check_pattern(p, PAGE + 100, 1, 0), -1);
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 12 * PAGE)) /* ext2 has no blocks behind the end */
        check_int(err = errno, EOPNOTSUPP);
    check_int(size_of(fd), 10 * PAGE);
    check_int(pread(fd, data, 1, 10 * PAGE), 0);
    check(err || blocks_of(fd) >= 12 * 8);
    check_int(posix_fallocate(fd, 11 * PAGE, 10), 0);
    check_int(size_of(fd), 11 * PAGE + 10);
    check_int(pread(fd, data, 100, 11 * PAGE), 10);
    check(all_bytes(data, 0, 10));
    check_ok(ftruncate(fd, 5 * PAGE)); /* what was beyond goes */
    check(blocks_of(fd) <= 5 * 8 + 8);
}

/* More than there is: an error, and all is given back. */
static void test_no_space(void)
{
    int fd = pattern_file("f", PAGE);
    long before = blocks_of(fd);

    check_errno(fallocate(fd, 0, 0, 4L << 30), ENOSPC);
    check_int(size_of(fd), PAGE);
    check_int(blocks_of(fd), before);
    check_int(posix_fallocate(fd, 0, 4L << 30), ENOSPC);
    check_ok(fallocate(fd, 0, 0, 8 * PAGE));
}

static void test_errors(void)
{
    int fd = pattern_file("f", PAGE), ro = check_ok(open("f", O_RDONLY)), pipes[2];

    check_errno(fallocate(fd, PUNCH, 0, 0), EINVAL);
    check_errno(fallocate(fd, PUNCH, -1, PAGE), EINVAL);
    check_errno(fallocate(fd, PUNCH, 0, -5), EINVAL);
    check_errno(fallocate(fd, 0, PAGE, INT64_MAX), EFBIG);
    check_errno(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, PAGE), EOPNOTSUPP);
    check_errno(fallocate(fd, 0x4000, 0, PAGE), EOPNOTSUPP);
    check_errno(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, PAGE), EOPNOTSUPP);
    check_errno(fallocate(ro, PUNCH, 0, PAGE), EBADF);
    check_errno(fallocate(-1, PUNCH, 0, PAGE), EBADF);
    check_errno(fallocate(999, 0, 0, PAGE), EBADF);
    check_ok(pipe(pipes));
    check_errno(fallocate(pipes[1], 0, 0, PAGE), ESPIPE);
    int null = check_ok(open("/dev/null", O_RDWR));
    check_errno(fallocate(null, 0, 0, PAGE), ENODEV);
    check_int(posix_fallocate(fd, 0, 0), EINVAL);
}

static void test_swap_file(void)
{
    begin_swap(17);
    int fd = check_ok(open(AREA, O_RDWR));
    check_errno(fallocate(fd, PUNCH, 0, PAGE), ETXTBSY);
    check_errno(fallocate(fd, 0, 0, 99 * PAGE), ETXTBSY);
    end_swap();
}

enum { MODEL_PAGES = 40, MODEL_LEN = MODEL_PAGES * PAGE };

static void model_step(int fd, char *map, char *model, size_t *size, uint64_t *r, int round)
{
    size_t from = rnd_below(r, *size + 1), n = 1 + rnd_below(r, 6 * PAGE);
    size_t end = from + n < *size ? from + n : *size;

    switch (rnd_below(r, 6)) {
    case 0:
    case 1:
        check_ok(fallocate(fd, PUNCH, from, n));
        memset(model + from, 0, end - from);
        break;
    case 2:
        for (size_t i = from; i < end; i += 97)
            map[i] = model[i] = (char)round;
        break;
    case 3:
        end = from + n < MODEL_LEN ? from + n : MODEL_LEN;
        fill_pattern(model + from, end - from, round, from);
        check_int(pwrite(fd, model + from, end - from, from), end - from);
        *size = end > *size ? end : *size;
        break;
    case 4:
        *size = rnd_below(r, MODEL_LEN) + 1;
        check_ok(ftruncate(fd, *size));
        memset(model + *size, 0, MODEL_LEN - *size);
        break;
    default:
        end = from + n < MODEL_LEN ? from + n : MODEL_LEN;
        check_ok(end > from ? fallocate(fd, 0, from, end - from) : 0);
        *size = end > *size ? end : *size;
    }
}

/* Holes, stores, writes, truncation and allocation against a model of the file in memory. */
static void test_model(void)
{
    static char model[MODEL_LEN], data[MODEL_LEN];
    size_t size = MODEL_LEN / 2;
    uint64_t r = test_seed;
    int fd = check_ok(open("f", O_RDWR | O_CREAT, 0644));

    check_ok(ftruncate(fd, size));
    char *map = map_file(fd, MODEL_LEN, MAP_SHARED);
    for (int i = 1; i <= 400; i++) {
        model_step(fd, map, model, &size, &r, i);
        check_int(size_of(fd), size);
        check_int(pread(fd, data, MODEL_LEN, 0), size);
        if (memcmp(data, model, size) || memcmp(map, model, size))
            test_fail(__FILE__, __LINE__, "round %d: the file differs from the model", i);
        if (i % 50 == 0) {
            check_ok(fsync(fd));
            check_ok(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) ? -1 : 0);
        }
    }
}

/* Stores into the hole while it is made, again and again. */
static pid_t start_toucher(char *p, int pages)
{
    pid_t pid = xfork();
    uint64_t r = test_seed;

    while (pid == 0) {
        p[rnd_below(&r, pages) * PAGE + 5] = 't';
        (void)*(volatile char *)&p[rnd_below(&r, pages) * PAGE];
    }
    return pid;
}

/* Blocks that a hole gave back belong to another file: nothing of the first may reach that one. */
static void test_race(void)
{
    enum { PAGES = 24, ROUNDS = 4 };
    int fd = pattern_file("f", PAGES * PAGE), other;
    char *p = map_file(fd, PAGES * PAGE, MAP_SHARED), *data = malloc(PAGES * PAGE);
    pid_t pids[] = {start_toucher(p, PAGES), start_toucher(p, PAGES)};

    check(data != NULL);
    for (int i = 0; i < ROUNDS; i++) {
        check_ok(fallocate(fd, PUNCH, 0, PAGES * PAGE));
    check(unlink("g") == 0 || errno == ENOENT);
        other = pattern_file("g", PAGES * PAGE);
        check_ok(fsync(other));
        check_ok(fsync(fd));
        check_ok(posix_fadvise(other, 0, 0, POSIX_FADV_DONTNEED) ? -1 : 0);
        check_int(pread(other, data, PAGES * PAGE, 0), PAGES * PAGE);
        check_int(check_pattern(data, PAGES * PAGE, 1, 0), -1);
        close(other);
    }
    for (int i = 0; i < 2; i++) {
        check_ok(kill(pids[i], SIGKILL));
        check_int(waitpid(pids[i], NULL, 0), pids[i]);
    }
    for (int i = 0; i < PAGES; i++) /* zeroes, and what was stored */
        for (size_t at = 0; at < PAGE; at++)
            check(p[i * PAGE + at] == 0 || (at == 5 && p[i * PAGE + at] == 't'));
}

const struct test hole_tests[] = {
    {"fallocate.punch", test_punch, T_DIRS},
    {"fallocate.edges", test_edges, T_DIRS},
    {"fallocate.sparse", test_sparse, T_DIRS},
    {"fallocate.allocate", test_allocate, T_DIRS | T_NATIVE},
    {"fallocate.no_space", test_no_space, T_DIRS | T_NATIVE},
    {"fallocate.errors", test_errors, T_DIRS},
    {"fallocate.swap_file", test_swap_file, T_NATIVE},
    {"fallocate.model", test_model, T_DIRS | T_NATIVE},
    {"fallocate.race", test_race, T_DIRS | T_NATIVE},
    {NULL, NULL},
};
