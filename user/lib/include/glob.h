/* Path names that match a shell pattern. */
#ifndef XV_GLOB_H
#define XV_GLOB_H

#include <stddef.h>

typedef struct glob {
    size_t gl_pathc;
    char **gl_pathv;
    size_t gl_offs;
} glob_t;

#define GLOB_ERR      1
#define GLOB_MARK     2 /* directories get a slash at their end */
#define GLOB_NOSORT   4
#define GLOB_DOOFFS   8
#define GLOB_NOCHECK  16 /* no match: return the pattern */
#define GLOB_APPEND   32
#define GLOB_NOESCAPE 64
#define GLOB_PERIOD   128

#define GLOB_NOSPACE 1
#define GLOB_ABORTED 2
#define GLOB_NOMATCH 3

int glob(const char *pattern, int flags, int (*onerror)(const char *path, int err), glob_t *g);
void globfree(glob_t *g);

#endif
