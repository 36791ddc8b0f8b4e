/* malloc: blocks keep their bytes, come back when freed, and large ones return to the kernel. */
#include "testlib.h"
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define BLOCKS 400

static struct block {
    unsigned char *p;
    size_t size;
    unsigned char mark;
} blocks[BLOCKS];

static void verify(const struct block *b)
{
    for (size_t i = 0; i < b->size; i++) {
        if (b->p[i] != (unsigned char)(b->mark + i))
            test_fail(__FILE__, __LINE__, "byte %zu of a block of %zu changed", i, b->size);
    }
}

static void fill(struct block *b)
{
    for (size_t i = 0; i < b->size; i++)
        b->p[i] = (unsigned char)(b->mark + i);
}

static size_t random_size(void)
{
    int kind = rand() % 100;

    if (kind < 60)
        return rand() % 200;
    if (kind < 90)
        return rand() % 5000;
    if (kind < 98)
        return rand() % 100000;
    return rand() % 400000;
}

static void change(struct block *b)
{
    verify(b);
    if (b->p && rand() % 2) {
        size_t size = random_size();
        unsigned char *p = realloc(b->p, size);
        check(p != NULL);
        size_t kept = size < b->size ? size : b->size;
        *b = (struct block){p, kept, b->mark};
        verify(b);
        b->size = size;
        fill(b);
    } else if (b->p) {
        free(b->p);
        *b = (struct block){NULL, 0, 0};
    } else {
        b->size = random_size();
        b->mark = (unsigned char)rand();
        size_t align = 16UL << rand() % 4;
        b->p = rand() % 8 ? malloc(b->size) : memalign(align, b->size);
        check(b->p && (uintptr_t)b->p % 16 == 0 && malloc_usable_size(b->p) >= b->size);
        fill(b);
    }
}

/* Seed 1; the order of operations is the same on every run. */
static void test_stress(void)
{
    srand(1);
    for (int i = 0; i < 10000; i++)
        change(&blocks[rand() % BLOCKS]);
    for (int i = 0; i < BLOCKS; i++) {
        verify(&blocks[i]);
        free(blocks[i].p);
    }
}

/* All blocks freed merge into one, so the break falls back to where it was, but for the reserve. */
static void test_merge(void)
{
    enum { N = 2000 };
    static void *p[N];

    free(malloc(1));
    char *before = sbrk(0);
    for (int i = 0; i < N; i++)
        p[i] = malloc(1000);
    check((char *)sbrk(0) >= before + N * 1000 - 300000);
    for (int i = 0; i < N; i += 2)
        free(p[i]);
    for (int i = 1; i < N; i += 2)
        free(p[i]);
    check((char *)sbrk(0) <= before + 4096);
}

static void test_reuse(void)
{
    char *a = malloc(1000), *b = malloc(1000), *c = malloc(1000), *guard = malloc(16);

    free(a);
    free(c);
    free(b);
    char *all = malloc(3000);
    check(all == a && guard);
}

static void test_threshold(void)
{
    char *before = sbrk(0);
    char *large = malloc(200 << 10);

    check(large && sbrk(0) == before);
    memset(large, 1, 200 << 10);
    large = realloc(large, 1 << 20);
    check(large && large[0] == 1 && large[(200 << 10) - 1] == 1);
    free(large);
    char *small = malloc(100 << 10);
    check(small && (char *)sbrk(0) > before);
    free(small);
}

static void test_calloc(void)
{
    size_t huge = SIZE_MAX / 2;

    for (int round = 0; round < 3; round++) {
        unsigned char *p = malloc(5000);
        memset(p, 0xff, 5000);
        free(p);
        p = calloc(50, 100);
        for (int i = 0; i < 5000; i++)
            check_int(p[i], 0);
        free(p);
    }
    check(!calloc(huge, 3) && errno == ENOMEM);
    check(!malloc(huge) && errno == ENOMEM);
    check(!reallocarray(NULL, huge, 3));
    char *p = malloc(10);
    strcpy(p, "kept");
    check(!realloc(p, huge));
    check_str(p, "kept");
}

static void test_align(void)
{
    for (size_t align = 16; align <= 65536; align *= 2) {
        for (size_t size = 1; size <= 300000; size = size * 7 + 1) {
            char *p = memalign(align, size), *q = malloc(40);
            check(p && q && (uintptr_t)p % align == 0);
            memset(p, 1, size);
            memset(q, 2, 40);
            free(p);
            check_int(q[0] + q[39], 4);
            free(q);
        }
    }
    void *p = NULL;
    check_int(posix_memalign(&p, 24, 10), EINVAL);
    check_int(posix_memalign(&p, 64, 10), 0);
    check((uintptr_t)p % 64 == 0);
}

/* Someone else moves the break: malloc leaves that memory alone. */
static void test_foreign_break(void)
{
    char *a = malloc(1000);
    char *mine = sbrk(8192);

    check(mine != (char *)-1);
    memset(mine, 0x77, 8192);
    for (int i = 0; i < 1000; i++) {
        char *p = malloc(1000);
        check(p && (p + 1000 <= mine || p >= mine + 8192));
        memset(p, 0, 1000);
    }
    for (int i = 0; i < 8192; i++)
        check_int(mine[i], 0x77);
    free(a);
}

const struct test memory_tests[] = {
    {"malloc_stress", test_stress}, {"malloc_merge", test_merge},
    {"malloc_reuse", test_reuse},   {"malloc_threshold", test_threshold},
    {"malloc_calloc", test_calloc}, {"malloc_align", test_align},
    {"malloc_foreign_break", test_foreign_break}, {NULL, NULL},
};
