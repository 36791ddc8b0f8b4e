// The frame of the host tests: real kernel .c files, compiled for this machine under ASan and
// UBSan.
//
// A test file lists its cases and calls host_main(). Each case prints "ok <name>" or "FAIL <name>:"
// with the place, the values and the command that repeats it. Random cases draw from host_random(),
// seeded by SEED= in the environment (default: a fixed seed). Each case runs in a process of its
// own: the code under test begins afresh, and a crash ends one case only.
#pragma once

// The C library's dev_t is another type than the kernel's.
#define dev_t host_dev_t
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#undef dev_t
// Of the C library; their headers bring types that the kernel has its own of.
int fork(void);
int waitpid(int pid, int *status, int options);

#include "lib/assert.h"

struct host_case {
    const char *name;
    void (*run)(void);
    const char *dies; // NULL, or words of the assertion or panic that the case must end in
};

static uint64_t host_seed, host_state;
static jmp_buf host_failed;   // back to the runner: the case is lost
static jmp_buf host_died;     // back to EXPECT_DEATH
static bool host_expects;     // an assertion or a panic is what the case wants
static char host_message[512]; // what it said

static inline uint64_t host_random(void) { // xorshift64*, Vigna 2016
    host_state ^= host_state >> 12;
    host_state ^= host_state << 25;
    host_state ^= host_state >> 27;
    return host_state * 0x2545f4914f6cdd1dUL;
}

static inline uint64_t host_below(uint64_t n) { return host_random() % n; }

// Ends the case unless cond holds.
#define CHECK(cond, fmt, ...)                                                                      \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            snprintf(host_message, sizeof(host_message), "%s:%d: %s: " fmt, __FILE__, __LINE__,    \
                     #cond, ##__VA_ARGS__);                                                        \
            longjmp(host_failed, 1);                                                               \
        }                                                                                          \
    } while (0)

// The statement must end in an assertion or panic whose text contains `words`.
#define EXPECT_DEATH(statement, words)                                                             \
    do {                                                                                           \
        if (!setjmp(host_died)) {                                                                  \
            host_expects = true;                                                                   \
            statement;                                                                             \
            host_expects = false;                                                                  \
            CHECK(false, "%s did not die", #statement);                                            \
        }                                                                                          \
        char said_[200];                                                                           \
        (snprintf)(said_, sizeof(said_), "%.199s", host_message);                                  \
        CHECK(strstr(host_message, words), "died of: %s", said_);                                  \
    } while (0)

// Where assertions and panics of the code under test end.
static __noreturn void host_die(const char *text) {
    snprintf(host_message, sizeof(host_message), "%s", text);
    if (host_expects) {
        host_expects = false;
        longjmp(host_died, 1);
    }
    longjmp(host_failed, 1);
}

void assert_failed(const char *file, int line, const char *fmt, ...) {
    char text[400], all[480];
    va_list args;
    va_start(args, fmt);
    (vsnprintf)(text, sizeof(text), fmt, args);
    va_end(args);
    (snprintf)(all, sizeof(all), "%s:%d: %s", file, line, text);
    host_die(all);
}

// A function of its own, so that longjmp finds its locals as they were.
static __noinline bool host_run(const struct host_case *c) {
    host_state = host_seed * 0x9e3779b97f4a7c15UL + 1; // each case its own start: runs alone too
    host_expects = false;
    if (setjmp(host_failed))
        return false;
    if (c->dies)
        EXPECT_DEATH(c->run(), c->dies);
    else
        c->run();
    return true;
}

#define HOST_TOLD 3 // exit status of a process that has said what failed

static void host_tell(const char *program, const struct host_case *c, const char *what) {
    printf("FAIL %s: %s: %s\n     again: make host-test SEED=%#lx T=%s\n", program, c->name, what,
           host_seed, program);
}

// Runs fn in a process of its own, which begins with this one's state. Fails the case if fn fails.
static __unused void host_apart(void (*fn)(void)) {
    int status = -1, child = fork();
    if (child == 0) {
        fn();
        exit(0);
    }
    if (child > 0)
        waitpid(child, &status, 0);
    if (status == HOST_TOLD << 8)
        exit(HOST_TOLD);
    CHECK(status == 0, "crashed");
}

// In the case's process. Ends it.
static __noreturn void host_run_here(const char *program, const struct host_case *c) {
    bool ok = host_run(c);
    if (ok)
        printf("ok %s: %s\n", program, c->name);
    else
        host_tell(program, c, host_message);
    exit(ok ? 0 : HOST_TOLD);
}

// Runs one case in a process of its own. False: it failed.
static bool host_run_apart(const char *program, const struct host_case *c) {
    int status = -1;
    fflush(stdout);
    int child = fork();
    if (child == 0)
        host_run_here(program, c);
    if (child > 0)
        waitpid(child, &status, 0);
    if (status && status != HOST_TOLD << 8)
        host_tell(program, c, child < 0 ? "cannot fork" : "crashed");
    return status == 0;
}

// Runs the cases; main()'s result.
static int host_main(const char *program, const struct host_case *cases, size_t n) {
    const char *env = getenv("SEED");
    int failed = 0;

    host_seed = env && *env ? strtoull(env, NULL, 0) : 39;
    for (size_t i = 0; i < n; i++)
        failed += !host_run_apart(program, &cases[i]);
    return failed != 0;
}

#define HOST_MAIN(program, cases)                                                                  \
    int main(void) { return host_main(program, cases, ARRAY_SIZE(cases)); }
