/* The printf family: sinks for __format(). */
#include "libc.h"
#include "stdio_impl.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct string_sink {
    struct sink sink;
    char *out;
    size_t size; /* of out, with the zero byte */
};

static void put_string(struct sink *s, const char *text, size_t len)
{
    struct string_sink *ss = (struct string_sink *)s;

    if (s->total < ss->size) {
        size_t room = ss->size - s->total;
        memcpy(ss->out + s->total, text, len < room ? len : room);
    }
    s->total += len;
}

struct file_sink {
    struct sink sink;
    FILE *file;
    int failed;
};

static void put_file(struct sink *s, const char *text, size_t len)
{
    struct file_sink *fs = (struct file_sink *)s;

    if (len && __file_put(fs->file, text, len) != len)
        fs->failed = 1;
    s->total += len;
}

int vsnprintf(char *restrict s, size_t size, const char *restrict fmt, va_list ap)
{
    struct string_sink ss = {{put_string, 0}, s, size ? size - 1 : 0};

    __format(&ss.sink, fmt, ap);
    if (size)
        s[ss.sink.total < size ? ss.sink.total : size - 1] = 0;
    return ss.sink.total > INT_MAX ? __fail(EOVERFLOW) : (int)ss.sink.total;
}

int vsprintf(char *restrict s, const char *restrict fmt, va_list ap)
{
    return vsnprintf(s, (size_t)INT_MAX + 1, fmt, ap);
}

int vasprintf(char **restrict out, const char *restrict fmt, va_list ap)
{
    int len = vsnprintf(NULL, 0, fmt, ap);

    *out = len < 0 ? NULL : malloc(len + 1UL);
    return *out ? vsnprintf(*out, len + 1UL, fmt, ap) : -1;
}

/* An unbuffered stream gets a buffer for the length of the call, so that a message is one write. */
int vfprintf(FILE *restrict f, const char *restrict fmt, va_list ap)
{
    struct file_sink fs = {{put_file, 0}, f, 0};
    unsigned char buf[256];
    FILE saved = *f;

    if (f->mode == _IONBF) {
        if (__file_to_writing(f) == EOF)
            return -1;
        saved = *f;
        f->mode = _IOFBF;
        f->buf = f->pos = buf;
        f->size = sizeof(buf);
    }
    __format(&fs.sink, fmt, ap);
    if (saved.mode == _IONBF) {
        fs.failed |= __file_flush(f) == EOF;
        saved.flags = f->flags;
        *f = saved;
    }
    return fs.failed ? -1 : (int)fs.sink.total;
}

int vdprintf(int fd, const char *restrict fmt, va_list ap)
{
    FILE f = {.fd = fd, .flags = F_CANWRITE, .mode = _IONBF};
    unsigned char none[1];

    f.buf = none;
    f.size = 1;
    return vfprintf(&f, fmt, ap);
}

int vprintf(const char *restrict fmt, va_list ap)
{
    return vfprintf(stdout, fmt, ap);
}

int printf(const char *restrict fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vfprintf(stdout, fmt, ap);
    va_end(ap);
    return n;
}

int fprintf(FILE *restrict f, const char *restrict fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vfprintf(f, fmt, ap);
    va_end(ap);
    return n;
}

int dprintf(int fd, const char *restrict fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vdprintf(fd, fmt, ap);
    va_end(ap);
    return n;
}

int sprintf(char *restrict s, const char *restrict fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsprintf(s, fmt, ap);
    va_end(ap);
    return n;
}

int snprintf(char *restrict s, size_t size, const char *restrict fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(s, size, fmt, ap);
    va_end(ap);
    return n;
}

int asprintf(char **restrict out, const char *restrict fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vasprintf(out, fmt, ap);
    va_end(ap);
    return n;
}
