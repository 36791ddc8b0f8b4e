// Assertions, always on. The owner of the program supplies assert_failed(): the kernel's is in
// klog/panic.c (panics with hart, task and backtrace), the host tests' prints and aborts.
#pragma once

#include "lib/compiler.h"

__noreturn void assert_failed(const char *file, int line, const char *fmt, ...) __printf(3, 4);

#define assert(cond)                                                                               \
    do {                                                                                           \
        if (unlikely(!(cond)))                                                                     \
            assert_failed(__FILE__, __LINE__, "%s", #cond);                                        \
    } while (0)

// The same with the values that explain it: assertf(n < max, "n %d max %d", n, max).
#define assertf(cond, fmt, ...)                                                  \
    do {                                                                         \
        if (unlikely(!(cond)))                                                   \
            assert_failed(__FILE__, __LINE__, "%s: " fmt, #cond, ##__VA_ARGS__); \
    } while (0)
