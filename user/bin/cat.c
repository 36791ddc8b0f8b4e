/* cat [-nu] [file ...]: files, one after the other.  -n numbers the lines. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (64 * 1024)

static int write_all(const char *buf, ssize_t len)
{
    while (len) {
        ssize_t n = write(STDOUT_FILENO, buf, len);
        if (n < 0)
            return -1;
        buf += n;
        len -= n;
    }
    return 0;
}

static int copy(int fd, const char *name)
{
    static char buf[CHUNK];
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        if (write_all(buf, n) < 0)
            err(1, "write error");
    }
    if (n < 0)
        warn("%s", name);
    return n < 0;
}

static int copy_numbered(int fd, const char *name)
{
    static long line_number;
    static int in_line;
    FILE *f = fdopen(fd, "r");
    char *line = NULL;
    size_t size = 0;
    ssize_t n;

    while (f && (n = getline(&line, &size, f)) > 0) {
        if (!in_line)
            printf("%6ld\t", ++line_number);
        fwrite(line, 1, n, stdout);
        in_line = line[n - 1] != '\n';
    }
    int failed = !f || ferror(f);
    if (failed)
        warn("%s", name);
    free(line);
    if (f && fd != STDIN_FILENO)
        fclose(f);
    return failed;
}

int main(int argc, char **argv)
{
    int (*output)(int, const char *) = copy;
    int c, failed = 0;

    while ((c = getopt(argc, argv, "nu")) != -1) {
        if (c == '?')
            return 1;
        if (c == 'n')
            output = copy_numbered;
    }
    if (optind == argc)
        return output(STDIN_FILENO, "standard input");
    for (; optind < argc; optind++) {
        const char *name = argv[optind];
        int is_stdin = strcmp(name, "-") == 0;
        int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY);
        if (fd < 0) {
            warn("%s", name);
            failed = 1;
            continue;
        }
        failed |= output(fd, name);
        if (!is_stdin && output == copy)
            close(fd);
    }
    return failed || fflush(stdout) == EOF;
}
