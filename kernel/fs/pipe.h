// Pipes (pipe(7)): a ring of page-sized buffers, 64 KiB by default; writes up to PIPE_BUF bytes are
// atomic. FIFOs use the same through their inode.
#pragma once

#include "fs/file.h"

// 0, -ENOMEM. Two files, referenced; flags: O_NONBLOCK, O_DIRECT (ignored).
int __must_check pipe_create(int flags, struct file **reader, struct file **writer);
bool file_is_pipe(const struct file *f);
// fcntl F_GETPIPE_SZ and F_SETPIPE_SZ: bytes, or -errno
// (-EBADF: no pipe, -EBUSY: more than that is in it).
long pipe_get_size(struct file *f);
long pipe_set_size(struct file *f, uint32_t bytes);
// The place of a pipe that has no name, for /proc/<pid>/fd: "pipe:[7]"; *out held. 0 or -ENOMEM.
int __must_check pipe_anon_path(struct file *f, struct path *out);
extern const struct file_ops fifo_file_ops;
void pipe_init(void);
