/* Blocks and strings, with every alignment against a byte-wise model. */
#include "testlib.h"
#include <ctype.h>
#include <libgen.h>
#include <stdlib.h>

#define ROOM 160

static unsigned char source[ROOM], target[ROOM], model[ROOM];

static void fill(void)
{
    for (int i = 0; i < ROOM; i++) {
        source[i] = (unsigned char)(i * 7 + 3);
        target[i] = model[i] = (unsigned char)(i + 128);
    }
}

static void test_memcpy(void)
{
    for (int from = 0; from < 9; from++)
        for (int to = 0; to < 9; to++)
            for (int n = 0; n < 80; n++) {
                fill();
                for (int i = 0; i < n; i++)
                    model[to + i] = source[from + i];
                check(memcpy(target + to, source + from, n) == target + to);
                for (int i = 0; i < ROOM; i++)
                    check(target[i] == model[i]);
            }
}

static void test_memmove(void)
{
    for (int from = 0; from < 40; from++)
        for (int to = 0; to < 40; to++)
            for (int n = 0; n < 70; n += 3) {
                fill();
                unsigned char copy[ROOM];
                for (int i = 0; i < n; i++)
                    copy[i] = target[from + i];
                for (int i = 0; i < n; i++)
                    model[to + i] = copy[i];
                memmove(target + to, target + from, n);
                for (int i = 0; i < ROOM; i++)
                    check(target[i] == model[i]);
            }
}

static void test_memset(void)
{
    for (int to = 0; to < 9; to++)
        for (int n = 0; n < 100; n++) {
            fill();
            for (int i = 0; i < n; i++)
                model[to + i] = 0xa5;
            memset(target + to, 0x1a5, n);
            for (int i = 0; i < ROOM; i++)
                check(target[i] == model[i]);
        }
}

static void test_memcmp(void)
{
    for (int at = 0; at < 40; at++) {
        fill();
        memcpy(target + 1, source + 1, 60);
        check_int(memcmp(target + 1, source + 1, 60), 0);
        memcpy(target, source + 3, 60);
        check_int(memcmp(target, source + 3, 60), 0);
        target[at] = source[3 + at] + 1;
        check((memcmp(target, source + 3, 60) > 0) == (target[at] > source[3 + at]));
        check_int(memcmp(target, source + 3, at), 0);
    }
    check(memcmp("\xff", "\x01", 1) > 0);
    check(memcmp("aaaaaaaa\x01", "aaaaaaaa\xff", 9) < 0);
}

static void test_search(void)
{
    check_str(strstr("a needle in hay", "needle"), "needle in hay");
    check(strstr("aab", "ab") != NULL && !strstr("abc", "abcd") && *strstr("abc", "") == 'a');
    check(!strchr("abc", 'x') && *strchr("abc", 0) == 0);
    check_str(strrchr("/a/b/c", '/'), "/c");
    check(memchr("abc", 'c', 2) == NULL);
    check_str(memmem("xxabcx", 6, "abc", 3), "abcx");
    check_str(strcasestr("Hello World", "WORLD"), "World");
    check_int(strspn("aabbc", "ab"), 4);
    check_int(strcspn("hello, you", ", "), 5);
    check_str(strpbrk("key=value", "=:"), "=value");
}

static void test_copy(void)
{
    char buf[8];

    check_int(strlcpy(buf, "0123456789", sizeof(buf)), 10);
    check_str(buf, "0123456");
    check_int(strlcat(buf, "x", sizeof(buf)), 8);
    strncpy(buf, "ab", sizeof(buf));
    for (int i = 2; i < 8; i++)
        check_int(buf[i], 0);
    strcpy(buf, "ab");
    strncat(buf, "cdef", 2);
    check_str(buf, "abcd");
    check(stpcpy(buf, "xyz") == buf + 3);
    char *copy = strndup("abcdef", 3);
    check_str(copy, "abc");
}

static void test_length(void)
{
    char buf[64];

    for (int from = 0; from < 9; from++)
        for (int n = 0; n < 40; n++) {
            memset(buf, 0x80, sizeof(buf));
            buf[from + n] = 0;
            check_int(strlen(buf + from), n);
            check_int(strnlen(buf + from, 20), n < 20 ? n : 20);
        }
}

static void test_compare(void)
{
    check(strcmp("a", "b") < 0 && strcmp("b", "a") > 0 && strcmp("ab", "a") > 0);
    check(strcmp("\xff", "a") > 0);
    check_int(strncmp("abcx", "abcy", 3), 0);
    check(strcasecmp("HeLLo", "hEllO") == 0 && strncasecmp("ABx", "aby", 2) == 0);
}

static void test_split(void)
{
    char text[] = "  one two  three ", *save, fields[] = "a::b", *rest = fields;

    check_str(strtok_r(text, " ", &save), "one");
    check_str(strtok_r(NULL, " ", &save), "two");
    check_str(strtok_r(NULL, " ", &save), "three");
    check(!strtok_r(NULL, " ", &save) && !strtok_r(NULL, " ", &save));
    check_str(strsep(&rest, ":"), "a");
    check_str(strsep(&rest, ":"), "");
    check_str(strsep(&rest, ":"), "b");
    check(!strsep(&rest, ":"));
}

static void test_paths(void)
{
    static const char *const cases[][2] = {
        {"/usr/lib", "/usr"}, {"/usr/", "/"}, {"usr", "."}, {"/", "/"}, {"", "."},
        {"a/b/", "a"},        {"a//b", "a"},
    };
    char path[32];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        strcpy(path, cases[i][0]);
        check_str(dirname(path), cases[i][1]);
    }
    check_str(basename("/a/b"), "b");
}

static void test_ctype(void)
{
    int letters = 0, digits = 0, spaces = 0, prints = 0, puncts = 0;

    for (int c = -1; c < 256; c++) {
        letters += isalpha(c) != 0;
        digits += isdigit(c) != 0;
        spaces += isspace(c) != 0;
        prints += isprint(c) != 0;
        puncts += ispunct(c) != 0;
        check(tolower(toupper(c)) == tolower(c));
    }
    check_int(letters, 52);
    check_int(digits, 10);
    check_int(spaces, 6);
    check_int(prints, 95);
    check_int(puncts, 32);
}

const struct test string_tests[] = {
    {"string_memcpy", test_memcpy},   {"string_memmove", test_memmove},
    {"string_memset", test_memset},   {"string_memcmp", test_memcmp},
    {"string_search", test_search},   {"string_copy", test_copy},
    {"string_length", test_length},   {"string_compare", test_compare},
    {"string_split", test_split},     {"string_paths", test_paths},
    {"string_ctype", test_ctype},     {NULL, NULL},
};
