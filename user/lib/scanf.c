/*
 * The scanf family: %[*][width][hh h l ll z j]{d i u o x X p c s n [set] f %}.
 *
 * Input is read from a stream one byte at a time with one byte pushed back; a string is a stream
 * whose buffer is the string.
 */
#include "stdio_impl.h"
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 64

struct scan {
    FILE *f;
    long consumed;
    int width; /* of the present conversion, 0: not limited */
    int bytes; /* size of an integer */
    int skip;  /* %*: do not store */
};

static int next(struct scan *s)
{
    int c = fgetc(s->f);

    s->consumed += c != EOF;
    return c;
}

static void back(struct scan *s, int c)
{
    if (c != EOF) {
        ungetc(c, s->f);
        s->consumed--;
    }
}

static void skip_space(struct scan *s)
{
    int c;

    while (isspace(c = next(s)))
        ;
    back(s, c);
}

static void store(const struct scan *s, void *out, uint64_t v)
{
    if (s->skip)
        return;
    if (s->bytes == 8)
        *(uint64_t *)out = v;
    else if (s->bytes == 4)
        *(uint32_t *)out = (uint32_t)v;
    else if (s->bytes == 2)
        *(uint16_t *)out = (uint16_t)v;
    else
        *(uint8_t *)out = (uint8_t)v;
}

/* Characters that may stand in a number of this kind at this place. */
static int number_char(int c, const char *so_far, int len, int base, int is_float)
{
    if (c == EOF)
        return 0;
    if (isdigit(c))
        return base != 8 || c < '8';
    if (c == '-' || c == '+')
        return len == 0 || (is_float && (so_far[len - 1] | 32) == 'e');
    if (is_float)
        return c == '.' || (c | 32) == 'e';
    if ((c | 32) == 'x')
        return base != 10 && base != 8 && len && so_far[len - 1] == '0' && len <= 2;
    return base != 10 && base != 8 && isxdigit(c);
}

/* Collects the text of a number; returns its length. */
static int collect(struct scan *s, char *buf, int base, int is_float)
{
    int limit = s->width && s->width < NUMBER_MAX - 1 ? s->width : NUMBER_MAX - 1;
    int len = 0, c = EOF;

    skip_space(s);
    while (len < limit && number_char(c = next(s), buf, len, base, is_float))
        buf[len++] = c;
    if (len < limit)
        back(s, c);
    buf[len] = 0;
    return len;
}

static int scan_integer(struct scan *s, int base, void *out)
{
    char buf[NUMBER_MAX], *end;

    if (!collect(s, buf, base, 0))
        return 0;
    uint64_t v = *buf == '-' ? (uint64_t)strtol(buf, &end, base) : strtoul(buf, &end, base);
    if (end == buf)
        return 0;
    store(s, out, v);
    return 1;
}

static int scan_float(struct scan *s, void *out)
{
    char buf[NUMBER_MAX], *end;

    if (!collect(s, buf, 10, 1))
        return 0;
    double v = strtod(buf, &end);
    if (end == buf)
        return 0;
    if (!s->skip && s->bytes == 8)
        *(double *)out = v;
    else if (!s->skip)
        *(float *)out = (float)v;
    return 1;
}

/* Bytes of a set (one flag each) up to the width; %c takes any, and adds no zero byte. */
static int scan_bytes(struct scan *s, const unsigned char *set, char *out, int terminate)
{
    int limit = s->width ? s->width : terminate ? 0x7fffffff : 1;
    int len = 0, c = EOF;

    while (len < limit && (c = next(s)) != EOF && set[c]) {
        if (!s->skip)
            out[len] = c;
        len++;
    }
    if (len < limit)
        back(s, c);
    if (!s->skip && terminate)
        out[len] = 0;
    return len;
}

/* p is behind '['; fills the set and returns p behind ']'. */
static const char *parse_set(const char *p, unsigned char *set)
{
    int negated = *p == '^';

    p += negated;
    memset(set, negated, 256);
    for (const char *first = p; *p && (*p != ']' || p == first); p++) {
        unsigned char low = *p, high = low;
        if (p[1] == '-' && p[2] && p[2] != ']') {
            p += 2;
            high = *p;
        }
        for (int c = low; c <= high; c++)
            set[c] = !negated;
    }
    return *p ? p + 1 : p;
}

static const char *parse_prefix(const char *p, struct scan *s)
{
    s->skip = *p == '*';
    p += s->skip;
    for (s->width = 0; isdigit((unsigned char)*p); p++)
        s->width = s->width * 10 + *p - '0';
    for (s->bytes = 4;; p++) {
        if (*p == 'h')
            s->bytes /= 2;
        else if (*p == 'l' || *p == 'z' || *p == 'j' || *p == 't')
            s->bytes = 8;
        else
            return p;
    }
}

/* One conversion at *p, which moves behind it.  1: matched, 0: not, -1: nothing to count. */
static int convert(struct scan *s, const char **p, va_list *ap)
{
    unsigned char set[256];
    char conv = *(*p)++;

    if (conv == '%') {
        skip_space(s);
        int c = next(s);
        if (c == '%')
            return -1;
        back(s, c);
        return 0;
    }
    void *out = s->skip ? NULL : va_arg(*ap, void *);
    switch (conv) {
    case 'd':
    case 'u':
        return scan_integer(s, 10, out);
    case 'i':
        return scan_integer(s, 0, out);
    case 'o':
        return scan_integer(s, 8, out);
    case 'p':
        s->bytes = 8;
        return scan_integer(s, 16, out);
    case 'x':
    case 'X':
        return scan_integer(s, 16, out);
    case 'e':
    case 'f':
    case 'g':
        return scan_float(s, out);
    case 'c':
        memset(set, 1, sizeof(set));
        return scan_bytes(s, set, out, 0) == (s->width ? s->width : 1);
    case 's':
        skip_space(s);
        for (int c = 0; c < 256; c++)
            set[c] = !isspace(c);
        return scan_bytes(s, set, out, 1) > 0;
    case '[':
        *p = parse_set(*p, set);
        return scan_bytes(s, set, out, 1) > 0;
    case 'n':
        store(s, out, s->consumed);
        return -1;
    default:
        return 0;
    }
}

int vfscanf(FILE *restrict f, const char *restrict format, va_list args)
{
    const char *fmt = format;
    struct scan s = {.f = f};
    int stored = 0, failed = 0;
    va_list ap;

    va_copy(ap, args);
    while (*fmt) {
        if (isspace((unsigned char)*fmt)) {
            skip_space(&s);
            fmt++;
        } else if (*fmt != '%') {
            int c = next(&s);
            if (c != (unsigned char)*fmt++) {
                back(&s, c);
                failed = 1;
                break;
            }
        } else {
            fmt = parse_prefix(fmt + 1, &s);
            int r = convert(&s, &fmt, &ap);
            if (r == 0) {
                failed = 1;
                break;
            }
            stored += r > 0 && !s.skip;
        }
    }
    va_end(ap);
    return !stored && failed && feof(f) ? EOF : stored;
}

int vsscanf(const char *restrict s, const char *restrict fmt, va_list ap)
{
    size_t len = strlen(s);
    unsigned char *text = (unsigned char *)s;
    FILE f = {.fd = -1, .flags = F_CANREAD | F_STRING, .direction = READING, .size = len,
              .buf = text, .pos = text, .end = text + len};

    return vfscanf(&f, fmt, ap);
}

int scanf(const char *restrict fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vfscanf(stdin, fmt, ap);
    va_end(ap);
    return n;
}

int fscanf(FILE *restrict f, const char *restrict fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vfscanf(f, fmt, ap);
    va_end(ap);
    return n;
}

int sscanf(const char *restrict s, const char *restrict fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsscanf(s, fmt, ap);
    va_end(ap);
    return n;
}
