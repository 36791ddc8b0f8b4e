/*
 * The printf format language, into a sink.
 *
 * %[-+ #0][width][.prec][hh h l ll z j t]{d i u o x X c s p n f F e E g G m %}.  Not supported:
 * long double, wide characters, %a, numbered arguments.
 */
#include "stdio_impl.h"
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

struct spec {
    unsigned char left, plus, space, alt, zero;
    int width;
    int prec;  /* -1: none given */
    int bytes; /* size of an integer argument */
};

static void pad(struct sink *s, char c, long n)
{
    char block[32];

    if (n <= 0)
        return;
    memset(block, c, n < 32 ? n : 32);
    for (; n > 0; n -= 32)
        s->put(s, block, n < 32 ? n : 32);
}

/* prefix (sign or "0x"), then zeros, then the text, filled up to the width */
static void emit(struct sink *s, const struct spec *sp, const char *prefix, long zeros,
                 const char *text, size_t len)
{
    size_t prefix_len = strlen(prefix);
    long fill = sp->width - (long)(prefix_len + len) - zeros;

    if (!sp->left && !sp->zero)
        pad(s, ' ', fill);
    s->put(s, prefix, prefix_len);
    if (!sp->left && sp->zero)
        pad(s, '0', fill);
    pad(s, '0', zeros);
    s->put(s, text, len);
    if (sp->left)
        pad(s, ' ', fill);
}

static const char *sign_of(const struct spec *sp, int negative)
{
    return negative ? "-" : sp->plus ? "+" : sp->space ? " " : "";
}

static uint64_t integer_argument(const struct spec *sp, int is_signed, va_list *ap)
{
    if (sp->bytes == 8)
        return va_arg(*ap, uint64_t);
    int v = va_arg(*ap, int);
    if (sp->bytes == 1)
        return is_signed ? (uint64_t)(signed char)v : (unsigned char)v;
    if (sp->bytes == 2)
        return is_signed ? (uint64_t)(short)v : (unsigned short)v;
    return is_signed ? (uint64_t)v : (unsigned)v;
}

static void format_integer(struct sink *s, struct spec *sp, char conv, uint64_t v)
{
    const char *digits = conv == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    unsigned base = conv == 'o' ? 8 : (conv | 32) == 'x' || conv == 'p' ? 16 : 10;
    const char *prefix = "";
    char buf[24], *p = buf + sizeof(buf);

    if (conv == 'd') {
        prefix = sign_of(sp, (int64_t)v < 0);
        if ((int64_t)v < 0)
            v = -v;
    } else if (conv == 'p' || (sp->alt && base == 16 && v)) {
        prefix = conv == 'X' ? "0X" : "0x";
    }
    for (uint64_t left = v; left; left /= base)
        *--p = digits[left % base];
    long len = buf + sizeof(buf) - p;
    long zeros = (sp->prec < 0 ? 1 : sp->prec) - len;
    if (sp->alt && base == 8 && zeros <= 0)
        zeros = len ? 1 : zeros;
    if (sp->prec >= 0)
        sp->zero = 0;
    emit(s, sp, prefix, zeros > 0 ? zeros : 0, p, len);
}

static void format_float(struct sink *s, struct spec *sp, char conv, double v)
{
    char buf[FLOAT_MAX_PREC + 340];
    char prefix[2] = {0};
    int prec = sp->prec < 0 ? 6 : sp->prec;

    if (prec > FLOAT_MAX_PREC)
        prec = FLOAT_MAX_PREC;
    prefix[0] = *sign_of(sp, __builtin_signbit(v) != 0);
    if (v != v || v - v != 0) { /* not a number, or infinite */
        const char *name = v != v ? "nan" : "inf";
        if (isupper((unsigned char)conv))
            name = v != v ? "NAN" : "INF";
        sp->zero = 0;
        emit(s, sp, prefix, 0, name, 3);
        return;
    }
    size_t len = __format_float(buf, __builtin_fabs(v), prec, conv, sp->alt);
    emit(s, sp, prefix, 0, buf, len);
}

static void format_string(struct sink *s, struct spec *sp, const char *text)
{
    if (!text)
        text = "(null)";
    sp->zero = 0;
    emit(s, sp, "", 0, text, sp->prec < 0 ? strlen(text) : strnlen(text, sp->prec));
}

static const char *parse_number(const char *p, int *out, va_list *ap)
{
    if (*p == '*') {
        *out = va_arg(*ap, int);
        return p + 1;
    }
    for (*out = 0; isdigit((unsigned char)*p); p++) {
        if (*out < 100000000)
            *out = *out * 10 + *p - '0';
    }
    return p;
}

static const char *parse_size(const char *p, struct spec *sp)
{
    sp->bytes = sizeof(int);
    for (;; p++) {
        if (*p == 'h')
            sp->bytes /= 2;
        else if (*p == 'l' || *p == 'z' || *p == 'j' || *p == 't' || *p == 'L')
            sp->bytes = 8;
        else
            return p;
    }
}

static const char *parse_spec(const char *p, struct spec *sp, va_list *ap)
{
    *sp = (struct spec){.prec = -1};
    for (;; p++) {
        if (*p == '-')
            sp->left = 1;
        else if (*p == '+')
            sp->plus = 1;
        else if (*p == ' ')
            sp->space = 1;
        else if (*p == '#')
            sp->alt = 1;
        else if (*p == '0')
            sp->zero = 1;
        else
            break;
    }
    p = parse_number(p, &sp->width, ap);
    if (sp->width < 0) {
        sp->left = 1;
        sp->width = -sp->width;
    }
    if (*p == '.')
        p = parse_number(p + 1, &sp->prec, ap);
    return parse_size(p, sp);
}

static void format_one(struct sink *s, struct spec *sp, char conv, va_list *ap)
{
    char c;

    switch (conv) {
    case 'd':
    case 'i':
        format_integer(s, sp, 'd', integer_argument(sp, 1, ap));
        break;
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        format_integer(s, sp, conv, integer_argument(sp, 0, ap));
        break;
    case 'p':
        format_integer(s, sp, conv, va_arg(*ap, uintptr_t));
        break;
    case 'c':
        c = va_arg(*ap, int);
        sp->zero = 0;
        emit(s, sp, "", 0, &c, 1);
        break;
    case 's':
        format_string(s, sp, va_arg(*ap, const char *));
        break;
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
        format_float(s, sp, conv, va_arg(*ap, double));
        break;
    case 'n':
        *va_arg(*ap, int *) = (int)s->total;
        break;
    default: /* not a conversion: shown as it stands */
        s->put(s, "%", conv != '%');
        s->put(s, &conv, 1);
    }
}

void __format(struct sink *s, const char *fmt, va_list args)
{
    int saved_errno = errno;
    struct spec sp;
    va_list ap;

    va_copy(ap, args);
    while (*fmt) {
        const char *percent = strchrnul(fmt, '%');
        if (percent > fmt)
            s->put(s, fmt, percent - fmt);
        if (!*percent)
            break;
        fmt = parse_spec(percent + 1, &sp, &ap);
        if (!*fmt)
            break;
        if (*fmt == 'm')
            format_string(s, &sp, strerror(saved_errno));
        else
            format_one(s, &sp, *fmt, &ap);
        fmt++;
    }
    va_end(ap);
}
