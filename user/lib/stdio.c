/* Bytes, lines and positions of streams. */
#include "libc.h"
#include "stdio_impl.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fileno(FILE *f)
{
    return f->fd >= 0 ? f->fd : __fail(EBADF);
}

int feof(FILE *f)
{
    return (f->flags & F_EOF) != 0;
}

int ferror(FILE *f)
{
    return (f->flags & F_ERROR) != 0;
}

void clearerr(FILE *f)
{
    f->flags &= ~(F_EOF | F_ERROR);
}

int fgetc(FILE *f)
{
    if (f->direction == READING && f->pos < f->end)
        return *f->pos++;
    return __file_fill(f) == EOF ? EOF : *f->pos++;
}

int getc(FILE *f)
{
    return fgetc(f);
}

int getchar(void)
{
    return fgetc(stdin);
}

int ungetc(int c, FILE *f)
{
    if (c == EOF || __file_to_reading(f) == EOF || f->pos == f->buf - UNGET)
        return EOF;
    if (*--f->pos != (unsigned char)c)
        *f->pos = c; /* the bytes of a string stay as they are: it may be constant */
    f->flags &= ~F_EOF;
    return (unsigned char)c;
}

int fputc(int c, FILE *f)
{
    unsigned char byte = c;

    if (f->direction == WRITING && f->pos < f->end) {
        *f->pos++ = byte;
        return byte;
    }
    return __file_put(f, &byte, 1) == 1 ? byte : EOF;
}

int putc(int c, FILE *f)
{
    return fputc(c, f);
}

int putchar(int c)
{
    return fputc(c, stdout);
}

/* Large reads with an empty buffer go straight to the caller's memory. */
size_t fread(void *restrict ptr, size_t size, size_t count, FILE *restrict f)
{
    size_t want, done = 0;

    if (__builtin_mul_overflow(size, count, &want) || !want || __file_to_reading(f) == EOF)
        return 0;
    while (done < want) {
        size_t ready = f->end - f->pos;
        if (ready > want - done)
            ready = want - done;
        memcpy((char *)ptr + done, f->pos, ready);
        f->pos += ready;
        done += ready;
        if (done == want)
            break;
        if (want - done < f->size || (f->flags & F_STRING)) {
            if (__file_fill(f) == EOF)
                break;
            continue;
        }
        ssize_t n = read(f->fd, (char *)ptr + done, want - done);
        if (n <= 0) {
            f->flags |= n == 0 ? F_EOF : F_ERROR;
            break;
        }
        done += n;
    }
    return done / size;
}

size_t fwrite(const void *restrict ptr, size_t size, size_t count, FILE *restrict f)
{
    size_t len;

    if (__builtin_mul_overflow(size, count, &len) || !len)
        return 0;
    return __file_put(f, ptr, len) / size;
}

int fputs(const char *restrict s, FILE *restrict f)
{
    size_t len = strlen(s);

    return __file_put(f, s, len) == len ? 0 : EOF;
}

int puts(const char *s)
{
    return fputs(s, stdout) == EOF ? EOF : fputc('\n', stdout);
}

char *fgets(char *restrict s, int size, FILE *restrict f)
{
    int done = 0;

    while (done < size - 1) {
        int c = fgetc(f);
        if (c == EOF)
            break;
        s[done++] = c;
        if (c == '\n')
            break;
    }
    if (!done || ferror(f))
        return NULL;
    s[done] = 0;
    return s;
}

static int reserve(char **line, size_t *size, size_t need)
{
    if (*line && *size >= need)
        return 0;
    size_t grown = need < 120 ? 120 : need + need / 2;
    char *p = realloc(*line, grown);
    if (!p)
        return -1;
    *line = p;
    *size = grown;
    return 0;
}

ssize_t getdelim(char **restrict line, size_t *restrict size, int delim, FILE *restrict f)
{
    size_t done = 0;
    unsigned char *hit = NULL;

    while (!hit) {
        if ((f->direction != READING || f->pos == f->end) && __file_fill(f) == EOF)
            break;
        hit = memchr(f->pos, delim, f->end - f->pos);
        size_t n = (hit ? hit + 1 : f->end) - f->pos;
        if (reserve(line, size, done + n + 1) < 0) {
            f->flags |= F_ERROR;
            return -1;
        }
        memcpy(*line + done, f->pos, n);
        f->pos += n;
        done += n;
    }
    if (!done || ferror(f))
        return -1;
    (*line)[done] = 0;
    return done;
}

ssize_t getline(char **restrict line, size_t *restrict size, FILE *restrict f)
{
    return getdelim(line, size, '\n', f);
}

int fseeko(FILE *f, off_t off, int whence)
{
    if (__file_to_idle(f) == EOF || lseek(f->fd, off, whence) < 0)
        return -1;
    f->flags &= ~F_EOF;
    return 0;
}

int fseek(FILE *f, long off, int whence)
{
    return fseeko(f, off, whence);
}

off_t ftello(FILE *f)
{
    int at_end = (f->flags & F_APPEND) && f->direction == WRITING;
    off_t at = lseek(f->fd, 0, at_end ? SEEK_END : SEEK_CUR);

    if (at < 0)
        return -1;
    if (f->direction == READING)
        return at - (f->end - f->pos);
    return f->direction == WRITING ? at + (f->pos - f->buf) : at;
}

long ftell(FILE *f)
{
    return ftello(f);
}

void rewind(FILE *f)
{
    fseeko(f, 0, SEEK_SET);
    f->flags &= ~F_ERROR;
}

int fgetpos(FILE *restrict f, fpos_t *restrict pos)
{
    *pos = ftello(f);
    return *pos < 0 ? -1 : 0;
}

int fsetpos(FILE *f, const fpos_t *pos)
{
    return fseeko(f, *pos, SEEK_SET);
}

void perror(const char *s)
{
    int err = errno;

    if (s && *s)
        fprintf(stderr, "%s: %s\n", s, strerror(err));
    else
        fprintf(stderr, "%s\n", strerror(err));
}
