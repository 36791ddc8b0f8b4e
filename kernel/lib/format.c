// printf formatting into a bounded buffer, for the log and for /proc.
//
//     %[flags][width][.precision][length]conversion
//
// A number is first written backwards into a scratch array, then laid out as
//     spaces | sign or 0x | zeroes | digits | spaces        (C11 7.21.6.1)
//
// 1. Every character goes through emit(), which counts all and stores only those that fit.
// 2. No memory beyond buf[0 .. size - 1] is written, and buf ends with a 0 when size > 0.
//
// Not here: floating point, %n, wide characters, positional arguments.

#include "lib/format.h"

#include "lib/string.h"

enum { LEFT = 1, PLUS = 2, SPACE = 4, ALT = 8, ZERO = 16, UPPER = 32, SIGNED = 64 };

struct out {
    char *buf;
    size_t size; // of buf
    size_t len;  // characters so far, stored or not
};

struct spec {
    unsigned flags;
    int width;
    int precision; // -1: none given
    int length;    // -2 hh, -1 h, 0, 1 l z j t, 2 ll
};

static inline void emit(struct out *o, char c) {
    if (o->len < o->size)
        o->buf[o->len] = c;
    o->len++;
}

static void emit_repeated(struct out *o, char c, int n) {
    for (; n > 0; n--)
        emit(o, c);
}

static void emit_text(struct out *o, const struct spec *s, const char *text, int len) {
    if (!(s->flags & LEFT))
        emit_repeated(o, ' ', s->width - len);
    for (int i = 0; i < len; i++)
        emit(o, text[i]);
    if (s->flags & LEFT)
        emit_repeated(o, ' ', s->width - len);
}

// Digits of v in base, lowest first. Returns how many; zero has none here.
static int digits_of(uint64_t v, unsigned base, bool upper, char *digits) {
    const char *symbols = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    int n = 0;
    for (; v; v /= base)
        digits[n++] = symbols[v % base];
    return n;
}

static const char *number_prefix(const struct spec *s, bool negative, uint64_t v, unsigned base) {
    if (s->flags & SIGNED)
        return negative ? "-" : s->flags & PLUS ? "+" : s->flags & SPACE ? " " : "";
    if (s->flags & ALT && base == 16 && v)
        return s->flags & UPPER ? "0X" : "0x";
    return "";
}

static void emit_number(struct out *o, const struct spec *s, uint64_t v, bool negative,
                        unsigned base) {
    char digits[24]; // 22 octal digits of 64 bits
    int n = digits_of(v, base, s->flags & UPPER, digits);
    const char *prefix = number_prefix(s, negative, v, base);
    int prefix_len = (int)strlen(prefix);
    int zeroes = (s->precision < 0 ? 1 : s->precision) - n;

    if (zeroes < 0)
        zeroes = 0;
    if (s->flags & ALT && base == 8 && zeroes == 0)
        zeroes = 1;
    int pad = s->width - prefix_len - zeroes - n;
    if (s->flags & ZERO && !(s->flags & LEFT) && s->precision < 0 && pad > 0) {
        zeroes += pad;
        pad = 0;
    }
    if (!(s->flags & LEFT))
        emit_repeated(o, ' ', pad);
    while (*prefix)
        emit(o, *prefix++);
    emit_repeated(o, '0', zeroes);
    while (n)
        emit(o, digits[--n]);
    if (s->flags & LEFT)
        emit_repeated(o, ' ', pad);
}

static const char *parse_flags(const char *f, struct spec *s) {
    for (;; f++) {
        switch (*f) {
        case '-': s->flags |= LEFT; break;
        case '+': s->flags |= PLUS; break;
        case ' ': s->flags |= SPACE; break;
        case '#': s->flags |= ALT; break;
        case '0': s->flags |= ZERO; break;
        default: return f;
        }
    }
}

static const char *parse_length(const char *f, struct spec *s) {
    for (;; f++) {
        switch (*f) {
        case 'l': s->length++; break;
        case 'z': case 'j': case 't': s->length = 1; break;
        case 'h': s->length--; break;
        default: return f;
        }
    }
}

static const char *parse_count(const char *f, int *n) {
    *n = 0;
    for (; *f >= '0' && *f <= '9'; f++)
        if (*n < 100000) // beyond that it is nonsense, but must not overflow
            *n = *n * 10 + (*f - '0');
    return f;
}

static uint64_t narrow_unsigned(uint64_t v, int length) {
    switch (length) {
    case -2: return (uint8_t)v;
    case -1: return (uint16_t)v;
    case 0: return (uint32_t)v;
    default: return v;
    }
}

static int64_t narrow_signed(int64_t v, int length) {
    switch (length) {
    case -2: return (int8_t)v;
    case -1: return (int16_t)v;
    case 0: return (int32_t)v;
    default: return v;
    }
}

// va_list is an array on some machines: passed on inside a struct, it is always a reference.
struct args {
    va_list list;
};

// Takes an integer argument of the right width: int is promoted, long is 64 bits.
static uint64_t next_integer(struct args *a, const struct spec *s) {
    return s->length > 0 ? va_arg(a->list, uint64_t) : (uint64_t)va_arg(a->list, int);
}

static void format_signed(struct out *o, struct spec *s, struct args *a) {
    int64_t v = narrow_signed((int64_t)next_integer(a, s), s->length);
    s->flags |= SIGNED;
    emit_number(o, s, v < 0 ? -(uint64_t)v : (uint64_t)v, v < 0, 10);
}

static void format_unsigned(struct out *o, const struct spec *s, struct args *a, unsigned base) {
    emit_number(o, s, narrow_unsigned(next_integer(a, s), s->length), false, base);
}

static void format_string(struct out *o, const struct spec *s, const char *text) {
    if (!text)
        text = "(null)";
    size_t max = s->precision < 0 ? 0x7fffffff : (size_t)s->precision;
    emit_text(o, s, text, (int)strnlen(text, max));
}

static void format_one(struct out *o, struct spec *s, char conversion, struct args *a) {
    char c;
    switch (conversion) {
    case 'd': case 'i':
        format_signed(o, s, a);
        break;
    case 'u':
        format_unsigned(o, s, a, 10);
        break;
    case 'o':
        format_unsigned(o, s, a, 8);
        break;
    case 'X':
        s->flags |= UPPER;
        format_unsigned(o, s, a, 16);
        break;
    case 'x':
        format_unsigned(o, s, a, 16);
        break;
    case 'p':
        s->flags |= ALT;
        s->length = 1;
        format_unsigned(o, s, a, 16);
        break;
    case 'c':
        c = (char)va_arg(a->list, int);
        emit_text(o, s, &c, 1);
        break;
    case 's':
        format_string(o, s, va_arg(a->list, const char *));
        break;
    case '%':
        emit(o, '%');
        break;
    default: // unknown: shown as it stands
        emit(o, '%');
        emit(o, conversion);
    }
}

// Reads a specification from f (after the %); returns the address of its conversion letter.
static const char *parse_spec(const char *f, struct spec *s, struct args *a) {
    *s = (struct spec){.precision = -1};
    f = parse_flags(f, s);
    if (*f == '*') {
        s->width = va_arg(a->list, int);
        if (s->width < 0) {
            s->flags |= LEFT;
            s->width = -s->width;
        }
        f++;
    } else {
        f = parse_count(f, &s->width);
    }
    if (*f == '.' && f[1] == '*') {
        s->precision = va_arg(a->list, int);
        f += 2;
    } else if (*f == '.') {
        f = parse_count(f + 1, &s->precision);
    }
    return parse_length(f, s);
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list list) {
    struct out o = {buf, size, 0};
    struct args a;
    struct spec s;

    va_copy(a.list, list);
    for (const char *f = fmt; *f; f++) {
        if (*f != '%') {
            emit(&o, *f);
            continue;
        }
        f = parse_spec(f + 1, &s, &a);
        if (!*f)
            break;
        format_one(&o, &s, *f, &a);
    }
    va_end(a.list);
    if (size)
        buf[o.len < size ? o.len : size - 1] = '\0';
    return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...) {
    va_list list;
    va_start(list, fmt);
    int n = vsnprintf(buf, size, fmt, list);
    va_end(list);
    return n;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...) {
    va_list list;
    va_start(list, fmt);
    int n = vsnprintf(buf, size, fmt, list);
    va_end(list);
    return size == 0 ? 0 : min(n, (int)size - 1);
}
