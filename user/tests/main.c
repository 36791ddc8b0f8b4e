/* The list of all user tests. */
#include "testlib.h"

int main(int argc, char **argv)
{
    static const struct test *const tables[] = {
        /* the C library */
        string_tests, number_tests, format_tests, stdio_tests, memory_tests, malloc_tests,
        pattern_tests, library_tests,
        /* the kernel */
        hole_tests, shm_tests, access_tests, clone_tests, rlimit_tests, memfd_tests,
        brk_tests, mmap_tests, mmap_file_tests, mprotect_tests, fault_tests, stack_tests, cow_tests,
        lend_tests, lendhard_tests, remap_tests, lock_tests, advise_tests, maps_tests,
        books_tests, oom_tests, swap_tests, swaparea_tests, swapshared_tests, huge_tests,
        hugesplit_tests, efault_tests, fork_tests, exec_tests, limit_tests,
        NULL,
    };

    return run_tests(tables, argc, argv);
}
