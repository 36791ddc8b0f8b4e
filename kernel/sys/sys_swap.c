// swapon(2), swapoff(2).
#include "abi/errno.h"
#include "abi/swap.h"
#include "fs/swapfile.h"
#include "sys/args.h"
#include "sys/syscall.h"
#include "vm/swap.h"

#define KNOWN_FLAGS                                                                                \
    (SWAP_FLAG_PREFER | SWAP_FLAG_PRIO_MASK | SWAP_FLAG_DISCARD | SWAP_FLAG_DISCARD_ONCE |         \
     SWAP_FLAG_DISCARD_PAGES)

static int open_named(uaddr_t user, int flags, struct file **out) {
    struct name name;
    if (current_fs()->euid != 0)
        return -EPERM;
    int err = name_get(&name, user);
    if (err)
        return err;
    err = file_open(current_fs(), NULL, name.s, flags | O_NONBLOCK, 0, out);
    name_put(&name);
    return err;
}

long sys_swapon(uint64_t user, uint64_t flags) {
    struct file *f;
    if (flags & ~(uint64_t)KNOWN_FLAGS)
        return -EINVAL;
    int err = open_named(user, O_RDWR, &f);
    if (err)
        return err;
    err = swapfile_on(f, flags & SWAP_FLAG_PREFER ? (int)(flags & SWAP_FLAG_PRIO_MASK) : -1);
    file_put(f);
    return err;
}

long sys_swapoff(uint64_t user) {
    struct file *f;
    int err = open_named(user, O_RDONLY, &f);
    if (err)
        return err;
    struct mapping *m = file_mapping(f);
    err = S_ISBLK(f->inode->mode) ? 0 : S_ISREG(f->inode->mode) && m ? 0 : -EINVAL;
    if (!err)
        err = swap_off(S_ISBLK(f->inode->mode) ? ((struct blkdev *)f->private)->mapping : m);
    file_put(f);
    return err;
}
