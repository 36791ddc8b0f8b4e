/* basename path [suffix], basename -s suffix path ..., -a path ...: the last part of a path. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void show(char *path, const char *suffix)
{
    size_t len = strlen(path);

    while (len > 1 && path[len - 1] == '/')
        path[--len] = 0;
    const char *name = strcmp(path, "/") == 0 ? path : basename(path);
    size_t name_len = strlen(name), cut = suffix ? strlen(suffix) : 0;
    if (cut && name_len > cut && strcmp(name + name_len - cut, suffix) == 0)
        name_len -= cut;
    printf("%.*s\n", (int)name_len, name);
}

int main(int argc, char **argv)
{
    const char *suffix = NULL;
    int c, several = 0;

    while ((c = getopt(argc, argv, "+as:")) != -1) {
        if (c == '?')
            return 1;
        several = 1;
        if (c == 's')
            suffix = optarg;
    }
    if (optind == argc)
        errx(1, "missing operand");
    if (!several && argc - optind > 2)
        errx(1, "extra operand '%s'", argv[optind + 2]);
    if (!several && argc - optind == 2)
        suffix = argv[--argc];
    for (; optind < argc; optind++)
        show(argv[optind], suffix);
    return fflush(stdout) == EOF;
}
