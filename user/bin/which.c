/* which [-a] name ...: the files that the names execute, found along PATH. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int executable(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static int find(const char *name, int all)
{
    const char *path = getenv("PATH"), *dir = path ? path : "/bin";
    char full[PATH_MAX];
    int found = 0;

    if (strchr(name, '/')) {
        found = executable(name);
        if (found)
            puts(name);
        return found;
    }
    for (; dir && (all || !found); dir = strchr(dir, ':')) {
        dir += *dir == ':';
        int len = strcspn(dir, ":");
        snprintf(full, sizeof(full), "%.*s/%s", len ? len : 1, len ? dir : ".", name);
        if (executable(full)) {
            puts(full);
            found = 1;
        }
    }
    return found;
}

int main(int argc, char **argv)
{
    int c, all = 0, missing = 0;

    while ((c = getopt(argc, argv, "a")) != -1) {
        if (c != 'a')
            return 2;
        all = 1;
    }
    for (int i = optind; i < argc; i++)
        missing |= !find(argv[i], all);
    return missing || optind == argc;
}
