/* stat [-f] file ...: all that the kernel says about a file, with -f about its file system. */
#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static const char *type_name(const struct stat *st)
{
    switch (st->st_mode & S_IFMT) {
    case S_IFREG:
        return st->st_size ? "regular file" : "regular empty file";
    case S_IFDIR:
        return "directory";
    case S_IFLNK:
        return "symbolic link";
    case S_IFCHR:
        return "character special file";
    case S_IFBLK:
        return "block special file";
    case S_IFIFO:
        return "fifo";
    case S_IFSOCK:
        return "socket";
    default:
        return "unknown";
    }
}

static void mode_text(char out[11], mode_t mode)
{
    out[0] = "?pc?d?b?-?l?s???"[mode >> 12 & 15];
    for (int i = 0; i < 9; i++)
        out[1 + i] = mode & (0400 >> i) ? "rwxrwxrwx"[i] : '-';
    out[10] = 0;
}

static void show_time(const char *name, const struct timespec *ts)
{
    char text[64];
    struct tm *tm = gmtime(&ts->tv_sec);

    if (tm && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", tm))
        printf("%s: %s.%09ld +0000\n", name, text, ts->tv_nsec);
}

static int show_file(const char *path)
{
    struct stat st;
    char mode[11], target[PATH_MAX];

    if (lstat(path, &st) < 0)
        return -1;
    ssize_t n = S_ISLNK(st.st_mode) ? readlink(path, target, sizeof(target) - 1) : -1;
    mode_text(mode, st.st_mode);
    printf("  File: %s", path);
    if (n >= 0)
        printf(" -> %.*s", (int)n, target);
    printf("\n  Size: %-15ld Blocks: %-10ld IO Block: %-6d %s\n", st.st_size, st.st_blocks,
           st.st_blksize, type_name(&st));
    printf("Device: %u,%-10u Inode: %-11lu Links: %u", major(st.st_dev), minor(st.st_dev),
           st.st_ino, st.st_nlink);
    if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
        printf("     Device type: %u,%u", major(st.st_rdev), minor(st.st_rdev));
    printf("\nAccess: (%04o/%s)  Uid: %5u   Gid: %5u\n", st.st_mode & 07777, mode, st.st_uid,
           st.st_gid);
    show_time("Access", &st.st_atim);
    show_time("Modify", &st.st_mtim);
    show_time("Change", &st.st_ctim);
    return 0;
}

static int show_file_system(const char *path)
{
    struct statfs fs;

    if (statfs(path, &fs) < 0)
        return -1;
    printf("  File: \"%s\"\n    Type: 0x%lx   Namelen: %ld\n", path, fs.f_type, fs.f_namelen);
    printf("Block size: %-10ld Fundamental block size: %ld\n", fs.f_bsize, fs.f_frsize);
    printf("Blocks: Total: %-10ld Free: %-10ld Available: %ld\n", fs.f_blocks, fs.f_bfree,
           fs.f_bavail);
    printf("Inodes: Total: %-10ld Free: %ld\n", fs.f_files, fs.f_ffree);
    return 0;
}

int main(int argc, char **argv)
{
    int (*show)(const char *) = show_file;
    int c, failed = 0;

    while ((c = getopt(argc, argv, "f")) != -1) {
        if (c != 'f')
            return 1;
        show = show_file_system;
    }
    if (optind == argc)
        errx(1, "usage: stat [-f] file ...");
    for (; optind < argc; optind++) {
        if (show(argv[optind]) < 0) {
            warn("%s", argv[optind]);
            failed = 1;
        }
    }
    return failed || fflush(stdout) == EOF;
}
