// Micro-benchmarks. Time is the guest's clock: under `-icount shift=0` one nanosecond is one
// instruction, so the figures are instructions for each operation and repeat exactly.
#pragma once

#include <stddef.h>
#include <stdint.h>

uint64_t now_ns(void);
// "name<TAB>value" on standard output: value = ns for each of n operations, rounded.
void report(const char *name, uint64_t ns, uint64_t n);
__attribute__((noreturn)) void fail(const char *what);
void *map_anonymous(size_t size); // private, readable and writable

struct bench {
    const char *name;
    void (*run)(void);
};
extern const struct bench call_benches[], memory_benches[], pressure_benches[];
