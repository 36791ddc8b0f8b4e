/*
 * Floating-point numbers from decimal text, correctly rounded (to nearest, ties to even).
 *
 * Small cases are one exact multiplication or division.  Otherwise the digits become a large
 * integer that is multiplied or divided by the power of ten exactly; its top 64 bits, and whether
 * anything below them is nonzero, decide the rounding.  800 digits are enough: no double's midpoint
 * has more than 767.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_DIGITS 800
#define LIMBS      200 /* of 32 bits: 800 digits, shifted to make room for a quotient */

struct big {
    int n; /* limbs in use, the lowest first */
    uint32_t limb[LIMBS];
};

struct decimal {
    int digits;     /* of the mantissa, without leading zeros, at most MAX_DIGITS */
    long exponent;  /* value = mantissa * 10^exponent */
    uint64_t small; /* the mantissa when it has at most 19 digits */
    const char *first;
};

static void big_mul_add(struct big *b, uint32_t factor, uint32_t carry)
{
    uint64_t acc = carry;

    for (int i = 0; i < b->n; i++) {
        acc += (uint64_t)b->limb[i] * factor;
        b->limb[i] = (uint32_t)acc;
        acc >>= 32;
    }
    if (acc)
        b->limb[b->n++] = (uint32_t)acc;
}

static uint32_t big_div(struct big *b, uint32_t divisor)
{
    uint64_t rest = 0;

    for (int i = b->n - 1; i >= 0; i--) {
        rest = rest << 32 | b->limb[i];
        b->limb[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
    while (b->n && !b->limb[b->n - 1])
        b->n--;
    return (uint32_t)rest;
}

static void big_shift_limbs(struct big *b, int limbs)
{
    memmove(b->limb + limbs, b->limb, b->n * sizeof(b->limb[0]));
    memset(b->limb, 0, limbs * sizeof(b->limb[0]));
    b->n += limbs;
}

/* The 64 highest bits, the top one set; *exponent grows by the place of the lowest. */
static uint64_t big_top(const struct big *b, long *exponent, int *sticky)
{
    uint64_t high = 0;
    int lowest = b->n - 3; /* three limbs hold 64 bits after any shift */

    for (int i = b->n - 1; i >= b->n - 2; i--)
        high = high << 32 | (i >= 0 ? b->limb[i] : 0);
    uint32_t next = lowest >= 0 ? b->limb[lowest] : 0;
    int shift = 0;
    for (; !(high >> 63); shift++) {
        high = high << 1 | next >> 31;
        next <<= 1;
    }
    *exponent += 32L * (b->n - 2) - shift;
    *sticky |= next != 0;
    for (int i = 0; i < lowest; i++)
        *sticky |= b->limb[i] != 0;
    return high;
}

/* mantissa * 2^exponent (+ a bit if sticky), the mantissa's top bit set, as a double */
static double round_to_double(uint64_t mantissa, long exponent, int sticky)
{
    long top = exponent + 63; /* the value is in [2^top, 2^(top+1)) */
    int drop = top >= -1022 ? 11 : (int)(11 + (-1022 - top));
    union {
        uint64_t bits;
        double value;
    } result;

    if (top > 1023 || drop > 64) {
        errno = ERANGE;
        return top > 1023 ? __builtin_inf() : 0;
    }
    uint64_t kept = drop == 64 ? 0 : mantissa >> drop;
    uint64_t half = 1UL << (drop - 1);
    uint64_t rest = mantissa & (half | (half - 1));
    if (rest > half || (rest == half && (sticky || (kept & 1))))
        kept++;
    /* a carry out of the mantissa moves into the exponent field, which is what it should do */
    result.bits = top >= -1022 ? ((uint64_t)(top + 1022) << 52) + kept : kept;
    if (result.value == __builtin_inf() || top < -1022)
        errno = ERANGE;
    return result.value;
}

static double exact(const struct decimal *d)
{
    struct big b = {0};
    long e10 = d->exponent, e2 = 0;
    int sticky = 0;

    for (int i = 0, seen = 0; seen < d->digits; i++) {
        if (d->first[i] != '.') {
            big_mul_add(&b, 10, d->first[i] - '0');
            seen++;
        }
    }
    if (e10 < 0) {
        int limbs = (int)(-e10 * 3322 / 32000) + 4 - (b.n < 3 ? 0 : b.n - 3);
        if (limbs > 0) {
            big_shift_limbs(&b, limbs);
            e2 = -32L * limbs;
        }
    }
    for (; e10 > 0; e10 -= e10 < 9 ? e10 : 9)
        big_mul_add(&b, e10 >= 9 ? 1000000000 : (uint32_t[]){1, 10, 100, 1000, 10000, 100000,
                    1000000, 10000000, 100000000}[e10], 0);
    for (; e10 < 0; e10 += e10 > -9 ? -e10 : 9)
        sticky |= big_div(&b, e10 <= -9 ? 1000000000 : (uint32_t[]){1, 10, 100, 1000, 10000,
                          100000, 1000000, 10000000, 100000000}[-e10]) != 0;
    uint64_t mantissa = big_top(&b, &e2, &sticky);
    return round_to_double(mantissa, e2, sticky);
}

static double convert(const struct decimal *d)
{
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

    if (!d->digits)
        return 0;
    if (d->digits <= 15 && d->exponent >= -22 && d->exponent <= 22) {
        double value = (double)d->small;
        return d->exponent < 0 ? value / power[-d->exponent] : value * power[d->exponent];
    }
    if (d->digits + d->exponent > 310 || d->digits + d->exponent < -330) {
        errno = ERANGE;
        return d->exponent > 0 || d->digits + d->exponent > 0 ? __builtin_inf() : 0;
    }
    return exact(d);
}

/* Reads digits with at most one point; returns the end, or NULL when there is no digit. */
static const char *scan_digits(const char *s, struct decimal *d)
{
    int point = 0, any = 0;

    for (;; s++) {
        if (*s == '.' && !point) {
            point = 1;
            continue;
        }
        if (!isdigit((unsigned char)*s))
            break;
        any = 1;
        d->exponent -= point;
        if (!d->digits && *s == '0')
            continue; /* a leading zero */
        if (!d->digits)
            d->first = s;
        if (d->digits < MAX_DIGITS) {
            d->digits++;
            d->small = d->small * 10 + (*s - '0');
        } else {
            d->exponent++;
        }
    }
    return any ? s : NULL;
}

static const char *scan_exponent(const char *s, struct decimal *d)
{
    char *end;

    if ((*s | 32) != 'e')
        return s;
    int sign = s[1] == '+' || s[1] == '-';
    if (!isdigit((unsigned char)s[1 + sign]))
        return s;
    long e = strtol(s + 1, &end, 10);
    d->exponent += e > 100000 ? 100000 : e < -100000 ? -100000 : e;
    return end;
}

double strtod(const char *restrict s, char **restrict end)
{
    struct decimal d = {0};
    double value;

    if (end)
        *end = (char *)s;
    while (isspace((unsigned char)*s))
        s++;
    int negative = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    if (strncasecmp(s, "inf", 3) == 0) {
        value = __builtin_inf();
        s += strncasecmp(s, "infinity", 8) == 0 ? 8 : 3;
    } else if (strncasecmp(s, "nan", 3) == 0) {
        value = __builtin_nan("");
        s += 3;
    } else {
        s = scan_digits(s, &d);
        if (!s)
            return 0;
        s = scan_exponent(s, &d);
        value = convert(&d);
    }
    if (end)
        *end = (char *)s;
    return negative ? -value : value;
}

float strtof(const char *restrict s, char **restrict end)
{
    return (float)strtod(s, end);
}

double atof(const char *s)
{
    return strtod(s, NULL);
}
