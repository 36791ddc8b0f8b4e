/* The allocator's settings, figures and trace; its functions proper live in stdlib.h. */
#ifndef XV_MALLOC_H
#define XV_MALLOC_H

#include <stdlib.h>

#define M_TRIM_THRESHOLD (-1)
#define M_TOP_PAD        (-2)
#define M_MMAP_THRESHOLD (-3)
#define M_MMAP_MAX       (-4)

/* 1 when the parameter is known and the value possible. Setting one ends the sliding of thresholds.
 */
int mallopt(int param, int value);
/* Gives back to the kernel what the heap has free at its end above `pad` bytes; 1 when anything. */
int malloc_trim(size_t pad);

struct mallinfo2 {
    size_t arena;    /* bytes of the heap */
    size_t ordblks;  /* free blocks */
    size_t smblks;   /* always 0, as usmblks and fsmblks are */
    size_t hblks;    /* blocks in mappings of their own */
    size_t hblkhd;   /* their bytes */
    size_t usmblks;
    size_t fsmblks;
    size_t uordblks; /* bytes of the heap in use */
    size_t fordblks; /* bytes of the heap free */
    size_t keepcost; /* those at its end */
};
struct mallinfo2 mallinfo2(void);
/* The same to standard error. */
void malloc_stats(void);
/* Walks the whole heap; aborts and names the first block that is not as it should be. */
void malloc_check(void);

#endif
