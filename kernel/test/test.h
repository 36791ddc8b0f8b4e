// In-kernel tests, run when the command line has `selftest`. A file of tests ends in a table; run.c
// lists the tables. Each case prints one line.
#pragma once

#include "klog/printk.h"
#include "lib/compiler.h"

struct ktest {
    const char *name; // "sched: timers fire in order"; NULL ends a table
    int (*run)(void); // 0: passed. Sleeps and starts threads as it likes; must clean up
};

extern const struct ktest fs_tests[], vm_tests[], sched_tests[], dev_tests[], virtio_tests[],
    disk_tests[];

// Runs every table; the number of cases that failed. The last line is "N passed, N failed".
int ktest_run_all(void);

// Ends the case as failed, and says where and why.
#define KEXPECT(cond, fmt, ...)                                                                    \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printk(LOG_ERR, "test: %s:%d: %s: " fmt "\n", __FILE__, __LINE__, #cond,               \
                   ##__VA_ARGS__);                                                                 \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)
