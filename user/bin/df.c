/*
 * df [-h|-H|-k|-m|-B size] [-i] [-T] [-a] [-t type] [file ...]: free space of file systems.
 *
 * Use% is used / (used + available), rounded up; blocks that only root may take count as neither.
 */
#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <tools.h>
#include <unistd.h>

struct mounted {
    char *source, *dir, *type;
    struct statfs fs;
};

static struct {
    int human, inodes, types, all;
    unsigned long block;
    const char *only;
} opt = {.block = 1024};

static struct mounted *mounts;
static size_t mount_count;

/* /proc/mounts writes a blank as \040. */
static char *unescape(const char *text)
{
    char *out = strdup(text), *to = out;

    if (!out)
        err(1, NULL);
    for (; *text; to++) {
        if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] && text[3]) {
            *to = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
            text += 4;
        } else {
            *to = *text++;
        }
    }
    *to = 0;
    return out;
}

static void read_mounts(void)
{
    char source[1024], dir[1024], type[64];
    FILE *f = fopen("/proc/mounts", "r");

    if (!f)
        err(1, "cannot read table of mounted file systems: /proc/mounts");
    while (fscanf(f, "%1023s %1023s %63s %*s %*d %*d", source, dir, type) == 3) {
        mounts = reallocarray(mounts, mount_count + 1, sizeof(*mounts));
        if (!mounts)
            err(1, NULL);
        struct mounted *m = &mounts[mount_count++];
        *m = (struct mounted){unescape(source), unescape(dir), unescape(type), {0}};
    }
    fclose(f);
}

/* The table is printed at the end, when the widths of its columns are known. */
enum { SOURCE, TYPE, SIZE, USED, AVAILABLE, PERCENT, DIR, COLUMNS };
static char *(*rows)[COLUMNS];
static size_t row_count;

static void set_cell(char **row, int column, const char *text)
{
    row[column] = strdup(text);
    if (!row[column])
        err(1, NULL);
}

static void set_number(char **row, int column, uint64_t n, uint64_t unit)
{
    char text[32];

    if (opt.human)
        size_text(text, n * unit, opt.human);
    else if (unit == 1)
        snprintf(text, sizeof(text), "%lu", n);
    else
        snprintf(text, sizeof(text), "%lu", (n * unit + opt.block - 1) / opt.block);
    set_cell(row, column, text);
}

static char **add_row(void)
{
    rows = reallocarray(rows, row_count + 1, sizeof(*rows));
    if (!rows)
        err(1, NULL);
    return rows[row_count++];
}

static void add(const struct mounted *m)
{
    const struct statfs *fs = &m->fs;
    uint64_t unit = opt.inodes ? 1 : fs->f_frsize ? fs->f_frsize : fs->f_bsize;
    uint64_t used = opt.inodes ? fs->f_files - fs->f_ffree : fs->f_blocks - fs->f_bfree;
    uint64_t available = opt.inodes ? fs->f_ffree : fs->f_bavail;
    char **row = add_row(), percent[32] = "-";

    set_cell(row, SOURCE, m->source);
    set_cell(row, TYPE, m->type);
    set_number(row, SIZE, opt.inodes ? fs->f_files : fs->f_blocks, unit);
    set_number(row, USED, used, unit);
    set_number(row, AVAILABLE, available, unit);
    if (used + available)
        snprintf(percent, sizeof(percent), "%lu%%",
                 (used * 100 + used + available - 1) / (used + available));
    set_cell(row, PERCENT, percent);
    set_cell(row, DIR, m->dir);
}

static void add_heading(void)
{
    static const char *const inode_words[] = {"Inodes", "IUsed", "IFree", "IUse%"};
    static const char *const human_words[] = {"Size", "Used", "Avail", "Use%"};
    char size[32];
    const char *block_words[] = {size, "Used", "Available", "Use%"};
    const char *const *words = opt.inodes ? inode_words : opt.human ? human_words : block_words;
    char **row = add_row();

    if (opt.block % (1 << 20) == 0)
        snprintf(size, sizeof(size), "%luM-blocks", opt.block >> 20);
    else if (opt.block % 1024 == 0)
        snprintf(size, sizeof(size), "%luK-blocks", opt.block >> 10);
    else
        snprintf(size, sizeof(size), "%luB-blocks", opt.block);
    set_cell(row, SOURCE, "Filesystem");
    set_cell(row, TYPE, "Type");
    for (int i = 0; i < 4; i++)
        set_cell(row, SIZE + i, words[i]);
    set_cell(row, DIR, "Mounted on");
}

static void print_table(void)
{
    int width[COLUMNS] = {14, 4, 5, 5, 5, 4, 0};

    for (size_t i = 0; i < row_count; i++) {
        for (int c = 0; c < COLUMNS; c++) {
            int len = strlen(rows[i][c]);
            width[c] = len > width[c] ? len : width[c];
        }
    }
    for (size_t i = 0; i < row_count; i++) {
        printf("%-*s ", width[SOURCE], rows[i][SOURCE]);
        if (opt.types)
            printf("%-*s ", width[TYPE], rows[i][TYPE]);
        for (int c = SIZE; c < DIR; c++)
            printf("%*s ", width[c], rows[i][c]);
        puts(rows[i][DIR]);
    }
}

/* The mount with the longest directory that leads to the file. */
static struct mounted *mount_of(const char *file)
{
    char path[PATH_MAX];
    struct mounted *best = NULL;
    size_t best_len = 0;

    if (!realpath(file, path)) {
        warn("%s", file);
        return NULL;
    }
    for (size_t i = 0; i < mount_count; i++) {
        const char *dir = mounts[i].dir;
        size_t len = strlen(dir);
        if (len > 1 && (strncmp(path, dir, len) != 0 || (path[len] && path[len] != '/')))
            continue;
        if (strcmp(path, mounts[i].source) == 0)
            return &mounts[i]; /* the device itself was named */
        if (len >= best_len) {
            best = &mounts[i];
            best_len = len;
        }
    }
    return best;
}

static int covered(size_t at)
{
    for (size_t i = at + 1; i < mount_count; i++) {
        if (strcmp(mounts[i].dir, mounts[at].dir) == 0)
            return 1;
    }
    return 0;
}

static void parse_options(int argc, char **argv)
{
    uint64_t size;
    int c;

    while ((c = getopt(argc, argv, "hHkmB:iTaPt:")) != -1) {
        switch (c) {
        case 'h': opt.human = 1024; break;
        case 'H': opt.human = 1000; break;
        case 'k': opt.block = 1024; break;
        case 'm': opt.block = 1 << 20; break;
        case 'i': opt.inodes = 1; break;
        case 'T': opt.types = 1; break;
        case 'a': opt.all = 1; break;
        case 'P': break;
        case 't': opt.only = optarg; break;
        case 'B':
            if (parse_size(optarg, &size) < 0 || !size)
                errx(1, "invalid -B argument '%s'", optarg);
            opt.block = size;
            break;
        default: exit(1);
        }
    }
}

static void add_all(void)
{
    for (size_t i = 0; i < mount_count; i++) {
        struct mounted *m = &mounts[i];
        if ((opt.only && strcmp(opt.only, m->type) != 0) || covered(i))
            continue;
        if (statfs(m->dir, &m->fs) == 0 && (m->fs.f_blocks || opt.all))
            add(m);
    }
}

int main(int argc, char **argv)
{
    int failed = 0;

    parse_options(argc, argv);
    read_mounts();
    add_heading();
    if (optind == argc)
        add_all();
    for (int i = optind; i < argc; i++) {
        struct mounted *m = mount_of(argv[i]);
        if (m && statfs(m->dir, &m->fs) == 0)
            add(m);
        else
            failed = 1;
    }
    print_table();
    return failed || fflush(stdout) == EOF;
}
