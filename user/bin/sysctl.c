/*
 * sysctl [-n] [-e] [-q] name ...            values of the kernel's settings, from /proc/sys
 * sysctl [-n] [-e] [-q] [-w] name=value ... sets them
 * sysctl -a                                 all       sysctl -p [file]   those of /etc/sysctl.conf
 *
 * A name is a path below /proc/sys with points or slashes: vm.swappiness, vm/swappiness.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tools.h>
#include <unistd.h>

#define ROOT "/proc/sys/"

static int only_values, ignore_unknown, quiet, status;

static void path_of(const char *name, char *path, size_t size)
{
    const char *slash = strchr(name, '/'), *point = strchr(name, '.');
    int points = point && (!slash || point < slash); /* what stands first separates */
    size_t n = strlcpy(path, ROOT, size);

    strlcpy(path + n, name, size - n);
    for (char *p = path + n; points && *p; p++) {
        if (*p == '.' || *p == '/')
            *p = *p == '.' ? '/' : '.';
    }
}

/* The other way round, in place. */
static char *name_of(char *path)
{
    char *name = path + strlen(ROOT);

    for (char *p = name; *p; p++) {
        if (*p == '.' || *p == '/')
            *p = *p == '.' ? '/' : '.';
    }
    return name;
}

static void fail(const char *name)
{
    if (errno == ENOENT && ignore_unknown)
        return;
    if (errno == ENOENT)
        warnx("cannot stat %s: %s", name, strerror(errno));
    else
        warnx("reading key \"%s\": %s", name, strerror(errno));
    status = 1;
}

static void show(const char *name, char *text)
{
    char *line;

    while ((line = strsep(&text, "\n"))) {
        if (!*line && !text)
            break;
        if (only_values)
            puts(line);
        else
            printf("%s = %s\n", name, line);
    }
}

static void show_path(char *path);

static void show_directory(const char *path)
{
    struct dirent **list;
    char full[PATH_MAX];
    int count = scandir(path, &list, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        if (*list[i]->d_name != '.') {
            snprintf(full, sizeof(full), "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/",
                     list[i]->d_name);
            show_path(full);
        }
        free(list[i]);
    }
    if (count >= 0)
        free(list);
}

/* What can't be read by anybody (drop_caches) is passed over. */
static void show_path(char *path)
{
    struct stat st;

    if (stat(path, &st) < 0) {
        fail(path);
        return;
    }
    if (S_ISDIR(st.st_mode)) {
        show_directory(path);
        return;
    }
    if (!(st.st_mode & 0444))
        return;
    char *text = read_whole(path, NULL);
    if (text)
        show(name_of(path), text);
    else
        fail(name_of(path));
    free(text);
}

static void set(const char *name, const char *value)
{
    char path[PATH_MAX];

    path_of(name, path, sizeof(path));
    int fd = open(path, O_WRONLY | O_TRUNC);
    size_t len = strlen(value);
    if (fd < 0 && errno == ENOENT) {
        fail(path);
        return;
    }
    char *line;
    if (asprintf(&line, "%s\n", value) < 0)
        err(1, NULL);
    if (fd < 0 || write(fd, line, len + 1) != (ssize_t)len + 1) {
        warnx("setting key \"%s\": %s", name, strerror(errno));
        status = 1;
    } else if (only_values && !quiet) {
        puts(value);
    } else if (!quiet) {
        printf("%s = %s\n", name, value);
    }
    free(line);
    if (fd >= 0)
        close(fd);
}

static void handle(char *argument, int must_set)
{
    char path[PATH_MAX], *equals = strchr(argument, '=');

    if (equals) {
        *equals = 0;
        set(argument, equals + 1);
        return;
    }
    if (must_set) {
        warnx("\"%s\" must be of the form name=value", argument);
        status = 1;
        return;
    }
    path_of(argument, path, sizeof(path));
    show_path(path);
}

static char *trim(char *s)
{
    s += strspn(s, " \t");
    size_t len = strlen(s);
    while (len && strchr(" \t\n", s[len - 1]))
        s[--len] = 0;
    return s;
}

static void load(const char *file)
{
    char line[1024];
    FILE *f = fopen(file, "r");

    if (!f)
        err(1, "cannot open \"%s\"", file);
    while (fgets(line, sizeof(line), f)) {
        char *name = trim(line), *equals = strchr(name, '=');
        if (!*name || *name == '#' || *name == ';' || !equals)
            continue;
        *equals = 0;
        set(trim(name), trim(equals + 1));
    }
    fclose(f);
}

int main(int argc, char **argv)
{
    int c, all = 0, must_set = 0, from_file = 0;

    while ((c = getopt(argc, argv, "aneqwp")) != -1) {
        switch (c) {
        case 'a': all = 1; break;
        case 'n': only_values = 1; break;
        case 'e': ignore_unknown = 1; break;
        case 'q': quiet = 1; break;
        case 'w': must_set = 1; break;
        case 'p': from_file = 1; break;
        default: return 1;
        }
    }
    if (!all && !from_file && optind == argc)
        errx(1, "usage: sysctl [-n] [-w] name[=value] ...  or  sysctl -a");
    if (all)
        show_directory(ROOT);
    if (from_file)
        load(optind < argc ? argv[optind++] : "/etc/sysctl.conf");
    for (; optind < argc; optind++)
        handle(argv[optind], must_set);
    return fflush(stdout) == EOF ? 1 : status;
}
