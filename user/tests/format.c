/* printf and scanf. */
#include "testlib.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define check_format(want, ...)                                                                    \
    do {                                                                                           \
        char buf_[512];                                                                            \
        int n_ = snprintf(buf_, sizeof(buf_), __VA_ARGS__);                                        \
        check_str(buf_, want);                                                                     \
        check_int(n_, strlen(want));                                                               \
    } while (0)

static void test_integers(void)
{
    check_format("42 -42 0", "%d %i %d", 42, -42, 0);
    check_format("   42|42   |00042|+42| 42", "%5d|%-5d|%05d|%+d|% d", 42, 42, 42, 42, 42);
    check_format("-0042|  042|042  ", "%05d|%5.3d|%-5.3d", -42, 42, 42);
    const char *zero_ignored = "%05.3d"; /* not a literal: compilers warn */
    check_format("  042", zero_ignored, 42);
    check_format("ff FF 0xff 0XFF 0 377 0377", "%x %X %#x %#X %#x %o %#o", 255, 255, 255, 255, 0,
                 255, 255);
    check_format("4294967295 18446744073709551615", "%u %lu", UINT_MAX, ULONG_MAX);
    check_format("-2147483648 -9223372036854775808", "%d %ld", INT_MIN, LONG_MIN);
    check_format("-1 255 -1 65535", "%hhd %hhu %hd %hu", (signed char)-1, (unsigned char)255,
                 (short)-1, (unsigned short)65535);
    check_format("   7|7   |", "%*d|%*d|", 4, 7, -4, 7);
    check_format("[]", "[%.0d]", 0);
    check_format("0x10", "%p", (void *)16);
    check_format("00ff", "%.4x", 255);
    check_format("123456789", "%zu", (size_t)123456789);
}

static void test_strings(void)
{
    const char *volatile none = NULL; /* hidden from the compiler, which would refuse it */

    check_format("abc|  abc|abc  |ab|   ab", "%s|%5s|%-5s|%.2s|%5.2s", "abc", "abc", "abc", "abc",
                 "abc");
    check_format("x|  x|100%", "%c|%3c|100%%", 'x', 'x');
    check_format("(null)", "%s", none);
    errno = ENOENT;
    check_format("No such file or directory", "%m");
}

static void test_floats(void)
{
    check_format("3.140000 3.14 3 -0.5", "%f %.2f %.0f %.1f", 3.14, 3.14, 3.14, -0.5);
    check_format("0.12 0.14 2 4", "%.2f %.2f %.0f %.0f", 0.125, 0.135, 2.5, 3.5);
    check_format("9.995 10.00 100.0", "%.3f %.2f %.1f", 9.995, 9.996, 99.96);
    check_format("1.000000e+00 1.5E-10 1e+100", "%e %.1E %.0e", 1.0, 1.5e-10, 1e100);
    check_format("0.0001 1e-05 123456 1.23457e+06 1", "%g %g %g %g %g", 0.0001, 0.00001, 123456.0,
                 1234567.0, 1.0);
    check_format("inf -inf nan INF", "%f %f %f %F", __builtin_inf(), -__builtin_inf(),
                 __builtin_nan(""), __builtin_inf());
    check_format("   3.1|0003.1|3.1   |+3.1", "%6.1f|%06.1f|%-6.1f|%+.1f", 3.1, 3.1, 3.1, 3.1);
    check_format("0.000000 -0.0 0e+00", "%f %.1f %.0e", 0.0, -0.0, 0.0);
    check_format("0.1000000000000000055511151231257827", "%.34f", 0.1);
    check_format("4.9406564584124654e-324", "%.16e", 4.9406564584124654e-324);
    check_format("179769313486231570814527423731704356798070567525844996598917476803157260780028"
                 "538760589558632766878171540458953514382464234321326889464182768467546703537516"
                 "986049910576551282076245490090389328944075868508455133942304583236903222948165"
                 "808559332123348274797826204144723168738177180919299881250404026184124858368",
                 "%.0f", 1.7976931348623157e308);
    check_format("1 1. 1.00000 100000 1e+06", "%.0f %#.0f %#g %.6g %.6g", 1.0, 1.0, 1.0, 1e5, 1e6);
}

static void test_truncation(void)
{
    char buf[16] = "---------------";
    char *text;

    check_int(snprintf(buf, 8, "%s", "0123456789"), 10);
    check_str(buf, "0123456");
    check_str(buf + 8, "-------"); /* nothing behind the end was touched */
    check_int(snprintf(NULL, 0, "%d", 12345), 5);
    buf[0] = 'x';
    check_int(snprintf(buf, 1, "abc"), 3);
    check_int(buf[0], 0);
    check_int(asprintf(&text, "%0200d", 7), 200);
    check_int(strlen(text), 200);
    free(text);
}

static void test_scanf(void)
{
    int a, b;
    long l;
    unsigned x;
    double d;
    float f;
    char s[16], c;

    check_int(sscanf("12 -7 0x1f", "%d %d %i", &a, &b, (int *)&x), 3);
    check(a == 12 && b == -7 && x == 31);
    check_int(sscanf("MemTotal:  123456 kB", "%15s %ld", s, &l), 2);
    check_str(s, "MemTotal:");
    check_int(l, 123456);
    check_int(sscanf("ff:10", "%x:%d", &x, &a), 2);
    check(x == 255 && a == 10);
    check_int(sscanf("3.5 1e3", "%lf %f", &d, &f), 2);
    check(d == 3.5 && f == 1000);
    check_int(sscanf("abc123", "%[a-z]%d", s, &a), 2);
    check_str(s, "abc");
    check_int(sscanf("key=value", "%[^=]=%c", s, &c), 2);
    check(strcmp(s, "key") == 0 && c == 'v');
    check_int(sscanf("1 2 3", "%*d %d%n", &a, &b), 1);
    check(a == 2 && b == 3);
    check_int(sscanf("12345", "%2d%3d", &a, &b), 2);
    check(a == 12 && b == 345);
    check_int(sscanf("x", "%d", &a), 0);
    check_int(sscanf("", "%d", &a), EOF);
    check_int(sscanf("5 x", "%d %d", &a, &b), 1);
    check_int(sscanf("7%", "%d%%%n", &a, &b), 1);
    check_int(b, 2);
}

const struct test format_tests[] = {
    {"format_integers", test_integers}, {"format_strings", test_strings},
    {"format_floats", test_floats},     {"format_truncation", test_truncation},
    {"format_scanf", test_scanf},       {NULL, NULL},
};
