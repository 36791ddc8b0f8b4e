/* See stress.h: options, the seed, what the kernel holds before and after. */
#include "stress.h"
#include "../leak.h"
#include "../testutil.h"
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Some of a first run is caches and reserves that stay: it leaks if each of these runs leaves less.
   The second and later ones, which only look for that, have a quarter of the time. */
#define LEAK_RUNS 5
/* A long run begins with a short one, so that it need not be repeated for that. */
#define FIRST_SECONDS 8

struct options options = {.processes = 0, .seconds = 20};
struct shared *shared;

static const struct {
    const char *name;
    int (*run)(void);
} kinds[] = {
    {"mix", run_mix},   {"race", run_race}, {"fuzz", run_fuzz}, {"elf", run_elf},
    {"bomb", run_bomb}, {"hog", run_hog},   {"fill", run_fill}, {"many", run_many},
    {"deep", run_deep}, {"open", run_open}, {"tree", run_tree}, {"image", run_image},
    {"fail", run_fail}, {"swap", run_swap},
};

void broken(const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    printf("stress: pid %d: BROKEN: %s\n", getpid(), text);
    fflush(stdout);
    __atomic_store_n(&shared->failed, 1, __ATOMIC_RELAXED);
    _exit(1);
}

/* for testutil.c */
void test_fail(const char *file, int line, const char *fmt, ...)
{
    char text[200];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    broken("%s (%s:%d)", text, file, line);
}

int refused(const char *what)
{
    if (errno != ENOMEM && errno != EAGAIN && errno != ENOSPC && errno != ENFILE)
        broken("%s: %s", what, strerror(errno));
    __atomic_fetch_add(&shared->refused, 1, __ATOMIC_RELAXED);
    return 1;
}

uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000UL + t.tv_nsec / 1000000;
}

void reap(pid_t pid, const char *what)
{
    int status;

    while (waitpid(pid, &status, 0) != pid) {
        if (errno != EINTR)
            broken("%s: waitpid(%d): %s", what, pid, strerror(errno));
    }
    if (status && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
        broken("%s: child %d has status %#x", what, pid, status);
}

static void read_options(int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "s:n:t:d:")) != -1) {
        if (c == 's')
            options.seed = strtoull(optarg, NULL, 0);
        else if (c == 'n')
            options.processes = atoi(optarg);
        else if (c == 't')
            options.seconds = atoi(optarg);
        else if (c == 'd' && options.dir_count < 4)
            options.dirs[options.dir_count++] = optarg;
        else
            exit(2);
    }
    if (!options.seed)
        getrandom(&options.seed, 4, 0);
    if (!options.dir_count) {
        options.dirs[options.dir_count++] = "/tmp";
        options.dirs[options.dir_count++] = "/";
    }
}

int main(int argc, char **argv)
{
    static struct holdings before, after;
    char text[512];
    size_t i = 0;

    read_options(argc, argv);
    const char *kind = optind < argc ? argv[optind] : "mix";
    while (i < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[i].name, kind) != 0)
        i++;
    if (i == sizeof(kinds) / sizeof(kinds[0]))
        return fprintf(stderr, "stress: no kind %s\n", kind), 2;
    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return perror("stress: mmap"), 2;
    memset(shared, 0, PAGE);
    printf("stress %s: seed %#lx\n", kind, options.seed);
    fflush(stdout);
    int status = 0, leaks = leak_checkable(), seconds = options.seconds;
    if (leaks && seconds >= 4 * FIRST_SECONDS) {
        options.seconds = FIRST_SECONDS;
        status = kinds[i].run() | shared->failed;
        options.seconds = seconds;
    }
    for (int round = 0; round <= leaks && !status; round++) {
        if (round == 1)
            options.seconds = (options.seconds + 3) / 4;
        leak_count(&before, NULL);
        status = kinds[i].run() | shared->failed;
        usleep(500000); /* orphans end */
        leak_count(&after, &before);
        if (leaks && !leak_compare(&before, &after, text, sizeof(text)))
            leaks = 0;
        else if (leaks && ++leaks > LEAK_RUNS)
            printf("stress %s: LEAK, each of %d times: %s\n", kind, LEAK_RUNS, text), status = 1;
    }
    printf("stress %s: %s\n", kind, status ? "FAILED" : "ok");
    return status;
}
