/* Numbers from text: integers in any base. */
#include "libc.h"
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

struct number {
    unsigned long magnitude;
    int negative;
    int overflow;
};

static unsigned digit_value(char c)
{
    if (isdigit((unsigned char)c))
        return c - '0';
    if (isalpha((unsigned char)c))
        return tolower((unsigned char)c) - 'a' + 10;
    return 255;
}

/* Skips "0x" only when a hexadecimal digit follows: "0xg" is the number 0 before "xg". */
static const char *skip_prefix(const char *s, int *base)
{
    int hex = s[0] == '0' && (s[1] | 32) == 'x' && isxdigit((unsigned char)s[2]);

    if (hex && (*base == 0 || *base == 16)) {
        *base = 16;
        return s + 2;
    }
    if (*base == 0)
        *base = *s == '0' ? 8 : 10;
    return s;
}

static struct number parse(const char *s, char **end, int base)
{
    struct number num = {0};
    const char *start = s;

    if (end)
        *end = (char *)start;
    if (base < 0 || base == 1 || base > 36) {
        errno = EINVAL;
        return num;
    }
    while (isspace((unsigned char)*s))
        s++;
    num.negative = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    s = skip_prefix(s, &base);
    for (; digit_value(*s) < (unsigned)base; s++) {
        unsigned long next;
        if (__builtin_mul_overflow(num.magnitude, (unsigned long)base, &next) ||
            __builtin_add_overflow(next, (unsigned long)digit_value(*s), &next))
            num.overflow = 1;
        num.magnitude = next;
        if (end)
            *end = (char *)s + 1;
    }
    return num;
}

unsigned long strtoul(const char *restrict s, char **restrict end, int base)
{
    struct number num = parse(s, end, base);

    if (num.overflow) {
        errno = ERANGE;
        return ULONG_MAX;
    }
    return num.negative ? -num.magnitude : num.magnitude;
}

long strtol(const char *restrict s, char **restrict end, int base)
{
    struct number num = parse(s, end, base);
    unsigned long limit = (unsigned long)LONG_MAX + num.negative;

    if (num.overflow || num.magnitude > limit) {
        errno = ERANGE;
        return num.negative ? LONG_MIN : LONG_MAX;
    }
    return (long)(num.negative ? -num.magnitude : num.magnitude);
}

long long strtoll(const char *restrict s, char **restrict end, int base)
{
    return strtol(s, end, base);
}

unsigned long long strtoull(const char *restrict s, char **restrict end, int base)
{
    return strtoul(s, end, base);
}

int atoi(const char *s)
{
    return (int)strtol(s, NULL, 10);
}

long atol(const char *s)
{
    return strtol(s, NULL, 10);
}

long long atoll(const char *s)
{
    return strtol(s, NULL, 10);
}
