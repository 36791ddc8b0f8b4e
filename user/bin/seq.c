/* seq [-s text] [-w] [first [step]] last: numbers; with fractions as many as the arguments have. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static double number(const char *text, int *digits)
{
    char *end;
    double v = strtod(text, &end);
    const char *point = strchr(text, '.');

    if (end == text || *end)
        errx(1, "invalid floating point argument: '%s'", text);
    if (point && (int)strlen(point + 1) > *digits)
        *digits = strlen(point + 1);
    return v;
}

/* Negative numbers are no options. */
static int is_option(const char *arg)
{
    return arg[0] == '-' && (arg[1] == 's' || arg[1] == 'w');
}

int main(int argc, char **argv)
{
    const char *separator = "\n";
    int digits = 0, unused = 0, width = 0, i = 1;
    char text[64];

    for (; i < argc && is_option(argv[i]); i++) {
        if (argv[i][1] == 'w')
            width = 1;
        else if (argv[i][2])
            separator = argv[i] + 2;
        else if (++i < argc)
            separator = argv[i];
    }
    int count = argc - i;
    if (count < 1 || count > 3)
        errx(1, count < 1 ? "missing operand" : "extra operand '%s'", argv[argc - 1]);
    double first = count > 1 ? number(argv[i], &digits) : 1;
    double step = count > 2 ? number(argv[i + 1], &digits) : 1;
    double last = number(argv[argc - 1], width ? &digits : &unused);
    if (step > -1e-300 && step < 1e-300)
        errx(1, "invalid Zero increment value: '%s'", argv[i + 1]);
    if (width) {
        int a = snprintf(text, sizeof(text), "%.*f", digits, first);
        int b = snprintf(text, sizeof(text), "%.*f", digits, last);
        width = a > b ? a : b;
    }
    double slack = step / 1e9; /* sums of tenths miss the end by a little */
    for (long n = 0;; n++) {
        double v = first + (double)n * step;
        if (step > 0 ? v > last + slack : v < last + slack)
            break;
        printf("%s%0*.*f", n ? separator : "", width, digits, v);
        if (n == __LONG_MAX__ || ferror(stdout))
            return 1;
    }
    if (step > 0 ? first <= last : first >= last)
        putchar('\n');
    return fflush(stdout) == EOF;
}
