/* dmesg [-c] [-r]: the kernel's log; -c clears it afterwards, -r keeps the "<level>" marks. */
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

/* "<6>text" at the start of a line is the level. */
static const char *skip_level(const char *line)
{
    const char *p = line + 1;

    if (*line != '<')
        return line;
    while (isdigit((unsigned char)*p))
        p++;
    return *p == '>' && p > line + 1 ? p + 1 : line;
}

static void show(char *text, int raw)
{
    char *line;

    while ((line = strsep(&text, "\n"))) {
        if (text || *line)
            puts(raw ? line : skip_level(line));
    }
}

int main(int argc, char **argv)
{
    int c, raw = 0, action = SYSLOG_ACTION_READ_ALL;

    while ((c = getopt(argc, argv, "cr")) != -1) {
        if (c == 'c')
            action = SYSLOG_ACTION_READ_CLEAR;
        else if (c == 'r')
            raw = 1;
        else
            return 1;
    }
    int size = klogctl(SYSLOG_ACTION_SIZE_BUFFER, NULL, 0);
    if (size < 0)
        err(1, "cannot read the kernel's log");
    char *text = malloc(size + 1);
    if (!text)
        err(1, NULL);
    int n = klogctl(action, text, size);
    if (n < 0)
        err(1, "cannot read the kernel's log");
    text[n] = 0;
    show(text, raw);
    return fflush(stdout) == EOF;
}
