/* The list of all user tests. */
#include "testlib.h"

int main(int argc, char **argv)
{
    static const struct test *const tables[] = {
        string_tests, number_tests, format_tests,  stdio_tests,
        memory_tests, pattern_tests, library_tests, NULL,
    };

    return run_tests(tables, argc, argv);
}
