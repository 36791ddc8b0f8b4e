// Swap areas in files and on block devices, as swapon(2) names them.
#pragma once

#include "fs/file.h"

// f, open for reading and writing, becomes a swap area; held while it is one. prio as swap_on().
// 0; -EINVAL: neither a device nor a file with a place on a disk, or the file has holes; -EBUSY:
// mounted, mapped, or a swap area already; else as swap_on().
int __must_check swapfile_on(struct file *f, int prio);
