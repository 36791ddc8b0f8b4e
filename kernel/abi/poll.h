/* Events of ppoll, and the sets of pselect6. */
#ifndef ABI_POLL_H
#define ABI_POLL_H

#include <stdint.h>

struct pollfd {
    int32_t fd; /* negative: skipped */
    int16_t events;
    int16_t revents;
};
_Static_assert(sizeof(struct pollfd) == 8, "struct pollfd");

#define POLLIN     0x0001
#define POLLPRI    0x0002
#define POLLOUT    0x0004
#define POLLERR    0x0008 /* POLLERR, POLLHUP and POLLNVAL are always reported */
#define POLLHUP    0x0010
#define POLLNVAL   0x0020
#define POLLRDNORM 0x0040
#define POLLRDBAND 0x0080
#define POLLWRNORM 0x0100
#define POLLWRBAND 0x0200
#define POLLMSG    0x0400
#define POLLRDHUP  0x2000

#define FD_SETSIZE 1024

typedef struct fd_set {
    uint64_t fds_bits[FD_SETSIZE / 64];
} fd_set;

#endif
