// Pipes (pipe(7)): a ring of page-sized buffers, 64 KiB by default; writes up to PIPE_BUF bytes are
// atomic. FIFOs use the same through their inode.
#pragma once

#include "lib/compiler.h"

struct file;
// 0, -ENOMEM. Two files, referenced.
int __must_check pipe_create(int flags, struct file **reader, struct file **writer);
void pipe_init(void);
