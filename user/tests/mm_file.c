/* Mapped files, against read and write of the same files. */
#include "testutil.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)

/* A file "f" of `pages` pages of pattern 1, open for both. */
static int pattern_file(size_t len)
{
    char *data = malloc(len + 1);

    check(data != NULL);
    fill_pattern(data, len, 1, 0);
    make_file("f", data, len);
    free(data);
    return check_ok(open("f", O_RDWR));
}

static char *map_file(int fd, size_t len, int prot, int flags, off_t off)
{
    char *p = mmap(NULL, len, prot, flags, fd, off);

    if (p == MAP_FAILED)
        test_fail(__FILE__, __LINE__, "mmap of a file: %m");
    return p;
}

static void read_at(void *p) { *(volatile char *)p; }
static void write_at(void *p) { *(volatile char *)p = 1; }

static void test_private(void)
{
    int fd = pattern_file(5 * PAGE);
    char *p = map_file(fd, 5 * PAGE, RW, MAP_PRIVATE, 0), byte;

    check_int(check_pattern(p, 5 * PAGE, 1, 0), -1);
    char old = p[2 * PAGE];
    p[2 * PAGE] = old + 1;
    check_int(pread(fd, &byte, 1, 2 * PAGE), 1);
    check_int(byte, old);
    check_int(check_pattern(p + 2 * PAGE + 1, 3 * PAGE - 1, 1, 2 * PAGE + 1), -1);
    pid_t pid = xfork();
    if (pid == 0) {
        check_int(p[2 * PAGE], (char)(old + 1));
        p[2 * PAGE] = p[3 * PAGE] = 'c';
        _exit(0);
    }
    check_exit(pid, 0);
    check_int(p[2 * PAGE], (char)(old + 1));
    check_int(check_pattern(p + 3 * PAGE, PAGE, 1, 3 * PAGE), -1);
}

/* Pages that nobody has written follow the file; a page that was copied does not. */
static void test_private_copied(void)
{
    int fd = pattern_file(2 * PAGE);
    char *p = map_file(fd, 2 * PAGE, RW, MAP_PRIVATE, 0);

    p[0] = 'm';
    check_int(pwrite(fd, "FILE", 4, 1), 4);
    check_int(check_pattern(p + 1, PAGE - 1, 1, 1), -1);
    check_int(p[0], 'm');
}

static void test_shared(void)
{
    int fd = pattern_file(3 * PAGE);
    char *p = map_file(fd, 3 * PAGE, RW, MAP_SHARED, 0);
    char *q = map_file(fd, PAGE, RW, MAP_SHARED, PAGE), text[8];

    check_int(check_pattern(p, 3 * PAGE, 1, 0), -1);
    memcpy(p + PAGE + 10, "mapped", 6);
    check(memcmp(q + 10, "mapped", 6) == 0);
    check_int(pread(fd, text, 6, PAGE + 10), 6);
    check(memcmp(text, "mapped", 6) == 0);
    check_int(pwrite(fd, "written", 7, PAGE + 100), 7);
    check(memcmp(p + PAGE + 100, "written", 7) == 0 && memcmp(q + 100, "written", 7) == 0);
    pid_t pid = xfork();
    if (pid == 0) {
        memcpy(p + 2 * PAGE, "child", 5);
        _exit(0);
    }
    check_exit(pid, 0);
    check(memcmp(p + 2 * PAGE, "child", 5) == 0);
}

/* What was written by a mapping is in the file after everyone has let go of it. */
static void test_shared_persists(void)
{
    int fd = pattern_file(40 * PAGE);
    char *p = map_file(fd, 40 * PAGE, RW, MAP_SHARED, 0), *data = malloc(40 * PAGE);

    for (int i = 0; i < 40; i += 3)
        fill_pattern(p + i * PAGE, PAGE, 2, i * PAGE);
    check_ok(munmap(p, 40 * PAGE));
    check_ok(fsync(fd));
    check_ok(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) ? -1 : 0);
    check_ok(close(fd));
    fd = check_ok(open("f", O_RDONLY));
    check_int(read(fd, data, 40 * PAGE), 40 * PAGE);
    for (int i = 0; i < 40; i++)
        check_int(check_pattern(data + i * PAGE, PAGE, i % 3 ? 1 : 2, i * PAGE), -1);
}

static void test_offset(void)
{
    int fd = pattern_file(20 * PAGE);

    for (int i = 19; i >= 0; i -= 3) {
        char *p = map_file(fd, PAGE, PROT_READ, MAP_PRIVATE, i * PAGE);
        check_int(check_pattern(p, PAGE, 1, i * PAGE), -1);
    }
    check_errno(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100), EINVAL);
}

static void test_beyond_end(void)
{
    int fd = pattern_file(PAGE + 100);
    char *p = map_file(fd, 4 * PAGE, RW, MAP_SHARED, 0);
    char *q = map_file(fd, 4 * PAGE, RW, MAP_PRIVATE, 0), byte;

    check_int(check_pattern(p, PAGE + 100, 1, 0), -1);
    check(all_bytes(p + PAGE + 100, 0, PAGE - 100));
    check(all_bytes(q + PAGE + 100, 0, PAGE - 100));
    check_killed(read_at, p + 2 * PAGE, SIGBUS);
    check_killed(write_at, p + 3 * PAGE, SIGBUS);
    check_killed(read_at, q + 2 * PAGE, SIGBUS);
    check_killed(write_at, q + 2 * PAGE, SIGBUS);
    check(!readable(p + 2 * PAGE));
    p[PAGE + 200] = 'x'; /* allowed, and not in the file */
    struct stat st;
    check_ok(fstat(fd, &st));
    check_int(st.st_size, PAGE + 100);
    check_int(pread(fd, &byte, 1, PAGE + 200), 0);
}

static void test_survives(void)
{
    int fd = pattern_file(4 * PAGE);
    char *p = map_file(fd, 4 * PAGE, RW, MAP_SHARED, 0);

    check_ok(close(fd));
    p[0] = 'x';
    check_ok(unlink("f"));
    check_int(check_pattern(p + 1, 4 * PAGE - 1, 1, 1), -1);
    p[3 * PAGE] = 'y';
    pid_t pid = xfork();
    if (pid == 0)
        _exit(p[0] == 'x' && p[3 * PAGE] == 'y' ? 0 : 1);
    check_exit(pid, 0);
}

static void test_truncate(void)
{
    int fd = pattern_file(4 * PAGE);
    char *p = map_file(fd, 4 * PAGE, RW, MAP_SHARED, 0);
    char *q = map_file(fd, 4 * PAGE, RW, MAP_PRIVATE, 0);

    check_int(check_pattern(p, 4 * PAGE, 1, 0), -1);
    q[3 * PAGE] = 'q'; /* a copy of its own */
    check_ok(ftruncate(fd, PAGE + 10));
    check_int(check_pattern(p, PAGE + 10, 1, 0), -1);
    check(all_bytes(p + PAGE + 10, 0, PAGE - 10));
    check_killed(read_at, p + 2 * PAGE, SIGBUS);
    check_killed(read_at, q + 3 * PAGE, SIGBUS); /* cut off as well */
    check_ok(ftruncate(fd, 4 * PAGE));
    check(all_bytes(p + PAGE + 10, 0, 3 * PAGE - 10));
    p[2 * PAGE] = 'n';
    char byte = 0;
    check_int(pread(fd, &byte, 1, 2 * PAGE), 1);
    check_int(byte, 'n');
}

/* A file that grows under a mapping: the new pages become accessible. */
static void test_grow(void)
{
    int fd = pattern_file(10);
    char *p = map_file(fd, 3 * PAGE, RW, MAP_SHARED, 0);

    check(p[9] != 0 || p[8] != 0 || p[7] != 0);
    check(!readable(p + PAGE));
    check_int(pwrite(fd, "end", 3, 2 * PAGE), 3);
    check(all_bytes(p + 10, 0, 2 * PAGE - 10));
    check(memcmp(p + 2 * PAGE, "end", 3) == 0);
}

static void test_permissions(void)
{
    pattern_file(PAGE);
    int ro = check_ok(open("f", O_RDONLY)), wo = check_ok(open("f", O_WRONLY));

    check_errno(mmap(NULL, PAGE, RW, MAP_SHARED, ro, 0), EACCES);
    check_errno(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, wo, 0), EACCES);
    check_errno(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, wo, 0), EACCES);
    char *p = map_file(ro, PAGE, PROT_READ, MAP_SHARED, 0);
    check_errno(mprotect(p, PAGE, RW), EACCES);
    check_killed(write_at, p, SIGSEGV);
    p = map_file(ro, PAGE, PROT_READ, MAP_PRIVATE, 0); /* a private one may be written */
    check_ok(mprotect(p, PAGE, RW));
    *p = 1;
}

static void test_not_mappable(void)
{
    int fds[2], dir = check_ok(open(".", O_RDONLY)), null = check_ok(open("/dev/null", O_RDWR));

    check_ok(pipe(fds));
    check_errno(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0), ENODEV);
    check_errno(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, null, 0), ENODEV);
    check_errno(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fds[0], 0), ENODEV);
}

static void test_dev_zero(void)
{
    int fd = check_ok(open("/dev/zero", O_RDWR));
    char *p = map_file(fd, 2 * PAGE, RW, MAP_PRIVATE, 0);

    check(all_bytes(p, 0, 2 * PAGE));
    p[PAGE] = 'z';
    check_ok(close(fd));
    check(p[PAGE] == 'z' && p[0] == 0);
}

static void test_msync(void)
{
    int fd = pattern_file(4 * PAGE);
    char *p = map_file(fd, 4 * PAGE, RW, MAP_SHARED, 0);

    p[0] = p[2 * PAGE] = 1;
    check_ok(msync(p, 4 * PAGE, MS_SYNC));
    check_ok(msync(p, PAGE, MS_ASYNC));
    check_ok(msync(p, 0, MS_SYNC));
    check_errno(msync(p + 1, PAGE, MS_SYNC), EINVAL);
    check_errno(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
    check_errno(msync(p, PAGE, 0x100), EINVAL);
    check_ok(munmap(p + PAGE, PAGE));
    check_errno(msync(p, 4 * PAGE, MS_SYNC), ENOMEM);
}

/* A program in a file, run from the mapping: li a0, 42; ret. */
static void test_executable(void)
{
    static const uint32_t code[] = {0x02a00513, 0x00008067};

    make_file("f", code, sizeof(code));
    int fd = check_ok(open("f", O_RDONLY));
    int (*fn)(void) =
        (int (*)(void))(void *)map_file(fd, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, 0);
    check_int(fn(), 42);
}

/* Pages of a hole: zeros by reading, blocks by writing. */
static void test_hole(void)
{
    int fd = check_ok(open("f", O_RDWR | O_CREAT, 0644));
    char byte = 1;

    check_ok(ftruncate(fd, 64 * PAGE));
    char *p = map_file(fd, 64 * PAGE, RW, MAP_SHARED, 0);
    check(all_bytes(p, 0, 64 * PAGE));
    for (int i = 0; i < 64; i += 8)
        p[i * PAGE] = i + 1;
    check_ok(msync(p, 64 * PAGE, MS_SYNC));
    for (int i = 0; i < 64; i++) {
        check_int(pread(fd, &byte, 1, i * PAGE), 1);
        check_int(byte, i % 8 ? 0 : i + 1);
    }
}

/* Reading a file into a mapping of itself, and writing it from one: each page against each. */
static void test_self_copy(void)
{
    int fd = pattern_file(8 * PAGE);
    char *p = map_file(fd, 8 * PAGE, RW, MAP_SHARED, 0);

    check_int(pwrite(fd, p, 4 * PAGE, 4 * PAGE), 4 * PAGE);
    check_int(check_pattern(p + 4 * PAGE, 4 * PAGE, 1, 0), -1);
    check_int(pread(fd, p, 4 * PAGE, 0), 4 * PAGE); /* onto itself */
    check_int(check_pattern(p, 4 * PAGE, 1, 0), -1);
    check_int(pwrite(fd, p + 100, PAGE, 8 * PAGE), PAGE); /* while it grows */
    char *q = map_file(fd, PAGE, PROT_READ, MAP_SHARED, 8 * PAGE);
    check_int(check_pattern(q, PAGE, 1, 100), -1);
}

const struct test mmap_file_tests[] = {
    {"mmap.file_private", test_private, T_DIRS},
    {"mmap.file_private_copied", test_private_copied, T_DIRS},
    {"mmap.file_shared", test_shared, T_DIRS},
    {"mmap.file_shared_persists", test_shared_persists, T_DIRS},
    {"mmap.file_offset", test_offset, T_DIRS},
    {"mmap.file_beyond_end", test_beyond_end, T_DIRS},
    {"mmap.file_survives_unlink", test_survives, T_DIRS},
    {"mmap.file_truncate", test_truncate, T_DIRS},
    {"mmap.file_grow", test_grow, T_DIRS},
    {"mmap.file_permissions", test_permissions, T_DIRS},
    {"mmap.file_not_mappable", test_not_mappable},
    {"mmap.dev_zero", test_dev_zero},
    {"mmap.msync", test_msync, T_DIRS},
    {"mmap.file_executable", test_executable, T_DIRS},
    {"mmap.file_hole", test_hole, T_DIRS},
    {"mmap.file_self_copy", test_self_copy, T_DIRS},
    {NULL, NULL},
};
