/* uname [-asnrvmpio]: the system's name, release and machine. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char letters[] = "snrvmo";

int main(int argc, char **argv)
{
    struct utsname uts;
    unsigned wanted = 0;
    int c;

    while ((c = getopt(argc, argv, "asnrvmpio")) != -1) {
        if (c == '?')
            return 1;
        if (c == 'p' || c == 'i')
            c = 'm';
        wanted |= c == 'a' ? ~0U : 1U << (strchr(letters, c) - letters);
    }
    if (!wanted)
        wanted = 1;
    if (uname(&uts) < 0)
        err(1, NULL);
    const char *fields[] = {uts.sysname, uts.nodename, uts.release,
                            uts.version, uts.machine,  uts.sysname};
    const char *gap = "";
    for (int i = 0; letters[i]; i++) {
        if (!(wanted & (1U << i)))
            continue;
        printf("%s%s", gap, fields[i]);
        gap = " ";
    }
    putchar('\n');
    return fflush(stdout) == EOF;
}
