/*
 * malloc: a line for each call, in a file, in glibc's format:
 *
 *   = Start
 *   @ /bin/leak:[0x101f4] + 0x18010 0x64      malloc of 0x64 bytes, called from there
 *   @ /bin/leak:[0x10204] - 0x18010           free
 *   @ /bin/leak:[0x10210] < 0x18010           realloc: this block
 *   @ /bin/leak:[0x10210] > 0x18090 0x100     became that one
 *   = End
 *
 * MALLOC_TRACE names the file.  It leaves the environment when tracing starts, as programs that
 * this one starts would write over it; a forked child does not write.  While tracing, no block goes
 * through the cache, so that every call is seen.  Lines are written at once: they are there even if
 * the program crashes.
 */
#include "malloc/chunk.h"
#include <fcntl.h>
#include <mcheck.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    int fd;
    pid_t pid;
    size_t cache_limit; /* what it was */
    char program[256];
} trace = {.fd = -1};

static char *put_hex(char *out, size_t n)
{
    char digits[20], *p = digits + sizeof(digits);

    do {
        *--p = "0123456789abcdef"[n % 16];
        n /= 16;
    } while (n);
    out = stpcpy(out, "0x");
    return mempcpy(out, p, digits + sizeof(digits) - p);
}

static void put_line(const char *text)
{
    write(trace.fd, text, strlen(text));
}

static void record(int what, const void *block, size_t size, const void *caller)
{
    char line[400], *out = line;

    if (!block || getpid() != trace.pid)
        return;
    out = stpcpy(stpcpy(stpcpy(out, "@ "), trace.program), ":[");
    out = stpcpy(put_hex(out, (size_t)caller), "] ");
    *out++ = (char)what;
    *out++ = ' ';
    out = put_hex(out, (size_t)block);
    if (what == '+' || what == '>') {
        *out++ = ' ';
        out = put_hex(out, size);
    }
    *out++ = '\n';
    write(trace.fd, line, out - line);
}

void mtrace(void)
{
    const char *path = getenv("MALLOC_TRACE");

    if (trace.fd >= 0 || !path || !*path)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0)
        return;
    trace.fd = fcntl(fd, F_DUPFD_CLOEXEC, 10); /* out of the way of a program that counts its own */
    close(fd);
    if (trace.fd < 0)
        return;
    unsetenv("MALLOC_TRACE");
    ssize_t n = readlink("/proc/self/exe", trace.program, sizeof(trace.program) - 1);
    trace.program[n > 0 ? n : 0] = 0;
    trace.pid = getpid();
    put_line("= Start\n");
    __malloc_flush();
    trace.cache_limit = __malloc_cache_limit;
    __malloc_cache_limit = 0;
    __malloc_tracer = record;
}

void muntrace(void)
{
    if (trace.fd < 0)
        return;
    __malloc_tracer = NULL;
    __malloc_cache_limit = trace.cache_limit;
    put_line("= End\n");
    close(trace.fd);
    trace.fd = -1;
}
