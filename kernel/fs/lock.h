// Advisory locks on files: records (fcntl(2), F_SETLK and F_OFD_SETLK) and whole files (flock(2)).
// They bind only those who ask for locks themselves.
#pragma once

#include "fs/inode.h"

enum lock_kind {
    LOCK_RECORD, // of a process, or of an open file (OFD): the owner tells
    LOCK_WHOLE,  // flock(2): a world of its own
};

struct lock_request {
    enum lock_kind kind;
    const void *owner;   // descriptor table (F_SETLK) or open file (OFD, flock)
    int pid;             // for F_GETLK; -1 of an open file
    int type;            // F_RDLCK, F_WRLCK, F_UNLCK
    uint64_t start, end; // bytes, inclusive; end is at most INT64_MAX
};

// Takes, changes or drops (F_UNLCK) what the owner has in the range. -EAGAIN when another's lock is
// in the way and !wait; -EINTR; -ENOMEM.
int __must_check lock_set(struct inode *i, const struct lock_request *r, bool wait);
// Describes the first lock in the way of r in *r; type F_UNLCK: there is none.
void lock_test(struct inode *i, struct lock_request *r);
void lock_drop_owner(struct inode *i, const void *owner);
// A descriptor or open file goes: drops what it holds.
static inline void lock_closed(struct inode *i, const void *owner) {
    if (unlikely(i->locks))
        lock_drop_owner(i, owner);
}
void lock_free(struct inode *i); // the inode goes
