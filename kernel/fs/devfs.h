// devfs ("devtmpfs"): null zero full random urandom console tty ttyS0 kmsg and one node for each
// block device, made at mount. Device inodes anywhere reach their driver by number.
#pragma once

#include "fs/file.h"

struct tty;

// The operations for a character device number; NULL: none (-ENXIO at open).
const struct file_ops *chrdev_ops(dev_t dev);
// For ever. mode: permission bits of the node in devfs.
void chrdev_register(dev_t dev, const char *name, uint32_t mode, const struct file_ops *ops);
// The i-th registered device; false past the end.
bool chrdev_get_info(int i, dev_t *dev, const char **name, uint32_t *mode);
extern const struct file_ops blkdev_file_ops; // through the device's own mapping
void memdev_init(void); // chrdev.c: null, zero ...
void ttydev_init(void); // ttydev.c: console, tty, ttyS0
void devfs_init(void);
// Opens a device node that is in no tree: the console where the root has no /dev. Boot only.
struct fsctx;
struct file;
int __must_check devfs_open(struct fsctx *ctx, const char *name, int flags, struct file **out);

// Upcalls (docs/floors.md): what only proc/ knows of terminals.
struct tty_job_ops {
    struct tty *(*current_tty)(void);           // the caller's, or NULL
    int (*may_use)(struct tty *t, bool write);  // job control: 0, -EINTR (signal sent), -EIO
    int (*acquire)(struct tty *t, bool steal);  // TIOCSCTTY; NULL: never
    int (*release)(struct tty *t);              // TIOCNOTTY
    int (*set_foreground)(struct tty *t, int pgid); // TIOCSPGRP
};
void devfs_set_tty_hooks(const struct tty_job_ops *ops);
