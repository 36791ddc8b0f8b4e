/* Waiting on several descriptors. */
#ifndef XV_POLL_H
#define XV_POLL_H

#include "abi/poll.h"
#include "abi/signal.h"
#include "abi/time.h"

typedef unsigned long nfds_t;

int poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask);

#endif
