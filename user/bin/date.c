/* date [-u] [-d @seconds] [-s @seconds] [+format]: shows or sets the time, which is UTC. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static time_t parse_time(const char *text)
{
    struct tm tm = {0};
    char *end;

    if (*text == '@') {
        time_t t = strtol(text + 1, &end, 10);
        if (end > text + 1 && !*end)
            return t;
    }
    int n = sscanf(text, "%d-%d-%d%*1[ T]%d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                   &tm.tm_hour, &tm.tm_min, &tm.tm_sec);
    if (n < 3)
        errx(1, "'%s' is not @seconds or YYYY-MM-DD [hh:mm[:ss]]", text);
    tm.tm_year -= 1900;
    tm.tm_mon--;
    return timegm(&tm);
}

int main(int argc, char **argv)
{
    const char *format = "%a %b %e %H:%M:%S %Z %Y";
    char text[1024];
    time_t t = time(NULL);
    int c;

    while ((c = getopt(argc, argv, "ud:s:")) != -1) {
        if (c == '?')
            return 1;
        if (c == 'd' || c == 's')
            t = parse_time(optarg);
        if (c == 's' && clock_settime(CLOCK_REALTIME, &(struct timespec){t, 0}) < 0)
            err(1, "cannot set the time");
    }
    if (optind < argc) {
        if (argv[optind][0] != '+')
            errx(1, "usage: date [-u] [-d time] [-s time] [+format]");
        format = argv[optind] + 1;
    }
    struct tm *tm = gmtime(&t);
    if (!tm)
        errx(1, "time out of range");
    strftime(text, sizeof(text), format, tm);
    return puts(text) == EOF || fflush(stdout) == EOF;
}
