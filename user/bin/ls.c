/*
 * ls [-aA1lhiRdrtSFnC] [file ...]
 *
 * Names sorted; in columns on a terminal, one a line otherwise.  -l adds mode, links, owner, group,
 * size and time.  A directory's entries are collected first, then shown, then (-R) its
 * subdirectories.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static struct options {
    int all, one, longer, human, inode, recursive, directory, reverse, by_time, by_size, classify;
    int numeric;
} opt;

struct entry {
    char *name;
    char *target; /* of a symbolic link, with -l */
    struct stat st;
};

struct list {
    struct entry *entry;
    size_t count, room;
};

static int exit_status;

static void fail(const char *path)
{
    warn("%s", path);
    exit_status = 1;
}

static int needs_stat(void)
{
    return opt.longer || opt.inode || opt.recursive || opt.by_time || opt.by_size || opt.classify;
}

static int append(struct list *l, const char *path, const char *name, unsigned char type,
                  int follow)
{
    struct entry e = {.st.st_mode = DTTOIF(type)};

    if ((needs_stat() || follow || type == DT_UNKNOWN) &&
        (follow && !opt.longer ? stat(path, &e.st) < 0 && lstat(path, &e.st) < 0
                               : lstat(path, &e.st) < 0)) {
        fail(path);
        return -1;
    }
    if (opt.longer && S_ISLNK(e.st.st_mode)) {
        char target[PATH_MAX];
        ssize_t n = readlink(path, target, sizeof(target));
        e.target = n < 0 ? NULL : strndup(target, n);
    }
    if (l->count == l->room) {
        l->room = l->room ? l->room * 2 : 32;
        l->entry = realloc(l->entry, l->room * sizeof(*l->entry));
    }
    e.name = strdup(name);
    if (!l->entry || !e.name)
        err(2, NULL);
    l->entry[l->count++] = e;
    return 0;
}

static void list_free(struct list *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->entry[i].name);
        free(l->entry[i].target);
    }
    free(l->entry);
}

static int compare(const void *pa, const void *pb)
{
    const struct entry *a = pa, *b = pb;
    long order = 0;

    if (opt.by_size)
        order = b->st.st_size - a->st.st_size;
    else if (opt.by_time)
        order = b->st.st_mtime != a->st.st_mtime ? b->st.st_mtime - a->st.st_mtime
                                                 : b->st.st_mtim.tv_nsec - a->st.st_mtim.tv_nsec;
    if (!order)
        order = strcoll(a->name, b->name);
    if (opt.reverse)
        order = -order;
    return (order > 0) - (order < 0);
}

static void human_size(char *out, size_t size, long bytes)
{
    double v = bytes;
    int unit = 0;

    for (; v >= 1024 && unit < 5; unit++)
        v /= 1024;
    /* rounded up, as a size on disk would be */
    if (!unit)
        snprintf(out, size, "%ld", bytes);
    else if (v <= 9.9)
        snprintf(out, size, "%.1f%c", (double)(long)(v * 10 + 0.999999) / 10, " KMGTP"[unit]);
    else
        snprintf(out, size, "%ld%c", (long)(v + 0.999999), " KMGTP"[unit]);
}

static void mode_text(char *out, mode_t mode)
{
    static const char letters[] = "rwxrwxrwx";

    out[0] = "?pc?d?b?-?l?s???"[mode >> 12 & 15];
    for (int i = 0; i < 9; i++)
        out[1 + i] = mode & (0400 >> i) ? letters[i] : '-';
    if (mode & S_ISUID)
        out[3] = mode & S_IXUSR ? 's' : 'S';
    if (mode & S_ISGID)
        out[6] = mode & S_IXGRP ? 's' : 'S';
    if (mode & S_ISVTX)
        out[9] = mode & S_IXOTH ? 't' : 'T';
    out[10] = 0;
}

/* The last owner and group looked up are remembered: mostly they are always the same. */
static const char *owner_name(uid_t uid)
{
    static uid_t last = -1;
    static char name[33];

    if (uid != last || !*name) {
        struct passwd *pw = opt.numeric ? NULL : getpwuid(uid);
        if (pw)
            strlcpy(name, pw->pw_name, sizeof(name));
        else
            snprintf(name, sizeof(name), "%u", uid);
        last = uid;
    }
    return name;
}

static const char *group_name(gid_t gid)
{
    static gid_t last = -1;
    static char name[33];

    if (gid != last || !*name) {
        struct group *gr = opt.numeric ? NULL : getgrgid(gid);
        if (gr)
            strlcpy(name, gr->gr_name, sizeof(name));
        else
            snprintf(name, sizeof(name), "%u", gid);
        last = gid;
    }
    return name;
}

struct widths {
    int inode, links, owner, group, size, name;
};

static void size_text(char *out, size_t size, const struct stat *st)
{
    if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
        snprintf(out, size, "%u, %3u", major(st->st_rdev), minor(st->st_rdev));
    else if (opt.human)
        human_size(out, size, st->st_size);
    else
        snprintf(out, size, "%ld", st->st_size);
}

static void widen(int *width, int len)
{
    if (*width < len)
        *width = len;
}

static struct widths measure(const struct list *l)
{
    struct widths w = {0};
    char text[32];

    for (size_t i = 0; i < l->count; i++) {
        const struct entry *e = &l->entry[i];
        widen(&w.name, (int)strlen(e->name) + opt.classify);
        widen(&w.inode, snprintf(text, sizeof(text), "%lu", e->st.st_ino));
        if (!opt.longer)
            continue;
        widen(&w.links, snprintf(text, sizeof(text), "%u", e->st.st_nlink));
        widen(&w.owner, (int)strlen(owner_name(e->st.st_uid)));
        widen(&w.group, (int)strlen(group_name(e->st.st_gid)));
        size_text(text, sizeof(text), &e->st);
        widen(&w.size, (int)strlen(text));
    }
    return w;
}

static const char *class_mark(mode_t mode)
{
    if (!opt.classify)
        return "";
    if (S_ISDIR(mode))
        return "/";
    if (S_ISLNK(mode))
        return "@";
    if (S_ISFIFO(mode))
        return "|";
    return S_ISREG(mode) && (mode & 0111) ? "*" : "";
}

/* Returns the width of what it printed, without the long part. */
static int show_name(const struct entry *e, const struct widths *w)
{
    int n = 0;

    if (opt.inode)
        n += printf("%*lu ", w->inode, e->st.st_ino);
    n += printf("%s%s", e->name, opt.longer && e->target ? "" : class_mark(e->st.st_mode));
    return n;
}

static void show_long(const struct entry *e, const struct widths *w)
{
    char mode[12], size[32], when[32];
    time_t now = time(NULL);
    struct tm *tm = localtime(&e->st.st_mtime);
    int recent = e->st.st_mtime <= now && now - e->st.st_mtime < 365L * 86400 / 2;

    mode_text(mode, e->st.st_mode);
    size_text(size, sizeof(size), &e->st);
    if (!tm || !strftime(when, sizeof(when), recent ? "%b %e %H:%M" : "%b %e  %Y", tm))
        strlcpy(when, "?", sizeof(when));
    if (opt.inode)
        printf("%*lu ", w->inode, e->st.st_ino);
    printf("%s %*u %-*s %-*s %*s %s %s%s", mode, w->links, e->st.st_nlink, w->owner,
           owner_name(e->st.st_uid), w->group, group_name(e->st.st_gid), w->size, size, when,
           e->name, e->target ? "" : class_mark(e->st.st_mode));
    if (e->target)
        printf(" -> %s", e->target);
    putchar('\n');
}

static int terminal_width(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
        return 0;
    return size.ws_col ? size.ws_col : 80;
}

/* Down the columns, as many as fit. */
static void show_columns(const struct list *l, const struct widths *w, int line)
{
    int width = w->name + (opt.inode ? w->inode + 1 : 0) + 2;
    size_t columns = line > width ? line / width : 1;
    size_t rows = (l->count + columns - 1) / columns;

    for (size_t row = 0; row < rows; row++) {
        for (size_t i = row; i < l->count; i += rows) {
            int n = show_name(&l->entry[i], w);
            if (i + rows < l->count)
                printf("%*s", width - n, "");
        }
        putchar('\n');
    }
}

static void show(struct list *l)
{
    qsort(l->entry, l->count, sizeof(*l->entry), compare);
    struct widths w = measure(l);
    int line = opt.one || opt.longer ? 0 : terminal_width();

    if (line) {
        show_columns(l, &w, line);
        return;
    }
    for (size_t i = 0; i < l->count; i++) {
        if (opt.longer) {
            show_long(&l->entry[i], &w);
        } else {
            show_name(&l->entry[i], &w);
            putchar('\n');
        }
    }
}

static void show_total(const struct list *l)
{
    long blocks = 0;
    char text[32];

    for (size_t i = 0; i < l->count; i++)
        blocks += l->entry[i].st.st_blocks;
    if (opt.human)
        human_size(text, sizeof(text), blocks * 512);
    else
        snprintf(text, sizeof(text), "%ld", blocks / 2);
    printf("total %s\n", text);
}

static void join(char *out, const char *dir, const char *name)
{
    const char *slash = *dir && dir[strlen(dir) - 1] == '/' ? "" : "/";

    snprintf(out, PATH_MAX, "%s%s%s", dir, slash, name);
}

static int is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void list_directory(const char *path, int heading)
{
    struct list l = {0};
    struct dirent *d;
    char full[PATH_MAX];
    DIR *dir = opendir(path);

    if (!dir) {
        fail(path);
        return;
    }
    if (heading)
        printf("%s:\n", path);
    while (errno = 0, (d = readdir(dir))) {
        join(full, path, d->d_name);
        if (opt.all || d->d_name[0] != '.')
            append(&l, full, d->d_name, d->d_type, 0);
    }
    if (errno)
        fail(path);
    closedir(dir);
    if (opt.longer)
        show_total(&l);
    show(&l);
    for (size_t i = 0; opt.recursive && i < l.count; i++) {
        if (!S_ISDIR(l.entry[i].st.st_mode) || is_dots(l.entry[i].name))
            continue;
        join(full, path, l.entry[i].name);
        putchar('\n');
        list_directory(full, 1);
    }
    list_free(&l);
}

static void parse_options(int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "aA1lhiRdrtSFnC")) != -1) {
        switch (c) {
        case 'a': case 'A': opt.all = 1; break;
        case '1': opt.one = 1; break;
        case 'l': opt.longer = 1; break;
        case 'h': opt.human = 1; break;
        case 'i': opt.inode = 1; break;
        case 'R': opt.recursive = 1; break;
        case 'd': opt.directory = 1; break;
        case 'r': opt.reverse = 1; break;
        case 't': opt.by_time = 1; break;
        case 'S': opt.by_size = 1; break;
        case 'F': opt.classify = 1; break;
        case 'n': opt.longer = opt.numeric = 1; break;
        case 'C': break;
        default: exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    static char *here[] = {(char *)".", NULL};
    struct list files = {0}, dirs = {0};

    parse_options(argc, argv);
    char **names = optind < argc ? argv + optind : here;
    for (char **name = names; *name; name++) {
        struct list probe = {0};
        if (append(&probe, *name, *name, DT_UNKNOWN, 1) < 0) {
            exit_status = 2; /* named on the command line: worse than an entry that went away */
        } else {
            int is_dir = S_ISDIR(probe.entry[0].st.st_mode) && !opt.directory;
            append(is_dir ? &dirs : &files, *name, *name, DT_UNKNOWN, 1);
        }
        list_free(&probe);
    }
    if (files.count)
        show(&files);
    if (dirs.count)
        qsort(dirs.entry, dirs.count, sizeof(*dirs.entry), compare);
    for (size_t i = 0; i < dirs.count; i++) {
        if (i || files.count)
            putchar('\n');
        list_directory(dirs.entry[i].name, opt.recursive || files.count || names[1] != NULL);
    }
    return fflush(stdout) == EOF ? 2 : exit_status;
}
