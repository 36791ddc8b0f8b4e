/* What the tests of large pages share. */
#ifndef XV_HUGEUTIL_H
#define XV_HUGEUTIL_H

#include "swaputil.h"

#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)
#define LARGE (2 * MIB)
#define PAGES (LARGE / PAGE)

/* The number behind NAME in the part of smaps that is about the area of p; AnonHugePages. */
long smap(const void *p, const char *name);
long huge_kb(const void *p);
long vmstat(const char *name);
/* The n-th 64 bits of a file; the frame at p; how often that is mapped. */
uint64_t word_at(const char *path, uint64_t n);
uint64_t frame(const void *p);
long map_count(const void *p);

/* An area of n times 2 MiB, aligned, advised to be large, that never merges with other memory. */
char *huge_area(int n);
/* The same with large pages in it, which hold the pattern of the seed. Skips if there are none. */
char *huge_pages(int n, uint64_t seed);
/* [from, to) of it still holds that pattern. */
void check_kept(const char *p, uint64_t seed, size_t from, size_t to);

#endif
