/*
 * mount                                     what is mounted, from /proc/mounts
 * mount [-t type] [-o options] [-r] source dir
 *
 * Without -t the types that need a device are tried, in the order of /proc/filesystems.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static const struct {
    const char *name;
    unsigned long set, clear;
} known[] = {
    {"ro", MS_RDONLY, 0},          {"rw", 0, MS_RDONLY},
    {"nosuid", MS_NOSUID, 0},      {"suid", 0, MS_NOSUID},
    {"nodev", MS_NODEV, 0},        {"dev", 0, MS_NODEV},
    {"noexec", MS_NOEXEC, 0},      {"exec", 0, MS_NOEXEC},
    {"sync", MS_SYNCHRONOUS, 0},   {"async", 0, MS_SYNCHRONOUS},
    {"remount", MS_REMOUNT, 0},    {"noatime", MS_NOATIME, 0},
    {"relatime", MS_RELATIME, 0},  {"strictatime", MS_STRICTATIME, 0},
    {"bind", MS_BIND, 0},          {"rbind", MS_BIND | MS_REC, 0},
    {"move", MS_MOVE, 0},          {"defaults", 0, 0},
};

static unsigned long flags;
static char data[1024]; /* options that are the file system's own */

static void add_options(char *list)
{
    char *name;

    while ((name = strsep(&list, ","))) {
        size_t i = 0;
        while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i].name, name) != 0)
            i++;
        if (i < sizeof(known) / sizeof(known[0])) {
            flags = (flags | known[i].set) & ~known[i].clear;
            continue;
        }
        if (*data)
            strlcat(data, ",", sizeof(data));
        if (strlcat(data, name, sizeof(data)) >= sizeof(data))
            errx(1, "options too long");
    }
}

static int show_mounts(void)
{
    char source[256], dir[1024], type[64], options[512];
    FILE *f = fopen("/proc/mounts", "r");

    if (!f)
        err(1, "/proc/mounts");
    while (fscanf(f, "%255s %1023s %63s %511s %*d %*d", source, dir, type, options) == 4)
        printf("%s on %s type %s (%s)\n", source, dir, type, options);
    fclose(f);
    return fflush(stdout) == EOF;
}

/* EINVAL means that the device does not hold this type: the next one is tried. */
static int try_types(const char *source, const char *dir)
{
    char line[128], type[64];
    FILE *f = fopen("/proc/filesystems", "r");

    errno = EINVAL;
    while (f && fgets(line, sizeof(line), f)) {
        if (strncmp(line, "nodev", 5) == 0 || sscanf(line, "%63s", type) != 1)
            continue;
        if (mount(source, dir, type, flags, data) == 0)
            return 0;
        if (errno != EINVAL)
            return -1;
    }
    if (!f)
        return mount(source, dir, "ext2", flags, data);
    return -1;
}

int main(int argc, char **argv)
{
    const char *type = NULL;
    int c;

    while ((c = getopt(argc, argv, "t:o:rw")) != -1) {
        switch (c) {
        case 't':
            type = optarg;
            break;
        case 'o':
            add_options(optarg);
            break;
        case 'r':
            flags |= MS_RDONLY;
            break;
        case 'w':
            flags &= ~(unsigned long)MS_RDONLY;
            break;
        default:
            return 1;
        }
    }
    if (optind == argc)
        return show_mounts();
    if (argc - optind == 1 && (flags & MS_REMOUNT))
        argv[--optind] = (char *)"none"; /* remount needs only the directory */
    if (argc - optind != 2)
        errx(1, "usage: mount [-t type] [-o options] source dir");
    const char *source = argv[optind], *dir = argv[optind + 1];
    int any_type = type || (flags & (MS_REMOUNT | MS_BIND | MS_MOVE));
    if ((any_type ? mount(source, dir, type, flags, data) : try_types(source, dir)) < 0)
        err(1, "cannot mount %s on %s", source, dir);
    return 0;
}
