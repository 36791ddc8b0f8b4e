/* Waiting on sets of descriptors. */
#ifndef XV_SYS_SELECT_H
#define XV_SYS_SELECT_H

#include "abi/poll.h"
#include "abi/signal.h"
#include "abi/time.h"

#define FD_ZERO(set)      (*(set) = (fd_set){{0}})
#define FD_SET(fd, set)   ((set)->fds_bits[(fd) / 64] |= 1UL << ((fd) % 64))
#define FD_CLR(fd, set)   ((set)->fds_bits[(fd) / 64] &= ~(1UL << ((fd) % 64)))
#define FD_ISSET(fd, set) (((set)->fds_bits[(fd) / 64] >> ((fd) % 64)) & 1)

int select(int nfds, fd_set *rd, fd_set *wr, fd_set *ex, struct timeval *timeout);
int pselect(int nfds, fd_set *rd, fd_set *wr, fd_set *ex, const struct timespec *timeout,
            const sigset_t *mask);

#endif
