// devfs ("devtmpfs"): null zero full random urandom console tty ttyS0 kmsg and one node for each
// block device, made at mount. Device inodes anywhere reach their driver by number:
#pragma once

#include "fs/file.h"

// The operations for a character device number; NULL: none (-ENXIO at open).
const struct file_ops *chrdev_ops(dev_t dev);
void chrdev_register(dev_t dev, const char *name, const struct file_ops *ops);
extern const struct file_ops blkdev_file_ops; // through the device's own mapping
void devfs_init(void);
// Upcall: which terminal is the caller's, and job control checks (proc/).
struct tty;
void devfs_set_tty_hooks(struct tty *(*current_tty)(void), int (*job_control)(struct tty *t, bool write));
