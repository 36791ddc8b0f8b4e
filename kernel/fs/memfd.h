// memfd_create(2): files in memory that have no name, and seals on them.
#pragma once

#include "fs/file.h"

// c: whose it is; flags: MFD_*. The open file, for reading and writing. 0, -EINVAL, -ENOSYS,
// -ENOMEM, -ENOSPC.
int __must_check memfd_open(const struct fsctx *c, const char *name, uint32_t flags,
                            struct file **out);
#define MEMFD_NAME_MAX 249
// fcntl(2): F_ADD_SEALS, F_GET_SEALS. The seals or 0, or -errno.
int memfd_add_seals(struct file *f, uint32_t seals);
int memfd_get_seals(const struct file *f);
void memfd_init(void);
