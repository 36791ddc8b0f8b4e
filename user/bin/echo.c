/*
 * echo [-neE] [word ...]: words, separated by blanks.
 *
 * -n leaves out the newline, -e understands backslash escapes, -E does not.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Options are words made of n, e and E only; anything else is text. */
static int parse_options(char **argv, int *newline, int *escapes)
{
    int i;

    for (i = 1; argv[i] && argv[i][0] == '-' && argv[i][1]; i++) {
        if (argv[i][1 + strspn(argv[i] + 1, "neE")])
            break;
        for (const char *p = argv[i] + 1; *p; p++) {
            if (*p == 'n')
                *newline = 0;
            else
                *escapes = *p == 'e';
        }
    }
    return i;
}

static int digit(char c, int base)
{
    int v = 99;

    if (isdigit((unsigned char)c))
        v = c - '0';
    else if (isxdigit((unsigned char)c))
        v = (c | 32) - 'a' + 10;
    return v < base ? v : -1;
}

/* Up to `max` digits; *p moves behind them. */
static int number(const char **p, int base, int max)
{
    int v = 0;

    for (; max && digit(**p, base) >= 0; max--)
        v = v * base + digit(*(*p)++, base);
    return v;
}

/* 0 after \c, which ends all output */
static int put_escaped(const char *p)
{
    static const char letters[] = "abefnrtv\\", values[] = "\a\b\033\f\n\r\t\v\\";

    while (*p) {
        const char *known = p[0] == '\\' && p[1] ? strchr(letters, p[1]) : NULL;
        if (known) {
            putchar(values[known - letters]);
            p += 2;
        } else if (p[0] == '\\' && p[1] == 'c') {
            return 0;
        } else if (p[0] == '\\' && p[1] == '0') {
            p += 2;
            putchar(number(&p, 8, 3));
        } else if (p[0] == '\\' && p[1] == 'x' && digit(p[2], 16) >= 0) {
            p += 2;
            putchar(number(&p, 16, 2));
        } else {
            putchar(*p++);
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    int newline = 1, escapes = 0;
    (void)argc;
    int first = parse_options(argv, &newline, &escapes);

    for (int i = first; argv[i]; i++) {
        if (i > first)
            putchar(' ');
        if (!escapes)
            fputs(argv[i], stdout);
        else if (!put_escaped(argv[i]))
            return fflush(stdout) == EOF;
    }
    if (newline)
        putchar('\n');
    return fflush(stdout) == EOF;
}
