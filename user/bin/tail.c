/*
 * tail [-n [+]lines | -c [+]bytes] [-f] [-s seconds] [-qv] [file ...]: the end of files, 10 lines
 * by default; with + from that line or byte on.  -f goes on with what is appended.
 */
#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tools.h>
#include <unistd.h>

#define CHUNK (64 * 1024)

static uint64_t limit = 10;
static int count_bytes, from_start, follow, headings;
static double interval = 1;
static char buf[CHUNK];

static void put(const char *text, size_t len)
{
    if (fwrite(text, 1, len, stdout) != len)
        err(1, "write error");
}

/* From here to the end of the file. */
static int copy_rest(int fd)
{
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0)
        put(buf, n);
    return n < 0;
}

/* Skips limit - 1 lines or bytes from the start. */
static int show_from_start(int fd)
{
    uint64_t left = limit ? limit - 1 : 0;
    ssize_t n;

    while (left && (n = read(fd, buf, sizeof(buf))) > 0) {
        ssize_t i = 0;
        for (; i < n && left; i++)
            left -= count_bytes || buf[i] == '\n';
        put(buf + i, n - i);
    }
    return left ? 0 : copy_rest(fd);
}

/* The offset in text at which the last `limit` lines or bytes begin; -1: before the text. */
static ssize_t tail_start(const char *text, size_t len)
{
    uint64_t left = limit;

    if (count_bytes)
        return left <= len ? (ssize_t)(len - left) : -1;
    if (!left)
        return len;
    size_t i = len && text[len - 1] == '\n' ? len - 1 : len; /* the last line may lack its end */
    for (; i; i--) {
        if (text[i - 1] == '\n' && !--left)
            return i;
    }
    return -1;
}

/* A file: blocks of growing size from its end, until they hold enough. */
static int show_from_end(int fd, off_t size)
{
    for (off_t want = CHUNK;; want *= 4) {
        off_t at = want < size ? size - want : 0;
        char *text = malloc(size - at + 1);
        if (!text)
            err(1, NULL);
        ssize_t n = pread(fd, text, size - at, at);
        ssize_t start = n < 0 ? 0 : tail_start(text, n);
        if (start < 0 && at) {
            free(text);
            continue;
        }
        if (n >= 0)
            put(text + (start < 0 ? 0 : start), n - (start < 0 ? 0 : start));
        free(text);
        lseek(fd, at + (n < 0 ? 0 : n), SEEK_SET);
        return n < 0 || copy_rest(fd);
    }
}

/* A pipe: everything is read, and what can't belong to the end is dropped on the way. */
static int show_stream(int fd)
{
    size_t room = 2 * CHUNK, used = 0;
    char *text = malloc(room);
    ssize_t n = text ? 1 : -1;

    while (n > 0 && (n = read(fd, text + used, room - used)) > 0) {
        used += n;
        if (used < room)
            continue;
        ssize_t start = tail_start(text, used);
        if (start > 0)
            memmove(text, text + start, used -= start);
        char *grown = room - used < CHUNK ? realloc(text, room *= 2) : text;
        if (!grown)
            err(1, NULL);
        text = grown;
    }
    if (n == 0) {
        ssize_t start = tail_start(text, used);
        put(text + (start < 0 ? 0 : start), used - (start < 0 ? 0 : start));
    }
    free(text);
    return n < 0;
}

static int show(int fd)
{
    struct stat st;

    if (from_start)
        return show_from_start(fd);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
        return show_from_end(fd, st.st_size);
    return show_stream(fd);
}

static void heading(const char *name)
{
    static int later;

    if (headings)
        printf("%s==> %s <==\n", later ? "\n" : "", name);
    later = 1;
}

/* Looks at each file again and again; a file that has become shorter begins anew. */
static _Noreturn void follow_files(const int *fds, char **names, int count)
{
    int last = count - 1;

    for (;;) {
        for (int i = 0; i < count; i++) {
            struct stat st;
            off_t at = lseek(fds[i], 0, SEEK_CUR);
            if (fds[i] < 0 || (fstat(fds[i], &st) == 0 && S_ISREG(st.st_mode) && st.st_size == at))
                continue;
            if (at > st.st_size && S_ISREG(st.st_mode)) {
                warnx("%s: file truncated", names[i]);
                lseek(fds[i], 0, SEEK_SET);
            }
            if (i != last)
                heading(names[i]);
            last = i;
            copy_rest(fds[i]);
        }
        if (fflush(stdout) == EOF)
            exit(1);
        sleep_seconds(interval);
    }
}

static void set_limit(const char *text, int bytes)
{
    count_bytes = bytes;
    from_start = *text == '+';
    const char *number = *text == '+' || *text == '-' ? text + 1 : text;
    if (parse_size(number, &limit) < 0)
        errx(1, "invalid number of %s: '%s'", bytes ? "bytes" : "lines", text);
}

static void parse_options(int argc, char **argv)
{
    int c, quiet = 0, verbose = 0;

    if (argc > 1 && argv[1][0] == '-' && isdigit((unsigned char)argv[1][1])) {
        set_limit(argv[1] + 1, 0);
        optind = 2;
    }
    while ((c = getopt(argc, argv, "n:c:fFs:qv")) != -1) {
        switch (c) {
        case 'n':
        case 'c': set_limit(optarg, c == 'c'); break;
        case 'f':
        case 'F': follow = 1; break;
        case 'q': quiet = 1; break;
        case 'v': verbose = 1; break;
        case 's':
            interval = parse_seconds(optarg);
            if (interval < 0)
                errx(1, "invalid number of seconds: '%s'", optarg);
            break;
        default: exit(1);
        }
    }
    headings = verbose || (argc - optind > 1 && !quiet);
}

int main(int argc, char **argv)
{
    static char *standard[] = {(char *)"-", NULL};
    int failed = 0;

    parse_options(argc, argv);
    char **names = optind == argc ? standard : argv + optind;
    int count = optind == argc ? 1 : argc - optind;
    int *fds = malloc(count * sizeof(*fds));
    if (!fds)
        err(1, NULL);
    for (int i = 0; i < count; i++) {
        int is_stdin = strcmp(names[i], "-") == 0;
        fds[i] = is_stdin ? STDIN_FILENO : open(names[i], O_RDONLY);
        if (fds[i] < 0) {
            warn("cannot open '%s' for reading", names[i]);
            failed = 1;
            continue;
        }
        heading(is_stdin ? "standard input" : names[i]);
        if (show(fds[i])) {
            warn("error reading '%s'", names[i]);
            failed = 1;
        }
        if (!follow && !is_stdin)
            close(fds[i]);
    }
    if (follow && fflush(stdout) != EOF)
        follow_files(fds, names, count);
    return failed || fflush(stdout) == EOF;
}
