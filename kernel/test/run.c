// The runner of the in-kernel tests: every table, one line for each case.
#include "test/test.h"

// virtio_tests come last: the dead disks that they make stay registered.
static const struct ktest *const tables[] = {vm_tests,  fs_tests,   sched_tests,
                                             dev_tests, disk_tests, virtio_tests};

int ktest_run_all(void) {
    int passed = 0, failed = 0;
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        for (const struct ktest *t = tables[i]; t->name; t++) {
            bool ok = t->run() == 0;
            printk(LOG_NOTICE, "selftest: %s %s\n", ok ? "ok  " : "FAIL", t->name);
            passed += ok;
            failed += !ok;
        }
    printk(LOG_NOTICE, "selftest: %d passed, %d failed\n", passed, failed);
    return failed;
}
