/* wc [-lwcm] [file ...]: lines, words and bytes. */
#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct counts {
    long lines, words, bytes;
};

static int want_lines, want_words, want_bytes;

static int count(int fd, struct counts *total)
{
    static char buf[64 * 1024];
    struct counts sum = {0, 0, 0};
    int in_word = 0;
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        sum.bytes += n;
        for (ssize_t i = 0; i < n; i++) {
            sum.lines += buf[i] == '\n';
            int space = isspace((unsigned char)buf[i]);
            sum.words += !space && !in_word;
            in_word = !space;
        }
    }
    *total = sum;
    return n < 0 ? -1 : 0;
}

static void show(const struct counts *sum, const char *name, int width)
{
    const char *gap = "";

    if (want_lines)
        gap = printf("%*ld", width, sum->lines) ? " " : "";
    if (want_words)
        gap = printf("%s%*ld", gap, width, sum->words) ? " " : "";
    if (want_bytes)
        printf("%s%*ld", gap, width, sum->bytes);
    printf("%s%s\n", name ? " " : "", name ? name : "");
}

/* The columns are as wide as the largest number can be; 7 where a size is unknown. */
static int column_width(char **names)
{
    char *none[] = {(char *)"-", NULL};
    long total = 0;
    struct stat st;
    char text[24];

    for (names = *names ? names : none; *names; names++) {
        if ((strcmp(*names, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(*names, &st)) < 0)
            continue;
        if (!S_ISREG(st.st_mode))
            return 7;
        total += st.st_size;
    }
    return snprintf(text, sizeof(text), "%ld", total);
}

int main(int argc, char **argv)
{
    struct counts sum, total = {0, 0, 0};
    int c, failed = 0;

    while ((c = getopt(argc, argv, "lwcm")) != -1) {
        if (c == '?')
            return 1;
        want_lines |= c == 'l';
        want_words |= c == 'w';
        want_bytes |= c == 'c' || c == 'm';
    }
    int columns = want_lines + want_words + want_bytes;
    if (!columns)
        columns = 3, want_lines = want_words = want_bytes = 1;
    if (optind == argc) {
        if (count(STDIN_FILENO, &sum) < 0)
            err(1, "standard input");
        show(&sum, NULL, columns == 1 ? 0 : column_width(argv + optind));
        return fflush(stdout) == EOF;
    }
    int width = columns == 1 && argc - optind == 1 ? 0 : column_width(argv + optind);
    for (int i = optind; i < argc; i++) {
        int fd = strcmp(argv[i], "-") == 0 ? STDIN_FILENO : open(argv[i], O_RDONLY);
        if (fd < 0 || count(fd, &sum) < 0) {
            warn("%s", argv[i]);
            failed = 1;
        } else {
            show(&sum, argv[i], width);
            total.lines += sum.lines;
            total.words += sum.words;
            total.bytes += sum.bytes;
        }
        if (fd > STDIN_FILENO)
            close(fd);
    }
    if (argc - optind > 1)
        show(&total, "total", width);
    return failed || fflush(stdout) == EOF;
}
