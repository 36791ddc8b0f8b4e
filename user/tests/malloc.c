/* malloc's promises beyond keeping bytes: it names damage, slides its thresholds, tells figures. */
#include "testlib.h"
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char *volatile victim;

/* Runs fn in a child, which must abort; what it said, without the newline. */
static const char *last_words(void (*fn)(void))
{
    static char text[256];
    int fds[2], status;

    check_int(pipe(fds), 0);
    pid_t pid = fork();
    check(pid >= 0);
    if (pid == 0) {
        dup2(fds[1], STDERR_FILENO);
        fn();
        _exit(0);
    }
    close(fds[1]);
    ssize_t n = read(fds[0], text, sizeof(text) - 1);
    close(fds[0]);
    check_int(waitpid(pid, &status, 0), pid);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
        test_fail(__FILE__, __LINE__, "status %d, \"%.*s\"", status, (int)n, text);
    text[n > 0 ? n - 1 : 0] = 0;
    return text;
}

static void expect(void (*fn)(void), const char *caller, const char *rest)
{
    char want[256];

    snprintf(want, sizeof(want), "malloc: %s: block %p%s", caller, victim, rest);
    check_str(last_words(fn), want);
}

static void free_twice(void)
{
    free(victim);
    free(victim);
}

static void free_merged_twice(void)
{
    char *before = malloc(1000), *p = malloc(1000);

    free(before);
    free(p); /* merges with the one before, and both with top */
    free(p);
}

static void overrun(void)
{
    victim[24] = 0;
    free(victim);
}

static void overrun_far(void)
{
    memset(victim, 'x', 60);
    free(victim);
}

static void write_after_free(void)
{
    free(victim);
    memset(victim, 'x', 16);
    free(malloc(24));
}

static void write_after_free_in_bin(void)
{
    free(victim);
    memset(victim, 'x', 16);
    free(malloc(2000));
}

static void realloc_freed(void)
{
    free(victim);
    victim = realloc(victim, 100);
}

static void free_inside(void)
{
    free(victim + 16);
}

static void test_damage(void)
{
    victim = malloc(24);
    char *guard = malloc(24);
    expect(free_twice, "free()", " of 24 bytes was freed before");
    expect(overrun, "free()", " of 24 bytes was written past its end");
    expect(overrun_far, "free()", " of 24 bytes was written past its end");
    expect(write_after_free, "malloc()", " of 24 bytes was written after it was freed");
    expect(realloc_freed, "realloc()", " of 24 bytes was freed before");
    check(strstr(last_words(free_merged_twice), " of 1000 bytes was freed before") != NULL);
    check(strstr(last_words(free_inside), " is none of ours") != NULL);
    victim = malloc(2000);
    guard = malloc(300);
    expect(write_after_free_in_bin, "malloc()", " of 2008 bytes was written after it was freed");
    check(guard != NULL);
}

/* A block that was mapped and freed shows what sizes to expect: the next comes from the heap. */
static void test_sliding(void)
{
    char *p = malloc(300 << 10);

    check_int(mallinfo2().hblks, 1);
    check(mallinfo2().hblkhd >= 300 << 10);
    free(p);
    check_int(mallinfo2().hblks, 0);
    p = malloc(300 << 10);
    check_int(mallinfo2().hblks, 0);
    char *q = malloc(400 << 10);
    check_int(mallinfo2().hblks, 1);
    free(p);
    free(q);
    malloc_check();
}

static void test_mallopt(void)
{
    check_int(mallopt(M_MMAP_THRESHOLD, 4096), 1);
    char *p = malloc(5000);
    check_int(mallinfo2().hblks, 1);
    free(p);
    p = malloc(5000); /* a threshold that was set does not slide */
    check_int(mallinfo2().hblks, 1);
    check_int(mallopt(M_MMAP_MAX, 1), 1);
    char *q = malloc(5000);
    check(q && mallinfo2().hblks == 1);
    free(p);
    free(q);
    check_int(mallopt(M_MMAP_THRESHOLD, 1 << 30), 0);
    check_int(mallopt(12345, 1), 0);
}

static void test_trim(void)
{
    enum { N = 300 };
    static char *p[N];
    char *before = sbrk(0);

    check_int(mallopt(M_TRIM_THRESHOLD, -1), 1);
    for (int i = 0; i < N; i++)
        p[i] = malloc(4000);
    for (int i = 0; i < N; i++)
        free(p[i]);
    check((char *)sbrk(0) > before + N * 4000);
    check_int(malloc_trim(0), 1);
    check((char *)sbrk(0) <= before + 3 * 4096);
    check_int(malloc_trim(0), 0);
    malloc_check();
}

/* Seed 7. The books balance and the heap is whole at any moment. */
static void test_books(void)
{
    enum { N = 200 };
    static void *p[N];
    size_t size[N] = {0}, sum = 0;

    srand(7);
    for (int i = 0; i < 20000; i++) {
        int k = rand() % N;
        if (p[k]) {
            sum -= malloc_usable_size(p[k]) + sizeof(size_t);
            free(p[k]);
            p[k] = NULL;
            continue;
        }
        size[k] = rand() % (rand() % 8 ? 300 : 20000);
        p[k] = rand() % 2 ? malloc(size[k]) : calloc(1, size[k]);
        check(p[k] && malloc_usable_size(p[k]) >= size[k]);
        memset(p[k], 0xee, size[k]);
        sum += malloc_usable_size(p[k]) + sizeof(size_t);
        if (i % 500 == 0) {
            check_int(mallinfo2().uordblks, sum);
            malloc_check();
        }
    }
    for (int k = 0; k < N; k++)
        free(p[k]);
    struct mallinfo2 m = mallinfo2();
    check_int(m.uordblks, 0);
    check_int(m.fordblks, m.arena);
    check_int(m.ordblks, 1);
    malloc_check();
}

/* Cached blocks merge before the heap grows. */
static void test_cache(void)
{
    void *p[16];

    free(malloc(1));
    char *before = sbrk(0);
    for (int round = 0; round < 2000; round++) {
        size_t size = 16 + round % 240;
        for (int i = 0; i < 16; i++)
            p[i] = malloc(size);
        for (int i = 0; i < 16; i++)
            free(p[i]);
    }
    check(sbrk(0) == before);
    malloc_check();
}

const struct test malloc_tests[] = {
    {"malloc.damage", test_damage}, {"malloc.sliding", test_sliding},
    {"malloc.mallopt", test_mallopt}, {"malloc.trim", test_trim},
    {"malloc.books", test_books},   {"malloc.cache", test_cache},
    {NULL, NULL},
};
