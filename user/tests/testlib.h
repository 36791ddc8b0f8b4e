/*
 * User tests.
 *
 * A test is a function in a table; it runs in a child of its own and fails by check() or by dying.
 *
 *   usertests              all tests
 *   usertests NAME ...     those whose name is or begins with NAME
 *   usertests -l           their names
 *
 * Output: `ok NAME` or `FAIL NAME: reason` for each, then `N passed, N failed`; status 0 when none
 * failed.
 */
#ifndef XV_TESTLIB_H
#define XV_TESTLIB_H

#include <stddef.h>
#include <string.h>

struct test {
    const char *name;
    void (*fn)(void);
};

/* Each file of tests ends with one of these; main.c lists them. */
extern const struct test string_tests[], number_tests[], format_tests[], stdio_tests[];
extern const struct test memory_tests[], pattern_tests[], library_tests[];

int run_tests(const struct test *const *tables, int argc, char **argv);

/* Ends the test's process; the parent prints the reason. */
_Noreturn void test_fail(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define check(expr)                                                                                \
    do {                                                                                           \
        if (!(expr))                                                                               \
            test_fail(__FILE__, __LINE__, "%s", #expr);                                            \
    } while (0)

#define check_int(got, want)                                                                       \
    do {                                                                                           \
        long got_ = (long)(got), want_ = (long)(want);                                             \
        if (got_ != want_)                                                                         \
            test_fail(__FILE__, __LINE__, "%s is %ld, not %ld", #got, got_, want_);                \
    } while (0)

#define check_str(got, want)                                                                       \
    do {                                                                                           \
        const char *got_ = (got), *want_ = (want);                                                 \
        if (strcmp(got_, want_) != 0)                                                              \
            test_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #got, got_, want_);          \
    } while (0)

#endif
