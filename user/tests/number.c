/* Numbers from text. */
#include "testlib.h"
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct integer_case {
    const char *text;
    int base;
    long value;
    int used; /* characters */
    int error;
};

static void test_strtol(void)
{
    static const struct integer_case cases[] = {
        {"42", 10, 42, 2, 0},
        {"  -42x", 10, -42, 5, 0},
        {"+7", 0, 7, 2, 0},
        {"0x1F", 0, 31, 4, 0},
        {"0x1F", 16, 31, 4, 0},
        {"0xg", 0, 0, 1, 0},
        {"0x", 16, 0, 1, 0},
        {"0755", 0, 0755, 4, 0},
        {"08", 0, 0, 1, 0},
        {"zz", 36, 35 * 36 + 35, 2, 0},
        {"12", 2, 1, 1, 0},
        {"", 10, 0, 0, 0},
        {"-", 10, 0, 0, 0},
        {"abc", 10, 0, 0, 0},
        {"9223372036854775807", 10, LONG_MAX, 19, 0},
        {"9223372036854775808", 10, LONG_MAX, 19, ERANGE},
        {"-9223372036854775808", 10, LONG_MIN, 20, 0},
        {"-9223372036854775809", 10, LONG_MIN, 20, ERANGE},
        {"99999999999999999999999", 10, LONG_MAX, 23, ERANGE},
        {"1", 1, 0, 0, EINVAL},
    };
    char *end;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct integer_case *c = &cases[i];
        errno = 0;
        long v = strtol(c->text, &end, c->base);
        if (v != c->value || end - c->text != c->used || errno != c->error)
            test_fail(__FILE__, __LINE__, "strtol(\"%s\", %d) is %ld, used %ld, errno %d", c->text,
                      c->base, v, (long)(end - c->text), errno);
    }
}

static void test_strtoul(void)
{
    char *end;

    check(strtoul("18446744073709551615", &end, 10) == ULONG_MAX && !*end);
    errno = 0;
    check(strtoul("18446744073709551616", &end, 10) == ULONG_MAX && errno == ERANGE);
    check(strtoul("-1", NULL, 10) == ULONG_MAX);
    check_int(atoi(" 12abc"), 12);
}

static uint64_t bits_of(double v)
{
    union {
        double v;
        uint64_t bits;
    } u = {v};

    return u.bits;
}

static void test_strtod(void)
{
    static const struct {
        const char *text;
        uint64_t bits;
    } cases[] = {
        {"0", 0},
        {"-0", 1UL << 63},
        {"1", 0x3ff0000000000000},
        {"0.1", 0x3fb999999999999a},
        {"-2.5e-3", 0xbf647ae147ae147b},
        {"1e22", 0x4480f0cf064dd592},
        {"1e23", 0x44b52d02c7e14af6},
        {"123456789012345678901234567890", 0x45f8ee90ff6c373e},
        {"9007199254740993", 0x4340000000000000},
        {"9007199254740993.0000000000000000000000001", 0x4340000000000001},
        {"1.7976931348623157e308", 0x7fefffffffffffff},
        {"2.2250738585072014e-308", 0x0010000000000000},
        {"2.2250738585072011e-308", 0x000fffffffffffff},
        {"4.9406564584124654e-324", 1},
        {"2.4703282292062327e-324", 0},
        {"2.4703282292062329e-324", 1},
        {"inf", 0x7ff0000000000000},
        {"6.02214076e+23", 0x44dfe185ca57c517},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t got = bits_of(strtod(cases[i].text, NULL));
        if (got != cases[i].bits)
            test_fail(__FILE__, __LINE__, "strtod(\"%s\") is %016lx, not %016lx", cases[i].text,
                      got, cases[i].bits);
    }
}

static void test_strtod_end(void)
{
    char *end;

    check(strtod("1.5e", &end) == 1.5 && *end == 'e');
    check(strtod("1.5e+x", &end) == 1.5 && *end == 'e');
    check(strtod(".5x", &end) == 0.5 && *end == 'x');
    check(strtod("5.", &end) == 5 && !*end);
    check(strtod(".", &end) == 0 && *end == '.');
    check(strtod("x", &end) == 0 && *end == 'x');
    errno = 0;
    check(strtod("1e400", NULL) == __builtin_inf() && errno == ERANGE);
    errno = 0;
    check(strtod("1e-400", NULL) == 0 && errno == ERANGE);
}

/* Seventeen digits name every double: print and read must give the same bits. */
static void test_round_trip(void)
{
    char text[64];
    uint64_t x = 88172645463325252UL;

    for (int i = 0; i < 3000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        union {
            uint64_t bits;
            double v;
        } u = {x};
        if (u.v != u.v || u.v - u.v != 0)
            continue;
        snprintf(text, sizeof(text), "%.17g", u.v);
        if (bits_of(strtod(text, NULL)) != x)
            test_fail(__FILE__, __LINE__, "%016lx became \"%s\"", x, text);
    }
}

const struct test number_tests[] = {
    {"number_strtol", test_strtol},
    {"number_strtoul", test_strtoul},
    {"number_strtod", test_strtod},
    {"number_strtod_end", test_strtod_end},
    {"number_round_trip", test_round_trip},
    {NULL, NULL},
};
