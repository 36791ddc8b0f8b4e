/* The trace of an allocator: see malloc/trace.c; the tool mtrace reads it. */
#ifndef XV_MCHECK_H
#define XV_MCHECK_H

/* From now on each malloc, realloc and free writes a line to the file that MALLOC_TRACE names. A
 * program that is started with MALLOC_TRACE set does so by itself, from its first block on. */
void mtrace(void);
void muntrace(void);

#endif
