/* uptime [-s]: the time, how long the machine runs, and its load; -s: since when. */
#include <err.h>
#include <stdio.h>
#include <time.h>
#include <tools.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char text[128];
    struct timespec now, up;
    int c = getopt(argc, argv, "s");

    if (c == '?')
        return 1;
    if (c == 's') {
        clock_gettime(CLOCK_REALTIME, &now);
        clock_gettime(CLOCK_BOOTTIME, &up);
        time_t since = now.tv_sec - up.tv_sec;
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime(&since));
    } else {
        uptime_text(text, sizeof(text));
    }
    puts(text);
    return fflush(stdout) == EOF;
}
