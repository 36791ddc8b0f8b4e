// Arguments of system calls that take more than a register: names, directories to start from,
// vectors of buffers, open files.
#pragma once

#include "abi/limits.h"
#include "fs/fdtable.h"
#include "proc/process.h"
#include "vm/uaccess.h"

// A path name in the kernel: short ones on the caller's stack. name_get() copies from user memory:
// 0, -EFAULT, -ENAMETOOLONG, -ENOMEM; name_put() after success.
#define NAME_SHORT 128
struct name {
    char *s;
    char space[NAME_SHORT];
};
int __must_check name_get(struct name *n, uaddr_t user);
void name_put(struct name *n);

// Where a relative name starts: dirfd of the ...at() calls. `start` is NULL for the cwd.
struct at {
    const struct path *start;
    struct file *file; // held, or NULL
};
// For a name that is not absolute. 0 or -EBADF.
int __must_check at_get(struct at *at, int dirfd, const char *name);
void at_put(struct at *at);

// The place that (dirfd, name, flags AT_*) means, held: AT_EMPTY_PATH with an empty name is dirfd
// itself. 0 or -errno.
int __must_check at_lookup(int dirfd, uaddr_t user_name, int flags, struct path *out);

// A vector of buffers, checked: at most UIO_MAXIOV, not longer than SSIZE_MAX in all.
#define VECTOR_SHORT 8
struct vector {
    struct iovec *iov;
    struct iovec space[VECTOR_SHORT];
};
int __must_check vector_get(struct vector *v, struct uio *u, uaddr_t user, int count);
void vector_put(struct vector *v);

// What a write, or a call that makes a file larger, answers, on its way to the user: -EPIPE brings
// SIGPIPE to the thread, -EFBIG under RLIMIT_FSIZE brings SIGXFSZ.
ssize_t write_result(ssize_t n);

// The file of a descriptor of the current process, held; NULL: -EBADF.
static inline struct file *file_of(int fd) { return fd_get(current_files(), fd); }
