/*
 * test and [: a small recursive descent over the arguments.
 *
 * With up to four arguments POSIX says by their number what they mean; taking a binary operator
 * in second place before anything else gives the same answers: [ ! = x ], [ "(" = "(" ].
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builtin.h"
#include "shell.h"

struct test {
    char **at;
    char **end;
    bool failed;
};

static bool test_or(struct test *t);

static void fail(struct test *t, const char *what, const char *why)
{
    if (!t->failed)
        shell_error("test: %s: %s", what, why);
    t->failed = true;
    t->at = t->end;
}

static bool next_is(const struct test *t, const char *text)
{
    return t->at < t->end && strcmp(*t->at, text) == 0;
}

static long long number_of(struct test *t, const char *s)
{
    char *end;
    errno = 0;
    long long value = strtoll(s, &end, 10);
    while (*end == ' ')
        end++;
    if (end == s || *end || errno)
        fail(t, s, "bad number");
    return value;
}

enum binary {
    BIN_EQ, BIN_EQ2, BIN_NE, BIN_LT, BIN_GT, BIN_NUM_EQ, BIN_NUM_NE, BIN_NUM_GT, BIN_NUM_GE,
    BIN_NUM_LT, BIN_NUM_LE, BIN_NEWER, BIN_OLDER, BIN_SAME, BIN_NONE,
};

static enum binary binary_of(const char *s)
{
    static const char *const names[] = {"=",   "==",  "!=",  "<",   ">",   "-eq", "-ne",
                                        "-gt", "-ge", "-lt", "-le", "-nt", "-ot", "-ef"};
    for (int i = 0; i < BIN_NONE; i++)
        if (strcmp(names[i], s) == 0)
            return i;
    return BIN_NONE;
}

/* -1, 0 or 1 as the first file is older, as old, newer; a missing file is older than any. */
static int compare_age(const char *a, const char *b)
{
    struct stat x, y;
    bool has_x = stat(a, &x) == 0, has_y = stat(b, &y) == 0;
    if (!has_x || !has_y)
        return has_x - has_y;
    if (x.st_mtim.tv_sec != y.st_mtim.tv_sec)
        return x.st_mtim.tv_sec < y.st_mtim.tv_sec ? -1 : 1;
    return (x.st_mtim.tv_nsec > y.st_mtim.tv_nsec) - (x.st_mtim.tv_nsec < y.st_mtim.tv_nsec);
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool compare_numbers(struct test *t, const char *a, enum binary op, const char *b)
{
    long long x = number_of(t, a), y = number_of(t, b);
    switch (op) {
    case BIN_NUM_EQ:
        return x == y;
    case BIN_NUM_NE:
        return x != y;
    case BIN_NUM_GT:
        return x > y;
    case BIN_NUM_GE:
        return x >= y;
    case BIN_NUM_LT:
        return x < y;
    default:
        return x <= y;
    }
}

static bool apply_binary(struct test *t, const char *a, enum binary op, const char *b)
{
    switch (op) {
    case BIN_EQ:
    case BIN_EQ2:
        return strcmp(a, b) == 0;
    case BIN_NE:
        return strcmp(a, b) != 0;
    case BIN_LT:
        return strcmp(a, b) < 0;
    case BIN_GT:
        return strcmp(a, b) > 0;
    case BIN_NEWER:
        return compare_age(a, b) > 0;
    case BIN_OLDER:
        return compare_age(a, b) < 0;
    case BIN_SAME:
        return same_file(a, b);
    default:
        return compare_numbers(t, a, op, b);
    }
}

static bool is_unary(const char *s)
{
    return s[0] == '-' && s[1] && !s[2] && strchr("bcdefghknprstuwxzLSOG", s[1]);
}

static bool file_has_type(char op, const struct stat *st)
{
    switch (op) {
    case 'b':
        return S_ISBLK(st->st_mode);
    case 'c':
        return S_ISCHR(st->st_mode);
    case 'd':
        return S_ISDIR(st->st_mode);
    case 'f':
        return S_ISREG(st->st_mode);
    case 'g':
        return st->st_mode & S_ISGID;
    case 'h':
    case 'L':
        return S_ISLNK(st->st_mode);
    case 'k':
        return st->st_mode & S_ISVTX;
    case 'p':
        return S_ISFIFO(st->st_mode);
    case 's':
        return st->st_size > 0;
    case 'u':
        return st->st_mode & S_ISUID;
    case 'S':
        return S_ISSOCK(st->st_mode);
    case 'O':
        return st->st_uid == geteuid();
    case 'G':
        return st->st_gid == getegid();
    default:
        return true;
    }
}

static bool apply_unary(struct test *t, char op, const char *s)
{
    struct stat st;
    switch (op) {
    case 'n':
        return *s;
    case 'z':
        return !*s;
    case 't':
        return isatty(number_of(t, s));
    case 'r':
        return access(s, R_OK) == 0;
    case 'w':
        return access(s, W_OK) == 0;
    case 'x':
        return access(s, X_OK) == 0;
    case 'h':
    case 'L':
        return lstat(s, &st) == 0 && file_has_type(op, &st);
    default:
        return stat(s, &st) == 0 && file_has_type(op, &st);
    }
}

static bool test_primary(struct test *t)
{
    ptrdiff_t left = t->end - t->at;
    char **at = t->at;
    if (left >= 3 && binary_of(at[1]) != BIN_NONE) {
        t->at += 3;
        return apply_binary(t, at[0], binary_of(at[1]), at[2]);
    }
    if (left >= 3 && strcmp(at[0], "(") == 0) {
        t->at++;
        bool result = test_or(t);
        if (!next_is(t, ")"))
            fail(t, "(", "missing ')'");
        else
            t->at++;
        return result;
    }
    if (left >= 2 && is_unary(at[0])) {
        t->at += 2;
        return apply_unary(t, at[0][1], at[1]);
    }
    if (left == 0) {
        fail(t, "expression", "missing");
        return false;
    }
    t->at++;
    return *at[0];
}

static bool test_not(struct test *t)
{
    bool negate = false;
    while (next_is(t, "!") && t->end - t->at > 1 &&
           !(t->end - t->at == 3 && binary_of(t->at[1]) != BIN_NONE)) {
        negate = !negate;
        t->at++;
    }
    return test_primary(t) != negate;
}

static bool test_and(struct test *t)
{
    bool result = test_not(t);
    while (next_is(t, "-a")) {
        t->at++;
        result &= test_not(t);
    }
    return result;
}

static bool test_or(struct test *t)
{
    bool result = test_and(t);
    while (next_is(t, "-o")) {
        t->at++;
        result |= test_and(t);
    }
    return result;
}

int builtin_test(int argc, char **argv)
{
    if (argv[0][0] == '[' && strcmp(argv[--argc], "]") != 0) {
        shell_error("[: missing ']'");
        return STATUS_MISUSE;
    }
    if (argc == 1)
        return 1;
    struct test t = {.at = argv + 1, .end = argv + argc};
    bool result = test_or(&t);
    if (t.at != t.end)
        fail(&t, *t.at, "unexpected");
    return t.failed ? STATUS_MISUSE : !result;
}
