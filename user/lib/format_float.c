/*
 * Exact decimal text of a double.
 *
 * m * 2^e with e < 0 equals m * 5^-e / 10^-e: so every double is a large integer with a decimal
 * point set somewhere.  The integer is computed exactly, written as digits, and rounded where the
 * precision ends (ties to even), so the last digit is always right.
 */
#include "stdio_impl.h"
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define BASE  1000000000U
#define LIMBS 90 /* nine digits each; a double has at most 767 significant digits */

struct digits {
    int count;    /* digits in text, the first of them not '0', unless the value is 0 */
    int exponent; /* value = 0.text * 10^exponent */
    char text[LIMBS * 9 + 1];
};

struct big {
    int n;
    uint32_t limb[LIMBS];
};

static void multiply(struct big *b, uint32_t factor)
{
    uint64_t carry = 0;

    for (int i = 0; i < b->n; i++) {
        carry += (uint64_t)b->limb[i] * factor;
        b->limb[i] = carry % BASE;
        carry /= BASE;
    }
    for (; carry; carry /= BASE)
        b->limb[b->n++] = carry % BASE;
}

static void set_digits(struct digits *d, const struct big *b, int scale)
{
    char *out = d->text;

    for (int i = b->n - 1; i >= 0; i--) {
        uint32_t limb = b->limb[i];
        for (int k = 8; k >= 0; k--, limb /= 10)
            out[k] = '0' + limb % 10;
        out += 9;
    }
    d->count = (int)(out - d->text);
    int zeros = 0;
    while (zeros < d->count - 1 && d->text[zeros] == '0')
        zeros++;
    d->count -= zeros;
    memmove(d->text, d->text + zeros, d->count);
    d->exponent = d->count - scale;
}

static void to_digits(struct digits *d, double value)
{
    union {
        double value;
        uint64_t bits;
    } u = {value};
    uint64_t mantissa = u.bits & ((1UL << 52) - 1);
    int biased = (u.bits >> 52) & 0x7ff;
    int e = (biased ? biased : 1) - 1075;
    struct big b = {0};

    mantissa |= biased ? 1UL << 52 : 0;
    if (!mantissa) {
        *d = (struct digits){.count = 1, .exponent = 1, .text = "0"};
        return;
    }
    for (; !(mantissa & 1) && e < 0; e++)
        mantissa >>= 1;
    for (; mantissa; mantissa /= BASE)
        b.limb[b.n++] = mantissa % BASE;
    int scale = e < 0 ? -e : 0;
    for (int left = scale; left; left -= left < 13 ? left : 13) {
        static const uint32_t five[] = {1, 5, 25, 125, 625, 3125, 15625, 78125, 390625, 1953125,
                                        9765625, 48828125, 244140625};
        multiply(&b, left >= 13 ? 1220703125 : five[left]);
    }
    for (; e > 0; e -= e < 29 ? e : 29)
        multiply(&b, 1U << (e < 29 ? e : 29));
    set_digits(d, &b, scale);
}

/* Keeps the first `keep` digits, rounded; keep may be negative or more than there are. */
static void round_digits(struct digits *d, int keep)
{
    if (keep >= d->count)
        return;
    int up = 0;
    if (keep >= 0) {
        int tail = 0;
        for (int i = keep + 1; i < d->count; i++)
            tail |= d->text[i] != '0';
        int odd = keep > 0 && ((d->text[keep - 1] - '0') & 1);
        up = d->text[keep] > '5' || (d->text[keep] == '5' && (tail || odd));
    } else {
        keep = 0;
    }
    d->count = keep;
    while (up && keep && d->text[keep - 1] == '9')
        d->text[--keep] = '0';
    if (up && keep) {
        d->text[keep - 1]++;
    } else if (up) { /* 999 becomes 1000 */
        memmove(d->text + 1, d->text, d->count);
        d->text[0] = '1';
        d->count++;
        d->exponent++;
    }
}

static char digit_at(const struct digits *d, int i)
{
    return i >= 0 && i < d->count ? d->text[i] : '0';
}

/* ddd.ddd with `prec` digits after the point */
static char *put_fixed(char *out, const struct digits *d, int prec, int point)
{
    if (d->exponent <= 0)
        *out++ = '0';
    for (int i = 0; i < d->exponent; i++)
        *out++ = digit_at(d, i);
    if (prec || point)
        *out++ = '.';
    for (int i = 0; i < prec; i++)
        *out++ = digit_at(d, d->exponent + i);
    return out;
}

/* d.ddde+xx */
static char *put_exponent(char *out, const struct digits *d, int prec, int point, char letter)
{
    int e = d->exponent - 1;

    *out++ = digit_at(d, 0);
    if (prec || point)
        *out++ = '.';
    for (int i = 1; i <= prec; i++)
        *out++ = digit_at(d, i);
    *out++ = letter;
    *out++ = e < 0 ? '-' : '+';
    if (e < 0)
        e = -e;
    if (e >= 100)
        *out++ = '0' + e / 100;
    *out++ = '0' + e / 10 % 10;
    *out++ = '0' + e % 10;
    return out;
}

/* %g: the shorter form with `prec` significant digits, without zeros at the end */
static char *put_general(char *out, struct digits *d, int prec, int keep_zeros, char letter)
{
    if (!prec)
        prec = 1;
    round_digits(d, prec);
    int e = d->exponent - 1;
    int significant = d->count;
    while (significant > 1 && d->text[significant - 1] == '0')
        significant--;
    if (keep_zeros)
        significant = prec;
    if (e < -4 || e >= prec)
        return put_exponent(out, d, significant - 1, keep_zeros, letter);
    int after = significant - d->exponent;
    return put_fixed(out, d, after > 0 ? after : 0, keep_zeros);
}

size_t __format_float(char *out, double value, int prec, char conv, int keep_zeros)
{
    struct digits d;
    char letter = isupper((unsigned char)conv) ? 'E' : 'e';
    char *end;

    to_digits(&d, value);
    switch (conv | 32) {
    case 'f':
        round_digits(&d, d.exponent + prec);
        end = put_fixed(out, &d, prec, keep_zeros);
        break;
    case 'e':
        round_digits(&d, prec + 1);
        end = put_exponent(out, &d, prec, keep_zeros, letter);
        break;
    default:
        end = put_general(out, &d, prec, keep_zeros, letter);
    }
    return end - out;
}
