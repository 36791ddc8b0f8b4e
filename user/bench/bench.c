// bench [name...]: runs the benchmarks, or those whose names contain one of the words.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "bench.h"

uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void report(const char *name, uint64_t ns, uint64_t n) {
    printf("%s\t%lu\n", name, (unsigned long)((ns + n / 2) / n));
    fflush(stdout);
}

void fail(const char *what) {
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

void *map_anonymous(size_t size) {
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        fail("mmap");
    return p;
}

static int wanted(const char *name, int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (strstr(name, argv[i]))
            return 1;
    return argc == 1;
}

int main(int argc, char **argv) {
    const struct bench *tables[] = {call_benches, memory_benches, pressure_benches};
    for (int t = 0; t < 3; t++)
        for (const struct bench *b = tables[t]; b->name; b++)
            if (wanted(b->name, argc, argv))
                b->run();
    return 0;
}
