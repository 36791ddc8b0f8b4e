/* See testutil.h. */
#include "testutil.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

uint64_t rnd(uint64_t *state)
{
    /* Steele, Lea and Flood, "Fast splittable pseudorandom number generators": the mix of a Weyl
     * sequence */
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

pid_t xfork(void)
{
    pid_t pid = fork();

    if (pid < 0)
        test_fail(__FILE__, __LINE__, "fork: %m");
    return pid;
}

int status_of(void (*fn)(void *arg), void *arg)
{
    int status;
    pid_t pid = xfork();

    if (pid == 0) {
        fn(arg);
        _exit(0);
    }
    check_int(waitpid(pid, &status, 0), pid);
    return status;
}

void check_killed_at(const char *file, int line, const char *what, void (*fn)(void *), void *arg,
                     int sig)
{
    int status = status_of(fn, arg);

    if (WIFEXITED(status))
        test_fail(file, line, "%s exits with %d, no signal %d", what, WEXITSTATUS(status), sig);
    if (WTERMSIG(status) != sig)
        test_fail(file, line, "%s dies of signal %d, not %d", what, WTERMSIG(status), sig);
}

void check_exit_at(const char *file, int line, pid_t pid, int want)
{
    int status;

    if (waitpid(pid, &status, 0) != pid)
        test_fail(file, line, "waitpid(%d): %m", pid);
    if (!WIFEXITED(status))
        test_fail(file, line, "child died of signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) != want)
        test_fail(file, line, "child's status is %d, not %d", WEXITSTATUS(status), want);
}

void *map_anon(size_t len)
{
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        test_fail(__FILE__, __LINE__, "mmap of %zu bytes: %m", len);
    return p;
}

void keep_small(void *p, size_t len) { (void)madvise(p, len, MADV_NOHUGEPAGE); }

/* write() reads the byte, read() writes it. */
int readable(const void *p)
{
    int fds[2];

    check_ok(pipe(fds));
    ssize_t n = write(fds[1], p, 1);
    close(fds[0]);
    close(fds[1]);
    return n == 1;
}

int writable(void *p)
{
    int fds[2];

    check_ok(pipe(fds));
    check_int(write(fds[1], "w", 1), 1);
    ssize_t n = read(fds[0], p, 1);
    close(fds[0]);
    close(fds[1]);
    return n == 1;
}

void make_file(const char *path, const void *data, size_t len)
{
    int fd = check_ok(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));

    check_int(write(fd, data, len), len);
    check_ok(close(fd));
}

static unsigned char pattern_byte(uint64_t seed, uint64_t off)
{
    uint64_t word = (off / 8 + 1) * 0x9e3779b97f4a7c15 ^ seed * 0xd1342543de82ef95;

    return (word ^ word >> 32) >> off % 8 * 4;
}

void fill_pattern(void *buf, size_t len, uint64_t seed, uint64_t off)
{
    for (size_t i = 0; i < len; i++)
        ((unsigned char *)buf)[i] = pattern_byte(seed, off + i);
}

long check_pattern(const void *buf, size_t len, uint64_t seed, uint64_t off)
{
    for (size_t i = 0; i < len; i++) {
        if (((const unsigned char *)buf)[i] != pattern_byte(seed, off + i))
            return i;
    }
    return -1;
}

char *read_text(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY);
    size_t done = 0;
    ssize_t n;

    if (fd < 0)
        return NULL;
    while (done < size - 1 && (n = read(fd, buf + done, size - 1 - done)) > 0)
        done += n;
    buf[done] = 0;
    close(fd);
    return buf;
}

int put_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY), error = 0;

    if (fd < 0)
        return errno;
    if (write(fd, text, strlen(text)) < 0)
        error = errno;
    close(fd);
    return error;
}

int all_bytes(const void *buf, int byte, size_t len)
{
    const unsigned char *p = buf;

    return len == 0 || (p[0] == byte && memcmp(p, p + 1, len - 1) == 0);
}

uint64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000UL + ts.tv_nsec / 1000;
}

void sleep_ms(int ms)
{
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

    nanosleep(&ts, NULL);
}

uint64_t ram_bytes(void)
{
    struct sysinfo info;

    check_ok(sysinfo(&info));
    return info.totalram * info.mem_unit;
}

long proc_value(const char *path, const char *name)
{
    char text[4096], *at = read_text(path, text, sizeof(text));
    size_t len = strlen(name);

    while (at && *at) {
        if (strncmp(at, name, len) == 0 && (at[len] == ':' || at[len] == ' '))
            return strtol(at + len + 1, NULL, 10);
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    return -1;
}
