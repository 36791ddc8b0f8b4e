/* What the tests of lent page tables share: memory that fork lends (kernel/vm/lend.h). */
#ifndef XV_LENDUTIL_H
#define XV_LENDUTIL_H
#include "swaputil.h"
#include <unistd.h>

#define TABLE  (2 * MIB) /* what a table maps */
#define TABLES 4
#define SIZE   (TABLES * TABLE)

/* The pattern of a seed at the beginning of each page. */
static inline void fill_pages(char *p, size_t len, uint64_t seed, uint64_t off)
{
    for (size_t at = 0; at < len; at += PAGE)
        fill_pattern(p + at, 64, seed, off + at);
}
#define check_pages(p, len, seed, off) check_int(first_wrong(p, len, seed, off), -1)
static inline long first_wrong(const char *p, size_t len, uint64_t seed, uint64_t off)
{
    for (size_t at = 0; at < len; at += PAGE)
        if (check_pattern(p + at, 64, seed, off + at) != -1)
            return (long)at;
    return -1;
}

/* SIZE bytes, off behind the beginning of a table, with the pattern of the seed. */
static inline char *lendable(size_t off, uint64_t seed)
{
    if (ram_bytes() < 3 * SIZE)
        test_skip("too little memory");
    char *p = map_anon(SIZE + 2 * TABLE);
    keep_small(p, SIZE + 2 * TABLE); /* large pages have no tables */
    char *at = (char *)(((uintptr_t)p + TABLE - 1) & -TABLE) + off;

    fill_pages(at, SIZE, seed, 0);
    return at;
}

/* Lets the other side of a pipe go on; waits for it. */
static inline void tell(const int *fds)
{
    check_int(write(fds[1], "x", 1), 1);
}
static inline void await(const int *fds)
{
    char c;

    check_int(read(fds[0], &c, 1), 1);
}

#endif
