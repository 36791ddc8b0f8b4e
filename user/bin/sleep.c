/* sleep number[smhd] ...: waits for the sum of its arguments; fractions are fine. */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(const char *text)
{
    char *end;
    double v = strtod(text, &end);
    double unit = 1;

    if (*end == 'm')
        unit = 60;
    else if (*end == 'h')
        unit = 3600;
    else if (*end == 'd')
        unit = 86400;
    else if (*end && *end != 's')
        end = (char *)text;
    if (end == text || (*end && end[1]) || !(v >= 0))
        errx(1, "'%s' is not a time", text);
    return v * unit;
}

int main(int argc, char **argv)
{
    double total = 0;

    if (argc < 2)
        errx(1, "usage: sleep number[smhd] ...");
    for (int i = 1; i < argc; i++)
        total += seconds(argv[i]);
    if (total > 1e15)
        total = 1e15;
    struct timespec left = {(time_t)total, (long)((total - (double)(time_t)total) * 1e9)};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
    return 0;
}
