/*
 * User tests.
 *
 * A test is a function in a table; it runs in a child of its own, in an empty directory of its own,
 * and fails by check() or by dying.
 *
 *   usertests              all tests
 *   usertests WORD ...     those whose name contains a WORD
 *   usertests -l           their names
 *   usertests -s SEED      the seed of the random ones, to repeat a run (it is printed at the
 * start) usertests -n COUNT     each that often usertests -t SECONDS   how long one may take (30)
 *   usertests -d DIR       where the file tests work (twice or more: in each); without it /tmp and
 * /
 *
 * Output: `ok NAME`, `FAIL NAME: reason (file:line)` or `skip NAME: reason` for each, then
 * `N passed, N failed`; status 0 when none failed.
 *
 * The tests are about Linux's interface: they pass on Linux too, where `on_linux.py usertests` runs
 * them by QEMU's user mode emulation.
 */
#ifndef XV_TESTLIB_H
#define XV_TESTLIB_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* tests without flags */
#pragma GCC diagnostic ignored "-Wunused-parameter"            /* of functions in tables */

/* flags of a test */
#define T_DIRS   1 /* once in each directory, that is on each kind of file system */
#define T_NATIVE 2 /* not under QEMU's user mode emulation, which differs there */
#define T_KEEPS  4 /* changes what the kernel holds for good: no comparison of its memory */

struct test {
    const char *name;
    void (*fn)(void);
    int flags;
};

/* Each file of tests ends with one of these; main.c lists them. */
extern const struct test string_tests[], number_tests[], format_tests[], stdio_tests[];
extern const struct test memory_tests[], malloc_tests[], pattern_tests[], library_tests[];
extern const struct test hole_tests[], shm_tests[], access_tests[], clone_tests[], rlimit_tests[];
extern const struct test memfd_tests[];
extern const struct test brk_tests[], mmap_tests[], mmap_file_tests[], mprotect_tests[];
extern const struct test fault_tests[], stack_tests[], cow_tests[], maps_tests[], efault_tests[];
extern const struct test books_tests[], oom_tests[], lend_tests[], lendhard_tests[];
extern const struct test swap_tests[], swaparea_tests[], swapshared_tests[];
extern const struct test huge_tests[], hugesplit_tests[];
extern const struct test remap_tests[], lock_tests[], advise_tests[];
extern const struct test fork_tests[], exec_tests[], elf_tests[], wait_tests[], kill_tests[];
extern const struct test time_tests[], pipe_tests[], fd_tests[], tty_tests[];
extern const struct test open_tests[], io_tests[], grow_tests[], dir_tests[], rename_tests[];
extern const struct test limit_tests[];
extern const struct test attr_tests[], mount_tests[], special_tests[], fsx_tests[], fuzz_tests[];

/* A program of the tests' own: `usertests --as NAME ARGS` runs fn(argc, argv) with argv[0] = NAME.
 */
struct helper {
    const char *name;
    int (*fn)(int argc, char **argv);
};
extern const struct helper exec_helpers[];

int run_tests(const struct test *const *tables, int argc, char **argv);

/* Ends the test's process, or that of a child; the runner prints the reason. */
_Noreturn void test_fail(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for a test that makes no sense on this machine. */
_Noreturn void test_skip(const char *why);

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

/* A call that must succeed: its result. */
#define check_ok(call)                                                                             \
    ({                                                                                             \
        long result_ = (long)(call);                                                               \
        if (result_ == -1)                                                                         \
            test_fail(__FILE__, __LINE__, "%s: %s", #call, strerror(errno));                       \
        result_;                                                                                   \
    })

/* A call that must fail with this error. */
#define check_errno(call, err)                                                                     \
    do {                                                                                           \
        errno = 0;                                                                                 \
        long result_ = (long)(call);                                                               \
        if (result_ != -1)                                                                         \
            test_fail(__FILE__, __LINE__, "%s is %ld, not %s", #call, result_, #err);              \
        if (errno != (err))                                                                        \
            test_fail(__FILE__, __LINE__, "%s: %s, not %s", #call, strerror(errno), #err);         \
    } while (0)

#endif
