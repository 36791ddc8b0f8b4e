// poll(2): a file's poll operation reports its ready bits and enters the caller into the wait
// queues that will be woken when they change.
#pragma once

#include "abi/poll.h"
#include "lib/compiler.h"

struct poll_table;
struct waitq;

// Called by poll operations; pt may be NULL (only asking).
void poll_wait(struct poll_table *pt, struct waitq *q);
// ppoll's core: fds is a kernel copy; deadline in ktime_ns, 0 = do not wait, UINT64_MAX = for ever.
// Number of descriptors with events, 0 at the deadline, -EINTR, -ENOMEM.
struct fdtable;
int poll_files(struct fdtable *t, struct pollfd *fds, size_t n, uint64_t deadline);
