/* Streams on real files and pipes. */
#include "testlib.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[] = "/tmp/stdio-XXXXXX";

static FILE *scratch(const char *mode)
{
    int fd = mkstemp(path);

    check(fd >= 0);
    FILE *f = fdopen(fd, mode);
    check(f != NULL);
    unlink(path);
    return f;
}

static void test_read_write(void)
{
    FILE *f = scratch("w+");
    char buf[10000], got[10000];

    for (size_t i = 0; i < sizeof(buf); i++)
        buf[i] = (char)(i * 31 + i / 256);
    for (size_t at = 0, n = 1; at < sizeof(buf); at += n, n = n * 2 + 1) {
        if (n > sizeof(buf) - at)
            n = sizeof(buf) - at;
        check_int(fwrite(buf + at, 1, n, f), n);
    }
    check_int(ftell(f), sizeof(buf));
    rewind(f);
    check_int(fread(got, 1, 10, f), 10);
    check_int(getc(f), (unsigned char)buf[10]);
    check_int(fread(got + 11, 1, sizeof(got), f), sizeof(buf) - 11);
    check(feof(f) && !ferror(f));
    check(memcmp(got + 11, buf + 11, sizeof(buf) - 11) == 0);
    check_int(fclose(f), 0);
}

static void test_seek(void)
{
    FILE *f = scratch("w+");

    fputs("0123456789", f);
    check_int(fseek(f, 3, SEEK_SET), 0);
    check_int(getc(f), '3');
    check_int(ftell(f), 4);
    check_int(fseek(f, 2, SEEK_CUR), 0);
    check_int(getc(f), '6');
    check_int(fseek(f, -1, SEEK_END), 0);
    check_int(getc(f), '9');
    check_int(getc(f), EOF);
    check_int(fseek(f, 5, SEEK_SET), 0);
    check(!feof(f));
    fputs("xy", f); /* from reading to writing and back, with a seek between */
    rewind(f);
    char line[32];
    check(fgets(line, sizeof(line), f) != NULL);
    check_str(line, "01234xy789");
}

static void test_ungetc(void)
{
    FILE *f = scratch("w+");

    fputs("abc", f);
    rewind(f);
    check_int(ungetc('z', f), 'z');
    check_int(getc(f), 'z');
    check_int(getc(f), 'a');
    check_int(ungetc('y', f), 'y');
    check_int(getc(f), 'y');
    check_int(getc(f), 'b');
    check_int(getc(f), 'c');
    check_int(getc(f), EOF);
    check_int(ungetc('q', f), 'q');
    check_int(getc(f), 'q');
}

static void test_getline(void)
{
    FILE *f = scratch("w+");
    char *line = NULL;
    size_t size = 0;

    fputs("first\n\n", f);
    for (int i = 0; i < 9000; i++)
        putc('x', f);
    fputs("\nlast", f);
    rewind(f);
    check_int(getline(&line, &size, f), 6);
    check_str(line, "first\n");
    check_int(getline(&line, &size, f), 1);
    check_int(getline(&line, &size, f), 9001);
    check(size > 9001 && line[8999] == 'x' && line[9000] == '\n');
    check_int(getline(&line, &size, f), 4);
    check_str(line, "last");
    check_int(getline(&line, &size, f), -1);
    check(feof(f));
}

static void test_fgets(void)
{
    FILE *f = scratch("w+");
    char buf[5];

    fputs("abcdefg\nh", f);
    rewind(f);
    check_str(fgets(buf, sizeof(buf), f), "abcd");
    check_str(fgets(buf, sizeof(buf), f), "efg\n");
    check_str(fgets(buf, sizeof(buf), f), "h");
    check(!fgets(buf, sizeof(buf), f));
}

static void test_append(void)
{
    char name[] = "/tmp/append-XXXXXX", line[32];
    int fd = mkstemp(name);

    check_int(write(fd, "one\n", 4), 4);
    close(fd);
    FILE *f = fopen(name, "a");
    fputs("two\n", f);
    check_int(ftell(f), 8);
    fclose(f);
    f = fopen(name, "r");
    check_str(fgets(line, sizeof(line), f), "one\n");
    check_str(fgets(line, sizeof(line), f), "two\n");
    check_int(fputc('x', f), EOF);
    fclose(f);
    check(!fopen(name, "wx") && errno == EEXIST);
    unlink(name);
    check(!fopen(name, "r") && errno == ENOENT);
    check(!fopen(name, "q") && errno == EINVAL);
}

/* What exit() must flush, and what _exit() must not. */
static void test_exit_flush(void)
{
    for (int quick = 0; quick < 2; quick++) {
        FILE *f = scratch("w+");
        strcpy(path + strlen(path) - 6, "XXXXXX");
        pid_t pid = fork();
        if (pid == 0) {
            fputs("data", f);
            if (quick)
                _exit(3);
            exit(3);
        }
        int status;
        check_int(waitpid(pid, &status, 0), pid);
        check_int(WEXITSTATUS(status), 3);
        struct stat st;
        check_int(fstat(fileno(f), &st), 0);
        check_int(st.st_size, quick ? 0 : 4);
        fclose(f);
    }
}

static void test_buffering(void)
{
    int fds[2];
    char buf[64];

    check_int(pipe2(fds, O_NONBLOCK), 0);
    FILE *f = fdopen(fds[1], "w");
    fputs("held\n", f); /* a pipe is no terminal: fully buffered */
    check(read(fds[0], buf, sizeof(buf)) < 0 && errno == EAGAIN);
    check_int(fflush(f), 0);
    check_int(read(fds[0], buf, sizeof(buf)), 5);
    setvbuf(f, NULL, _IOLBF, 0);
    fputs("line\npart", f);
    check(read(fds[0], buf, sizeof(buf)) >= 5);
    setvbuf(f, NULL, _IONBF, 0);
    read(fds[0], buf, sizeof(buf));
    fprintf(f, "%d-%d", 1, 2);
    check_int(read(fds[0], buf, sizeof(buf)), 3);
}

static void test_write_error(void)
{
    FILE *f = fopen("/dev/full", "w");

    check(f != NULL);
    check_int(fputs("x", f), 0);
    check_int(fflush(f), EOF);
    check(ferror(f) && errno == ENOSPC);
}

const struct test stdio_tests[] = {
    {"stdio_read_write", test_read_write}, {"stdio_seek", test_seek},
    {"stdio_ungetc", test_ungetc},         {"stdio_getline", test_getline},
    {"stdio_fgets", test_fgets},           {"stdio_append", test_append},
    {"stdio_exit_flush", test_exit_flush}, {"stdio_buffering", test_buffering},
    {"stdio_write_error", test_write_error}, {NULL, NULL},
};
