/*
 * Backslash escapes: one table of letters, plus octal, hexadecimal and Unicode numbers.
 */
#include "escape.h"

#include <string.h>

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 'a' ^ 'A';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* Reads up to max digits; their number goes to *count. */
static unsigned read_digits(const char **s, int base, int max, int *count)
{
    unsigned value = 0;
    for (*count = 0; *count < max && digit_value(**s) < base; ++*count)
        value = value * base + digit_value(*(*s)++);
    return value;
}

static int encode_utf8(unsigned c, char *out)
{
    if (c < 0x80) {
        out[0] = c;
        return 1;
    }
    int extra = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    for (int i = extra; i > 0; i--, c >>= 6)
        out[i] = 0x80 | (c & 0x3f);
    out[0] = (0xff00 >> (extra + 1)) | c;
    return extra + 1;
}

static int escape_number(const char **s, char letter, char *out)
{
    int count;
    int max = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
    unsigned value = read_digits(s, 16, max, &count);
    if (count == 0) {
        out[0] = '\\';
        out[1] = letter;
        return 2;
    }
    if (letter != 'x')
        return encode_utf8(value & 0x1fffff, out);
    out[0] = value;
    return 1;
}

int escape_next(const char **s, enum escape_style style, char *out)
{
    static const char letters[] = "abeEfnrtv\\'\"?";
    static const char values[] = "\a\b\033\033\f\n\r\t\v\\'\"?";
    out[0] = *(*s)++;
    if (out[0] != '\\' || **s == '\0')
        return 1;
    char c = *(*s)++;
    int count;
    if (c == 'c' && style == ESCAPE_PERCENT_B)
        return ESCAPE_STOP;
    if (c == 'x' || c == 'u' || c == 'U')
        return escape_number(s, c, out);
    if (c >= '0' && c <= '7') {
        if (c != '0' || style == ESCAPE_C)
            --*s;
        out[0] = read_digits(s, 8, 3, &count);
        return 1;
    }
    const char *found = strchr(letters, c);
    if (found) {
        out[0] = values[found - letters];
        return 1;
    }
    out[1] = c;
    return 2;
}
