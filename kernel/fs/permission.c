// Who may do what: mode bits against the caller's fsuid, fsgid and groups; root may all but execute
// what nobody may execute.
#include "abi/errno.h"
#include "fs/path.h"

bool fsctx_in_group(const struct fsctx *c, uint32_t gid) {
    if (c->fsgid == gid)
        return true;
    for (size_t n = 0; n < c->ngroups; n++)
        if (c->groups[n] == gid)
            return true;
    return false;
}

int inode_permission(const struct fsctx *c, struct inode *i, int may) {
    uint32_t mode = i->mode;

    if (c->fsuid == 0) {
        bool executable = mode & (S_IXUSR | S_IXGRP | S_IXOTH) || S_ISDIR(mode);
        return may & MAY_EXEC && !executable ? -EACCES : 0;
    }
    if (c->fsuid == i->uid)
        mode >>= 6;
    else if (fsctx_in_group(c, i->gid))
        mode >>= 3;
    return (uint32_t)may & ~mode & 7 ? -EACCES : 0;
}

bool inode_owner_or_root(const struct fsctx *c, const struct inode *i) {
    return c->fsuid == 0 || c->fsuid == i->uid;
}
