/* Regular expressions, shell patterns, glob. */
#include "testlib.h"
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct regex_case {
    const char *pattern;
    int flags;
    const char *text;
    const char *match; /* NULL: none; else the match, and the groups behind slashes */
};

#define E REG_EXTENDED

static const struct regex_case regex_cases[] = {
    {"abc", 0, "xxabcxx", "abc"},
    {"a.c", 0, "abd axc", "axc"},
    {"a*", 0, "baaa", ""},
    {"ba*", 0, "xbaaa", "baaa"},
    {"^b", 0, "ab", NULL},
    {"b$", 0, "ab", "b"},
    {"a^b", 0, "a^b", "a^b"},
    {"a$b", 0, "a$b", "a$b"},
    {"*a", 0, "x*a", "*a"},
    {"\\(a\\)b", 0, "ab", "ab/a"},
    {"(a)b", 0, "(a)b", "(a)b"},
    {"(a)b", E, "ab", "ab/a"},
    {"a|b", 0, "xa|b", "a|b"},
    {"a|b", E, "xb", "b"},
    {"a\\|b", 0, "xb", "b"},
    {"a|ab|abc", E, "abcd", "abc"},
    {"(a|ab)(c|bcd)", E, "abcd", "abcd/a/bcd"},
    {"x+", E, "axxxb", "xxx"},
    {"x\\+", 0, "axxxb", "xxx"},
    {"x?y", E, "xxy", "xy"},
    {"a{2,3}", E, "aaaa", "aaa"},
    {"a\\{2\\}", 0, "aaaa", "aa"},
    {"a{2,}", E, "aaaaa", "aaaaa"},
    {"a{0,1}b", E, "aab", "ab"},
    {"(ab){2}", E, "ababab", "abab/ab"},
    {"a{", E, "xa{", "a{"},
    {"[a-c]+", E, "xxabcd", "abc"},
    {"[^a-c]+", E, "abxyzc", "xyz"},
    {"[]a]+", E, "x]a]", "]a]"},
    {"[^]a]", E, "]ab", "b"},
    {"[a-]+", E, "x-a-", "-a-"},
    {"[[:digit:][:upper:]]+", E, "ab12CDe", "12CD"},
    {"[\\n]", E, "\\", "\\"},
    {"\\.", 0, "a.b", "."},
    {"\\(.\\)\\1", 0, "abccd", "cc/c"},
    {"(a*)\\1b", E, "aaaab", "aaaab/aa"},
    {"\\(\\(a\\)\\2\\)*b", 0, "aaaab", "aaaab/aa/a"},
    {"ABC", REG_ICASE, "xabc", "abc"},
    {"[a-c]x", REG_ICASE, "BX", "BX"},
    {"\\bfoo\\b", E, "food foo", "foo"},
    {"\\<b", E, "ab b", "b"},
    {"\\w+", E, "  a_1-", "a_1"},
    {"()", E, "abc", "/"},
    {"(a*)*", E, "aab", "aa/aa"},
    {"(a*)+b", E, "aab", "aab/"},
    {"(a|b)*c", E, "ababc", "ababc/b"},
    {"x.z", REG_NEWLINE, "x\nz", NULL},
    {"^b$", REG_NEWLINE, "a\nb\nc", "b"},
};

static void describe(const char *text, const regex_t *re, const regmatch_t *m, char *out,
                     size_t size)
{
    *out = 0;
    for (size_t i = 0; i <= re->re_nsub; i++) {
        size_t n = strlen(out);
        snprintf(out + n, size - n, "%s%.*s", i ? "/" : "", (int)(m[i].rm_eo - m[i].rm_so),
                 m[i].rm_so < 0 ? "" : text + m[i].rm_so);
    }
}

static void test_regex(void)
{
    char got[128];
    regmatch_t m[10];
    regex_t re;

    for (size_t i = 0; i < sizeof(regex_cases) / sizeof(regex_cases[0]); i++) {
        const struct regex_case *c = &regex_cases[i];
        int r = regcomp(&re, c->pattern, c->flags);
        if (r)
            test_fail(__FILE__, __LINE__, "/%s/: error %d", c->pattern, r);
        r = regexec(&re, c->text, 10, m, 0);
        strcpy(got, "no match");
        if (!r)
            describe(c->text, &re, m, got, sizeof(got));
        /* of "(a*)+" the last round may be empty or not: both are in use */
        int ends_empty = c->match && *c->match && c->match[strlen(c->match) - 1] == '/';
        size_t n = ends_empty ? strlen(c->match) : sizeof(got);
        if (c->match ? r || strncmp(got, c->match, n) != 0 : r != REG_NOMATCH)
            test_fail(__FILE__, __LINE__, "/%s/ on \"%s\": %s, not %s", c->pattern, c->text, got,
                      c->match ? c->match : "no match");
        regfree(&re);
    }
}

static void test_regex_errors(void)
{
    static const struct {
        const char *pattern;
        int flags, error;
    } cases[] = {
        {"(a", E, REG_EPAREN},        {"\\(a", 0, REG_EPAREN},  {"a\\)", 0, REG_EPAREN},
        {"[a", 0, REG_EBRACK},        {"[b-a]", 0, REG_ERANGE}, {"[[:no:]]", 0, REG_ECTYPE},
        {"a\\", 0, REG_EESCAPE},      {"\\1", 0, REG_ESUBREG},  {"a{3,2}", E, REG_BADBR},
        {"a\\{1", 0, REG_EBRACE},     {"+a", E, REG_BADRPT},    {"a{256}", E, REG_BADBR},
    };
    regex_t re;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int r = regcomp(&re, cases[i].pattern, cases[i].flags);
        if (r != cases[i].error)
            test_fail(__FILE__, __LINE__, "/%s/: error %d, not %d", cases[i].pattern, r,
                      cases[i].error);
    }
}

/* A matcher that tries one way after the other would need 2^30 steps here. */
static void test_regex_linear(void)
{
    char pattern[200] = "", text[64] = "";
    regex_t re;

    for (int i = 0; i < 30; i++) {
        strcat(pattern, "a?");
        strcat(text, "a");
    }
    strcat(pattern, text);
    check_int(regcomp(&re, pattern, E), 0);
    check_int(regexec(&re, text, 0, NULL, 0), 0);
    regfree(&re);
    check_int(regcomp(&re, "(((a*)*)*)*b", E), 0);
    check_int(regexec(&re, text, 0, NULL, 0), REG_NOMATCH);
    regfree(&re);
}

static void test_fnmatch(void)
{
    static const struct {
        const char *pattern, *text;
        int flags, match;
    } cases[] = {
        {"*", "abc", 0, 1},
        {"a*c", "abbbc", 0, 1},
        {"a*c", "abbbd", 0, 0},
        {"*.c", "x.c.c", 0, 1},
        {"a?c", "abc", 0, 1},
        {"a?c", "ac", 0, 0},
        {"[a-c]x", "bx", 0, 1},
        {"[!a-c]x", "bx", 0, 0},
        {"[]]", "]", 0, 1},
        {"[[:digit:]]*", "5x", 0, 1},
        {"[a", "[a", 0, 1},
        {"\\*", "*", 0, 1},
        {"\\*", "x", 0, 0},
        {"\\*", "\\x", FNM_NOESCAPE, 1},
        {"*", ".x", FNM_PERIOD, 0},
        {".*", ".x", FNM_PERIOD, 1},
        {"*", "a/b", FNM_PATHNAME, 0},
        {"*/b", "a/b", FNM_PATHNAME, 1},
        {"a*b*c*d", "axxbxxcxxbxcxd", 0, 1},
        {"ABC", "abc", FNM_CASEFOLD, 1},
        {"", "", 0, 1},
        {"", "a", 0, 0},
        {"**", "", 0, 1},
        {"a", "a/b", FNM_LEADING_DIR, 1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if ((fnmatch(cases[i].pattern, cases[i].text, cases[i].flags) == 0) != cases[i].match)
            test_fail(__FILE__, __LINE__, "fnmatch(\"%s\", \"%s\", %d)", cases[i].pattern,
                      cases[i].text, cases[i].flags);
    }
}

static void touch(const char *path)
{
    int fd = open(path, O_CREAT | O_WRONLY, 0644);

    check(fd >= 0);
    close(fd);
}

static void test_glob(void)
{
    char dir[] = "/tmp/glob-XXXXXX";
    glob_t g;

    check(mkdtemp(dir) && chdir(dir) == 0 && mkdir("d", 0755) == 0);
    touch("b.c");
    touch("a.c");
    touch(".hidden.c");
    touch("d/x.c");
    check_int(glob("*.c", 0, NULL, &g), 0);
    check_int(g.gl_pathc, 2);
    check_str(g.gl_pathv[0], "a.c");
    check_str(g.gl_pathv[1], "b.c");
    globfree(&g);
    check_int(glob("*/*.c", 0, NULL, &g), 0);
    check_int(g.gl_pathc, 1);
    check_str(g.gl_pathv[0], "d/x.c");
    globfree(&g);
    check_int(glob("*.none", 0, NULL, &g), GLOB_NOMATCH);
    check_int(glob("*.none", GLOB_NOCHECK, NULL, &g), 0);
    check_str(g.gl_pathv[0], "*.none");
    globfree(&g);
    check_int(glob("?", GLOB_MARK, NULL, &g), 0);
    check_str(g.gl_pathv[0], "d/");
    globfree(&g);
    unlink("b.c");
    unlink("a.c");
    unlink(".hidden.c");
    unlink("d/x.c");
    rmdir("d");
    chdir("/");
    check_int(rmdir(dir), 0);
}

const struct test pattern_tests[] = {
    {"regex_match", test_regex},         {"regex_errors", test_regex_errors},
    {"regex_linear", test_regex_linear}, {"fnmatch", test_fnmatch},
    {"glob", test_glob},                 {NULL, NULL},
};
