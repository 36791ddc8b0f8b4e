/*
 * swapon [-p priority] [-v] file ...: begins to swap to devices or files made by mkswap.
 * swapon [-s | --show]: lists those in use.
 */
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <tools.h>
#include <unistd.h>

static int flags, verbose;

static void show_summary(void)
{
    char *text = must_read("/proc/swaps"), *line = strchr(text, '\n');

    if (line && line[1]) /* nothing in use: nothing to say */
        fputs(text, stdout);
    free(text);
}

struct row {
    char name[256], type[16], size[16], used[16];
    int prio;
};

static void bytes_text(char out[16], unsigned long kib)
{
    if (kib == 0)
        strcpy(out, "0B");
    else
        size_text(out, kib * 1024, 1024);
}

static void show_table(void)
{
    struct row *rows = NULL;
    size_t n = 0;
    int width[4] = {4, 4, 4, 4};
    FILE *f = fopen("/proc/swaps", "r");
    unsigned long size, used;
    struct row r;

    if (!f)
        err(1, "/proc/swaps");
    if (fscanf(f, "%*[^\n]") == EOF)
        err(1, "/proc/swaps");
    while (fscanf(f, "%255s %15s %lu %lu %d", r.name, r.type, &size, &used, &r.prio) == 5) {
        bytes_text(r.size, size);
        bytes_text(r.used, used);
        const char *columns[] = {r.name, r.type, r.size, r.used};
        for (int i = 0; i < 4; i++)
            if ((int)strlen(columns[i]) > width[i])
                width[i] = (int)strlen(columns[i]);
        rows = reallocarray(rows, n + 1, sizeof(*rows));
        if (!rows)
            err(1, NULL);
        rows[n++] = r;
    }
    fclose(f);
    if (n)
        printf("%-*s %-*s %*s %*s PRIO\n", width[0], "NAME", width[1], "TYPE", width[2], "SIZE",
               width[3], "USED");
    for (size_t i = 0; i < n; i++)
        printf("%-*s %-*s %*s %*s %4d\n", width[0], rows[i].name, width[1], rows[i].type, width[2],
               rows[i].size, width[3], rows[i].used, rows[i].prio);
    free(rows);
}

/* What the kernel would only call an invalid argument. */
static int check_area(const char *path)
{
    struct swap_header h;
    struct stat st;
    int fd = open(path, O_RDONLY);

    if (fd < 0 || fstat(fd, &st) < 0) {
        warn("cannot open %s", path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    ssize_t n = pread(fd, &h, sizeof(h), 0);
    close(fd);
    if (n != sizeof(h) || memcmp(h.magic, SWAP_MAGIC, SWAP_MAGIC_LEN)) {
        warnx("%s: read swap header failed", path);
        return -1;
    }
    if (S_ISREG(st.st_mode) && st.st_mode & 077)
        warnx("%s: insecure permissions %04o, 0600 suggested.", path, st.st_mode & 07777);
    if (S_ISREG(st.st_mode) && st.st_blocks * 512 < st.st_size) {
        warnx("%s: skipping - it appears to have holes.", path);
        return -1;
    }
    return 0;
}

static int start(const char *path)
{
    if (verbose)
        printf("swapon %s\n", path);
    if (check_area(path))
        return 1;
    if (swapon(path, flags) == 0)
        return 0;
    warn("%s: swapon failed", path);
    return 1;
}

static void parse_priority(const char *text)
{
    char *end;
    long prio = strtol(text, &end, 10);

    if (*end || end == text)
        errx(1, "failed to parse priority: '%s'", text);
    if (prio > SWAP_FLAG_PRIO_MASK)
        prio = SWAP_FLAG_PRIO_MASK;
    flags = prio < 0 ? 0 : SWAP_FLAG_PREFER | (int)prio;
}

int main(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"priority", required_argument, NULL, 'p'},
        {"show", no_argument, NULL, 'S'},
        {"summary", no_argument, NULL, 's'},
        {"verbose", no_argument, NULL, 'v'},
        {0},
    };
    int c, show = argc == 1, status = 0;

    while ((c = getopt_long(argc, argv, "p:sv", long_options, NULL)) != -1) {
        switch (c) {
        case 'p':
            parse_priority(optarg);
            break;
        case 's':
            show_summary();
            return fflush(stdout) == EOF;
        case 'S':
            show = 1;
            break;
        case 'v':
            verbose = 1;
            break;
        default:
            fprintf(stderr, "usage: swapon [-p priority] [-v] [-s | --show] [file ...]\n");
            return 1;
        }
    }
    if (show && optind == argc)
        show_table();
    else if (optind == argc)
        errx(1, "bad usage: no file");
    for (; optind < argc; optind++)
        status |= start(argv[optind]);
    return status || fflush(stdout) == EOF;
}
