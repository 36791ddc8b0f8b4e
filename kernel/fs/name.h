// Making names: what open(O_CREAT) and the calls of name.c share. Inside fs/ only.
#pragma once

#include "fs/dentry.h"

// 0 or -errno: may the caller remove the entry d (positive) from dir?
int __must_check name_may_remove(const struct fsctx *c, const struct path *dir,
                                 const struct dentry *d);
// 0, -EROFS or -EACCES: may the caller add and remove names in this directory?
int __must_check name_may_change(const struct fsctx *c, const struct path *dir);
// Creates the file that the negative entry d (of dir, lock held) names, owned by the caller, and
// makes d positive. mode has its type bits, the umask is applied here. target: of a symbolic link,
// or NULL.
int __must_check name_create(const struct fsctx *c, const struct path *dir, struct dentry *d,
                             uint32_t mode, dev_t rdev, const char *target);
