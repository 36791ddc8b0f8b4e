/* id [-u|-g|-G] [-n]: user and groups of this process. */
#include <err.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void put(const char *prefix, unsigned id, const char *name)
{
    printf("%s%u", prefix, id);
    if (name)
        printf("(%s)", name);
}

static const char *group_name(gid_t gid)
{
    struct group *g = getgrgid(gid);

    return g ? g->gr_name : NULL;
}

static void put_groups(const char *separator, int names, int both)
{
    gid_t list[64];
    int count = getgroups(64, list), own = 0;

    for (int i = 0; i < count; i++)
        own |= list[i] == getegid();
    for (int i = own ? 0 : -1; i < count; i++) {
        gid_t gid = i < 0 ? getegid() : list[i];
        const char *name = group_name(gid), *gap = i > (own ? 0 : -1) ? separator : "";
        if (names && name)
            printf("%s%s", gap, name);
        else
            put(gap, gid, both ? name : NULL);
    }
}

int main(int argc, char **argv)
{
    int c, names = 0, what = 0;

    while ((c = getopt(argc, argv, "ugGn")) != -1) {
        if (c == '?')
            return 1;
        if (c == 'n')
            names = 1;
        else
            what = c;
    }
    struct passwd *pw = getpwuid(geteuid());
    const char *user = pw ? pw->pw_name : NULL;
    if (!what && names)
        errx(1, "cannot print only names or real IDs in default format");
    if (what == 'u' && names && user) {
        printf("%s", user);
    } else if (what == 'u') {
        printf("%u", geteuid());
    } else if (what == 'g') {
        const char *name = group_name(getegid());
        if (names && name)
            printf("%s", name);
        else
            put("", getegid(), NULL);
    } else if (what == 'G') {
        put_groups(" ", names, 0);
    } else {
        put("uid=", geteuid(), user);
        put(" gid=", getegid(), group_name(getegid()));
        printf(" groups=");
        put_groups(",", 0, 1);
    }
    putchar('\n');
    return fflush(stdout) == EOF;
}
