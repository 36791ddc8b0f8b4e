/* whoami: the name of the effective user. */
#include <err.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    struct passwd *pw = getpwuid(geteuid());

    if (!pw)
        errx(1, "cannot find name for user ID %u", geteuid());
    puts(pw->pw_name);
    return fflush(stdout) == EOF;
}
