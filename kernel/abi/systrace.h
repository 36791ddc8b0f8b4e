/*
 * Tracing of system calls: two calls of xv39's own, with numbers far above Linux's. A process that
 * has called systrace() leaves an event behind for each call that the mask names, as do its
 * children born from then on; systrace_read() takes the events out, the oldest first. When nobody
 * reads, the newest take the oldest ones' place: seq shows how many are missing.
 */
#ifndef ABI_SYSTRACE_H
#define ABI_SYSTRACE_H

#include <stdint.h>

#define SYS_systrace      500 /* (const uint64_t *mask, size_t words); (NULL, 0): no more */
#define SYS_systrace_read 501 /* (struct systrace_event *buf, size_t n): how many */

#define SYSTRACE_WORDS  8   /* of a mask at most: bit n % 64 of word n / 64 is call n */
#define SYSTRACE_EVENTS 112 /* kept at most */

struct systrace_event {
    uint64_t seq; /* 0, 1, 2 ... since systrace() */
    int64_t result;
    uint64_t args[6]; /* as they were when the call began */
    int32_t tid;
    uint32_t nr;
};
_Static_assert(sizeof(struct systrace_event) == 72, "struct systrace_event");

#endif
