/* The allocator's functions live in stdlib.h. */
#ifndef XV_MALLOC_H
#define XV_MALLOC_H

#include <stdlib.h>

#endif
