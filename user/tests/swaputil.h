/* What the tests of swap share: an area in a file on the root file system. */
#ifndef XV_SWAPUTIL_H
#define XV_SWAPUTIL_H

#include "testutil.h"
#include <sys/swap.h>

#define AREA  "/swaptest.a" /* not in the test's directory, which may lie on a tmpfs */
#define AREA2 "/swaptest.b"

void header_init(struct swap_header *h, unsigned pages);
void write_header(int fd, const struct swap_header *h);
/* A file of so many pages with a header. */
void make_area(const char *path, unsigned pages);
/* The first area is made and in use; and no longer, nor there. */
void begin_swap(unsigned pages);
void end_swap(void);
/* In pages. */
long swap_free(void);
long swap_total(void);
long vm_swap(void);
void page_out(void *p, size_t len);
/* Mapped, filled with the pattern of the seed, and swapped out. */
char *swapped(unsigned pages, uint64_t seed);

#define SWAPPINESS "/proc/sys/vm/swappiness"
/* Reads the root disk until out(id) is n, or four times what memory holds (up to MEM=48M). */
void press_until(long (*out)(int id), int id, long n);

#endif
