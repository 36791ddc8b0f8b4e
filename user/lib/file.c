/* Streams: buffers, and moving them between idle, reading and writing. */
#include "libc.h"
#include "stdio_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned char stdin_buf[UNGET + BUFSIZ];
static unsigned char stdout_buf[UNGET + BUFSIZ];
static unsigned char stderr_buf[UNGET + 1];

FILE __stdin = {.fd = 0, .flags = F_CANREAD, .mode = BUF_UNKNOWN,
                .buf = stdin_buf + UNGET, .size = BUFSIZ};
FILE __stdout = {.fd = 1, .flags = F_CANWRITE, .mode = BUF_UNKNOWN,
                 .buf = stdout_buf + UNGET, .size = BUFSIZ};
FILE __stderr = {.fd = 2, .flags = F_CANWRITE, .mode = _IONBF,
                 .buf = stderr_buf + UNGET, .size = 1};

static FILE *open_files;

static void flush_at_exit(void)
{
    __file_flush(stdout);
    for (FILE *f = open_files; f; f = f->next)
        __file_to_idle(f);
}

int __file_flush(FILE *f)
{
    unsigned char *p = f->buf;

    if (f->direction != WRITING)
        return 0;
    while (p < f->pos) {
        ssize_t n = write(f->fd, p, f->pos - p);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            f->flags |= F_ERROR;
            f->pos = f->buf;
            return EOF;
        }
        p += n;
    }
    f->pos = f->buf;
    return 0;
}

/* Writes what is pending; gives back what was read ahead, where the descriptor can seek. */
int __file_to_idle(FILE *f)
{
    int r = __file_flush(f);

    if (f->direction == READING && f->pos < f->end && !(f->flags & F_STRING)) {
        int saved = errno;
        lseek(f->fd, f->pos - f->end, SEEK_CUR);
        errno = saved;
    }
    f->direction = IDLE;
    f->pos = f->end = NULL;
    return r;
}

static int get_buffer(FILE *f)
{
    if (f->buf)
        return 0;
    size_t size = f->mode == _IONBF ? 1 : BUFSIZ;
    unsigned char *p = malloc(UNGET + size);
    if (!p)
        return EOF;
    f->buf = p + UNGET;
    f->size = size;
    f->flags |= F_OWNBUF;
    return 0;
}

int __file_to_reading(FILE *f)
{
    if (f->direction == READING)
        return 0;
    if (!(f->flags & F_CANREAD)) {
        f->flags |= F_ERROR;
        return __fail(EBADF);
    }
    if (__file_to_idle(f) == EOF || get_buffer(f) == EOF)
        return EOF;
    f->direction = READING;
    f->pos = f->end = f->buf;
    __exit_flush = flush_at_exit;
    return 0;
}

int __file_to_writing(FILE *f)
{
    if (f->direction == WRITING)
        return 0;
    if (!(f->flags & F_CANWRITE)) {
        f->flags |= F_ERROR;
        return __fail(EBADF);
    }
    if (__file_to_idle(f) == EOF || get_buffer(f) == EOF)
        return EOF;
    if (f->mode == BUF_UNKNOWN) {
        int saved = errno;
        f->mode = isatty(f->fd) ? _IOLBF : _IOFBF;
        errno = saved;
    }
    f->direction = WRITING;
    f->pos = f->buf;
    f->end = f->buf + (f->mode == _IOFBF ? f->size : 0);
    __exit_flush = flush_at_exit;
    return 0;
}

/* The next byte's buffer, after the present one is used up.  A prompt is shown before we wait. */
int __file_fill(FILE *f)
{
    if (__file_to_reading(f) == EOF)
        return EOF;
    if (f->flags & F_STRING) {
        f->flags |= F_EOF;
        return EOF;
    }
    if (f == stdin && stdout->mode != _IOFBF)
        __file_flush(stdout);
    ssize_t n = read(f->fd, f->buf, f->size);
    if (n <= 0) {
        f->flags |= n == 0 ? F_EOF : F_ERROR;
        f->pos = f->end = f->buf;
        return EOF;
    }
    f->pos = f->buf;
    f->end = f->buf + n;
    return 0;
}

/* Data as large as the buffer goes past it. */
static size_t put_direct(FILE *f, const unsigned char *data, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = write(f->fd, data + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            f->flags |= F_ERROR;
            break;
        }
        done += n;
    }
    return done;
}

size_t __file_put(FILE *f, const void *data, size_t len)
{
    if (__file_to_writing(f) == EOF)
        return 0;
    if (f->mode == _IONBF)
        return put_direct(f, data, len);
    if (len > (size_t)(f->buf + f->size - f->pos)) {
        if (__file_flush(f) == EOF)
            return 0;
        if (len >= f->size)
            return put_direct(f, data, len);
    }
    memcpy(f->pos, data, len);
    f->pos += len;
    if (f->mode == _IOLBF && memrchr(data, '\n', len) && __file_flush(f) == EOF)
        return 0;
    return len;
}

int fflush(FILE *f)
{
    int r = 0;

    if (f)
        return __file_to_idle(f);
    r = __file_flush(stdout);
    for (f = open_files; f; f = f->next)
        r |= __file_flush(f);
    return r;
}

static int parse_mode(const char *mode, int *flags)
{
    int plus = strchr(mode, '+') != NULL;
    int open_flags;

    switch (*mode) {
    case 'r':
        open_flags = 0;
        break;
    case 'w':
        open_flags = O_CREAT | O_TRUNC;
        break;
    case 'a':
        open_flags = O_CREAT | O_APPEND;
        break;
    default:
        return __fail(EINVAL);
    }
    *flags = plus ? F_CANREAD | F_CANWRITE : *mode == 'r' ? F_CANREAD : F_CANWRITE;
    if (*mode == 'a')
        *flags |= F_APPEND;
    open_flags |= plus ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;
    if (strchr(mode, 'x'))
        open_flags |= O_EXCL;
    if (strchr(mode, 'e'))
        open_flags |= O_CLOEXEC;
    return open_flags;
}

FILE *fdopen(int fd, const char *mode)
{
    int flags;

    if (parse_mode(mode, &flags) < 0)
        return NULL;
    FILE *f = calloc(1, sizeof(*f));
    if (!f)
        return NULL;
    f->fd = fd;
    f->flags = flags | F_MALLOCED;
    f->mode = BUF_UNKNOWN;
    f->next = open_files;
    f->link = &open_files;
    if (open_files)
        open_files->link = &f->next;
    open_files = f;
    return f;
}

FILE *fopen(const char *restrict path, const char *restrict mode)
{
    int flags;
    int open_flags = parse_mode(mode, &flags);

    if (open_flags < 0)
        return NULL;
    int fd = open(path, open_flags, 0666);
    if (fd < 0)
        return NULL;
    FILE *f = fdopen(fd, mode);
    if (!f)
        close(fd);
    return f;
}

static int close_stream(FILE *f)
{
    int r = __file_to_idle(f);

    if (close(f->fd) < 0)
        r = EOF;
    if (f->flags & F_OWNBUF) {
        free(f->buf - UNGET);
        f->buf = NULL;
    }
    return r;
}

int fclose(FILE *f)
{
    int r = close_stream(f);

    if (f->flags & F_MALLOCED) {
        *f->link = f->next;
        if (f->next)
            f->next->link = f->link;
        free(f);
    } else {
        f->flags = 0;
        f->fd = -1;
    }
    return r;
}

FILE *freopen(const char *restrict path, const char *restrict mode, FILE *restrict f)
{
    int flags;
    int open_flags = parse_mode(mode, &flags);
    int fd = f->fd;

    if (open_flags < 0 || !path)
        return NULL;
    __file_to_idle(f);
    int opened = open(path, open_flags, 0666);
    if (opened < 0) {
        fclose(f);
        return NULL;
    }
    if (fd >= 0 && opened != fd) {
        dup3(opened, fd, open_flags & O_CLOEXEC);
        close(opened);
        opened = fd;
    }
    f->fd = opened;
    f->flags = (f->flags & (F_MALLOCED | F_OWNBUF)) | flags;
    return f;
}

int setvbuf(FILE *restrict f, char *restrict buf, int mode, size_t size)
{
    if (mode < _IOFBF || mode > _IONBF)
        return __fail(EINVAL);
    __file_to_idle(f);
    f->mode = mode;
    if (buf && size > UNGET) {
        if (f->flags & F_OWNBUF)
            free(f->buf - UNGET);
        f->flags &= ~F_OWNBUF;
        f->buf = (unsigned char *)buf + UNGET;
        f->size = size - UNGET;
    }
    return 0;
}

void setbuf(FILE *restrict f, char *restrict buf)
{
    setvbuf(f, buf, buf ? _IOFBF : _IONBF, BUFSIZ);
}

void setlinebuf(FILE *f)
{
    setvbuf(f, NULL, _IOLBF, 0);
}
